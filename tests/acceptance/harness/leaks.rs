//! Looks for the management key wherever a run leaves traces: in what Terraform printed, in the log, in the files.
//!
//! The key does not look like a key of the API, so that only masking this very key hides it. It is made of words
//! that are in nothing else, with characters between them that are written differently in URLs, JSON, HTML and logs. A
//! word is found however the rest is written; the words are looked for in base64 too, which hides what a resource keeps
//! for itself in the state.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use flate2::read::DeflateDecoder;

/// The key that the mock of every workspace takes, unless a test gives it another one.
pub(super) const KEY: &str = r#"mgmt/Top5ecretHead+0ddMiddlePart%"&\T4ilOfTheKey"#;

/// A shorter part of a key may be in other texts by chance.
const SHORTEST_WORD: usize = 8;

/// What tells a key.
pub(super) struct Marks(Vec<String>);

impl Marks {
    /// Those of one key.
    pub(super) fn of(key: &str) -> Self {
        let words = key.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| word.len() >= SHORTEST_WORD).collect();
        assert!(!words.is_empty(), "a key without a word of its own cannot be looked for");
        let encoded = words.iter().flat_map(|word| (0..3).map(|offset| in_base64(word, offset)));
        Self(words.iter().map(|&word| word.to_owned()).chain(encoded).collect())
    }

    /// Whether a text holds a part of the key.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|mark| text.contains(mark))
    }

    /// The first line of a text with a part of the key.
    pub(super) fn line_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        if self.are_in(text) { text.lines().find(|line| self.are_in(line)) } else { None }
    }

    /// The first place with a part of the key in a file, or below a folder. What Terraform was told itself, its
    /// configuration, is passed over.
    pub(super) fn found_below(&self, path: &Path) -> Option<String> {
        if path.is_dir() {
            return entries(path).iter().find_map(|entry| self.found_below(entry));
        }
        if path.extension().is_some_and(|extension| extension == "tf") {
            return None;
        }
        // Sockets, and what is deleted at this moment.
        let bytes = fs::read(path).unwrap_or_default();
        let texts = std::iter::once(bytes.clone()).chain(members(&bytes));
        let found = texts.into_iter().find_map(|text| {
            let text = String::from_utf8_lossy(&text);
            self.line_in(&text).map(str::to_owned)
        })?;
        Some(format!("{}: {found}", path.display()))
    }
}

/// The characters that a word has in base64, `offset` bytes after a multiple of three, whatever is around it.
fn in_base64(word: &str, offset: usize) -> String {
    let padded = ["\0".repeat(offset).as_bytes(), word.as_bytes()].concat();
    let encoded = STANDARD_NO_PAD.encode(&padded);
    // A character has six bits: those that share some with what is around are cut off.
    let begin = (offset * 8).div_ceil(6);
    encoded[begin..padded.len() * 8 / 6].to_owned()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The contents of a zip file, which a plan is; nothing for another file.
fn members(file: &[u8]) -> Vec<Vec<u8>> {
    const HEADER: &[u8] = b"PK\x03\x04";
    if !file.starts_with(HEADER) {
        return Vec::new();
    }
    let headers = file.windows(HEADER.len()).enumerate().filter(|(_, window)| *window == HEADER);
    headers.filter_map(|(at, _)| inflated(&file[at..])).collect()
}

/// What follows the header of a member of a zip file, inflated to its end.
fn inflated(member: &[u8]) -> Option<Vec<u8>> {
    let length =
        |at: usize| Some(usize::from(u16::from_le_bytes(member.get(at..at + 2)?.try_into().ok()?)));
    let compressed = member.get(30 + length(26)? + length(28)?..)?;
    let mut content = Vec::new();
    // The bytes of a header can be in compressed ones too: then this is no beginning, and what it gives is of no use.
    let _ = DeflateDecoder::new(compressed).read_to_end(&mut content);
    Some(content)
}
