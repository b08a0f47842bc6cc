//! `cargo xtask test`: every test of the workspace, and those that drive Terraform once with each one found.
//!
//! Prints cargo's output as it is, then one line with the sums. Knows nothing of what the tests do.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::console;
use crate::project::Project;
use crate::terraform::{self, Minor, Terraform};

/// Tells the tests which Terraform to drive.
const HANDED_OVER: &str = "OPENROUTER_ACC_TERRAFORM";

const EVERYTHING: &[&str] = &["test", "--workspace", "--no-fail-fast"];

/// What depends on Terraform's version.
const DRIVING: &[&str] =
    &["test", "--workspace", "--no-fail-fast", "--test", "acceptance", "--test", "faults"];

/// Runs everything. Fails when a test fails, when a required version is missing, and when there is no Terraform at all.
pub(crate) fn run(project: &Project, given: &[PathBuf], required: &[Minor]) -> Result<()> {
    let terraforms = terraform::gather(project, given, required)?;
    console::title("Tests will run with");
    for terraform in &terraforms {
        println!("{terraform}");
    }
    let mut tally = Tally::default();
    for (index, terraform) in terraforms.iter().enumerate() {
        let (scope, args) =
            if index == 0 { ("All tests", EVERYTHING) } else { ("Those that drive Terraform", DRIVING) };
        console::title(format_args!("{scope}, with {} {}", terraform.product, terraform.version));
        tally.add(cargo_test(project, args, terraform)?);
    }
    console::title("All of it");
    for terraform in &terraforms {
        println!("{terraform}");
    }
    println!("{tally}");
    if tally.passed == 0 {
        bail!("no test ran");
    }
    if tally.failed > 0 {
        bail!("{}", console::count(tally.failed, "failure"));
    }
    Ok(())
}

/// Runs one `cargo test`, passing its output through. A run that fails without a failed test (it does not compile, a
/// test binary crashed) counts as one failure.
fn cargo_test(project: &Project, args: &[&str], terraform: &Terraform) -> Result<Tally> {
    let path = terraform.path.to_string_lossy();
    let setting = format!("{HANDED_OVER}='{path}'");
    console::command_line(&[&[setting.as_str(), "cargo"], args].concat());
    let mut child = project
        .cargo(args)
        .env(HANDED_OVER, &terraform.path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo has no stdout")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("cannot read cargo's output")?).into_owned();
        println!("{line}");
        tally.add(Tally::of_line(&line).unwrap_or_default());
    }
    let status = child.wait().context("cargo cannot be waited for")?;
    if !status.success() && tally.failed == 0 {
        eprintln!("`cargo {}` ended with {status}", args.join(" "));
        tally.failed = 1;
    }
    Ok(tally)
}

/// How many tests ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Reads the line with which each test binary ends: `test result: ok. 3 passed; 0 failed; …`.
    fn of_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let number = |noun: &str| {
            let count = counts.split("; ").find_map(|part| part.strip_suffix(noun))?;
            count.trim().parse().ok()
        };
        Some(Self { passed: number("passed")?, failed: number("failed")? })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_result_lines_count() {
        let ok =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(Tally::of_line(ok), Some(Tally { passed: 12, failed: 0 }));
        let bad =
            "test result: FAILED. 11 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s";
        assert_eq!(Tally::of_line(bad), Some(Tally { passed: 11, failed: 2 }));
        for line in ["test a::b ... ok", "running 3 tests", "test result: what", ""] {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }
}
