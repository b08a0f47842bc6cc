//! `cargo xtask demo`: real Terraform installs the provider, applies examples/main.tf to the mock, plans without
//! changes, moves keys between guardrails, and destroys. After each step, the demo shows what exists in the mock and
//! which requests the step made. Anything unexpected ends it with an error.
//!
//! The development profile is used: from a clean clone it is ready in a fraction of the release profile's time.

mod cast;
mod picture;
mod report;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::console;
use crate::demo::cast::Cast;
use crate::mock::{self, Holdings, Mock};
use crate::project::Project;
use crate::terraform::{self, Terraform};
use crate::{host, mirror};

const EXAMPLE: &str = "examples/main.tf";
/// Exit codes of `terraform plan -detailed-exitcode`.
const PLAN_HAS_CHANGES: i32 = 2;

/// One Terraform command, and why it is run.
struct Step {
    purpose: &'static str,
    args: &'static [&'static str],
    /// How many keys the configuration assigns the production guardrail to.
    production_keys: usize,
    /// What must exist in the mock afterwards.
    held: Held,
}

/// How much exists in the mock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    guardrails: usize,
    /// How many keys each guardrail is assigned to, in the order of their names; the same for members.
    keys: [usize; 2],
    members: [usize; 2],
}

const NOTHING: Held = Held { guardrails: 0, keys: [0, 0], members: [0, 0] };
const APPLIED: Held = Held { guardrails: 2, keys: [3, 5], members: [2, 4] };
const MOVED: Held = Held { keys: [5, 3], ..APPLIED };

const STEPS: [Step; 6] = [
    Step { purpose: "install the provider", args: &["init"], production_keys: 3, held: NOTHING },
    Step {
        purpose: "create the guardrails and assignments",
        args: &["apply", "-auto-approve"],
        production_keys: 3,
        held: APPLIED,
    },
    Step {
        purpose: "check that nothing differs from the configuration",
        args: &["plan", "-detailed-exitcode"],
        production_keys: 3,
        held: APPLIED,
    },
    Step {
        purpose: "move two keys from sandbox to production",
        args: &["apply", "-auto-approve"],
        production_keys: 5,
        held: MOVED,
    },
    Step { purpose: "show the outputs", args: &["output"], production_keys: 5, held: MOVED },
    Step {
        purpose: "remove everything",
        args: &["destroy", "-auto-approve"],
        production_keys: 5,
        held: NOTHING,
    },
];

/// Runs the demo with the given Terraform or `OpenTofu`, else with one that is found.
pub(crate) fn run(project: &Project, given: Option<PathBuf>) -> Result<()> {
    let terraform = terraform::choose(project, given)?;
    console::title("Build the provider and a mock of the OpenRouter API");
    let (provider, mock) = project.build_provider_and_mock()?;
    let mock = Mock::start(&mock)?;
    let stage = Stage::set_up(project, &provider)?;
    let cast = Cast::of(mock.holdings()?)?;
    console::title("Setup");
    let stands = [
        ["Terraform".to_owned(), terraform.to_string()],
        [
            "Provider".to_owned(),
            format!("{} {} from {}", project.source, project.version, project.shown(&stage.mirror)),
        ],
        ["API".to_owned(), format!("a mock at {}", mock.base_url())],
        [
            "Configuration".to_owned(),
            format!("a copy of {EXAMPLE} in {}", project.shown(&stage.work)),
        ],
        ["Variables".to_owned(), cast.to_string()],
    ];
    for line in console::columns(&stands) {
        println!("{line}");
    }
    for (index, step) in STEPS.iter().enumerate() {
        console::title(format_args!(
            "{}/{}  terraform {}: {}",
            index + 1,
            STEPS.len(),
            step.args[0],
            step.purpose
        ));
        perform(step, &terraform, &stage, &cast, &mock)?;
    }
    println!("\nAll {} steps succeeded.", STEPS.len());
    Ok(())
}

/// Runs one step, shows what it did, and checks what exists in the mock afterwards.
fn perform(
    step: &Step,
    terraform: &Terraform,
    stage: &Stage,
    cast: &Cast,
    mock: &Mock,
) -> Result<()> {
    let before = mock.requests()?.len();
    let mut command = stage.command(terraform, mock);
    command.envs(cast.variables(step.production_keys));
    let code = run_terraform(step.args, command)?;
    let holdings = mock.holdings()?;
    let requests = mock.requests()?.split_off(before);
    report::guardrails(&holdings);
    report::requests(&requests);
    match code {
        Some(0) => {}
        Some(PLAN_HAS_CHANGES) if step.args[0] == "plan" => {
            bail!("the plan after an apply is not empty: the mock does not have what was applied")
        }
        Some(code) => bail!("terraform {} ended with exit code {code}", step.args[0]),
        None => bail!("terraform {} was ended by a signal", step.args[0]),
    }
    let held = Held::of(&holdings);
    if held != step.held {
        bail!("the mock has {held:?}, expected {:?}", step.held);
    }
    Ok(())
}

/// Runs Terraform, its output indented as it comes.
fn run_terraform(args: &[&str], mut command: Command) -> Result<Option<i32>> {
    console::command_line(&[&["terraform"], args].concat());
    let (reader, writer) = std::io::pipe()?;
    command.args(args).arg("-no-color").stdout(writer.try_clone()?).stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    // The command holds the writing ends too, and the output ends only when all of them are closed.
    drop(command);
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("cannot read Terraform's output")?;
        println!("{}", format!("    {}", String::from_utf8_lossy(&line)).trim_end());
    }
    Ok(child.wait()?.code())
}

impl Held {
    fn of(holdings: &Holdings) -> Self {
        let count = |holders: &[String]| {
            let mut counts =
                holdings.guardrails.iter().map(|guardrail| report::under(guardrail, holders));
            [counts.next().unwrap_or(0), counts.next().unwrap_or(0)]
        };
        let guardrails = holdings.guardrails.len();
        Self { guardrails, keys: count(&holdings.keys), members: count(&holdings.members) }
    }
}

/// Draws the plan of the README's configuration instead of the story.
pub(crate) fn draw_picture(project: &Project, given: Option<PathBuf>) -> Result<()> {
    let terraform = terraform::choose(project, given)?;
    console::title("Build the provider and a mock of the service");
    let (provider, mock) = project.build_provider_and_mock()?;
    let mock = Mock::start(&mock)?;
    let stage = Stage::set_up(project, &provider)?;
    let configuration = picture::configuration(&project.root)?;
    fs::write(stage.work.join("main.tf"), configuration)
        .context("cannot write the configuration")?;
    console::title(format_args!("Draw {}", picture::PICTURE));
    let command = || stage.command(&terraform, &mock);
    picture::draw(&project.root, command(), command())
}

/// The directories of the demo, all of them below target/.
struct Stage {
    mirror: PathBuf,
    home: PathBuf,
    work: PathBuf,
    cli_config: PathBuf,
}

impl Stage {
    /// Removes what an earlier demo has left, and creates the directories.
    fn set_up(project: &Project, provider: &Path) -> Result<Self> {
        let root = project.target.join("demo");
        if root.exists() {
            fs::remove_dir_all(&root)
                .with_context(|| format!("cannot clear {}", root.display()))?;
        }
        let [mirror, home, work] = ["mirror", "home", "work"].map(|name| root.join(name));
        mirror::install(&mirror, provider, &project.source, &project.version)?;
        for folder in [&home, &work] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::copy(project.root.join(EXAMPLE), work.join("main.tf"))
            .with_context(|| format!("cannot copy {EXAMPLE}"))?;
        let cli_config = mirror::write_cli_config(&root, &mirror)?;
        Ok(Self { mirror, home, work, cli_config })
    }

    fn command(&self, terraform: &Terraform, mock: &Mock) -> Command {
        let mut command = host::hermetic(&terraform.path);
        command
            .current_dir(&self.work)
            .env("HOME", &self.home)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .env("OPENROUTER_BASE_URL", mock.base_url())
            .env("OPENROUTER_MANAGEMENT_KEY", mock::KEY)
            .stdin(Stdio::null());
        command
    }
}
