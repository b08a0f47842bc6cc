//! SHA256SUMS: one line per file, as `sha256sum` writes it. Knows nothing of which files belong into it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The checksum of a file, in hexadecimal digits.
pub(super) fn of_file(path: &Path) -> Result<String> {
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(of(&content))
}

/// The checksum of bytes, in hexadecimal digits.
pub(super) fn of(content: &[u8]) -> String {
    let mut hexadecimal = String::new();
    for byte in Sha256::digest(content) {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}

/// The text for these checksums by file name.
pub(super) fn text(sums: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> =
        sums.iter().map(|(name, sum)| [sum, "  ", name, "\n"].concat()).collect();
    lines.concat()
}

/// Reads such a text. Only what `text` writes is one: registries are not lenient, and neither order nor duplicates are free.
pub(super) fn parse(text_of_file: &str) -> Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    for line in text_of_file.lines() {
        let Some((sum, name)) = line.split_once("  ") else {
            bail!("its line {line:?} is not a checksum, two blanks and a name")
        };
        sums.insert(name.to_owned(), sum.to_owned());
    }
    if text(&sums) != text_of_file {
        bail!("its lines are not sorted by name, one for each file, each with an end");
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                       e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n";

    #[test]
    fn checksums_are_those_of_sha256sum() {
        let sums = [("a".to_owned(), of(b"abc")), ("b".to_owned(), of(b""))].into();
        assert_eq!(text(&sums), TWO);
        assert_eq!(parse(TWO).unwrap(), sums);
    }

    #[test]
    fn other_forms_are_refused() {
        let lines: Vec<&str> = TWO.lines().collect();
        let swapped = format!("{}\n{}\n", lines[1], lines[0]);
        let doubled = format!("{}\n{TWO}", lines[0]);
        for text in [&swapped, &doubled, TWO.trim_end(), &TWO.replace("  ", " *"), "\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
