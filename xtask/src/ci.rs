//! What has to pass before a merge. `lint` needs no Terraform; `run` adds every test with the Terraforms of every run.

use anyhow::Result;

use crate::cargo_deny;
use crate::console;
use crate::project::Project;
use crate::terraform::EVERY_RUN;
use crate::test::{self, TestArgs};

/// Formatting, clippy, rustdoc and the dependencies; a warning of any of them fails.
pub(crate) fn lint(project: &Project) -> Result<()> {
    console::title("Formatting");
    project.run_cargo(&["fmt", "--all", "--check"], &[])?;
    console::title("Dependencies");
    cargo_deny::check(project, &["licenses", "bans", "sources"])?;
    console::title("Lints");
    project.run_cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    console::title("Documentation");
    let args = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    project.run_cargo(&args, &[("RUSTDOCFLAGS", "-D warnings")])
}

/// Fails if a dependency has a known vulnerability, is withdrawn or is not maintained. Not part of `lint`: the database comes
/// from the network, and what it says changes while the code does not.
pub(crate) fn advisories(project: &Project) -> Result<()> {
    console::title("Advisories");
    cargo_deny::check(project, &["advisories"])
}

/// `lint`, then `test` with the Terraforms of every run required.
pub(crate) fn run(project: &Project) -> Result<()> {
    lint(project)?;
    test::run(project, TestArgs { require: EVERY_RUN.to_vec(), ..TestArgs::default() })
}
