//! The directory of a user's local providers, which Terraform and `OpenTofu` search without any setting, and the record of
//! what was put there. Knows nothing of versions and addresses.
//!
//! The record is a file in that directory, where both products pass it over. It lists each directory and file that was made,
//! so that exactly these can be removed, whatever the source address and the version are by then. A line that ends with `/` is
//! a directory.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::host::PROVIDER;

/// What both products keep of a user: below the home directory, or on Windows below `%APPDATA%`.
const SETTINGS: &str = if cfg!(windows) { "terraform.d" } else { ".terraform.d" };

const RECORD: &str = "openrouter-installed.txt";
const HEADING: &str =
    "# Made by `cargo xtask install`, and removed by `cargo xtask install --uninstall`:";

/// What an installation found in its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing, or the same build.
    NothingReplaced,
    /// Another build under the same name.
    OtherBuildReplaced,
}

/// A directory or a file that an installation made.
#[derive(PartialEq, Eq)]
struct Made {
    path: PathBuf,
    is_directory: bool,
}

/// A user's directory of local providers.
pub(super) struct LocalPlugins {
    /// What paths in the record begin from.
    base: PathBuf,
    /// Whether `SETTINGS` was there before this command.
    had_settings: bool,
}

impl LocalPlugins {
    /// The directory of the user who runs this command.
    pub(super) fn of_this_user() -> Result<Self> {
        let base = if cfg!(windows) {
            std::env::var_os("APPDATA").map(PathBuf::from)
        } else {
            std::env::home_dir()
        };
        match base {
            Some(base) if base.is_absolute() => Ok(Self::below(base)),
            _ => bail!("it is unknown where the home directory is; set HOME (on Windows, APPDATA)"),
        }
    }

    fn below(base: PathBuf) -> Self {
        let had_settings = base.join(SETTINGS).exists();
        Self { base, had_settings }
    }

    /// Where both products look.
    pub(super) fn directory(&self) -> PathBuf {
        self.base.join(SETTINGS).join("plugins")
    }

    /// Copies a binary to a path in the directory, and records what did not exist. A file that somebody else has put there is
    /// an error.
    pub(super) fn add(&self, binary: &Path, file: &Path) -> Result<Change> {
        let package = file.parent().context("the provider's path has no directory")?;
        let copy = Made { path: file.to_owned(), is_directory: false };
        if file.exists() && !self.recorded()?.contains(&copy) {
            bail!("{} was not installed by this command; remove it first", file.display());
        }
        let directories = missing(package, &self.base).into_iter();
        let directories = directories.map(|path| Made { path, is_directory: true });
        let made: Vec<_> = directories.chain([copy]).collect();
        make(&self.directory())?;
        self.record(made)?;
        make(package)?;
        let change = match fs::read(file) {
            Ok(former) if former != read(binary)? => Change::OtherBuildReplaced,
            _ => Change::NothingReplaced,
        };
        replace(binary, file)?;
        Ok(change)
    }

    /// Removes everything that is recorded, but no directory with other things in it. Returns what is gone.
    pub(super) fn remove_all(&self) -> Result<Vec<PathBuf>> {
        let recorded = self.recorded()?;
        let mut removed = Vec::new();
        for file in recorded.iter().filter(|made| !made.is_directory) {
            removed.extend(gone(&file.path, fs::remove_file(&file.path))?);
        }
        let record = self.directory().join(RECORD);
        gone(&record, fs::remove_file(&record))?;
        // Directories are recorded before what is in them.
        for directory in recorded.iter().rev().filter(|made| made.is_directory) {
            removed.extend(gone(&directory.path, fs::remove_dir(&directory.path))?);
        }
        Ok(removed)
    }

    /// Whether the directory was made by this command where `OpenTofu` has used another one until then.
    pub(super) fn moves_opentofu_settings(&self) -> bool {
        let other = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        !self.had_settings && other.is_some_and(|folder| folder.join("opentofu").is_dir())
    }

    /// All that was recorded, in that order. A line that leads out of the settings, or to a file that is no provider of ours,
    /// was not written by this command.
    fn recorded(&self) -> Result<Vec<Made>> {
        let text = match fs::read_to_string(self.directory().join(RECORD)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).context("cannot read what was installed"),
        };
        let mut recorded = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (path, is_directory) = (Path::new(line), line.ends_with('/'));
            let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
            let is_provider = path.starts_with(Path::new(SETTINGS).join("plugins"))
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(PROVIDER));
            if !is_plain || !path.starts_with(SETTINGS) || !(is_directory || is_provider) {
                bail!(
                    "{RECORD} in {} has the line {line:?}, which is not of this command",
                    self.directory().display()
                );
            }
            recorded.push(Made { path: self.base.join(path), is_directory });
        }
        Ok(recorded)
    }

    fn record(&self, made: Vec<Made>) -> Result<()> {
        let mut all = self.recorded()?;
        for new in made {
            if !all.contains(&new) {
                all.push(new);
            }
        }
        let mut text = format!("{HEADING}\n");
        for Made { path, is_directory } in all {
            let path =
                path.strip_prefix(&self.base).context("a path is not in the home directory")?;
            text.push_str(path.to_str().context("a path is not UTF-8")?);
            text.push_str(if is_directory { "/\n" } else { "\n" });
        }
        fs::write(self.directory().join(RECORD), text).context("cannot record what is installed")
    }
}

/// The directories down to this one that do not exist, the outermost first.
fn missing(directory: &Path, base: &Path) -> Vec<PathBuf> {
    let below = directory.ancestors().take_while(|path| *path != base);
    let mut missing: Vec<_> = below.filter(|path| !path.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

/// Puts a copy of a binary in the place of another, which may be running.
pub(super) fn replace(binary: &Path, file: &Path) -> Result<()> {
    let directory = file.parent().context("the provider's path has no directory")?;
    let what = || format!("cannot copy {} to {}", binary.display(), file.display());
    let mut copy = tempfile::NamedTempFile::new_in(directory).with_context(what)?;
    copy.write_all(&read(binary)?).with_context(what)?;
    let permissions = fs::metadata(binary).with_context(what)?.permissions();
    copy.as_file().set_permissions(permissions).with_context(what)?;
    copy.persist(file).map(drop).with_context(what)
}

fn read(binary: &Path) -> Result<Vec<u8>> {
    fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}

/// The path, if it is gone by this; nothing if it was gone before, or holds things of others.
fn gone(path: &Path, outcome: std::io::Result<()>) -> Result<Option<PathBuf>> {
    match outcome {
        Ok(()) => Ok(Some(path.to_owned())),
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot remove {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home {
        directory: tempfile::TempDir,
        plugins: LocalPlugins,
    }

    impl Home {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let plugins = LocalPlugins::below(directory.path().to_owned());
            Self { directory, plugins }
        }

        fn add(&self, path: &str, content: &str) -> Change {
            let built = tempfile::NamedTempFile::new().unwrap();
            fs::write(&built, content).unwrap();
            self.plugins.add(built.path(), &self.plugins.directory().join(path)).unwrap()
        }

        /// Every path, those of directories with a stroke at their end.
        fn tree(&self) -> Vec<String> {
            let mut found = Vec::new();
            let mut left = vec![self.directory.path().to_owned()];
            while let Some(directory) = left.pop() {
                for entry in fs::read_dir(directory).unwrap() {
                    let path = entry.unwrap().path();
                    let shown = path.strip_prefix(self.directory.path()).unwrap();
                    let end = if path.is_dir() { "/" } else { "" };
                    found.push(format!("{}{end}", shown.display()));
                    left.extend(path.is_dir().then_some(path));
                }
            }
            found.sort();
            found
        }
    }

    #[test]
    fn every_version_is_removed_with_all_directories() {
        let home = Home::new();
        home.add("example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0", "1");
        home.add("example.com/acme/openrouter/0.2.0/any/terraform-provider-openrouter_v0.2.0", "2");
        home.add(
            "example.org/other/openrouter/0.2.0/any/terraform-provider-openrouter_v0.2.0",
            "2",
        );
        home.add(
            "example.org/other/openrouter/0.2.0/any/terraform-provider-openrouter_v0.2.0",
            "3",
        );
        let removed = home.plugins.remove_all().unwrap();
        assert_eq!(home.tree(), Vec::<String>::new());
        assert!(removed.contains(&home.plugins.directory()));
        assert_eq!(
            removed
                .iter()
                .filter(|path| path.ends_with("terraform-provider-openrouter_v0.2.0"))
                .count(),
            2
        );
        assert_eq!(home.plugins.remove_all().unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_others_have_put_there_stays() {
        let home = Home::new();
        let own = home.plugins.directory().join("example.com/acme/openrouter/0.0.9/any");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("provider_v0.0.9"), "by hand").unwrap();
        fs::create_dir(home.plugins.directory().join("empty")).unwrap();
        let before = home.tree();
        home.add("example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0", "1");
        assert_ne!(home.tree(), before);
        home.plugins.remove_all().unwrap();
        assert_eq!(home.tree(), before);

        let by_hand = "example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0";
        let by_hand = home.plugins.directory().join(by_hand);
        fs::create_dir_all(by_hand.parent().unwrap()).unwrap();
        fs::write(&by_hand, "by hand").unwrap();
        let refused = home.plugins.add(&by_hand, &by_hand).unwrap_err().to_string();
        assert!(refused.contains("was not installed by this command"), "{refused}");
        home.plugins.remove_all().unwrap();
        assert_eq!(fs::read_to_string(&by_hand).unwrap(), "by hand");
        fs::remove_file(&by_hand).unwrap();

        home.add("example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0", "1");
        let beside = "example.com/acme/openrouter/0.1.0/any/notes.txt";
        fs::write(home.plugins.directory().join(beside), "").unwrap();
        home.plugins.remove_all().unwrap();
        assert!(home.tree().iter().any(|path| path.ends_with(beside)));
    }

    #[test]
    fn another_build_in_the_same_place_is_noticed() {
        let home = Home::new();
        let path = "example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0";
        let changes = ["1", "1", "2"].map(|content| home.add(path, content));
        let [first, same, other] = changes;
        assert_eq!((first, same), (Change::NothingReplaced, Change::NothingReplaced));
        assert_eq!(other, Change::OtherBuildReplaced);
    }

    #[test]
    fn a_record_that_leads_elsewhere_removes_nothing() {
        for line in [
            "../precious",
            "/precious",
            ".terraform.d/../precious",
            "precious",
            ".terraform.d/credentials.tfrc.json",
        ] {
            let home = Home::new();
            home.add(
                "example.com/acme/openrouter/0.1.0/any/terraform-provider-openrouter_v0.1.0",
                "1",
            );
            fs::write(home.directory.path().join("precious"), "").unwrap();
            let record = home.plugins.directory().join(RECORD);
            let text = fs::read_to_string(&record).unwrap();
            fs::write(&record, format!("{text}{line}\n")).unwrap();
            let before = home.tree();
            assert!(home.plugins.remove_all().unwrap_err().to_string().contains(line));
            assert_eq!(home.tree(), before);
        }
    }
}
