//! Messages that show names and other texts from the API, which can hold anything.

use crate::{client::Client, protocol::diagnostics::Diagnostic};

/// The message without keys, and with an escape such as `\u{1b}` for each character that a terminal
/// does not show, or obeys. It must have no line breaks of its own.
pub(super) fn printable(client: &Client, message: Diagnostic) -> Diagnostic {
    let printable = |text: &str| escaped(&client.redact(text));
    let (summary, detail) = (printable(&message.summary), printable(&message.detail));
    Diagnostic { summary, detail, ..message }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Controls, and what hides or reorders text.
fn is_invisible(character: char) -> bool {
    let is_format = matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}');
    character.is_control() || is_format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        assert_eq!(escaped("a\u{1b}[31m\nb\u{202e}c"), "a\\u{1b}[31m\\u{a}b\\u{202e}c");
        assert_eq!(escaped("Zoë 🦀 \"x\""), "Zoë 🦀 \"x\"");
    }
}
