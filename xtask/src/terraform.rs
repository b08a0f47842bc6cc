//! Terraform and `OpenTofu` as programs: what version one is, which are at hand, and how one is run so that nothing of
//! the user's own setup reaches it. Knows nothing of the provider.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

use crate::project::Project;
use crate::provision::{self, Pin};

/// A minor version, written `1.15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minor {
    /// The first number.
    pub(crate) major: u32,
    /// The second number.
    pub(crate) minor: u32,
}

impl FromStr for Minor {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || anyhow!("{text:?} is not a minor version such as 1.15");
        let (major, minor) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Self {
            major: major.parse().map_err(|_| wrong())?,
            minor: minor.parse().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Who makes a binary: both read the same configurations, but each has version numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// The original, by `HashiCorp`.
    Terraform,
    /// The fork, by the Linux Foundation.
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

/// A binary that was asked for its version, and answered.
#[derive(Clone, Debug)]
pub(crate) struct Terraform {
    /// Terraform or `OpenTofu`.
    pub(crate) product: Product,
    /// The whole version, such as `1.15.5`.
    pub(crate) version: String,
    /// The first two numbers of `version`.
    pub(crate) minor: Minor,
    /// An absolute path.
    pub(crate) path: PathBuf,
}

impl fmt::Display for Terraform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.product, self.version, self.path.display())
    }
}

impl Terraform {
    /// Asks a binary what it is.
    pub(crate) fn probe(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path)?;
        let output = hermetic(&path)
            .arg("version")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some((product, version, minor)) = parse_version(&text) else {
            bail!(
                "{} is no Terraform or OpenTofu: `version` ended with {} and printed {:?}{:?}",
                path.display(),
                output.status,
                text.trim(),
                String::from_utf8_lossy(&output.stderr).trim(),
            );
        };
        Ok(Self { product, version, minor, path })
    }

    /// Whether this is Terraform, not `OpenTofu`, of that minor version.
    pub(crate) fn is(&self, minor: Minor) -> bool {
        self.product == Product::Terraform && self.minor == minor
    }
}

/// Reads the first line of `terraform version`, such as `Terraform v1.15.5`.
fn parse_version(text: &str) -> Option<(Product, String, Minor)> {
    text.lines().find_map(|line| {
        let (product, version) = line.split_once(" v")?;
        let product = match product {
            "Terraform" => Product::Terraform,
            "OpenTofu" => Product::OpenTofu,
            _ => return None,
        };
        let (major, rest) = version.split_once('.')?;
        let (minor, _) = rest.split_once('.')?;
        let minor = Minor { major: major.parse().ok()?, minor: minor.parse().ok()? };
        Some((product, version.trim().to_owned(), minor))
    })
}

/// A command whose environment holds nothing that steers Terraform, the provider or Python, nor a proxy: the mock is on
/// loopback, and the provider obeys the usual proxy variables.
pub(crate) fn hermetic(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if steers(&name) {
            command.env_remove(name);
        }
    }
    command.envs([("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0")]);
    command
}

fn steers(name: &OsString) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    ["TF_", "OPENROUTER_", "PLUGIN_"].iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("_PROXY")
}

/// The one to use where one is enough: the given one, else one on the PATH, else the newest from `PyPI`.
pub(crate) fn choose(project: &Project, given: Option<PathBuf>) -> Result<Terraform> {
    if let Some(path) = given {
        return Terraform::probe(&path);
    }
    if let Some(found) = on_path().into_iter().next() {
        return Ok(found);
    }
    provision::install(project, &provision::NEWEST)
}

/// Every one to test with. Without `given`: those on the PATH and, from `PyPI`, each pinned version that is not among
/// them. With `given`: those, and what `required` asks for. Fails when nothing is found or a required one is missing.
pub(crate) fn gather(
    project: &Project,
    given: &[PathBuf],
    required: &[Minor],
) -> Result<Vec<Terraform>> {
    let mut found = if given.is_empty() {
        on_path()
    } else {
        given.iter().map(|path| Terraform::probe(path)).collect::<Result<_>>()?
    };
    for pin in provision::PINS {
        let wanted = given.is_empty() || required.contains(&pin.terraform);
        if wanted && !found.iter().any(|terraform| terraform.is(pin.terraform)) {
            add_pinned(project, pin, required, &mut found)?;
        }
    }
    if let Some(missing) =
        required.iter().find(|minor| !found.iter().any(|terraform| terraform.is(**minor)))
    {
        bail!("Terraform {missing} is required, but was not found; name one with --tf PATH");
    }
    if found.is_empty() {
        bail!("no Terraform was found; put one on the PATH or name it with --tf PATH");
    }
    Ok(found)
}

fn add_pinned(
    project: &Project,
    pin: &Pin,
    required: &[Minor],
    found: &mut Vec<Terraform>,
) -> Result<()> {
    match provision::install(project, pin) {
        Ok(terraform) => found.push(terraform),
        Err(error) if required.contains(&pin.terraform) => return Err(error),
        Err(error) => eprintln!("warning: going on without Terraform {}: {error:#}", pin.terraform),
    }
    Ok(())
}

/// `terraform` and `tofu` of the PATH. One that does not run (a version manager's shim without a version) is reported
/// and passed over.
fn on_path() -> Vec<Terraform> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = Vec::new();
    for name in ["terraform", "tofu"] {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let candidate = std::env::split_paths(&path)
            .map(|folder| folder.join(&file))
            .find(|path| path.is_file());
        match candidate.map(|path| Terraform::probe(&path)) {
            Some(Ok(terraform)) => found.push(terraform),
            Some(Err(error)) => eprintln!("warning: passing over {name} on the PATH: {error:#}"),
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_either_product_and_past_notices() {
        let (product, version, minor) =
            parse_version("Terraform v1.15.5\non linux_amd64\n").unwrap();
        assert_eq!((product, version.as_str()), (Product::Terraform, "1.15.5"));
        assert_eq!(minor, "1.15".parse().unwrap());
        let (product, version, minor) = parse_version("a notice\nOpenTofu v1.9.0-beta1\n").unwrap();
        assert_eq!((product, version.as_str()), (Product::OpenTofu, "1.9.0-beta1"));
        assert_eq!(minor.to_string(), "1.9");
        assert!(parse_version("terraform-docs version v0.16.0").is_none());
    }

    #[test]
    fn a_minor_version_has_exactly_two_numbers() {
        for text in ["1", "1.", "1.15.5", "v1.15", "1.x"] {
            assert!(text.parse::<Minor>().is_err(), "{text}");
        }
    }

    #[test]
    fn variables_that_steer_a_run_are_recognised() {
        for name in [
            "TF_LOG",
            "TF_CLI_ARGS_plan",
            "OPENROUTER_API_KEY",
            "https_proxy",
            "NO_PROXY",
            "PLUGIN_CLIENT_CERT",
        ] {
            assert!(steers(&name.into()), "{name}");
        }
        for name in ["PATH", "HOME", "CTF_X", "SSL_CERT_FILE"] {
            assert!(!steers(&name.into()), "{name}");
        }
    }
}
