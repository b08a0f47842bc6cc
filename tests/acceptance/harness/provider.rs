//! How the built provider reaches Terraform: as a development override, or installed from a filesystem mirror.

use std::fs;
use std::path::{Path, PathBuf};

use super::host::{self, SourceAddress};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-openrouter");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where another provider for the same API could come from, for states that one has written.
const ELSEWHERE: &str = "elsewhere/openrouter";

/// Writes a CLI configuration that runs the built provider without any installation, and returns its path. It stands for
/// another provider too: Terraform wants to load whatever a state was written by.
pub(crate) fn override_with(root: &Path) -> PathBuf {
    place(&overriding(root));
    override_in(root)
}

/// Where the binary is that `override_in` runs.
pub(crate) fn overriding(root: &Path) -> PathBuf {
    root.join("provider").join(format!("{}{}", host::PROVIDER, std::env::consts::EXE_SUFFIX))
}

/// The same with a provider that listens on a port, as it does on Windows.
#[cfg(unix)]
pub(crate) fn override_over_tcp(root: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = overriding(root);
    fs::create_dir_all(root.join("provider"))
        .and_then(|()| fs::write(&file, format!("#!/bin/sh\nexec '{BINARY}' --tcp \"$@\"\n")))
        .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o755)))
        .expect("the workspace is writable");
    override_in(root)
}

/// Writes the CLI configuration of `override_with`, whatever the binary is.
pub(crate) fn override_in(root: &Path) -> PathBuf {
    let folder = root.join("provider");
    let path = folder.to_string_lossy();
    let overrides =
        [env!("SOURCE_ADDRESS"), ELSEWHERE].map(|source| format!("    {source:?} = {path:?}\n"));
    write(root, &format!("dev_overrides {{\n{}  }}", overrides.concat()))
}

/// Writes a CLI configuration that installs the built provider from a mirror, and returns its path.
pub(crate) fn mirror_for(root: &Path) -> PathBuf {
    let mirror = root.join("mirror");
    let source: SourceAddress = env!("SOURCE_ADDRESS").parse().expect("build.rs has read it");
    for file in host::mirrored(&mirror, &source, VERSION) {
        place(&file);
    }
    write(root, &host::mirror_method(&mirror))
}

/// A hard link where that is possible: the binary is large, and there is one workspace per test.
fn place(file: &Path) {
    let folder = file.parent().expect("the file is in a folder");
    fs::create_dir_all(folder).expect("the workspace is writable");
    if fs::hard_link(BINARY, file).is_err() {
        fs::copy(BINARY, file).expect("the provider can be copied");
    }
}

/// Writes a CLI configuration that gets providers by this installation method alone.
pub(crate) fn write(root: &Path, method: &str) -> PathBuf {
    let path = root.join("cli.tfrc");
    fs::write(&path, host::cli_config(method)).expect("the workspace is writable");
    path
}
