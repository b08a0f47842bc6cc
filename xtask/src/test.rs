//! `cargo xtask test`: every test of the workspace with one Terraform, and with each other one what depends on its version.
//!
//! Prints cargo's output as it is, then what failed, then one line with the sums.

mod tally;

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use self::tally::Tally;
use crate::console;
use crate::host::Product;
use crate::project::Project;
use crate::provision;
use crate::terraform::{self, Minor, Terraform};

/// Says which Terraform the tests drive.
const TERRAFORM: &str = "OPENROUTER_ACC_TERRAFORM";

const EVERYTHING: &[&str] = &["test", "--workspace", "--no-fail-fast", "--"];

/// The test binaries that drive Terraform.
const DRIVING: &[&str] =
    &["test", "--workspace", "--no-fail-fast", "--test", "acceptance", "--test", "faults", "--"];

/// What depends on Terraform's version, as parts of test names: installation, a story for each resource, data source and
/// import, the rules by which Terraform checks plans and numbers, its own language (`moved`, `removed`, `terraform test`),
/// and what it does when it is interrupted.
const VERSION_DEPENDENT: &[&str] = &[
    "adoption::",
    "assignments::exclusive::",
    "assignments::imports::",
    "assignments::plans::",
    "assignments::test_runs::",
    "attach::",
    "attributes::",
    "examples::",
    "functions::",
    "harness_reports_what_terraform_did",
    "identity::",
    "import::",
    "interrupts::",
    "lifecycle::",
    "moves::",
    "numbers::",
    "provider_installed_from_a_mirror_creates_changes_and_destroys",
    "query::",
    "validation::",
];

/// What only Terraform itself has, and since which version: tests of these names are passed over with any other.
const TERRAFORM_SINCE: [(&str, Minor); 2] =
    [("identity::", Minor { major: 1, minor: 12 }), ("query::", Minor { major: 1, minor: 14 })];

/// What only a Terraform that is a program of its own can do, and not the one that Python loads: be all there is in a root.
const OWN_PROGRAM: &str = "terraform_itself::";

/// The names of tests of what a Terraform does not have.
fn passed_over(terraform: &Terraform) -> Vec<&'static str> {
    let lacks = |since: &Minor| terraform.product != Product::Terraform || terraform.minor < *since;
    let newer = TERRAFORM_SINCE.iter().filter(|(_, since)| lacks(since)).map(|(name, _)| *name);
    newer.chain(provision::is_launcher(&terraform.path).then_some(OWN_PROGRAM)).collect()
}

/// Runs everything with the first Terraform. With each other one it runs what depends on the version, or, if `full`,
/// everything that drives Terraform. Fails when a test fails, when a required version is missing, and when there is no
/// Terraform at all.
pub(crate) fn run(
    project: &Project,
    given: &[PathBuf],
    required: &[Minor],
    full: bool,
) -> Result<()> {
    let terraforms = terraform::gather(project, given, required)?;
    console::title("Tests will run with");
    for terraform in &terraforms {
        println!("{terraform}");
    }
    let mut sum = Tally::default();
    for (index, terraform) in terraforms.iter().enumerate() {
        let (scope, args, filters) = match (index, full) {
            (0, _) => ("All tests", EVERYTHING, &[][..]),
            (_, true) => ("All tests that drive Terraform", DRIVING, &[][..]),
            (_, false) => ("What depends on its version", DRIVING, VERSION_DEPENDENT),
        };
        let passed_over = passed_over(terraform);
        let mut filters = filters.to_vec();
        filters.retain(|filter| !passed_over.contains(filter));
        let skips = passed_over.iter().flat_map(|name| ["--skip", name]);
        let args: Vec<_> =
            args.iter().copied().chain(filters.iter().copied()).chain(skips).collect();
        let host = format!("{} {}", terraform.product, terraform.version);
        console::title(format_args!("{scope}, with {host}"));
        if !passed_over.is_empty() {
            println!("without {}, which it does not have", passed_over.join(" and "));
        }
        let mut tally = cargo_test(project, &args, terraform)?;
        tally.expect_matches(&filters);
        sum.add(tally, &format!("with {host}"));
    }
    report(&terraforms, &sum)
}

/// Prints what failed and the sums, and fails when anything did.
fn report(terraforms: &[Terraform], sum: &Tally) -> Result<()> {
    console::title("Summary");
    for terraform in terraforms {
        println!("{terraform}");
    }
    if !sum.failures.is_empty() {
        console::title("What failed");
    }
    for failure in &sum.failures {
        println!("{failure}");
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
