//! The fault matrix: each operation meets each fault, once and for ever, and ends as docs/guides/reliability.md promises. The results
//! are printed as a table, also when all is well.
//!
//! The cells of one operation and one mode (once, or for ever) run one after the other in one workspace, so that a cell costs one
//! run of Terraform, or three. These sequences run side by side. A cell reads the state file and the mock to see whether all is
//! right, and starts no Terraform for it; after a cell that failed, the next one gets a fresh workspace.

mod duplicates;
mod fault;
mod fixture;
mod operation;
mod run;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use self::fault::{FAULTS, Kind, Mode};
use self::fixture::Fixture;
use self::operation::{OPERATIONS, Operation};
use self::run::Outcome;

/// How one operation ended under one fault, or why that is wrong.
type Cell = Result<Outcome, String>;

/// All cells of one operation and one mode, in the order of `FAULTS`.
struct Sequence {
    operation: Operation,
    mode: Mode,
    cells: Vec<Cell>,
    /// What is wrong with the workspace after the last cell.
    final_error: Option<String>,
}

#[test]
fn every_operation_meets_every_fault() {
    let sequences: Vec<Sequence> = std::thread::scope(|scope| {
        let modes = |operation: &Operation| Mode::BOTH.map(|mode| (*operation, mode));
        let threads: Vec<_> = OPERATIONS
            .iter()
            .flat_map(modes)
            .map(|(operation, mode)| scope.spawn(move || Sequence::run(operation, mode)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("panics of cells are caught"))
            .collect()
    });
    table::print(&sequences);
    let failures: Vec<String> = sequences.iter().flat_map(Sequence::failures).collect();
    assert!(failures.is_empty(), "{} failed\n\n{}", failures.len(), failures.join("\n\n"));
}

impl Sequence {
    fn run(operation: Operation, mode: Mode) -> Self {
        let mut fixture = None;
        let mut cells = Vec::new();
        for (step, kind) in FAULTS.iter().enumerate() {
            let cell = catch_panic(|| run_cell(&mut fixture, operation, mode, step, kind));
            if cell.is_err() {
                fixture = None;
            }
            cells.push(cell);
        }
        let final_error =
            fixture.and_then(|fixture: Fixture| catch_panic(|| fixture.plans_nothing()).err());
        Self { operation, mode, cells, final_error }
    }

    fn failures(&self) -> Vec<String> {
        let title =
            |what: &str| format!("== {}, {what}, {}", self.operation.name(), self.mode.name());
        let mut failures = Vec::new();
        for (kind, cell) in FAULTS.iter().zip(&self.cells) {
            if let Err(reason) = cell {
                failures.push(format!("{}: {reason}", title(kind.name)));
            }
        }
        if let Some(reason) = &self.final_error {
            failures.push(format!("{}: {reason}", title("at the end")));
        }
        failures
    }
}

/// Runs one cell, in the workspace of the one before if there is one.
fn run_cell(
    fixture: &mut Option<Fixture>,
    operation: Operation,
    mode: Mode,
    step: usize,
    kind: &Kind,
) -> Cell {
    let fixture = match fixture {
        Some(fixture) => fixture,
        None => fixture.insert(Fixture::prepared(operation, mode, step)?),
    };
    run::next_step(fixture, kind)
}

/// Makes a panic a failure like any other, so that the other cells are still run.
fn catch_panic<T>(act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
    })
}

/// The wait before the first retry, and the longest one.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// A provider that waits little between attempts.
fn provider(timeout: Duration, budget: Duration) -> String {
    format!(
        "provider \"openrouter\" {{\n  timeout_ms = {}\n  retry = {{\n    initial_interval_ms = {}\n    \
         max_interval_ms = {}\n    max_elapsed_time_ms = {}\n  }}\n}}\n",
        timeout.as_millis(),
        FIRST_WAIT.as_millis(),
        LONGEST_WAIT.as_millis(),
        budget.as_millis()
    )
}
