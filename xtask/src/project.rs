//! Where things are: the repository, its target directory, the provider's version, and what cargo has built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::console;
use crate::host::{PROVIDER, SourceAddress};

const MOCK: &str = "mock-openrouter";

/// The file at the root that sets the provider's source address.
pub(crate) const SOURCE_ADDRESS: &str = "source-address.txt";

/// Which of cargo's profiles to build with.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Builds in a fraction of the release profile's time and shares its work with the tests.
    Dev,
    /// What users get, and so what is measured.
    Release,
}

/// A checkout of this repository.
pub(crate) struct Project {
    /// The directory of the workspace's Cargo.toml.
    pub(crate) root: PathBuf,
    /// Where everything generated goes; `target/` unless cargo was told otherwise.
    pub(crate) target: PathBuf,
    /// The provider's version, without a leading `v`.
    pub(crate) version: String,
    /// What configurations name as the provider's `source`.
    pub(crate) source: SourceAddress,
}

impl Project {
    /// Asks cargo which workspace this command runs in.
    pub(crate) fn locate() -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
        Self::from_metadata(&metadata)
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let (root, target, version) =
            facts(metadata).context("cargo metadata lacks what this command needs")?;
        let source = read_source_address(&root)?;
        Ok(Self { root, target, version, source })
    }

    /// A cargo command that runs in the repository's root, with the dependencies of Cargo.lock and no others.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.arg("--locked").args(args).current_dir(&self.root);
        command
    }

    /// Prints a cargo command, runs it with the terminal as its output, and fails when it fails.
    pub(crate) fn run_cargo(&self, args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
        let shown: Vec<String> =
            environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        let words: Vec<&str> = shown
            .iter()
            .map(String::as_str)
            .chain(["cargo", "--locked"])
            .chain(args.iter().copied())
            .collect();
        console::command_line(&words);
        let status = self
            .cargo(args)
            .envs(environment.iter().copied())
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("`cargo {}` failed", args.join(" "));
        }
        Ok(())
    }

    /// Builds the provider and the mock, and says where they are.
    pub(crate) fn build_provider_and_mock(&self) -> Result<(PathBuf, PathBuf)> {
        self.run_cargo(&["build", "--package", PROVIDER, "--package", MOCK, "--bins"], &[])?;
        Ok((self.built(Profile::Dev, PROVIDER)?, self.built(Profile::Dev, MOCK)?))
    }

    /// Builds the provider as users get it, and says where it is.
    pub(crate) fn build_release_provider(&self) -> Result<PathBuf> {
        self.run_cargo(&["build", "--release", "--package", PROVIDER, "--bins"], &[])?;
        self.built(Profile::Release, PROVIDER)
    }

    /// Builds the provider as the tests use it, and says where it is.
    pub(crate) fn build_dev_provider(&self) -> Result<PathBuf> {
        self.run_cargo(&["build", "--package", PROVIDER, "--bins"], &[])?;
        self.built(Profile::Dev, PROVIDER)
    }

    fn built(&self, profile: Profile, name: &str) -> Result<PathBuf> {
        let directory = match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        let path =
            self.target.join(directory).join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            bail!("cargo built {name}, but not at {}", path.display());
        }
        Ok(path)
    }

    /// A path as the reader of the output wants it: from the root of the repository where it is inside.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// The root, the target directory and the provider's version.
fn facts(metadata: &Value) -> Option<(PathBuf, PathBuf, String)> {
    let packages = metadata["packages"].as_array()?;
    let provider = packages.iter().find(|package| package["name"] == PROVIDER)?;
    let root = metadata["workspace_root"].as_str()?.into();
    let target = metadata["target_directory"].as_str()?.into();
    Some((root, target, provider["version"].as_str()?.to_owned()))
}

/// The source address that a checkout sets.
pub(crate) fn read_source_address(root: &Path) -> Result<SourceAddress> {
    let path = root.join(SOURCE_ADDRESS);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{SOURCE_ADDRESS} is wrong"))
}

/// The cargo that runs this command.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_read_and_written_as_it_is() {
        for (text, with_hosts) in [
            ("local.invalid/openrouter/openrouter\n", &["local.invalid/openrouter/openrouter"][..]),
            (
                "acme-2/openrouter\r\n",
                &[
                    "registry.terraform.io/acme-2/openrouter",
                    "registry.opentofu.org/acme-2/openrouter",
                ],
            ),
        ] {
            let source: SourceAddress = text.parse().unwrap();
            assert_eq!(source.to_string(), text.trim_end());
            assert_eq!(source.with_hosts(), with_hosts);
        }
    }

    #[test]
    fn a_malformed_setting_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "neither"),
            ("openrouter", "neither"),
            ("https://example.com/acme/openrouter", "neither"),
            ("acme/openrouter\n\n", "/openrouter"),
            ("acme/guardrails", "/openrouter"),
            (" acme/openrouter", "namespace"),
            ("Acme/openrouter", "namespace"),
            ("-/openrouter", "namespace"),
            ("/openrouter", "namespace"),
            ("localhost/acme/openrouter", "host"),
            ("example.com:8080/acme/openrouter", "host"),
            ("Example.com/acme/openrouter", "host"),
            ("../acme/openrouter", "host"),
            ("registry.terraform.io/acme/openrouter", "leave it out"),
        ] {
            let error = text.parse::<SourceAddress>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
