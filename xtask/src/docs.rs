//! `cargo xtask docs`: writes the source address into everything that names it, and then the reference pages under docs/.
//! Those are made by the test that compares them, which can read the field tables; this only tells it to write.

mod addresses;

use anyhow::{Result, bail};

use crate::console;
use crate::project::Project;

/// Has the test write the pages; see `tests/docs/main.rs`.
const WRITE: (&str, &str) = ("OPENROUTER_DOCS_WRITE", "1");
const TEST: &str = "reference_pages_are_up_to_date";

/// Writes what is not up to date, and names each file.
pub(crate) fn run(project: &Project) -> Result<()> {
    console::title("Source address");
    println!("{}", project.source);
    for path in addresses::update(&project.root, &project.source.to_string())? {
        println!("wrote {path}");
    }
    let unknown = addresses::unknown(&project.root, &project.source.to_string())?;
    if !unknown.is_empty() {
        bail!("not this provider's address, nor known as another's: {}", unknown.join(", "));
    }
    console::title("Reference pages");
    let args = ["test", "--quiet", "--test", "docs", "--", "--exact", TEST, "--nocapture"];
    project.run_cargo(&args, &[WRITE])
}
