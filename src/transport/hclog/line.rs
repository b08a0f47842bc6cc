//! The form of one line. What a host cannot take is kept out here: a timestamp with other than six digits makes it read
//! the line as text, a line of 64 KiB is torn, and an `@` field that is no string ends the host.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use time::OffsetDateTime;

/// The longest line, with room to spare below the host's 64 KiB.
const LINE_LIMIT: usize = 60 << 10;

/// The longest value of one field, as written.
const VALUE_LIMIT: usize = 16 << 10;

/// What stands at the end of a value that was cut.
const CUT: &str = "…";

/// tracing's name for the field that holds the message.
const MESSAGE: &str = "message";

/// Names and values of a span or event, each name once.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    /// Sets a field. A later value replaces an earlier one, as an inner span's does an outer one's. The names with `@`
    /// are hclog's own.
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.0.insert(name.trim_start_matches('@'), value);
    }

    /// Adds the fields of another span, which win.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, value)| (*name, value.clone())));
    }

    /// Takes the message out.
    pub(super) fn take_message(&mut self) -> String {
        self.0.remove(MESSAGE).unwrap_or_default()
    }
}

/// What a line says.
pub(super) struct Line<'a> {
    pub(super) level: &'static str,
    pub(super) message: &'a str,
    pub(super) module: &'a str,
    pub(super) fields: &'a Fields,
}

impl Line<'_> {
    /// The line, with its end. All values are strings; fields that would make it too long are cut, then left out.
    pub(super) fn render(&self, now: OffsetDateTime) -> String {
        let mut line = String::with_capacity(256);
        let _ = write!(line, r#"{{"@level":"{}","@timestamp":"{}""#, self.level, timestamp(now));
        append(&mut line, "@module", self.module);
        append(&mut line, "@message", self.message);
        for (name, value) in &self.fields.0 {
            append(&mut line, name, value);
        }
        line.push_str("}\n");
        line
    }
}

/// RFC 3339 in UTC with exactly six fractional digits.
fn timestamp(now: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second(),
        now.microsecond()
    )
}

/// Appends `,"name":"value"` as far as there is room.
fn append(line: &mut String, name: &str, value: &str) {
    let name = quoted(name);
    let punctuation = r#",:""}"#.len() + CUT.len() + 1;
    let Some(room) = LINE_LIMIT.checked_sub(line.len() + name.len() + punctuation) else { return };
    let kept = fitting(value, room.min(VALUE_LIMIT));
    let value =
        if kept.len() < value.len() { quoted(&format!("{kept}{CUT}")) } else { quoted(value) };
    let _ = write!(line, ",{name}:{value}");
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The longest beginning of a text that takes at most `room` bytes inside a JSON string.
fn fitting(text: &str, room: usize) -> &str {
    let mut taken = 0;
    for (start, character) in text.char_indices() {
        taken += escaped_length(character);
        if taken > room {
            return &text[..start];
        }
    }
    text
}

/// How many bytes a character takes inside a JSON string.
fn escaped_length(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => r"\u0000".len(),
        _ => character.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(message: &str, fields: &Fields) -> (String, serde_json::Value) {
        let line = Line { level: "info", message, module: "test", fields };
        let text = line.render(OffsetDateTime::UNIX_EPOCH);
        let value = serde_json::from_str(&text).expect("a line is one JSON object");
        (text, value)
    }

    #[test]
    fn a_moment_without_fraction_has_six_digits_too() {
        let (_, line) = rendered("hello", &Fields::default());
        assert_eq!(line["@timestamp"], "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn no_value_breaks_the_line() {
        let hostile = "a\nb\r\u{1b}[0m\0\"}\\\u{2028}\u{7f}ü";
        let mut fields = Fields::default();
        fields.set("value", hostile.to_owned());
        let (text, line) = rendered(hostile, &fields);
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(line["@message"], hostile);
        assert_eq!(line["value"], hostile);
    }

    #[test]
    fn a_field_cannot_take_the_place_of_a_name_that_the_host_reads() {
        let mut fields = Fields::default();
        fields.set("@level", "none".to_owned());
        let (_, line) = rendered("hello", &fields);
        assert_eq!((&line["@level"], &line["level"]), (&"info".into(), &"none".into()));
    }

    #[test]
    fn lines_stay_below_the_hosts_limit_and_texts_whole() {
        for filler in ["x", "ü", "\0", "\"", "😀"] {
            let mut fields = Fields::default();
            for name in ["a", "b", "c", "d", "e", "f"] {
                fields.set(name, filler.repeat(100_000));
            }
            let (text, line) = rendered(&filler.repeat(100_000), &fields);
            assert!(text.len() < 64 << 10, "{}", text.len());
            let value = line["a"].as_str().expect("the first field has room");
            assert!(value.ends_with(CUT) && value.starts_with(filler));
        }
    }
}
