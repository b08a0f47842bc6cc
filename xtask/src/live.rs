//! `cargo xtask test --live`: the suite in tests/live against the real service, with a key from the
//! environment. Knows how to start it, and nothing of what it does or of the variables it asks for.

use std::path::PathBuf;

use anyhow::Result;

use crate::project::Project;
use crate::terraform;
use crate::test::TERRAFORM;

/// The one test of tests/live that is left out elsewhere.
const ARGS: [&str; 7] =
    ["test", "--test", "live", "--", "--ignored", "--exact", "the_service_behaves_as_the_mock"];

/// Runs it with the given Terraform, else one on the PATH, else the newest from `PyPI`.
pub(crate) fn run(project: &Project, mut given: Vec<PathBuf>) -> Result<()> {
    let terraform = terraform::choose(project, given.pop())?;
    let path = terraform.path.to_string_lossy();
    project.run_cargo(&[&ARGS[..], &["--nocapture"]].concat(), &[(TERRAFORM, &path)])
}
