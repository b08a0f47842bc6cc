//! From the bytes of a response to JSON, with one leniency: a server in JavaScript that cuts a text
//! in the middle of a character writes half of a surrogate pair (`"\ud83d"`), which JSON parsers in
//! Rust reject. One such text in one row must not make a whole list unreadable, so it is read as
//! U+FFFD, the replacement character.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// A JSON object. Its numbers keep their decimal text, in requests and in responses.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// Replaces half of a surrogate pair.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// The length of an escape such as `\ud83d`.
const ESCAPE_LENGTH: usize = 6;

/// Reads a document.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let error = match serde_json::from_slice(bytes) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    match replace_lone_surrogates(bytes) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(replaced) => serde_json::from_slice(&replaced),
    }
}

/// The document with every lone surrogate replaced. It keeps its length, so that positions in error
/// messages stay right.
fn replace_lone_surrogates(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Cow::Borrowed(bytes);
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match escaped_unit(&bytes[at..]) {
            Some(0xD800..=0xDBFF) if starts_with_low_surrogate(&bytes[at + ESCAPE_LENGTH..]) => {
                at += 2 * ESCAPE_LENGTH;
            }
            Some(0xD800..=0xDFFF) => {
                replaced.to_mut()[at..at + ESCAPE_LENGTH].copy_from_slice(REPLACEMENT);
                at += ESCAPE_LENGTH;
            }
            // The backslash and the character that it escapes, which can be another backslash.
            _ => at += 2,
        }
    }
    replaced
}

fn starts_with_low_surrogate(text: &[u8]) -> bool {
    matches!(escaped_unit(text), Some(0xDC00..=0xDFFF))
}

/// The UTF-16 unit of the `\uXXXX` escape at the beginning of a text.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..ESCAPE_LENGTH)?.strip_prefix(b"\\u")?;
    // `from_str_radix` would also take a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_surrogate_is_replaced_and_nothing_else() {
        for (written, expected) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\uD83Db""#, "a\u{fffd}b"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\\ud83d\ud83d""#, "\\ud83d\u{fffd}"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""\ud83d\ude00 \n \"""#, "\u{1f600} \n \""),
        ] {
            assert_eq!(parse::<String>(written.as_bytes()).unwrap(), expected, "{written}");
        }
        let untouched = br#"["\ud83d\ude00", "\\ud83d", "\u00e9"]"#;
        assert!(matches!(replace_lone_surrogates(untouched), Cow::Borrowed(_)));
    }

    #[test]
    fn invalid_json_stays_invalid() {
        for written in [r#""\ud83"#, r#""\ud83d"#, r#""\u+83d""#, "\\", "", r#""\ud83d" x"#] {
            assert!(parse::<serde_json::Value>(written.as_bytes()).is_err(), "{written}");
        }
    }
}
