//! `cargo xtask test`: every test of the workspace, and those that drive Terraform once with each one found.
//!
//! Prints cargo's output as it is, then what failed, then one line with the sums. Knows nothing of what the tests do.

mod tally;

use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use self::tally::Tally;
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
    let mut sum = Tally::default();
    let mut failures = Vec::new();
    for (index, terraform) in terraforms.iter().enumerate() {
        let (scope, args) = if index == 0 {
            ("All tests", EVERYTHING)
        } else {
            ("Those that drive Terraform", DRIVING)
        };
        let host = format!("{} {}", terraform.product, terraform.version);
        console::title(format_args!("{scope}, with {host}"));
        let tally = cargo_test(project, args, terraform)?;
        sum.add(&tally);
        failures
            .extend(tally.failures.into_iter().map(|failure| format!("with {host}: {failure}")));
    }
    console::title("All of it");
    for terraform in &terraforms {
        println!("{terraform}");
    }
    if !failures.is_empty() {
        console::title("What failed");
        println!("{}", failures.join("\n"));
    }
    println!("{sum}");
    if sum.passed == 0 {
        bail!("no test ran");
    }
    if sum.failed > 0 {
        bail!("{}", console::count(sum.failed, "failure"));
    }
    Ok(())
}

/// Runs one `cargo test`, passing its output through. Both of its streams come on one, as the names of the test binaries
/// are on another one than the names of the tests.
fn cargo_test(project: &Project, args: &[&str], terraform: &Terraform) -> Result<Tally> {
    let path = terraform.path.to_string_lossy();
    let setting = format!("{HANDED_OVER}='{path}'");
    console::command_line(&[&[setting.as_str(), "cargo"], args].concat());
    let (output, writer) = io::pipe().context("no pipe can be made")?;
    let mut command = project.cargo(args);
    command.env(HANDED_OVER, &terraform.path).stdin(Stdio::null());
    command.stdout(writer.try_clone().context("a pipe cannot be shared")?).stderr(writer);
    let mut child = command.spawn().context("cannot run cargo")?;
    // It holds the pipe's other ends, without which there would be no end of the output.
    drop(command);
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line =
            String::from_utf8_lossy(&line.context("cannot read cargo's output")?).into_owned();
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait().context("cargo cannot be waited for")?;
    tally.end(&format!("cargo {}", args.join(" ")), status);
    Ok(tally)
}
