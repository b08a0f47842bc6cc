//! Reads a pattern as JavaScript does in one of its modes.
//!
//! The grammar is that of ECMAScript with its annex B, without lookaround and backreferences, which are
//! refused before. Names of groups are not checked here.

use std::collections::HashMap;

use super::{
    char_set::CharSet,
    limits::Unsupported,
    syntax::{Assertion, Bounds, Mode, Node, Syntax},
};

/// Groups nested deeper than this are refused.
const MAX_DEPTH: usize = 250;

/// JavaScript compares case by other tables there.
const CASE_OF_UNICODE: Unsupported = Unsupported(
    "it ignores case and uses syntax that JavaScript supports only with the flag `u` or `v`",
);

/// If the sets that ignore case have more characters together, the pattern is refused.
const MAX_FOLDED_CHARACTERS: usize = 10_000_000;

/// A number of repetitions from which on JavaScript counts no further.
const INFINITY: u32 = i32::MAX as u32;

/// Why a pattern could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not valid in this mode.
    Invalid,
    /// It is valid, but not supported here.
    Unsupported(Unsupported),
}

/// What a part of a pattern comes to.
pub(super) type Parsed<T> = Result<T, Failure>;

/// What `(?ims-ims:…)` sets for a part of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Modifiers {
    ignores_case: bool,
    is_multiline: bool,
    is_dot_all: bool,
}

/// A pattern that is being read.
pub(super) struct Parser {
    pub(super) mode: Mode,
    /// Code units or code points.
    pub(super) source: Vec<u32>,
    pub(super) position: usize,
    /// Whether any group has a name, without which `\k` is the letter.
    pub(super) has_named_groups: bool,
    modifiers: Modifiers,
    depth: usize,
    sets: Vec<CharSet>,
    /// The sets by their sources.
    known_sets: HashMap<SetKey, usize>,
    /// How many characters have the sets that ignore case.
    folded: usize,
}

/// The source of a set, and how it is read.
type SetKey = (Vec<u32>, Modifiers);

/// Reads a pattern.
pub(super) fn parse(pattern: &str, mode: Mode, has_named_groups: bool) -> Parsed<Syntax> {
    let source = match mode {
        Mode::Plain => pattern.encode_utf16().map(u32::from).collect(),
        Mode::Unicode | Mode::UnicodeSets => pattern.chars().map(u32::from).collect(),
    };
    let mut parser = Parser {
        mode,
        source,
        position: 0,
        has_named_groups,
        modifiers: Modifiers::default(),
        depth: 0,
        sets: Vec::new(),
        known_sets: HashMap::new(),
        folded: 0,
    };
    let root = parser.disjunction()?;
    if parser.peek().is_some() {
        return Err(Failure::Invalid);
    }
    Ok(Syntax { mode, root, sets: parser.sets })
}

impl Parser {
    /// The next character, if it is in ASCII or can at least not be mistaken for one that is.
    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// The character after so many others.
    pub(super) fn peek_at(&self, offset: usize) -> Option<char> {
        let character = self.source.get(self.position + offset)?;
        Some(char::from_u32(*character).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Takes a text if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_next =
            text.chars().enumerate().all(|(offset, one)| self.peek_at(offset) == Some(one));
        self.position += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Parsed<u32> {
        let character = *self.source.get(self.position).ok_or(Failure::Invalid)?;
        self.position += 1;
        Ok(character)
    }

    /// Whether it is read with the flag `u` or `v`.
    pub(super) fn is_unicode(&self) -> bool {
        self.mode != Mode::Plain
    }

    fn disjunction(&mut self) -> Parsed<Node> {
        let mut alternatives = vec![self.alternative()?];
        while self.take("|") {
            alternatives.push(self.alternative()?);
        }
        Ok(if alternatives.len() == 1 {
            alternatives.remove(0)
        } else {
            Node::Alternation(alternatives)
        })
    }

    fn alternative(&mut self) -> Parsed<Node> {
        let mut terms = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            match self.term()? {
                Node::Empty => {}
                term => terms.push(term),
            }
        }
        Ok(match terms.len() {
            0 => Node::Empty,
            1 => terms.remove(0),
            _ => Node::Sequence(terms),
        })
    }

    fn term(&mut self) -> Parsed<Node> {
        if let Some(assertion) = self.assertion() {
            return Ok(Node::Assertion(assertion));
        }
        let atom = self.atom()?;
        Ok(match self.quantifier()? {
            Some(bounds) => atom.repeated(bounds),
            None => atom,
        })
    }

    fn assertion(&mut self) -> Option<Assertion> {
        let of_line = self.modifiers.is_multiline;
        if self.take("^") {
            Some(Assertion::Start { of_line })
        } else if self.take("$") {
            Some(Assertion::End { of_line })
        } else if self.take("\\b") {
            Some(Assertion::WordBoundary { is_negated: false })
        } else if self.take("\\B") {
            Some(Assertion::WordBoundary { is_negated: true })
        } else {
            None
        }
    }

    fn atom(&mut self) -> Parsed<Node> {
        let begin = self.position;
        match self.peek() {
            Some('(') => self.group(),
            Some('.') => {
                self.position += 1;
                self.set(begin, CharSet::dot(self.modifiers.is_dot_all))
            }
            Some('[') => {
                let set = self.class()?;
                self.set(begin, set)
            }
            Some('\\') => match self.escape()? {
                Escape::Character(character) => self.character(character),
                Escape::Set(set) => self.set(begin, set),
            },
            Some('*' | '+' | '?') => Err(Failure::Invalid),
            Some('{') if self.is_unicode() || self.braces().is_some() => Err(Failure::Invalid),
            Some('}' | ']') if self.is_unicode() => Err(Failure::Invalid),
            _ => {
                let character = self.next()?;
                self.character(character)
            }
        }
    }

    fn group(&mut self) -> Parsed<Node> {
        self.position += 1;
        let outer = self.modifiers;
        if self.take("?") && !self.take(":") {
            if self.take("<") {
                while self.next()? != u32::from('>') {}
            } else {
                self.modifiers()?;
            }
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Failure::Unsupported(Unsupported("its groups are nested too deeply")));
        }
        let content = self.disjunction()?;
        self.depth -= 1;
        self.modifiers = outer;
        if self.take(")") { Ok(content) } else { Err(Failure::Invalid) }
    }

    /// The rest of `?ims-ims:`.
    fn modifiers(&mut self) -> Parsed<()> {
        let mut is_added = true;
        loop {
            let modifier = match char::from_u32(self.next()?) {
                Some(':') => return Ok(()),
                Some('-') if is_added => {
                    is_added = false;
                    continue;
                }
                Some('i') => &mut self.modifiers.ignores_case,
                Some('m') => &mut self.modifiers.is_multiline,
                Some('s') => &mut self.modifiers.is_dot_all,
                _ => return Err(Failure::Invalid),
            };
            *modifier = is_added;
        }
    }

    fn quantifier(&mut self) -> Parsed<Option<Bounds>> {
        let (min, max) = if self.take("*") {
            (0, None)
        } else if self.take("+") {
            (1, None)
        } else if self.take("?") {
            (0, Some(1))
        } else if let Some((min, max, length)) = self.braces() {
            self.position += length;
            (min, max)
        } else {
            return Ok(None);
        };
        if max.is_some_and(|max| max < min) {
            return Err(Failure::Invalid);
        }
        let max = max.filter(|max| *max < INFINITY);
        Ok(Some(Bounds { min, max, is_greedy: !self.take("?") }))
    }

    /// `{1}`, `{1,}` or `{1,2}`, if one comes next: the bounds and its length.
    fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        let mut length = usize::from(self.peek() == Some('{'));
        if length == 0 {
            return None;
        }
        let min = self.number(&mut length)?;
        let mut max = Some(min);
        if self.peek_at(length) == Some(',') {
            length += 1;
            max = self.number(&mut length);
        }
        (self.peek_at(length) == Some('}')).then_some((min, max, length + 1))
    }

    /// The decimal number after so many characters, which it adds to.
    fn number(&self, offset: &mut usize) -> Option<u32> {
        let mut number = None;
        while let Some(digit) = self.peek_at(*offset).and_then(|digit| digit.to_digit(10)) {
            number = Some(number.unwrap_or(0_u32).saturating_mul(10).saturating_add(digit));
            *offset += 1;
        }
        number
    }

    /// A single character, in whatever case.
    fn character(&mut self, character: u32) -> Parsed<Node> {
        if !self.modifiers.ignores_case {
            return Ok(Node::Character(character));
        }
        let mut set = CharSet::default();
        set.add_range(character, character);
        // No source is like that.
        self.set_in_any_case(vec![u32::MAX, character], set)
    }

    /// A set with the source that begins at `begin`.
    fn set(&mut self, begin: usize, set: CharSet) -> Parsed<Node> {
        let source = self.source[begin..self.position].to_vec();
        if self.modifiers.ignores_case {
            return self.set_in_any_case(source, set);
        }
        let has_operations = self.mode == Mode::UnicodeSets && source[0] == u32::from('[');
        let node = self.intern((source, self.modifiers), |source| {
            if has_operations { CharSet::read(source) } else { Some(set) }
        });
        node.ok_or(Failure::Invalid)
    }

    fn set_in_any_case(&mut self, source: Vec<u32>, set: CharSet) -> Parsed<Node> {
        if self.is_unicode() {
            return Err(Failure::Unsupported(CASE_OF_UNICODE));
        }
        self.folded += set.size();
        if self.folded > MAX_FOLDED_CHARACTERS {
            return Err(Failure::Unsupported(Unsupported("it ignores case in too many places")));
        }
        let node = self.intern((source, self.modifiers), |_| Some(set.folded()));
        node.ok_or(Failure::Invalid)
    }

    /// The set of a source, made by `make` unless it is known.
    fn intern(
        &mut self,
        key: SetKey,
        make: impl FnOnce(&[u32]) -> Option<CharSet>,
    ) -> Option<Node> {
        if let Some(index) = self.known_sets.get(&key) {
            return Some(Node::Set(*index));
        }
        let index = self.sets.len();
        self.sets.push(make(&key.0)?.finished());
        self.known_sets.insert(key, index);
        Some(Node::Set(index))
    }
}

/// What an escape or a member of a class stands for.
pub(super) enum Escape {
    Character(u32),
    Set(CharSet),
}
