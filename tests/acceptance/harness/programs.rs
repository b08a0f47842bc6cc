//! The other programs of this workspace, which cargo builds beside the provider.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a program of that name is, or will be once it is built.
pub(crate) fn place(name: &str) -> PathBuf {
    profile().join(name)
}

/// Has cargo build what these words select, such as `--bin` and a name, unless it is up to date.
pub(crate) fn build(selection: &[&str]) {
    let profile = profile();
    let target = profile.parent().expect("a profile has a directory in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-q", "--offline", "--locked"]).args(selection);
    cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo can be started").success(), "{selection:?} is not built");
}

fn profile() -> &'static Path {
    let provider = Path::new(env!("CARGO_BIN_EXE_terraform-provider-openrouter"));
    provider.parent().expect("the provider is in a directory")
}
