//! The syntax tree of a pattern.

use super::char_set::CharSet;

/// How JavaScript reads a pattern, by the flag that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// No flag: pattern and text consist of UTF-16 code units, and much that means nothing is taken
    /// literally.
    Plain,
    /// `u`: both consist of code points.
    Unicode,
    /// `v`: as `u`, and classes are sets with operations.
    UnicodeSets,
}

/// A pattern that JavaScript accepts in a mode, without lookaround and backreferences.
#[derive(Debug)]
pub(super) struct Syntax {
    pub(super) mode: Mode,
    pub(super) root: Node,
    /// What [`Node::Set`] refers to.
    pub(super) sets: Vec<CharSet>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    Empty,
    Character(u32),
    /// One character out of a set, by its index.
    Set(usize),
    Assertion(Assertion),
    Sequence(Vec<Node>),
    /// The first alternative that leads to a match is taken.
    Alternation(Vec<Node>),
    Repeat {
        node: Box<Node>,
        bounds: Bounds,
        /// Whether the repeated node can match without consuming anything.
        can_be_empty: bool,
    },
}

/// How often something is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bounds {
    pub(super) min: u32,
    /// `None` for any number.
    pub(super) max: Option<u32>,
    pub(super) is_greedy: bool,
}

/// A condition on a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Assertion {
    /// The begin of the text, or of a line.
    Start { of_line: bool },
    /// The end of the text, or of a line.
    End { of_line: bool },
    /// `\b`, or if `is_negated`, `\B`.
    WordBoundary { is_negated: bool },
}

impl Node {
    /// Whether it can match without consuming anything.
    pub(super) fn can_be_empty(&self) -> bool {
        match self {
            Self::Empty | Self::Assertion(_) => true,
            Self::Character(_) | Self::Set(_) => false,
            Self::Sequence(nodes) => nodes.iter().all(Self::can_be_empty),
            Self::Alternation(nodes) => nodes.iter().any(Self::can_be_empty),
            Self::Repeat { bounds, can_be_empty, .. } => bounds.min == 0 || *can_be_empty,
        }
    }

    /// The node repeated. What matches nothing but the empty text is dropped, so that each node of a
    /// tree costs its program an instruction.
    pub(super) fn repeated(self, bounds: Bounds) -> Self {
        if bounds.max == Some(0) || matches!(self, Self::Empty) {
            return Self::Empty;
        }
        let can_be_empty = self.can_be_empty();
        Self::Repeat { node: Box::new(self), bounds, can_be_empty }
    }
}
