//! The fault matrix: each operation meets each fault, once and for ever, and ends as docs/reliability.md promises. The outcome
//! is printed as a table, also when all is well.
//!
//! A lane is one operation under faults that all strike once, or all for ever, in one workspace that goes from cell to cell: so
//! a cell costs one run of Terraform, or three. Lanes run side by side. A cell asks the state file and the mock, not
//! Terraform, whether all is right, and a cell that failed leaves the next one a fresh workspace.

mod bench;
mod cell;
mod fault;
mod operation;
mod table;
mod twins;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use self::bench::Bench;
use self::cell::Ending;
use self::fault::{FAULTS, Kind, Mode};
use self::operation::{OPERATIONS, Operation};

/// What came of one operation under one fault, or why that is wrong.
type Verdict = Result<Ending, String>;

/// All cells of one operation and one mode, in the order of `FAULTS`, and what is wrong with what they left behind.
struct Lane {
    operation: Operation,
    mode: Mode,
    verdicts: Vec<Verdict>,
    leftover: Option<String>,
}

#[test]
fn every_operation_meets_every_fault() {
    let begun = Instant::now();
    let lanes: Vec<Lane> = std::thread::scope(|scope| {
        let lanes =
            OPERATIONS.iter().flat_map(|operation| Mode::BOTH.map(|mode| (*operation, mode)));
        let threads: Vec<_> = lanes
            .map(|(operation, mode)| scope.spawn(move || Lane::run(operation, mode)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a lane catches its panics"))
            .collect()
    });
    table::print(&lanes, begun.elapsed());
    let failures: Vec<String> = lanes.iter().flat_map(Lane::failures).collect();
    assert!(failures.is_empty(), "{} failed\n\n{}", failures.len(), failures.join("\n\n"));
}

impl Lane {
    fn run(operation: Operation, mode: Mode) -> Self {
        let mut bench = None;
        let verdicts = FAULTS.iter().enumerate().map(|(step, kind)| {
            let verdict = caught(|| meet(&mut bench, operation, mode, step, kind));
            // What a failure leaves behind is not the next one's fault.
            if verdict.is_err() {
                bench = None;
            }
            verdict
        });
        let verdicts = verdicts.collect();
        let leftover = bench.and_then(|bench: Bench| caught(|| bench.is_at_rest()).err());
        Self { operation, mode, verdicts, leftover }
    }

    fn failures(&self) -> Vec<String> {
        let title =
            |what: &str| format!("== {}, {what}, {}", self.operation.name(), self.mode.name());
        let cells = FAULTS.iter().zip(&self.verdicts);
        let failed = cells.filter_map(|(kind, verdict)| {
            Some(format!("{}: {}", title(kind.name), verdict.as_ref().err()?))
        });
        let leftover =
            self.leftover.iter().map(|reason| format!("{}: {reason}", title("at the end")));
        failed.chain(leftover).collect()
    }
}

/// One cell, in the workspace of the one before if there is one.
fn meet(
    bench: &mut Option<Bench>,
    operation: Operation,
    mode: Mode,
    step: usize,
    kind: &Kind,
) -> Verdict {
    let bench = match bench {
        Some(bench) => bench,
        None => bench.insert(Bench::prepared(operation, mode, step)?),
    };
    cell::run(bench, kind)
}

/// A panic is one more reason to fail, and should not hide the other cells.
fn caught<T>(act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
    })
}

/// A provider that waits little between attempts.
fn provider(timeout: Duration, budget: Duration) -> String {
    format!(
        "provider \"openrouter\" {{\n  timeout_ms = {}\n  retry = {{\n    initial_interval_ms = 20\n    \
         max_interval_ms = 200\n    max_elapsed_time_ms = {}\n  }}\n}}\n",
        timeout.as_millis(),
        budget.as_millis()
    )
}
