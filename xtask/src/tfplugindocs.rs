//! `tfplugindocs`, the standard program that writes and validates the pages of providers, built where Go is on the machine.
//!
//! tests/acceptance compiles this file too, so it uses the standard library only.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MODULE: &str = "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs";

/// What `tests/docs/registry.rs` was written from.
const VERSION: &str = "v0.25.0";

/// Makes sure that the program is below the target directory, and says where; or why it cannot be there. Quick when it is;
/// two runs at the same time are safe, since each builds in a directory of its own and renames the program into place.
pub(crate) fn install(target: &Path) -> Result<PathBuf, String> {
    let home = target.join("tfplugindocs").join(VERSION);
    let name = format!("tfplugindocs{}", std::env::consts::EXE_SUFFIX);
    let program = home.join(&name);
    if program.is_file() {
        return Ok(program);
    }
    let staging = home.join(format!(".staging-{}", std::process::id()));
    fs::create_dir_all(&staging)
        .map_err(|error| format!("cannot make {}: {error}", staging.display()))?;
    let built = build(&staging).and_then(|()| {
        fs::rename(staging.join(&name), &program)
            .map_err(|error| format!("cannot put {} in place: {error}", program.display()))
    });
    // What is left in it is of no use to anybody.
    let _ = fs::remove_dir_all(&staging);
    built.map(|()| program)
}

/// `go install` into this directory.
fn build(directory: &Path) -> Result<(), String> {
    let output = Command::new("go")
        .args(["install", &format!("{MODULE}@{VERSION}")])
        .env("GOBIN", directory)
        .stdin(Stdio::null())
        .output();
    match output {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("Go is not on the PATH".to_owned())
        }
        Err(error) => Err(format!("cannot run go: {error}")),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("`go install {MODULE}@{VERSION}` failed: {}", said.trim()))
        }
    }
}
