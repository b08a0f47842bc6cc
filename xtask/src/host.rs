//! What the commands and the tests both know of Terraform and `OpenTofu`: how to find one, what version it is, how to run it
//! without the user's own settings, how to read what it prints, and where it looks for providers.
//!
//! tests/acceptance/harness compiles this file too, so it uses the standard library only.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "source_address.rs"]
mod source_address;

pub(crate) use self::source_address::SourceAddress;

/// The file name of the provider's binary, which Terraform prescribes.
pub(crate) const PROVIDER: &str = "terraform-provider-openrouter";

/// Both products read the same configurations, but each has version numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Terraform,
    OpenTofu,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
        })
    }
}

/// Reads the output of `terraform version`, such as `Terraform v1.15.5`: the product, its version, and the first two numbers
/// of that.
pub(crate) fn parse_version(text: &str) -> Option<(Product, String, (u32, u32))> {
    text.lines().find_map(|line| {
        let (product, version) = line.split_once(" v")?;
        let product = match product {
            "Terraform" => Product::Terraform,
            "OpenTofu" => Product::OpenTofu,
            _ => return None,
        };
        let mut numbers = version.split('.').map(str::parse);
        let numbers = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some((product, version.trim().to_owned(), numbers))
    })
}

/// The first program of that name in the directories of the PATH.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

/// A command whose environment holds nothing that steers Terraform, the provider or Python, nor a proxy: the mock is on
/// loopback, and the provider obeys the usual proxy variables.
pub(crate) fn hermetic(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if steers(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command.envs([("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0")]);
    command
}

/// Whether a variable steers Terraform or the provider.
pub(crate) fn steers(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TF_", "OPENROUTER_", "PLUGIN_"].iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("_PROXY")
}

/// What Terraform prints, without colours: it colours into a pipe too, unless told otherwise by a flag that not every command
/// takes.
pub(crate) fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, after)| after));
    }
    plain
}

/// Where the provider's binary of that version is in a filesystem mirror: one path for each host of its address.
pub(crate) fn mirrored(mirror: &Path, source: &SourceAddress, version: &str) -> Vec<PathBuf> {
    let file = format!("{PROVIDER}_v{version}{}", std::env::consts::EXE_SUFFIX);
    let place = |address: &String| mirror.join(address).join(version).join(platform()).join(&file);
    source.with_hosts().iter().map(place).collect()
}

/// A CLI configuration that gets providers by this installation method alone.
pub(crate) fn cli_config(method: &str) -> String {
    format!("disable_checkpoint = true\n\nprovider_installation {{\n  {method}\n}}\n")
}

/// The installation method that uses a filesystem mirror. Debug's escapes of a path are HCL's.
pub(crate) fn mirror_method(mirror: &Path) -> String {
    format!("filesystem_mirror {{\n    path = {:?}\n  }}", mirror.to_string_lossy())
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
