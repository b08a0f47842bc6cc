//! The provider as an installed package: a filesystem mirror, and the CLI configuration that points at it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::PROVIDER;

/// The source address `openrouter/openrouter` belongs to another registry in each product.
const DEFAULT_HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];
const SOURCE: &str = "openrouter/openrouter";

/// Puts the provider's binary into the mirror `root` as that version of `openrouter/openrouter`, for Terraform and
/// `OpenTofu` both. What an earlier run left there goes away.
pub(crate) fn install(root: &Path, binary: &Path, version: &str) -> Result<()> {
    if root.exists() {
        fs::remove_dir_all(root).with_context(|| format!("cannot clear {}", root.display()))?;
    }
    for host in DEFAULT_HOSTS {
        let package = root.join(host).join(SOURCE).join(version).join(platform());
        fs::create_dir_all(&package)
            .with_context(|| format!("cannot make {}", package.display()))?;
        let file = package.join(format!("{PROVIDER}_v{version}{}", std::env::consts::EXE_SUFFIX));
        fs::copy(binary, &file)
            .with_context(|| format!("cannot copy the provider to {}", file.display()))?;
    }
    Ok(())
}

/// Writes a CLI configuration into `directory` that installs `openrouter/openrouter` from the mirror and nothing from
/// anywhere else, and returns its path.
pub(crate) fn write_cli_config(directory: &Path, root: &Path) -> Result<PathBuf> {
    let path = directory.join("cli.tfrc");
    // Debug's escapes are HCL's for what occurs in paths.
    let text = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        root.to_string_lossy()
    );
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_has_the_layout_of_both_registries_and_forgets_older_versions() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("built");
        fs::write(&binary, "x").unwrap();
        let root = directory.path().join("mirror");
        install(&root, &binary, "0.0.9").unwrap();
        install(&root, &binary, "0.1.0").unwrap();
        for host in DEFAULT_HOSTS {
            let versions: Vec<_> = fs::read_dir(root.join(host).join("openrouter/openrouter"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(versions, ["0.1.0"]);
            let package = root.join(host).join("openrouter/openrouter/0.1.0").join(platform());
            assert!(package.join("terraform-provider-openrouter_v0.1.0").is_file());
        }
    }
}
