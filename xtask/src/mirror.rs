//! The provider as an installed package: a filesystem mirror, and the CLI configuration that points at it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::host::{self, SourceAddress};

/// Puts the provider's binary into the mirror as that version of its source address, for Terraform and `OpenTofu` both.
/// What an earlier run left there is deleted.
pub(crate) fn install(
    mirror: &Path,
    binary: &Path,
    source: &SourceAddress,
    version: &str,
) -> Result<()> {
    if mirror.exists() {
        fs::remove_dir_all(mirror).with_context(|| format!("cannot clear {}", mirror.display()))?;
    }
    for file in host::mirrored(mirror, source, version) {
        let package = file.parent().context("the provider's path has no directory")?;
        fs::create_dir_all(package)
            .with_context(|| format!("cannot make {}", package.display()))?;
        fs::copy(binary, &file)
            .with_context(|| format!("cannot copy the provider to {}", file.display()))?;
    }
    Ok(())
}

/// Writes a CLI configuration into `directory` that installs providers from the mirror and nowhere else, and returns its path.
pub(crate) fn write_cli_config(directory: &Path, mirror: &Path) -> Result<PathBuf> {
    let path = directory.join("cli.tfrc");
    fs::write(&path, host::cli_config(&host::mirror_method(mirror)))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Installs two versions, one after the other, and returns the directories of the addresses.
    fn installed(source: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("built");
        fs::write(&binary, "x").unwrap();
        let mirror = directory.path().join("mirror");
        let source: SourceAddress = source.parse().unwrap();
        install(&mirror, &binary, &source, "0.0.9").unwrap();
        install(&mirror, &binary, &source, "0.1.0").unwrap();
        for file in host::mirrored(&mirror, &source, "0.1.0") {
            assert!(file.is_file(), "{}", file.display());
            assert!(file.ends_with("terraform-provider-openrouter_v0.1.0"));
        }
        for address in source.with_hosts() {
            let versions = fs::read_dir(mirror.join(address)).unwrap();
            let versions: Vec<_> = versions.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(versions, ["0.1.0"]);
        }
        let mut hosts: Vec<_> = fs::read_dir(&mirror)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        hosts.sort();
        hosts
    }

    #[test]
    fn mirror_has_the_layout_of_the_addresss_registries_and_no_older_versions() {
        assert_eq!(installed("example.com/acme/openrouter"), ["example.com"]);
        let both = ["registry.opentofu.org", "registry.terraform.io"];
        assert_eq!(installed("acme/openrouter"), both);
    }
}
