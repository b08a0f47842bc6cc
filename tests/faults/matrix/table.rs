//! The matrix as it is printed.

use std::fmt::Write as _;
use std::io::Write as _;

use super::fault::{FAULTS, Mode};
use super::operation::{OPERATIONS, Operation};
use super::run::{End, Outcome};
use super::{Cell, Sequence};

const LEGEND: &str = "Each cell: how the operation ended, and after how many attempts.\nok: done; ok*: found to be done, \
                      though no response said so; error: a clear error, and the next apply makes it right.";

/// Prints the table in one piece, past the capture of a test's output.
pub(super) fn print(sequences: &[Sequence]) {
    let mut text = format!("\n\nThe fault matrix. {LEGEND}\n\n");
    for line in 0..2 {
        let word = |operation: &Operation| {
            operation.name().split(' ').nth(line).unwrap_or_default().to_owned()
        };
        add_row(&mut text, ["", ""], OPERATIONS.iter().map(word));
    }
    for (index, kind) in FAULTS.iter().enumerate() {
        for mode in Mode::BOTH {
            let of_mode = sequences.iter().filter(|sequence| sequence.mode == mode);
            let name = if mode == Mode::Once { kind.name } else { "" };
            let cells = of_mode.map(|sequence| shown(&sequence.cells[index]));
            add_row(&mut text, [name, mode.name()], cells);
        }
    }
    let count = |wanted: fn(&Cell) -> bool| {
        sequences.iter().flat_map(|sequence| &sequence.cells).filter(|cell| wanted(cell)).count()
    };
    let unconfirmed = count(|cell| has_end(cell, End::DoneUnconfirmed));
    let _ = writeln!(
        text,
        "\n{} cells: {} without error ({unconfirmed} of them ok*), {} clear errors, {} failed\n",
        count(|_| true),
        count(|cell| has_end(cell, End::Done)) + unconfirmed,
        count(|cell| has_end(cell, End::Error)),
        count(Result::is_err),
    );
    // A closed stdout is no reason to fail.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn add_row(text: &mut String, labels: [&str; 2], cells: impl Iterator<Item = String>) {
    let mut line = format!("{:<26}{:<9}", labels[0], labels[1]);
    for cell in cells {
        let _ = write!(line, "{cell:<10}");
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn shown(cell: &Cell) -> String {
    let Ok(Outcome { end, attempts }) = cell else { return "FAILED".to_owned() };
    let word = match end {
        End::Done => "ok",
        End::DoneUnconfirmed => "ok*",
        End::Error => "error",
    };
    format!("{word} {attempts}")
}

fn has_end(cell: &Cell, end: End) -> bool {
    cell.as_ref().is_ok_and(|outcome| outcome.end == end)
}
