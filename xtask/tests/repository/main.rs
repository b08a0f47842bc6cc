//! What in the repository is no code, and so held by no compiler: manifests, scripts and workflows.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod dependencies;
#[cfg(unix)]
mod release;
mod workflow;
mod workflows;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository.
fn text(path: impl AsRef<Path>) -> String {
    let path: PathBuf = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
