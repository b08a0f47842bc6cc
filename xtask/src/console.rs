//! How the commands talk: titles, command lines, and tables. Knows nothing of what they say.

use std::fmt::Display;

/// Prints a title that opens a part of the output.
pub(crate) fn title(text: impl Display) {
    println!("\n== {text} ==");
}

/// Prints the command line that is about to run, as one would type it.
pub(crate) fn command_line(words: &[&str]) {
    println!("$ {}", words.join(" "));
}

/// Formats rows as columns padded to their widest cell, two spaces apart, without trailing blanks.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// Writes `1 request`, `2 requests`: a count with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_characters_and_leave_no_trailing_blanks() {
        let rows = [["é".to_owned(), "x".to_owned()], ["abc".to_owned(), String::new()]];
        assert_eq!(columns(&rows), ["é    x", "abc"]);
    }
}
