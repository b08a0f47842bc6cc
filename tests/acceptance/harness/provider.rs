//! How the built provider reaches Terraform: as a development override, or installed from a filesystem mirror.

use std::fs;
use std::path::{Path, PathBuf};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-openrouter");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const SOURCE: &str = "openrouter/openrouter";

/// Writes a CLI configuration that runs the built provider without any installation, and returns its path.
pub(crate) fn override_with(root: &Path) -> PathBuf {
    let folder = root.join("provider");
    place(&folder, "terraform-provider-openrouter");
    cli_config(
        root,
        &format!("dev_overrides {{\n    {SOURCE:?} = {:?}\n  }}", folder.to_string_lossy()),
    )
}

/// Writes a CLI configuration that installs the built provider from a mirror, and returns its path.
pub(crate) fn mirror_for(root: &Path) -> PathBuf {
    let mirror = root.join("mirror");
    // The same source address belongs to another registry in each product.
    for host in ["registry.terraform.io", "registry.opentofu.org"] {
        let package = mirror.join(host).join(SOURCE).join(VERSION).join(platform());
        place(&package, &format!("terraform-provider-openrouter_v{VERSION}"));
    }
    cli_config(
        root,
        &format!("filesystem_mirror {{\n    path = {:?}\n  }}", mirror.to_string_lossy()),
    )
}

/// A hard link where that is possible: the binary is large, and there is one workspace per test.
fn place(folder: &Path, name: &str) {
    fs::create_dir_all(folder).expect("the workspace is writable");
    let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if fs::hard_link(BINARY, &file).is_err() {
        fs::copy(BINARY, &file).expect("the provider can be copied");
    }
}

/// Debug's escapes of a path are HCL's.
fn cli_config(root: &Path, method: &str) -> PathBuf {
    let path = root.join("cli.tfrc");
    fs::write(&path, format!("provider_installation {{\n  {method}\n}}\n"))
        .expect("the workspace is writable");
    path
}

/// This machine, in Go's names.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{architecture}")
}
