//! Packages from `PyPI`, installed into a directory and put in place. Knows how to get pip to work, and nothing of the
//! packages.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What every installation has in common: only the package itself, as it was built by its publisher.
const WORDS: [&str; 9] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-input",
    "--no-deps",
    "--no-compile",
    "--only-binary=:all:",
];

/// Which Python there is to run what was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Python {
    /// That of the virtual environment.
    OfVenv,
    /// The system's.
    OfSystem,
}

/// Makes a virtual environment at `venv`, and installs with its pip into the directory `packages`. Debian splits venv off
/// python3. Its python3 can then still have a pip that installs into a directory.
pub(crate) fn install(venv: &Path, packages: &Path, words: &[&OsStr]) -> Result<Python> {
    let in_venv =
        run(Path::new("python3"), &[OsStr::new("-m"), OsStr::new("venv"), venv.as_os_str()]);
    let (builder, python) = match &in_venv {
        Ok(()) => (venv.join("bin/python"), Python::OfVenv),
        Err(_) => (PathBuf::from("python3"), Python::OfSystem),
    };
    let target = [OsStr::new("--target"), packages.as_os_str()];
    let words: Vec<&OsStr> =
        WORDS.iter().map(OsStr::new).chain(target).chain(words.iter().copied()).collect();
    match (run(&builder, &words), in_venv) {
        (Ok(()), _) => Ok(python),
        (Err(pip), Ok(())) => Err(pip),
        (Err(pip), Err(venv)) => Err(pip.context(venv)),
    }
}

/// Renames `fresh` to `home`. What stands there already either works by now, since another run was quicker, or is
/// broken and moves aside, to `stale`.
pub(crate) fn put_in_place(
    fresh: &Path,
    home: &Path,
    stale: &Path,
    works: impl Fn() -> bool,
) -> Result<()> {
    if fs::rename(fresh, home).is_ok() || works() {
        return Ok(());
    }
    fs::rename(home, stale).with_context(|| format!("cannot move {} aside", home.display()))?;
    fs::rename(fresh, home).with_context(|| format!("cannot put {} in place", home.display()))
}

/// Runs a program, and keeps its output for the error.
fn run(program: &Path, words: &[&OsStr]) -> Result<()> {
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let shown: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let said = String::from_utf8_lossy(&said);
        bail!("`{} {}` failed: {}", program.display(), shown.join(" "), said.trim());
    }
    Ok(())
}
