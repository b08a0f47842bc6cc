//! `cargo xtask test`: every test of the workspace with one Terraform, and with each other one what depends on its version.
//!
//! Prints cargo's output as it is, then what failed, then a line for each Terraform, then one with the sums.

mod scope;
mod tally;

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use self::scope::{Depth, Scope};
use self::tally::Tally;
use crate::project::Project;
use crate::terraform::{self, Minor, SUPPORTED, Terraform};
use crate::{console, provision, tfplugindocs};

/// Says which Terraform the tests drive.
pub(crate) const TERRAFORM: &str = "OPENROUTER_ACC_TERRAFORM";

#[derive(clap::Args, Default)]
pub(crate) struct TestArgs {
    #[arg(
        long,
        value_name = "PATH",
        help = "Use this Terraform or OpenTofu, and beside it only what --require or --all asks for. Can be given more than \
                once"
    )]
    pub(crate) tf: Vec<PathBuf>,
    /// Fail unless this minor version of Terraform, such as 1.15, is among them. Can be given more than once.
    #[arg(long, value_name = "MINOR")]
    pub(crate) require: Vec<Minor>,
    /// Use every supported minor version of Terraform that can be installed, and name those that are not tested.
    #[arg(long)]
    pub(crate) all: bool,
    /// Run every test that drives Terraform with each of them.
    #[arg(long)]
    pub(crate) full: bool,
    /// Instead of all that, run the live suite against the real service. CONTRIBUTING.md names the variables that it needs.
    #[arg(long, conflicts_with_all = ["require", "all", "full"])]
    pub(crate) live: bool,
}

/// How the tests with one Terraform went.
struct Outcome {
    terraform: Terraform,
    passed: usize,
    failed: usize,
    passed_over: usize,
}

/// Runs everything with the first Terraform. With each other one it runs what depends on the version, or, with `--full`,
/// everything that drives Terraform. Fails when a test fails, when a required version is missing, and when there is no
/// Terraform at all.
pub(crate) fn run(project: &Project, args: TestArgs) -> Result<()> {
    let mut required = args.require;
    if args.all {
        required.extend(provision::PINS.iter().map(|pin| pin.terraform));
    }
    let depth = if args.full { Depth::Driving } else { Depth::VersionDependent };
    let terraforms = terraform::gather(project, &args.tf, &required)?;
    console::title("Tests will run with");
    for terraform in &terraforms {
        println!("{terraform}");
    }
    let generator = tfplugindocs::install(&project.target).err();
    let driving = scope::driving(project)?;
    let (mut sum, mut outcomes) = (Tally::default(), Vec::new());
    for (index, terraform) in terraforms.into_iter().enumerate() {
        let scope = Scope::new(&terraform, index == 0, depth, &driving, generator.is_none());
        let tally = run_with(project, &terraform, &scope)?;
        outcomes.push(Outcome {
            passed: tally.passed,
            failed: tally.failed,
            passed_over: scope.passed_over.iter().map(|(_, tests)| tests.len()).sum(),
            terraform,
        });
        let host = outcomes.last().map(Outcome::host).unwrap_or_default();
        sum.add(tally, &format!("with {host}"));
    }
    report(&outcomes, generator.as_deref(), &sum)
}

/// Runs the tests of a scope, having said what is passed over, test by test.
fn run_with(project: &Project, terraform: &Terraform, scope: &Scope) -> Result<Tally> {
    console::title(format_args!("{}, with {}", scope.title, host(terraform)));
    for (feature, tests) in &scope.passed_over {
        println!("passed over for want of {feature}:");
        for test in tests {
            println!("    {test}");
        }
    }
    let args: Vec<&str> = scope.args.iter().map(String::as_str).collect();
    let mut tally = cargo_test(project, &args, terraform)?;
    tally.expect_matches(&scope.filters);
    Ok(tally)
}

fn host(terraform: &Terraform) -> String {
    format!("{} {}", terraform.product, terraform.version)
}

impl Outcome {
    fn host(&self) -> String {
        host(&self.terraform)
    }

    fn row(&self) -> [String; 4] {
        let count = |number: usize, what: &str| format!("{number} {what}");
        [
            self.host(),
            count(self.passed, "passed"),
            count(self.failed, "failed"),
            count(self.passed_over, "passed over"),
        ]
    }
}

/// The supported minor versions of Terraform that are not among these.
fn untested(terraforms: &[&Terraform]) -> Vec<Minor> {
    let is_tested = |minor: &Minor| terraforms.iter().any(|terraform| terraform.is(*minor));
    SUPPORTED.map(Minor::terraform_1).filter(|minor| !is_tested(minor)).collect()
}

/// Prints what failed and the sums, and fails when anything did. `no_generator` is why `tfplugindocs` is not there.
fn report(outcomes: &[Outcome], no_generator: Option<&str>, sum: &Tally) -> Result<()> {
    if !sum.failures.is_empty() {
        console::title("What failed");
    }
    for failure in &sum.failures {
        println!("{failure}");
    }
    console::title("Summary");
    let rows: Vec<[String; 4]> = outcomes.iter().map(Outcome::row).collect();
    for line in console::columns(&rows) {
        println!("{line}");
    }
    let terraforms: Vec<&Terraform> = outcomes.iter().map(|outcome| &outcome.terraform).collect();
    let untested: Vec<String> = untested(&terraforms).iter().map(Minor::to_string).collect();
    if !untested.is_empty() {
        println!("supported, but not tested here: Terraform {}", untested.join(", "));
    }
    if let Some(reason) = no_generator {
        println!("tfplugindocs has not read the pages: {reason}");
    }
    println!("{sum}");
    match sum.failed {
        _ if sum.passed == 0 => bail!("no test ran"),
        0 => Ok(()),
        failed => bail!("{}", console::count(failed, "failure")),
    }
}

/// Runs one `cargo test` and passes its output through. Cargo prints the names of the test binaries to stderr, and they
/// print the names of the tests to stdout: one pipe for both keeps them in order.
fn cargo_test(project: &Project, args: &[&str], terraform: &Terraform) -> Result<Tally> {
    let setting = format!("{TERRAFORM}='{}'", terraform.path.display());
    console::command_line(&[&[setting.as_str(), "cargo"], args].concat());
    let (output, writer) = io::pipe().context("cannot make a pipe")?;
    let mut command = project.cargo(args);
    command.env(TERRAFORM, &terraform.path).stdin(Stdio::null());
    command.stdout(writer.try_clone().context("cannot share a pipe")?).stderr(writer);
    let mut child = command.spawn().context("cannot run cargo")?;
    // The command holds the writing ends too, and the output ends only when all of them are closed.
    drop(command);
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read cargo's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait().context("cannot wait for cargo")?;
    tally.end(&format!("cargo {}", args.join(" ")), status);
    Ok(tally)
}
