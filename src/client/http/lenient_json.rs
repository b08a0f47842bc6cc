//! From the bytes of an answer to JSON, with one leniency: a service in JavaScript that cuts a text in the middle of a character
//! writes half of a surrogate pair (`"\ud83d"`), which no JSON parser of ours takes. One such text in a row that is nobody's
//! business here must not make a whole list unreadable, so it is read as U+FFFD, the replacement character.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// What stands for half of a character.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// Bytes of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

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

/// The document with every escape of a surrogate that has no other half replaced. Of the same length, so that positions in
/// error messages stay right.
fn replace_lone_surrogates(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Cow::Borrowed(bytes);
    let mut at = 0;
    while at < bytes.len() {
        at += match (bytes[at], escaped_unit(&bytes[at..])) {
            (b'\\', Some(0xD800..=0xDBFF)) if is_low(&bytes[at + ESCAPE..]) => 2 * ESCAPE,
            (b'\\', Some(0xD800..=0xDFFF)) => {
                replaced.to_mut()[at..at + ESCAPE].copy_from_slice(REPLACEMENT);
                ESCAPE
            }
            // Whatever it escapes, which can be another backslash.
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    replaced
}

/// Whether a text begins with the second half of a pair.
fn is_low(text: &[u8]) -> bool {
    matches!(escaped_unit(text), Some(0xDC00..=0xDFFF))
}

/// The UTF-16 unit that an escape at the beginning of a text stands for.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..ESCAPE)?.strip_prefix(b"\\u")?;
    // Unlike a JSON parser, this would take a sign for a digit.
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_replaced_and_nothing_else() {
        for (written, expected) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\uD83Db""#, "a\u{fffd}b"),
            (r#""\ude00""#, "\u{fffd}"),
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
    fn what_is_no_json_stays_none() {
        for written in [r#""\ud83"#, r#""\ud83d"#, r#""\u+83d""#, "\\", "", r#""\ud83d" x"#] {
            assert!(parse::<serde_json::Value>(written.as_bytes()).is_err(), "{written}");
        }
    }
}
