//! Sets of characters: ranges, and what only the tables of `regress` know.

use regress::{Flags, Regex};

/// The largest code point.
const MAX: u32 = 0x10_FFFF;

/// What `\d`, `\s` and `\w` stand for, in order.
const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];
const SPACES: &[(u32, u32)] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];
const WORDS: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const LINE_TERMINATORS: &[(u32, u32)] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];

/// A set of code points, or of UTF-16 code units.
#[derive(Debug, Default)]
pub(super) struct CharSet {
    ranges: Vec<(u32, u32)>,
    /// Sets like `\p{L}`, each as a pattern for one character.
    properties: Vec<Regex>,
    is_negated: bool,
    /// Whether the ranges have each character as [`canonicalize`] gives it, and mean all its cases.
    folds_case: bool,
    /// The whole set as a pattern for one character, which alone decides.
    whole: Option<Regex>,
    /// Whether each ASCII character is in it.
    ascii: u128,
}

impl CharSet {
    /// The set that an escape stands for: `d`, `D`, `s`, `S`, `w` or `W`.
    pub(super) fn escape(letter: char) -> Option<Self> {
        let ranges = match letter.to_ascii_lowercase() {
            'd' => DIGITS,
            's' => SPACES,
            'w' => WORDS,
            _ => return None,
        };
        Some(Self::of(if letter.is_ascii_uppercase() {
            complement(ranges)
        } else {
            ranges.to_vec()
        }))
    }

    /// What a dot matches.
    pub(super) fn dot(matches_line_terminators: bool) -> Self {
        Self::of(complement(if matches_line_terminators { &[] } else { LINE_TERMINATORS }))
    }

    /// `\p{…}` or `\P{…}` as it is written; `None` if there is no such property of characters.
    pub(super) fn property(source: &str) -> Option<Self> {
        let flags = Flags { unicode: true, ..Flags::default() };
        let property = Regex::with_flags(source, flags).ok()?;
        Some(Self { properties: vec![property], ..Self::default() })
    }

    fn of(ranges: Vec<(u32, u32)>) -> Self {
        Self { ranges, ..Self::default() }
    }

    /// Adds the characters from `first` to `last`.
    pub(super) fn add_range(&mut self, first: u32, last: u32) {
        self.ranges.push((first, last));
    }

    /// Adds the characters of a set that is not negated.
    pub(super) fn add(&mut self, other: Self) {
        self.ranges.extend(other.ranges);
        self.properties.extend(other.properties);
    }

    /// What is not in the set.
    pub(super) fn negated(self) -> Self {
        Self { is_negated: true, ..self }
    }

    /// How many code units it lists, twice those that it lists twice.
    pub(super) fn size(&self) -> usize {
        let sizes =
            self.ranges.iter().map(|(first, last)| last.min(&0xFFFF).saturating_sub(*first) + 1);
        sizes.map(|size| size as usize).sum()
    }

    /// The same set, whatever the case of a character: as JavaScript does it without a flag.
    pub(super) fn folded(self) -> Self {
        let mut folded: Vec<(u32, u32)> = Vec::new();
        for (first, last) in merged(self.ranges) {
            for character in (first..=last.min(0xFFFF)).map(canonicalize) {
                match folded.last_mut() {
                    Some((_, end)) if *end + 1 == character => *end = character,
                    _ => folded.push((character, character)),
                }
            }
        }
        Self { ranges: folded, folds_case: true, ..self }
    }

    /// A class of the mode `v`, from its source. `None` if it cannot be read.
    pub(super) fn read(source: &[u32]) -> Option<Self> {
        let flags = Flags { unicode_sets: true, ..Flags::default() };
        let whole = Regex::from_unicode(source.iter().copied(), flags).ok()?;
        Some(Self { whole: Some(whole), ..Self::default() })
    }

    /// The set, ready for use.
    pub(super) fn finished(mut self) -> Self {
        self.ranges = merged(self.ranges);
        for character in 0..128 {
            self.ascii |= u128::from(self.look_up(character)) << character;
        }
        self
    }

    /// Whether a character is in the set.
    pub(super) fn contains(&self, character: u32) -> bool {
        match character {
            0..128 => self.ascii >> character & 1 == 1,
            _ => self.look_up(character),
        }
    }

    /// The ASCII characters of the set, one bit for each.
    pub(super) fn ascii(&self) -> u128 {
        self.ascii
    }

    /// Whether it may take long to say whether a character is in it.
    pub(super) fn is_slow(&self, character: u32) -> bool {
        character >= 128 && (self.whole.is_some() || !self.properties.is_empty())
    }

    fn look_up(&self, character: u32) -> bool {
        let text = char::from_u32(character);
        if let Some(whole) = &self.whole {
            return text.is_some_and(|text| matches(whole, text));
        }
        let character = if self.folds_case { canonicalize(character) } else { character };
        let ranges = self.ranges.partition_point(|(_, last)| *last < character);
        let in_range = self.ranges.get(ranges).is_some_and(|(first, _)| *first <= character);
        let has = |property| text.is_some_and(|text| matches(property, text));
        (in_range || self.properties.iter().any(has)) != self.is_negated
    }
}

/// Whether a character is a letter of words, for `\b`.
pub(super) fn is_word(character: u32) -> bool {
    WORDS.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Whether a character ends a line.
pub(super) fn is_line_terminator(character: u32) -> bool {
    LINE_TERMINATORS.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// The upper case of a code unit, if that is one code unit and does not become ASCII.
fn canonicalize(unit: u32) -> u32 {
    let Some(character) = char::from_u32(unit) else { return unit };
    let mut upper = character.to_uppercase().map(u32::from);
    match (upper.next(), upper.next()) {
        (Some(upper), None) if upper <= 0xFFFF && (unit < 128 || upper >= 128) => upper,
        _ => unit,
    }
}

fn matches(one_character: &Regex, text: char) -> bool {
    one_character.find(text.encode_utf8(&mut [0; 4])).is_some()
}

/// What is outside of these ranges, which are in order.
fn complement(ranges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut outside = Vec::new();
    let mut next = 0;
    for (first, last) in ranges {
        if *first > next {
            outside.push((next, first - 1));
        }
        next = last + 1;
    }
    outside.push((next, MAX));
    outside
}

/// The same ranges in order and disjoint.
fn merged(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut disjoint: Vec<(u32, u32)> = Vec::new();
    for (first, last) in ranges {
        match disjoint.last_mut() {
            Some((_, end)) if *end >= first => *end = last.max(*end),
            _ => disjoint.push((first, last)),
        }
    }
    disjoint
}
