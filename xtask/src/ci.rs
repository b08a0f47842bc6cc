//! What has to pass before a merge. `lint` needs no Terraform; `run` adds every test with the Terraforms of every run.

use anyhow::Result;

use crate::console;
use crate::project::Project;
use crate::terraform::EVERY_RUN;
use crate::test::{self, TestArgs};

/// Formatting, clippy and rustdoc; a warning of any of them fails.
pub(crate) fn lint(project: &Project) -> Result<()> {
    console::title("Formatting");
    project.run_cargo(&["fmt", "--all", "--check"], &[])?;
    console::title("Lints");
    project.run_cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    console::title("Documentation");
    let args = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    project.run_cargo(&args, &[("RUSTDOCFLAGS", "-D warnings")])
}

/// `lint`, then `test` with the Terraforms of every run required.
pub(crate) fn run(project: &Project) -> Result<()> {
    lint(project)?;
    test::run(project, TestArgs { require: EVERY_RUN.to_vec(), ..TestArgs::default() })
}
