//! Packages: zip files whose bytes depend on nothing but their contents. Knows nothing of what belongs into one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

/// A file in a package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The permissions, as Unix has them.
    pub(super) mode: u32,
    pub(super) content: Vec<u8>,
}

/// Writes a package with these entries in this order. Neither this machine's time nor its kind is in it.
pub(super) fn write(path: &Path, entries: &[Entry]) -> Result<()> {
    let attempt = || -> Result<()> {
        let mut writer = ZipWriter::new(File::create(path)?);
        for Entry { name, mode, content } in entries {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(9))
                .last_modified_time(DateTime::DEFAULT)
                .system(System::Unix)
                .unix_permissions(*mode);
            writer.start_file(name.as_str(), options)?;
            writer.write_all(content)?;
        }
        writer.finish()?.flush()?;
        Ok(())
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a package to its end, which checks it against its own checksums.
pub(super) fn read(package: &[u8]) -> Result<Vec<Entry>> {
    let mut archive = ZipArchive::new(io::Cursor::new(package)).context("it is no zip file")?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).context("it is damaged")?;
        let name = file.name().context("it has a file whose name is no text")?.into_owned();
        if !file.is_file() {
            bail!("it has {name:?}, which is no file");
        }
        let mode = file.unix_mode().unwrap_or_default() & 0o7777;
        let mut content = Vec::new();
        file.read_to_end(&mut content).with_context(|| format!("{name:?} is damaged"))?;
        entries.push(Entry { name, mode, content });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_keeps_names_modes_and_contents_and_has_the_same_bytes_again() {
        let entries = [
            Entry { name: "a".to_owned(), mode: 0o755, content: vec![7; 10_000] },
            Entry { name: "b".to_owned(), mode: 0o644, content: Vec::new() },
        ];
        let directory = tempfile::tempdir().unwrap();
        let paths = ["one.zip", "two.zip"].map(|name| directory.path().join(name));
        let [one, two] = paths.map(|path| {
            write(&path, &entries).unwrap();
            std::fs::read(path).unwrap()
        });
        assert_eq!(one, two);
        assert_eq!(read(&one).unwrap(), entries);
        assert!(one.len() < 1000, "it is compressed");
    }

    /// These bytes were right once: another version of the compressor, or another processor, must not change them
    /// without anybody noticing.
    #[test]
    fn the_bytes_of_a_package_are_known() {
        let content = (0..50_000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        let entries = [Entry { name: "squares".to_owned(), mode: 0o755, content }];
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("known.zip");
        write(&path, &entries).unwrap();
        let expected = "0ad5cc4e56b1bad0e6a59bc46188c975c98e3e943ecf25a1bebeec7df4733f32";
        assert_eq!(super::super::sums::of_file(&path).unwrap(), expected);
    }
}
