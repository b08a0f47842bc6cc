//! The files of a release, made once for all tests, and what is in them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use zip::ZipArchive;

/// The version that is packaged.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The directory with the files of a release. They are made anew: a file of an earlier run would be no part of it.
pub(crate) fn directory() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
        // There is none before the first run.
        let _ = fs::remove_dir_all(&directory);
        let words = ["--profile", "dev", "--out"].map(OsStr::new);
        let output = xtask_dist(&[&words[..], &[directory.as_os_str()]].concat());
        assert!(output.status.success(), "{}", said(&output));
        directory
    })
}

/// `cargo xtask dist` with these arguments.
pub(crate) fn xtask_dist(arguments: &[&OsStr]) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["xtask", "dist"]).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().expect("cargo can be started")
}

/// All that a command has printed.
pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// The package for this machine: the only one.
pub(crate) fn package() -> PathBuf {
    let files = fs::read_dir(directory()).expect("the packages are there");
    let paths = files.map(|file| file.expect("the packages are readable").path());
    let zips: Vec<PathBuf> =
        paths.filter(|path| path.extension() == Some("zip".as_ref())).collect();
    let [package] = <[PathBuf; 1]>::try_from(zips).expect("one target was packaged");
    package
}

/// Unpacks the package into a directory, as a person would: with names, modes and contents.
pub(crate) fn unpack_into(folder: &Path) {
    let file = fs::File::open(package()).expect("the package is readable");
    let mut archive = ZipArchive::new(file).expect("the package is a zip file");
    archive.extract(folder).expect("the package can be unpacked");
}
