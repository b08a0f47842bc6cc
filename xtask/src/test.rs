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
use crate::terraform::{self, Minor, Terraform};
use crate::tfplugindocs;

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
    "standard_generator::",
    "validation::",
];

/// What only Terraform itself has, and since which version: tests of these names are passed over with any other.
const TERRAFORM_SINCE: [(&str, Minor); 3] = [
    ("identity::", Minor { major: 1, minor: 12 }),
    ("query::", Minor { major: 1, minor: 14 }),
    (PAGES, Minor { major: 1, minor: 14 }),
];

/// What needs `tfplugindocs` too, which needs Go.
const PAGES: &str = "standard_generator::";

/// The names of tests of what a Terraform, or this machine, does not have.
fn passed_over(terraform: &Terraform, has_generator: bool) -> Vec<&'static str> {
    let lacks = |name: &str, since: &Minor| {
        terraform.product != Product::Terraform
            || terraform.minor < *since
            || (name == PAGES && !has_generator)
    };
    let tests = TERRAFORM_SINCE.iter().filter(|(name, since)| lacks(name, since));
    tests.map(|(name, _)| *name).collect()
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
    let generator = tfplugindocs::install(&project.target).err();
    let mut sum = Tally::default();
    for (index, terraform) in terraforms.iter().enumerate() {
        let (scope, args, filters) = match (index, full) {
            (0, _) => ("All tests", EVERYTHING, &[][..]),
            (_, true) => ("All tests that drive Terraform", DRIVING, &[][..]),
            (_, false) => ("What depends on its version", DRIVING, VERSION_DEPENDENT),
        };
        let passed_over = passed_over(terraform, generator.is_none());
        let mut filters = filters.to_vec();
        filters.retain(|filter| !passed_over.contains(filter));
        let skips = passed_over.iter().flat_map(|name| ["--skip", name]);
        let args: Vec<_> =
            args.iter().copied().chain(filters.iter().copied()).chain(skips).collect();
        let host = format!("{} {}", terraform.product, terraform.version);
        console::title(format_args!("{scope}, with {host}"));
        if !passed_over.is_empty() {
            println!("passed over: {}", passed_over.join(", "));
        }
        let mut tally = cargo_test(project, &args, terraform)?;
        tally.expect_matches(&filters);
        sum.add(tally, &format!("with {host}"));
    }
    report(&terraforms, generator.as_deref(), &sum)
}

/// Prints what failed and the sums, and fails when anything did. `no_generator` is why `tfplugindocs` is not there.
fn report(terraforms: &[Terraform], no_generator: Option<&str>, sum: &Tally) -> Result<()> {
    console::title("Summary");
    for terraform in terraforms {
        println!("{terraform}");
    }
    if let Some(reason) = no_generator {
        println!("passed over: {PAGES} (tfplugindocs has not read the pages: {reason})");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terraform_or_the_machine_lacks_is_passed_over() {
        let passed_over = |product, minor, has_generator| {
            let path = PathBuf::new();
            let minor = Minor { major: 1, minor };
            let terraform = Terraform { product, version: String::new(), minor, path };
            super::passed_over(&terraform, has_generator)
        };
        let all = ["identity::", "query::", PAGES];
        assert_eq!(passed_over(Product::Terraform, 15, true), [""; 0]);
        assert_eq!(passed_over(Product::Terraform, 15, false), [PAGES]);
        assert_eq!(passed_over(Product::Terraform, 12, true), all[1..]);
        assert_eq!(passed_over(Product::Terraform, 11, true), all);
        assert_eq!(passed_over(Product::OpenTofu, 15, true), all);
    }
}
