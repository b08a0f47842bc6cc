//! Reads escapes and classes, which differ most between the modes.

use super::{
    char_set::CharSet,
    limits::Unsupported,
    parser::{Escape, Failure, Parsed, Parser},
    syntax::Mode,
};

/// Properties whose members can be several characters long.
const STRINGS: Unsupported =
    Unsupported("it has a class with members of several characters, such as `\\q{…}`");

/// Escapes that `regress` reads otherwise than JavaScript does.
const ESCAPE_IN_SET: Unsupported =
    Unsupported("it has `\\b` or half of a surrogate pair in a class with operations");

/// What `u` and `v` let be escaped, besides what has a meaning.
const SYNTAX_CHARACTERS: &str = "^$\\.*+?()[]{}|/";

/// What can be escaped in a class of the mode `v` besides.
const RESERVED_IN_SETS: &str = "&-!#%,:;<=>@`~";

impl Parser {
    /// An escape outside of classes. Assertions are not its business.
    pub(super) fn escape(&mut self) -> Parsed<Escape> {
        self.position += 1;
        self.common_escape(false)
    }

    fn common_escape(&mut self, in_class: bool) -> Parsed<Escape> {
        let letter = self.peek().ok_or(Failure::Invalid)?;
        if let Some(set) = CharSet::escape(letter) {
            self.position += 1;
            return Ok(Escape::Set(set));
        }
        match letter {
            'p' | 'P' if self.is_unicode() => self.property().map(Escape::Set),
            '0'..='9' => self.digits().map(Escape::Character),
            'c' => Ok(Escape::Character(self.control(in_class)?)),
            _ => self.single(letter).map(Escape::Character),
        }
    }

    /// An escape for one character that begins with this letter.
    fn single(&mut self, letter: char) -> Parsed<u32> {
        let character = self.next()?;
        let literal = match letter {
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            'x' => return self.hexadecimal(2).map_or_else(|| self.identity(character), Ok),
            'u' => return self.code_point().map_or_else(|| self.identity(character), Ok),
            _ => return self.identity(character),
        };
        Ok(literal)
    }

    /// A character that needs no escape, or has its meaning taken by it.
    fn identity(&self, character: u32) -> Parsed<u32> {
        let is_allowed = match char::from_u32(character) {
            Some(letter) if self.is_unicode() => SYNTAX_CHARACTERS.contains(letter),
            Some('k') => !self.has_named_groups,
            _ => !self.is_unicode(),
        };
        if is_allowed { Ok(character) } else { Err(Failure::Invalid) }
    }

    /// `\0`, or an octal number of old, or a digit that is none. There are no backreferences.
    fn digits(&mut self) -> Parsed<u32> {
        let first = self.next()?;
        if self.is_unicode() {
            let is_zero =
                first == u32::from('0') && !self.peek().is_some_and(|c| c.is_ascii_digit());
            return if is_zero { Ok(0) } else { Err(Failure::Invalid) };
        }
        let Some(mut value) = first.checked_sub(u32::from('0')).filter(|digit| *digit < 8) else {
            return Ok(first);
        };
        for _ in 0..2 {
            match self.peek().and_then(|next| next.to_digit(8)) {
                Some(digit) if value * 8 + digit <= 0o377 => value = value * 8 + digit,
                _ => break,
            }
            self.position += 1;
        }
        Ok(value)
    }

    /// `\cA`; without a letter, the backslash alone.
    fn control(&mut self, in_class: bool) -> Parsed<u32> {
        let is_control = |letter: char| {
            letter.is_ascii_alphabetic()
                || in_class && !self.is_unicode() && (letter.is_ascii_digit() || letter == '_')
        };
        match self.peek_at(1) {
            Some(letter) if is_control(letter) => {
                self.position += 2;
                Ok(u32::from(letter) % 32)
            }
            _ if self.is_unicode() => Err(Failure::Invalid),
            _ => Ok(u32::from('\\')),
        }
    }

    /// So many hexadecimal digits, if they come next.
    fn hexadecimal(&mut self, length: usize) -> Option<u32> {
        let mut value = 0;
        for offset in 0..length {
            value = value * 16 + self.peek_at(offset)?.to_digit(16)?;
        }
        self.position += length;
        Some(value)
    }

    /// The rest of `\u1234`, or with `u` or `v`, of `\u{12345}` or of a pair of surrogates.
    fn code_point(&mut self) -> Option<u32> {
        if !self.is_unicode() {
            return self.hexadecimal(4);
        }
        if self.peek() == Some('{') {
            return self.braced_code_point();
        }
        let first = self.hexadecimal(4)?;
        let begin = self.position;
        if (0xD800..0xDC00).contains(&first) && self.take("\\u") {
            if let Some(second @ 0xDC00..0xE000) = self.hexadecimal(4) {
                return Some(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
            }
            self.position = begin;
        }
        Some(first)
    }

    fn braced_code_point(&mut self) -> Option<u32> {
        let (mut value, mut length) = (0_u32, 1);
        while let Some(digit) = self.peek_at(length).and_then(|digit| digit.to_digit(16)) {
            value = value.saturating_mul(16).saturating_add(digit);
            length += 1;
        }
        let is_valid = length > 1 && self.peek_at(length) == Some('}') && value <= 0x10_FFFF;
        self.position += if is_valid { length + 1 } else { 0 };
        is_valid.then_some(value)
    }

    /// `\p{…}` after its backslash.
    fn property(&mut self) -> Parsed<CharSet> {
        let begin = self.position - 1;
        self.position += 1;
        if !self.take("{") {
            return Err(Failure::Invalid);
        }
        while self.next()? != u32::from('}') {}
        let source = self.source[begin..self.position].iter();
        let source: String = source.filter_map(|one| char::from_u32(*one)).collect();
        let strings = if self.mode == Mode::UnicodeSets {
            Failure::Unsupported(STRINGS)
        } else {
            Failure::Invalid
        };
        CharSet::property(&source).ok_or(strings)
    }

    /// A class with its brackets.
    pub(super) fn class(&mut self) -> Parsed<CharSet> {
        if self.mode == Mode::UnicodeSets {
            return self.class_with_operations();
        }
        self.position += 1;
        let is_negated = self.take("^");
        let mut set = CharSet::default();
        while !self.take("]") {
            let first = self.class_member()?;
            let is_range = self.peek() == Some('-') && self.peek_at(1) != Some(']');
            if !is_range {
                add(&mut set, first);
                continue;
            }
            self.position += 1;
            match (first, self.class_member()?) {
                (Escape::Character(first), Escape::Character(last)) if first <= last => {
                    set.add_range(first, last);
                }
                (Escape::Character(_), Escape::Character(_)) => return Err(Failure::Invalid),
                _ if self.is_unicode() => return Err(Failure::Invalid),
                (first, last) => {
                    for member in [first, Escape::Character(u32::from('-')), last] {
                        add(&mut set, member);
                    }
                }
            }
        }
        Ok(if is_negated { set.negated() } else { set })
    }

    fn class_member(&mut self) -> Parsed<Escape> {
        if self.peek() != Some('\\') {
            return self.next().map(Escape::Character);
        }
        self.position += 1;
        match self.peek() {
            Some('b') => {
                self.position += 1;
                Ok(Escape::Character(0x08))
            }
            Some('-') if self.is_unicode() => self.next().map(Escape::Character),
            _ => self.common_escape(true),
        }
    }

    /// A class of the mode `v`, of which only the extent is found and the escapes are read: what it
    /// stands for is for `regress` to say, which reads more escapes than JavaScript does.
    fn class_with_operations(&mut self) -> Parsed<CharSet> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some('[') => depth += 1,
                Some(']') => depth -= 1,
                Some('\\') => {
                    self.escape_among_operations()?;
                    continue;
                }
                _ => {}
            }
            self.next()?;
            if depth == 0 {
                return Ok(CharSet::default());
            }
        }
    }
}

impl Parser {
    fn escape_among_operations(&mut self) -> Parsed<()> {
        self.position += 1;
        match self.peek() {
            Some('q') => Err(Failure::Unsupported(STRINGS)),
            Some('b') => Err(Failure::Unsupported(ESCAPE_IN_SET)),
            Some(letter) if RESERVED_IN_SETS.contains(letter) => {
                self.position += 1;
                Ok(())
            }
            _ => match self.common_escape(true)? {
                Escape::Character(0xD800..0xE000) => Err(Failure::Unsupported(ESCAPE_IN_SET)),
                Escape::Character(_) | Escape::Set(_) => Ok(()),
            },
        }
    }
}

fn add(set: &mut CharSet, member: Escape) {
    match member {
        Escape::Character(character) => set.add_range(character, character),
        Escape::Set(other) => set.add(other),
    }
}
