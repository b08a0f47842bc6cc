//! Where things are: the repository, its target directory, the provider's version, and what cargo has built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::console;
use crate::host::PROVIDER;

const MOCK: &str = "mock-openrouter";

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
        Self::from_metadata(&metadata).context("cargo metadata lacks what this command needs")
    }

    fn from_metadata(metadata: &Value) -> Option<Self> {
        let packages = metadata["packages"].as_array()?;
        let provider = packages.iter().find(|package| package["name"] == PROVIDER)?;
        Some(Self {
            root: metadata["workspace_root"].as_str()?.into(),
            target: metadata["target_directory"].as_str()?.into(),
            version: provider["version"].as_str()?.to_owned(),
        })
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

/// The cargo that runs this command.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
