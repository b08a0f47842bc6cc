//! The matrix as it is printed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::cell::{Ending, Word};
use super::fault::{FAULTS, Mode};
use super::operation::{OPERATIONS, Operation};
use super::{Lane, Verdict};

const LEGEND: &str = "Each cell: how the operation ended, and after how many attempts.\nok: done; ok*: found to be done, \
                      though no answer said so; error: a clear error, and the next apply makes it right.";

/// Prints the table in one piece, past the capture of a test's output.
pub(super) fn print(lanes: &[Lane], took: Duration) {
    let mut text = format!("\n\nThe fault matrix. {LEGEND}\n\n");
    for line in 0..2 {
        let word = |operation: &Operation| {
            operation.name().split(' ').nth(line).unwrap_or_default().to_owned()
        };
        row(&mut text, ["", ""], OPERATIONS.iter().map(word));
    }
    for (index, kind) in FAULTS.iter().enumerate() {
        for mode in Mode::BOTH {
            let of_mode = lanes.iter().filter(|lane| lane.mode == mode);
            let name = if mode == Mode::Once { kind.name } else { "" };
            row(&mut text, [name, mode.name()], of_mode.map(|lane| shown(&lane.verdicts[index])));
        }
    }
    let count = |wanted: fn(&Verdict) -> bool| {
        lanes.iter().flat_map(|lane| &lane.verdicts).filter(|verdict| wanted(verdict)).count()
    };
    let (done, errors) =
        (count(|verdict| is(verdict, Word::Done)), count(|verdict| is(verdict, Word::Error)));
    let unanswered = count(|verdict| is(verdict, Word::DoneUnanswered));
    let _ = writeln!(
        text,
        "\n{} cells: {} without error ({unanswered} of them ok*), {errors} clear errors, {} failed. {:.0} s\n",
        count(|_| true),
        done + unanswered,
        count(Result::is_err),
        took.as_secs_f64()
    );
    // Nobody to show it to is no reason to fail.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn row(text: &mut String, labels: [&str; 2], cells: impl Iterator<Item = String>) {
    let mut line = format!("{:<26}{:<9}", labels[0], labels[1]);
    for cell in cells {
        let _ = write!(line, "{cell:<10}");
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn shown(verdict: &Verdict) -> String {
    let Ok(Ending { word, attempts }) = verdict else { return "FAILED".to_owned() };
    let word = match word {
        Word::Done => "ok",
        Word::DoneUnanswered => "ok*",
        Word::Error => "error",
    };
    format!("{word} {attempts}")
}

fn is(verdict: &Verdict, word: Word) -> bool {
    verdict.as_ref().is_ok_and(|ending| ending.word == word)
}
