//! `cargo xtask docs`: writes the reference pages under docs/. They are made by the test that compares them, which can read
//! the field tables; this only tells it to write.

use anyhow::Result;

use crate::console;
use crate::project::Project;

/// Has the test write the pages; see `tests/docs/main.rs`.
const WRITE: (&str, &str) = ("OPENROUTER_DOCS_WRITE", "1");
const TEST: &str = "reference_pages_are_up_to_date";

/// Writes the pages, and names each.
pub(crate) fn run(project: &Project) -> Result<()> {
    console::title("Reference pages");
    let args = ["test", "--quiet", "--test", "docs", "--", "--exact", TEST, "--nocapture"];
    project.run_cargo(&args, &[WRITE])
}
