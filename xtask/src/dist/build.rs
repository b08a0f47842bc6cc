//! Building the provider for a package: for which target, and so that the binary depends neither on libraries of the machine
//! it runs on nor on the directories of the one it was built on.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::host::{self, PROVIDER};
use crate::project::Project;

/// What cargo separates the flags by, as paths have blanks.
const SEPARATOR: &str = "\u{1f}";

/// 1980-01-01, for whatever a compiler would take from the clock: the time that the files in the packages have as well.
const SOURCE_DATE: &str = "315532800";

/// The profile that cargo calls by another name than its directory.
const DEVELOPMENT: &str = "dev";

/// A build to package.
pub(super) struct Build {
    /// The target triple.
    pub(super) target: String,
    profile: String,
}

impl Build {
    /// The build for this target, else for this machine.
    pub(super) fn choose(
        project: &Project,
        target: Option<String>,
        profile: String,
    ) -> Result<Self> {
        let target = match target {
            Some(target) => target,
            None => default_target(project)?,
        };
        Ok(Self { target, profile })
    }

    /// Builds the provider, and says where it is.
    pub(super) fn run(&self, project: &Project) -> Result<PathBuf> {
        let cargo_home = cargo_home()?;
        let flags = self.rust_flags(project, &cargo_home).join(SEPARATOR);
        let date = env::var("SOURCE_DATE_EPOCH").unwrap_or_else(|_| SOURCE_DATE.to_owned());
        project.run_cargo(
            &[
                ["build", "--locked", "--package", PROVIDER, "--bins"].as_slice(),
                &["--target", &self.target, "--profile", &self.profile],
            ]
            .concat(),
            &[
                ("CARGO_ENCODED_RUSTFLAGS", &flags),
                ("CARGO_INCREMENTAL", "0"),
                ("SOURCE_DATE_EPOCH", &date),
            ],
        )?;
        let directory = if self.profile == DEVELOPMENT { "debug" } else { &self.profile };
        let suffix = if self.target.contains("-windows-") { ".exe" } else { "" };
        let binary =
            project.target.join(&self.target).join(directory).join(format!("{PROVIDER}{suffix}"));
        if !binary.is_file() {
            bail!("cargo built the provider, but not at {}", binary.display());
        }
        Ok(binary)
    }

    /// Fails when a binary that users get names a directory of this machine: another machine's would be another one. The
    /// development profile keeps such names for the debugger.
    pub(super) fn check_origin(&self, project: &Project, binary: &[u8]) -> Result<()> {
        if self.profile == DEVELOPMENT {
            return Ok(());
        }
        for directory in [&project.root, &project.target, &cargo_home()?] {
            // The name of a directory at the top, such as /src, is part of other paths too.
            let is_telling = directory.components().count() > 2;
            if is_telling && contains(binary, directory.as_os_str().as_encoded_bytes()) {
                bail!("the binary names {}: it could not be built elsewhere", directory.display());
            }
        }
        Ok(())
    }

    /// Flags for the compiler. A later `--remap-path-prefix` takes precedence over an earlier one.
    fn rust_flags(&self, project: &Project, cargo_home: &Path) -> Vec<String> {
        let remapped =
            |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut flags = vec![
            remapped(&project.root, "."),
            remapped(&project.target, "target"),
            remapped(cargo_home, "cargo"),
        ];
        if self.target.contains("-linux-") {
            flags.push("-Ctarget-feature=+crt-static".to_owned());
        }
        if self.target.ends_with("-linux-gnu") {
            // Half a megabyte less of a static binary: one bit for most relocations instead of 24 bytes.
            flags.push("-Clink-arg=-Wl,-z,pack-relative-relocs".to_owned());
        }
        if self.target.ends_with("-windows-msvc") {
            // It leaves the time out.
            flags.push("-Clink-arg=/Brepro".to_owned());
        }
        flags
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|found| found == part)
}

/// Where cargo keeps the sources of the dependencies.
fn cargo_home() -> Result<PathBuf> {
    if let Some(directory) = env::var_os("CARGO_HOME") {
        return Ok(directory.into());
    }
    Ok(env::home_dir().context("there is no home directory, nor CARGO_HOME")?.join(".cargo"))
}

/// This machine's target. For Linux the one with musl, if its standard library and a C compiler for it are there.
fn default_target(project: &Project) -> Result<String> {
    let host = printed(project, &["-vV"])?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what machine this is")?;
    let Some((machine, _)) = host.split_once("-linux-") else { return Ok(host.to_owned()) };
    let musl = format!("{machine}-linux-musl");
    let library = printed(project, &["--print", "target-libdir", "--target", &musl])?;
    if Path::new(library.trim()).is_dir() && has_c_compiler(&musl) {
        return Ok(musl);
    }
    println!("{musl} is not installed with a C compiler for it: linking glibc statically instead");
    Ok(host.to_owned())
}

/// Whether the C parts of the dependencies can be compiled: by a compiler that is set for the target, or one of those that are
/// looked for.
fn has_c_compiler(musl: &str) -> bool {
    let variable = format!("CC_{}", musl.replace('-', "_"));
    let (architecture, _) = musl.split_once('-').unwrap_or_default();
    env::var_os(variable).is_some()
        || ["musl-gcc".to_owned(), format!("{architecture}-linux-musl-gcc")]
            .iter()
            .any(|name| host::find_on_path(name).is_some())
}

/// What the compiler prints that cargo uses.
fn printed(project: &Project, arguments: &[&str]) -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(arguments)
        .current_dir(&project.root)
        .output()
        .context("cannot run rustc")?;
    if !output.status.success() {
        bail!("rustc failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
