//! The form of one line. It keeps out what a host cannot take: a timestamp with other than six
//! digits makes it read the line as text, a line of 64 KiB is torn, and an `@` field that is no
//! string ends the host.

use std::collections::BTreeMap;

use time::OffsetDateTime;

/// The longest line, with room to spare below the host's 64 KiB.
const MAX_LINE: usize = 60 << 10;

/// The end of a value that was cut.
const CUT: &str = "…";

/// Names and values of a span or event. A later value replaces an earlier one, as an inner span's
/// does an outer one's.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(pub(super) BTreeMap<&'static str, String>);

impl Fields {
    /// The names with `@` are hclog's own.
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.0.insert(name.trim_start_matches('@'), value);
    }
}

/// The line, with its end. All values are strings. If the line is too long, the longest are cut.
pub(super) fn render(level: &str, module: String, fields: Fields, now: OffsetDateTime) -> String {
    let mut values = fields.0;
    let message = values.remove("message").unwrap_or_default();
    values.insert("@level", level.to_ascii_lowercase());
    values.insert("@message", message);
    values.insert("@module", module);
    values.insert("@timestamp", timestamp(now));
    let mut limit = MAX_LINE;
    loop {
        let line = serde_json::json!(values).to_string();
        if line.len() < MAX_LINE {
            return line + "\n";
        }
        limit /= 2;
        for value in values.values_mut() {
            cut(value, limit);
        }
    }
}

/// RFC 3339 in UTC with exactly six fractional digits.
fn timestamp(now: OffsetDateTime) -> String {
    let (date, hour, minute) = (now.date(), now.hour(), now.minute());
    let (second, fraction) = (now.second(), now.microsecond());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}

/// Keeps the beginning of a value that is longer than `limit` bytes.
fn cut(value: &mut String, limit: usize) {
    if let Some(end) = (0..=limit).rev().find(|&end| value.is_char_boundary(end))
        && value.len() > limit
    {
        value.replace_range(end.., CUT);
    }
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
        let text = render("INFO", "test".to_owned(), fields, OffsetDateTime::UNIX_EPOCH);
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
        let (text, line) = rendered(&["message", "value"], hostile);
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
            let names = ["message", "a", "b", "c", "d", "e", "f"];
            let (text, line) = rendered(&names, &filler.repeat(100_000));
            assert!(text.len() < 64 << 10, "{}", text.len());
            let value = line["a"].as_str().unwrap();
            assert!(value.ends_with(CUT) && value.starts_with(filler));
            assert_eq!(line["@level"], "info");
        }
    }
}
