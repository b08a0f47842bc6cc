//! Runs a program on a text, in time that the two bound whatever they say.
//!
//! All ways to match are followed at once, in the order in which JavaScript would try them ("Pike
//! VM"). Of several ways that come to the same state at the same position, only the first can decide
//! the match, so the others end. A state is an instruction, and for each repetition around it whether
//! its current iteration has consumed something, since JavaScript ends an iteration that has not.

use super::{
    char_set::{is_line_terminator, is_word},
    limits::{Exhausted, Steps},
    program::{Instruction, Program},
    syntax::Assertion,
};

/// What one look-up in the tables of `regress` counts for.
const SLOW_STEP: u64 = 20;

/// The state of a search.
pub(super) struct Matcher<'a> {
    program: &'a Program,
    text: &'a [u32],
    /// In which generation each state was last reached. A generation is a position of a search.
    reached: Vec<u32>,
    generation: u32,
    waiting: Vec<State>,
    current: Vec<Thread>,
    next: Vec<Thread>,
}

/// One way to match, at an instruction that consumes a character or is the end.
#[derive(Clone, Copy)]
struct Thread {
    instruction: usize,
    start: usize,
}

#[derive(Clone, Copy)]
struct State {
    instruction: usize,
    /// The repetitions below this level have consumed something in their current iteration. Those
    /// within one that has not, have not either.
    progress: usize,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(program: &'a Program, text: &'a [u32]) -> Self {
        Self {
            program,
            text,
            reached: vec![0; program.instructions.len() * (program.levels + 1)],
            generation: 0,
            waiting: Vec::new(),
            current: Vec::new(),
            next: Vec::new(),
        }
    }

    /// The first match that begins at `from` or later: where it begins and ends. With `any`, the end
    /// may be another than JavaScript's.
    pub(super) fn find(
        &mut self,
        from: usize,
        any: bool,
        steps: &mut Steps,
    ) -> Result<Option<(usize, usize)>, Exhausted> {
        let mut found = None;
        self.current.clear();
        self.begin_generation();
        for position in from..=self.text.len() {
            if found.is_none() && self.program.can_begin_with(self.text.get(position).copied()) {
                let mut current = std::mem::take(&mut self.current);
                self.follow(0, position, position, &mut current, steps)?;
                self.current = current;
            }
            if self.current.is_empty() && found.is_some() {
                break;
            }
            if let Some(matched) = self.step(position, steps)? {
                found = Some(matched);
                if any {
                    break;
                }
            }
            steps.take(1)?;
        }
        Ok(found)
    }

    /// Lets every way consume the character at a position. A way that has come to its end is the match,
    /// unless one before it, which goes on, comes to its end too.
    fn step(
        &mut self,
        position: usize,
        steps: &mut Steps,
    ) -> Result<Option<(usize, usize)>, Exhausted> {
        let (current, mut next) =
            (std::mem::take(&mut self.current), std::mem::take(&mut self.next));
        self.begin_generation();
        let mut matched = None;
        for thread in &current {
            if let Instruction::Match = self.program.instructions[thread.instruction] {
                matched = Some((thread.start, position));
                break;
            }
            if self.consumes(thread.instruction, position, steps)? {
                self.follow(thread.instruction + 1, position + 1, thread.start, &mut next, steps)?;
            }
        }
        (self.current, self.next) = (next, current);
        self.next.clear();
        Ok(matched)
    }

    fn begin_generation(&mut self) {
        self.generation = self.generation.checked_add(1).unwrap_or_else(|| {
            self.reached.fill(0);
            1
        });
    }

    fn consumes(
        &self,
        instruction: usize,
        position: usize,
        steps: &mut Steps,
    ) -> Result<bool, Exhausted> {
        let Some(&character) = self.text.get(position) else { return Ok(false) };
        steps.take(1)?;
        match self.program.instructions[instruction] {
            Instruction::Character(wanted) => Ok(character == wanted),
            Instruction::Set(set) => {
                let set = &self.program.sets[set];
                if set.is_slow(character) {
                    steps.take(SLOW_STEP)?;
                }
                Ok(set.contains(character))
            }
            _ => Ok(false),
        }
    }

    /// Follows a way, just before which a character was consumed or the search began, to all
    /// instructions that consume the next one.
    fn follow(
        &mut self,
        instruction: usize,
        position: usize,
        start: usize,
        threads: &mut Vec<Thread>,
        steps: &mut Steps,
    ) -> Result<(), Exhausted> {
        let all = self.program.levels;
        self.waiting.push(State { instruction, progress: all });
        while let Some(mut state) = self.waiting.pop() {
            steps.take(1)?;
            let code = self.program.instructions[state.instruction];
            let is_end_of_way = code.is_end_of_way();
            if is_end_of_way {
                // Whatever is consumed is progress everywhere.
                state.progress = all;
            }
            let reached = &mut self.reached[state.instruction * (all + 1) + state.progress];
            if std::mem::replace(reached, self.generation) == self.generation {
                continue;
            }
            if is_end_of_way {
                threads.push(Thread { instruction: state.instruction, start });
            } else {
                let [first, second] = self.following(code, state, position);
                self.waiting.extend(second);
                self.waiting.extend(first);
            }
        }
        Ok(())
    }

    /// The states that follow on one which consumes nothing, in the order in which they are tried.
    fn following(&self, code: Instruction, state: State, position: usize) -> [Option<State>; 2] {
        let State { instruction, progress } = state;
        let to = |instruction| Some(State { instruction, progress });
        let only_if = |goes_on: bool| if goes_on { to(instruction + 1) } else { None };
        let first = match code {
            Instruction::Split(first, second) => return [to(first), to(second)],
            Instruction::Jump(target) => to(target),
            Instruction::BeginIteration(level) => {
                Some(State { instruction: instruction + 1, progress: progress.min(level) })
            }
            Instruction::EndIteration(level) => only_if(progress > level),
            Instruction::Assert(assertion) => only_if(self.holds(assertion, position)),
            Instruction::Character(_) | Instruction::Set(_) | Instruction::Match => None,
        };
        [first, None]
    }

    fn holds(&self, assertion: Assertion, position: usize) -> bool {
        let before = position.checked_sub(1).map(|index| self.text[index]);
        let after = self.text.get(position).copied();
        match assertion {
            Assertion::Start { of_line } => {
                before.is_none_or(|character| of_line && is_line_terminator(character))
            }
            Assertion::End { of_line } => {
                after.is_none_or(|character| of_line && is_line_terminator(character))
            }
            Assertion::WordBoundary { is_negated } => {
                let is_word = |side: Option<u32>| side.is_some_and(is_word);
                (is_word(before) != is_word(after)) != is_negated
            }
        }
    }
}
