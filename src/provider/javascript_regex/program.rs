//! A pattern as a program of few instructions, for [`Matcher`](super::matcher::Matcher).
//!
//! Counted repetitions are written out, so the length of a program is bounded rather than that of its
//! pattern.

use super::{
    char_set::CharSet,
    limits::Unsupported,
    syntax::{Assertion, Bounds, Mode, Node, Syntax},
};

/// More instructions than this are refused.
const MAX_INSTRUCTIONS: usize = 250_000;

/// More states than this are refused: instructions times levels of repetitions.
const MAX_STATES: usize = 4_000_000;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) mode: Mode,
    pub(super) instructions: Vec<Instruction>,
    pub(super) sets: Vec<CharSet>,
    /// How deep repetitions are nested whose body can match without consuming anything.
    pub(super) levels: usize,
    /// The ASCII characters with which a match can begin, one bit for each; others are not excluded.
    /// `None` if it can be empty.
    first: Option<u128>,
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    /// Consumes this character.
    Character(u32),
    /// Consumes a character of the set with this index.
    Set(usize),
    /// Goes on if it holds.
    Assert(Assertion),
    /// Goes on at the first, and if that leads to no match, at the second.
    Split(usize, usize),
    Jump(usize),
    /// Begins an iteration of the repetition at this level.
    BeginIteration(usize),
    /// Goes on unless nothing was consumed since that level's iteration has begun.
    EndIteration(usize),
    Match,
}

impl Instruction {
    /// Whether a way to match waits here for the next character, or has found a match.
    pub(super) const fn is_end_of_way(self) -> bool {
        matches!(self, Self::Character(_) | Self::Set(_) | Self::Match)
    }
}

impl Program {
    pub(super) fn compile(syntax: Syntax) -> Result<Self, Unsupported> {
        let mut compiler = Compiler::default();
        compiler.node(&syntax.root, 0)?;
        compiler.push(Instruction::Match)?;
        let Compiler { instructions, levels } = compiler;
        if instructions.len() * (levels + 1) > MAX_STATES {
            return Err(TOO_LARGE);
        }
        let first = first_characters(&instructions, &syntax.sets);
        Ok(Self { mode: syntax.mode, instructions, sets: syntax.sets, levels, first })
    }

    /// Whether a match could begin with this character, or be empty before the end of the text.
    pub(super) fn can_begin_with(&self, character: Option<u32>) -> bool {
        match (self.first, character) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ascii), Some(character)) => character >= 128 || ascii >> character & 1 == 1,
        }
    }
}

const TOO_LARGE: Unsupported = Unsupported("its repetitions are too large when expanded");

#[derive(Default)]
struct Compiler {
    instructions: Vec<Instruction>,
    levels: usize,
}

impl Compiler {
    /// Appends an instruction and tells where it is.
    fn push(&mut self, instruction: Instruction) -> Result<usize, Unsupported> {
        if self.instructions.len() >= MAX_INSTRUCTIONS {
            return Err(TOO_LARGE);
        }
        self.instructions.push(instruction);
        Ok(self.instructions.len() - 1)
    }

    fn node(&mut self, node: &Node, level: usize) -> Result<(), Unsupported> {
        let instruction = match node {
            Node::Empty => return Ok(()),
            Node::Sequence(nodes) => {
                return nodes.iter().try_for_each(|node| self.node(node, level));
            }
            Node::Alternation(nodes) => return self.alternation(nodes, level),
            Node::Repeat { node, bounds, can_be_empty } => {
                return self.repeat(node, *bounds, *can_be_empty, level);
            }
            Node::Character(character) => Instruction::Character(*character),
            Node::Set(index) => Instruction::Set(*index),
            Node::Assertion(assertion) => Instruction::Assert(*assertion),
        };
        self.push(instruction).map(drop)
    }

    fn alternation(&mut self, nodes: &[Node], level: usize) -> Result<(), Unsupported> {
        let mut ends = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node, level)?;
                break;
            }
            let split = self.push(Instruction::Jump(0))?;
            self.node(node, level)?;
            ends.push(self.push(Instruction::Jump(0))?);
            self.instructions[split] = Instruction::Split(split + 1, self.instructions.len());
        }
        let end = self.instructions.len();
        for jump in ends {
            self.instructions[jump] = Instruction::Jump(end);
        }
        Ok(())
    }

    /// The iterations that must be, which may be empty, and then those that may be, which in JavaScript
    /// may not.
    fn repeat(
        &mut self,
        node: &Node,
        bounds: Bounds,
        can_be_empty: bool,
        level: usize,
    ) -> Result<(), Unsupported> {
        for _ in 0..bounds.min {
            self.node(node, level)?;
        }
        let body = Body {
            node,
            level: can_be_empty.then_some(level),
            inner: level + usize::from(can_be_empty),
        };
        self.levels = self.levels.max(body.inner);
        let mut splits = Vec::new();
        for _ in bounds.min..bounds.max.unwrap_or(bounds.min + 1) {
            splits.push(self.optional(&body)?);
        }
        if let (None, [split]) = (bounds.max, &splits[..]) {
            self.push(Instruction::Jump(*split))?;
        }
        let end = self.instructions.len();
        for split in splits {
            self.instructions[split] = if bounds.is_greedy {
                Instruction::Split(split + 1, end)
            } else {
                Instruction::Split(end, split + 1)
            };
        }
        Ok(())
    }

    /// One iteration that may be. The instruction that decides about it is completed later.
    fn optional(&mut self, body: &Body<'_>) -> Result<usize, Unsupported> {
        let split = self.push(Instruction::Jump(0))?;
        if let Some(level) = body.level {
            self.push(Instruction::BeginIteration(level))?;
        }
        self.node(body.node, body.inner)?;
        if let Some(level) = body.level {
            self.push(Instruction::EndIteration(level))?;
        }
        Ok(split)
    }
}

/// What is repeated.
struct Body<'a> {
    node: &'a Node,
    /// The repetition's level, if an iteration of it can be empty.
    level: Option<usize>,
    /// The level of repetitions within it.
    inner: usize,
}

/// With what a match can begin, whatever the assertions say.
fn first_characters(instructions: &[Instruction], sets: &[CharSet]) -> Option<u128> {
    let mut first = 0;
    let mut seen = vec![false; instructions.len()];
    let mut waiting = vec![0];
    while let Some(index) = waiting.pop() {
        if std::mem::replace(&mut seen[index], true) {
            continue;
        }
        match instructions[index] {
            Instruction::Match => return None,
            Instruction::Character(character @ 0..128) => first |= 1 << character,
            Instruction::Character(_) => {}
            Instruction::Set(set) => first |= sets[set].ascii(),
            Instruction::Split(one, other) => waiting.extend([one, other]),
            Instruction::Jump(target) => waiting.push(target),
            Instruction::Assert(_)
            | Instruction::BeginIteration(_)
            | Instruction::EndIteration(_) => waiting.push(index + 1),
        }
    }
    Some(first)
}
