//! The form of one line. It keeps out what a host cannot take: a timestamp with other than six
//! digits makes it read the line as text, a line of 64 KiB is torn, and an `@` field that is no
//! string ends the host.

use std::collections::BTreeMap;

use time::OffsetDateTime;

/// The longest line, with room to spare below the host's 64 KiB, and the longest value in it.
const MAX_LINE: usize = 60 << 10;
const MAX_VALUE: usize = 16 << 10;

/// The end of a value that was cut.
const CUT: &str = "…";

/// tracing's name for the field that holds the message.
const MESSAGE: &str = "message";

/// Names and values of a span or event, each name once.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    /// Sets a field. A later value replaces an earlier one, as an inner span's does an outer one's.
    /// The names with `@` are hclog's own.
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.0.insert(name.trim_start_matches('@'), value);
    }

    /// Adds the fields of an inner span, which replace those of the same name.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, value)| (*name, value.clone())));
    }
}

/// The line, with its end. All values are strings; fields that would make it too long are cut, then
/// left out.
pub(super) fn render(level: &str, module: &str, mut fields: Fields, now: OffsetDateTime) -> String {
    let message = fields.0.remove(MESSAGE).unwrap_or_default();
    let mut line = format!(r#"{{"@level":{},"@timestamp":"{}""#, quoted(level), timestamp(now));
    append(&mut line, "@module", module);
    append(&mut line, "@message", &message);
    for (name, value) in &fields.0 {
        append(&mut line, name, value);
    }
    line.push_str("}\n");
    line
}

/// RFC 3339 in UTC with exactly six fractional digits.
fn timestamp(now: OffsetDateTime) -> String {
    let (date, hour, minute) = (now.date(), now.hour(), now.minute());
    let (second, fraction) = (now.second(), now.microsecond());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}

/// Appends `,"name":"value"` as far as there is room.
fn append(line: &mut String, name: &str, value: &str) {
    let name = quoted(name);
    let overhead = ",:}\n".len() + quoted(CUT).len();
    let Some(room) = MAX_LINE.checked_sub(line.len() + name.len() + overhead) else { return };
    let value = quoted_beginning(value, room.min(MAX_VALUE));
    *line += &format!(",{name}:{value}");
}

/// A JSON string of the text, or of as much of it as fits into `room` bytes.
fn quoted_beginning(text: &str, room: usize) -> String {
    let whole = quoted(text);
    if whole.len() <= room {
        return whole;
    }
    let mut length = quoted("").len();
    for (start, character) in text.char_indices() {
        length += quoted(character.encode_utf8(&mut [0; 4])).len() - quoted("").len();
        if length > room {
            return quoted(&format!("{}{CUT}", &text[..start]));
        }
    }
    whole
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with these fields, and what a host reads from it.
    fn rendered(names: &[&'static str], value: &str) -> (String, serde_json::Value) {
        let mut fields = Fields::default();
        for name in names {
            fields.set(name, value.to_owned());
        }
        let text = render("info", "test", fields, OffsetDateTime::UNIX_EPOCH);
        let value = serde_json::from_str(&text).expect("a line is one JSON object");
        (text, value)
    }

    #[test]
    fn a_time_without_fraction_has_six_digits_too() {
        assert_eq!(rendered(&[], "").1["@timestamp"], "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn no_value_breaks_the_line() {
        let hostile = "a\nb\r\u{1b}[0m\0\"}\\\u{2028}\u{7f}ü";
        let (text, line) = rendered(&[MESSAGE, "value"], hostile);
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!((&line["@message"], &line["value"]), (&hostile.into(), &hostile.into()));
    }

    #[test]
    fn a_field_cannot_take_the_place_of_a_name_that_the_host_reads() {
        let (_, line) = rendered(&["@level"], "none");
        assert_eq!((&line["@level"], &line["level"]), (&"info".into(), &"none".into()));
    }

    #[test]
    fn lines_stay_below_the_hosts_limit_and_characters_whole() {
        for filler in ["x", "ü", "\0", "\"", "😀"] {
            let names = [MESSAGE, "a", "b", "c", "d", "e", "f"];
            let (text, line) = rendered(&names, &filler.repeat(100_000));
            assert!(text.len() < 64 << 10, "{}", text.len());
            let value = line["a"].as_str().expect("the first field has room");
            assert!(value.ends_with(CUT) && value.starts_with(filler));
        }
    }
}
