//! Where the measurements take place: a mock, the provider installed so that it is measured, a directory for each
//! configuration, and Terraform commands with what each of them took.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::bench::measured::{Records, Usage};
use crate::bench::schema::Schema;
use crate::bench::seed::{self, Seeder};
use crate::bench::workload::{self, Work};
use crate::host::SourceAddress;
use crate::mock::{self, Mock};
use crate::project::Project;
use crate::terraform::Terraform;
use crate::{host, mirror};

const STATE: &str = "terraform.tfstate";

/// A Terraform command that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Creates everything.
    Apply,
    /// Reads everything, and finds nothing to change.
    Plan,
    /// The same without reading.
    PlanWithoutRefresh,
}

impl Step {
    /// The command's name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Plan => "plan",
            Self::PlanWithoutRefresh => "plan -refresh=false",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Apply => &["apply", "-auto-approve", "-no-color"],
            // A plan with changes would be other work, and is then a failure.
            Self::Plan => &["plan", "-detailed-exitcode", "-no-color"],
            Self::PlanWithoutRefresh => {
                &["plan", "-refresh=false", "-detailed-exitcode", "-no-color"]
            }
        }
    }
}

/// What one command took.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// What the provider's processes took.
    pub(crate) provider: Usage,
    /// How many requests of each `METHOD template` reached the API.
    pub(crate) requests: BTreeMap<String, u64>,
}

impl Sample {
    /// The number of requests whose `METHOD template` begins so.
    pub(crate) fn requests_to(&self, begin: &str) -> u64 {
        let counts = self.requests.iter().filter(|(operation, _)| operation.starts_with(begin));
        counts.map(|(_, count)| count).sum()
    }

    /// The number of all requests.
    pub(crate) fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// The stage, with everything installed.
pub(crate) struct Stage {
    terraform: Terraform,
    mock: Mock,
    schema: Schema,
    records: Records,
    root: PathBuf,
    cli_config: PathBuf,
    keys: Vec<String>,
}

impl Stage {
    /// Clears away what an earlier run left, and sets up afresh, with a mock that has so many keys.
    pub(crate) fn set_up(
        project: &Project,
        terraform: Terraform,
        provider: &Path,
        mock: &Path,
        keys: usize,
    ) -> Result<Self> {
        let root = project.target.join("bench");
        if root.exists() {
            fs::remove_dir_all(&root)
                .with_context(|| format!("cannot clear {}", root.display()))?;
        }
        let records = Records::new(root.join("records"))?;
        let mirror = root.join("mirror");
        records.install(&mirror, provider, &project.source, &project.version)?;
        fs::create_dir_all(root.join("home"))?;
        let cli_config = mirror::write_cli_config(&root, &mirror)?;
        let mock = Mock::start_with(mock, &["--seed-keys".to_owned(), keys.to_string()])?;
        let keys = mock.holdings()?.key_hashes;
        let host = Host { terraform: &terraform, root: &root, cli_config: &cli_config };
        let schema = host.schema(&project.source, mock.base_url())?;
        records.take()?;
        Ok(Self { terraform, mock, schema, records, root, cli_config, keys })
    }

    /// Writes the configuration of a work and installs what it needs. The error says why the provider cannot do it.
    pub(crate) fn prepare(&self, work: Work) -> Result<()> {
        let text = work.configuration(&self.schema, self.mock.base_url())?;
        self.host().initialise(work.directory(), &text)
    }

    /// Begins anew with an empty API and nothing in the state.
    pub(crate) fn clear(&self, work: Work, n: usize) -> Result<()> {
        self.mock.start_over()?;
        for file in [STATE, "terraform.tfstate.backup"] {
            let file = self.file(work, file);
            if file.exists() {
                fs::remove_file(file)?;
            }
        }
        self.set_number(work, n)
    }

    /// Begins anew with an API and a state that have the work's objects.
    pub(crate) fn seed(&self, work: Work, n: usize) -> Result<()> {
        self.clear(work, n)?;
        self.mock.set_latency(0)?;
        let Self { mock, schema, terraform, .. } = self;
        let state = Seeder { mock, schema, terraform }.seed(work, n, &self.keys)?;
        fs::write(self.file(work, STATE), state.to_string())?;
        Ok(())
    }

    /// Takes all but the first `n` objects out of configuration and state. The API keeps them.
    pub(crate) fn keep(&self, work: Work, n: usize) -> Result<()> {
        let state = fs::read_to_string(self.file(work, STATE))?;
        fs::write(self.file(work, STATE), seed::keep(&state, n)?)?;
        self.set_number(work, n)
    }

    fn set_number(&self, work: Work, n: usize) -> Result<()> {
        let variables = work.variables(n, &self.keys).to_string();
        fs::write(self.file(work, "terraform.tfvars.json"), variables)?;
        Ok(())
    }

    fn file(&self, work: Work, name: &str) -> PathBuf {
        self.root.join(work.directory()).join(name)
    }

    /// Runs a command with an API of that latency, and tells what it took.
    pub(crate) fn measure(&self, work: Work, step: Step, latency_ms: u64) -> Result<Sample> {
        self.mock.set_latency(latency_ms)?;
        self.mock.forget_requests()?;
        let mut command = self.host().command(work.directory(), self.mock.base_url());
        command.args(step.arguments());
        let begun = Instant::now();
        let output = command.output().context("cannot run Terraform")?;
        let wall = begun.elapsed();
        if !output.status.success() {
            bail!("`terraform {}` of {work}: {}", step.arguments().join(" "), shown(&output));
        }
        Ok(Sample { wall, provider: self.records.take()?, requests: self.mock.counts()? })
    }

    fn host(&self) -> Host<'_> {
        Host { terraform: &self.terraform, root: &self.root, cli_config: &self.cli_config }
    }
}

/// Terraform, told where to find what it needs.
struct Host<'a> {
    terraform: &'a Terraform,
    root: &'a Path,
    cli_config: &'a Path,
}

impl Host<'_> {
    /// What the installed provider says of itself.
    fn schema(&self, source: &SourceAddress, base_url: &str) -> Result<Schema> {
        let directory = "schema";
        self.initialise(directory, &workload::requirement(&source.to_string()))?;
        let mut command = self.command(directory, base_url);
        let output = command.args(["providers", "schema", "-json"]).output()?;
        if !output.status.success() {
            bail!("Terraform cannot read the provider's schema: {}", shown(&output));
        }
        Schema::read(&output.stdout)
    }

    fn initialise(&self, directory: &str, configuration: &str) -> Result<()> {
        let path = self.root.join(directory);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        fs::write(path.join("main.tf"), configuration)?;
        let output = self.command(directory, "").args(["init", "-no-color"]).output()?;
        if !output.status.success() {
            bail!("`terraform init` failed: {}", shown(&output));
        }
        Ok(())
    }

    fn command(&self, directory: &str, base_url: &str) -> Command {
        let mut command = host::hermetic(&self.terraform.path);
        command
            .current_dir(self.root.join(directory))
            .env("HOME", self.root.join("home"))
            .env("TF_CLI_CONFIG_FILE", self.cli_config)
            .env("OPENROUTER_BASE_URL", base_url)
            .env("OPENROUTER_MANAGEMENT_KEY", mock::KEY)
            .env("OPENROUTER_API_KEY", mock::KEY)
            .stdin(Stdio::null());
        command
    }
}

/// How a command ended, and the end of what it said.
fn shown(output: &Output) -> String {
    const KEPT: usize = 3000;
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let end = text.get(text.len().saturating_sub(KEPT)..).unwrap_or_default();
    format!("{}\n{}", output.status, String::from_utf8_lossy(end).trim())
}
