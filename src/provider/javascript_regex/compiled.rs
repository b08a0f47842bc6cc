//! A pattern that can be applied to texts, with the results of JavaScript.

use super::{
    has_named_groups,
    limits::{Exhausted, Steps, Unsupported},
    matcher::Matcher,
    parser::{Failure, parse},
    program::Program,
    syntax::{Mode, Syntax},
};

/// A longer text is not made.
const MAX_CHARACTERS: usize = 16 << 20;

/// A pattern that [`check`](super::check) accepts, in the first of JavaScript's modes that does: without
/// a flag, with `u`, with `v`.
#[derive(Debug)]
pub(in crate::provider) struct CompiledPattern(Program);

impl CompiledPattern {
    /// Compiles a pattern.
    pub(in crate::provider) fn new(pattern: &str) -> Result<Self, Unsupported> {
        Program::compile(read(pattern)?).map(Self)
    }

    /// Whether it matches somewhere in a text, as `RegExp.prototype.test` says.
    pub(in crate::provider) fn is_match(
        &self,
        text: &str,
        steps: &mut Steps,
    ) -> Result<bool, Exhausted> {
        let text = self.characters(text);
        Ok(Matcher::new(&self.0, &text).find(0, true, steps)?.is_some())
    }

    /// The text with each match replaced by `label`, as `replaceAll` does it; `None` if there is none.
    pub(in crate::provider) fn replace_all(
        &self,
        text: &str,
        label: &str,
        steps: &mut Steps,
    ) -> Result<Option<String>, Exhausted> {
        let (text, label) = (self.characters(text), self.characters(label));
        let mut matcher = Matcher::new(&self.0, &text);
        let mut replaced = Vec::new();
        let (mut from, mut copied) = (0, 0);
        let mut has_match = false;
        while from <= text.len()
            && let Some((start, end)) = matcher.find(from, false, steps)?
        {
            has_match = true;
            replaced.extend_from_slice(&text[copied..start]);
            replaced.extend_from_slice(&label);
            if replaced.len() > MAX_CHARACTERS {
                return Err(Exhausted);
            }
            copied = end;
            from = end + usize::from(end == start);
        }
        replaced.extend_from_slice(&text[copied..]);
        Ok(has_match.then(|| self.text(&replaced)))
    }

    /// What JavaScript counts as characters in this mode.
    fn characters(&self, text: &str) -> Vec<u32> {
        match self.0.mode {
            Mode::Plain => text.encode_utf16().map(u32::from).collect(),
            Mode::Unicode | Mode::UnicodeSets => text.chars().map(u32::from).collect(),
        }
    }

    /// The text of these characters. Half a pair of surrogates becomes U+FFFD.
    fn text(&self, characters: &[u32]) -> String {
        let characters = characters.iter().copied();
        match self.0.mode {
            Mode::Plain => {
                let units = characters.filter_map(|unit| u16::try_from(unit).ok());
                let decoded = char::decode_utf16(units);
                decoded.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            Mode::Unicode | Mode::UnicodeSets => characters.filter_map(char::from_u32).collect(),
        }
    }
}

/// Reads a pattern in the first of JavaScript's modes that accepts it.
pub(super) fn read(pattern: &str) -> Result<Syntax, Unsupported> {
    let has_named_groups = has_named_groups(pattern);
    for mode in [Mode::Plain, Mode::Unicode, Mode::UnicodeSets] {
        match parse(pattern, mode, has_named_groups) {
            Ok(syntax) => return Ok(syntax),
            Err(Failure::Unsupported(reason)) => return Err(reason),
            Err(Failure::Invalid) => {}
        }
    }
    Err(Unsupported("the provider cannot interpret it as JavaScript does"))
}
