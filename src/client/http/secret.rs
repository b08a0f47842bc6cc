//! The API key, and the redactor that keeps it out of everything shown or logged.
//!
//! The API or a proxy can repeat the key in any response: as it is, percent-encoded, or
//! JSON-escaped. The redactor masks these spellings, and whatever looks like a key of OpenRouter,
//! since a message can quote another key than ours. It is also the only place that shortens a text,
//! so that none is cut before its keys are masked: half a key is a leak too.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode_byte, utf8_percent_encode};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::error::ConfigError;
use super::route::ENCODED;

/// The fewest characters of a key. Fewer are no real key, and masking them would mask parts of most
/// words.
const MIN_KEY: usize = 8;

/// A key cut off by the end of a text is masked from this many characters on.
const MIN_CUT_KEY: usize = 4;

/// A management key that cannot be printed: `Debug` shows `ApiKey(***)`, and nothing hands out its
/// text.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Takes a key as it was configured, without whitespace around it. A key that is empty, is
    /// shorter than 8 characters or holds anything but printable ASCII is refused. The error never
    /// contains it.
    pub fn new(text: &str) -> Result<ApiKey, ConfigError> {
        let key = text.trim();
        let reason = if key.is_empty() {
            "is empty"
        } else if key.contains(char::is_whitespace) {
            "contains whitespace: it must be the key alone, without a prefix such as Bearer"
        } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            "contains a character that is not printable ASCII, which an HTTP header cannot contain"
        } else if key.len() < MIN_KEY {
            "is too short: a key has at least 8 characters"
        } else {
            return Ok(ApiKey(SecretString::from(key)));
        };
        Err(ConfigError::ApiKey { reason })
    }

    /// The value of the `Authorization` header, marked sensitive so that no library prints it.
    pub(super) fn bearer(&self) -> HeaderValue {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret()))
            .expect("a key is printable ASCII, which every header can carry");
        value.set_sensitive(true);
        value
    }
}

impl PartialEq for ApiKey {
    /// Not in constant time: both keys are this process's own configuration.
    fn eq(&self, other: &ApiKey) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Masks one key, and everything that looks like one.
pub(super) struct Redactor {
    /// The ways to write the key, in lower case, longest first: one can begin another.
    spellings: Vec<String>,
}

impl Redactor {
    pub(super) fn new(key: &ApiKey) -> Redactor {
        let key = key.0.expose_secret();
        let json = serde_json::Value::from(key).to_string();
        let json = &json[1..json.len() - 1];
        let mut spellings = vec![
            key.to_owned(),
            json.to_owned(),
            json.replace('/', r"\/"),
            key.bytes().map(|byte| format!(r"\u{byte:04x}")).collect::<Vec<_>>().concat(),
            utf8_percent_encode(key, ENCODED).to_string(),
            utf8_percent_encode(key, NON_ALPHANUMERIC).to_string(),
            key.bytes().map(percent_encode_byte).collect(),
        ];
        for spelling in &mut spellings {
            spelling.make_ascii_lowercase();
        }
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Redactor { spellings }
    }

    /// The text with every key masked: the client's as `***`, another as `sk-or-***`.
    pub(super) fn redact(&self, text: &str) -> String {
        self.redact_and_cut(text, usize::MAX)
    }

    /// The same, cut after `limit` characters, with an ellipsis in place of the rest. A mask at the
    /// cut stays whole.
    pub(super) fn redact_and_cut(&self, text: &str, limit: usize) -> String {
        // It keeps the length, so that a position in one is a position in the other.
        let lower = text.to_ascii_lowercase();
        let mut shown = String::new();
        let (mut characters, mut at) = (0, 0);
        while let Some(next) = text[at..].chars().next() {
            if characters >= limit {
                shown.push('…');
                break;
            }
            if let Some((mask, length)) = self.mask(&lower[at..]) {
                shown.push_str(mask);
                characters += mask.len();
                at += length;
            } else {
                shown.push(next);
                characters += 1;
                at += next.len_utf8();
            }
        }
        shown
    }

    /// The mask for the key at the beginning of a text in lower case, and the length of that key.
    fn mask(&self, text: &str) -> Option<(&'static str, usize)> {
        for spelling in &self.spellings {
            if text.starts_with(spelling) {
                return Some(("***", spelling.len()));
            }
            let is_cut_off = text.len() >= MIN_CUT_KEY && spelling.starts_with(text);
            if is_cut_off {
                return Some(("***", text.len()));
            }
        }
        lookalike_length(text).map(|length| ("sk-or-***", length))
    }
}

/// The length of what looks like a key at the beginning of a text in lower case: `sk-or-` followed
/// by letters, digits, `-` and `_`.
fn lookalike_length(text: &str) -> Option<usize> {
    let after_sk = strip_hyphen(text.strip_prefix("sk")?)?;
    let after_prefix = strip_hyphen(after_sk.strip_prefix("or")?)?;
    let mut rest = after_prefix;
    loop {
        let is_key_character = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match rest.strip_prefix(is_key_character).or_else(|| strip_hyphen(rest)) {
            Some(after) => rest = after,
            None => break,
        }
    }
    (rest.len() < after_prefix.len()).then_some(text.len() - rest.len())
}

fn strip_hyphen(text: &str) -> Option<&str> {
    text.strip_prefix('-').or_else(|| text.strip_prefix("%2d"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "mgmt/key+with%odd\"chars\\&0";

    fn redact(text: &str) -> String {
        Redactor::new(&ApiKey::new(KEY).unwrap()).redact(text)
    }

    #[test]
    fn a_key_is_trimmed_and_cannot_be_printed() {
        let key = ApiKey::new("\t sk-or-mgmt-1\r\n").unwrap();
        assert_eq!(key.bearer().as_bytes(), b"Bearer sk-or-mgmt-1");
        assert_eq!(format!("{key:?} {:?}", key.bearer()), "ApiKey(***) Sensitive");
    }

    #[test]
    fn what_no_header_can_carry_is_refused_without_repeating_it() {
        for (given, expected) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("Bearer hunter2", "whitespace"),
            ("hunter2\nhunter3", "whitespace"),
            ("hunter2", "too short"),
            (" hunter\n", "too short"),
            ("hunter2\u{7f}", "printable"),
            ("hunter2é", "printable"),
            ("\u{feff}hunter2", "printable"),
        ] {
            let error = ApiKey::new(given).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn the_key_is_masked_plain_percent_encoded_and_json_escaped() {
        let percent: String = KEY.bytes().map(percent_encode_byte).collect();
        let json = KEY.bytes().map(|byte| format!("\\u{byte:04X}")).collect::<Vec<_>>().concat();
        for echo in [
            KEY,
            &KEY.to_uppercase(),
            &percent,
            &percent.to_lowercase(),
            &json,
            "mgmt%2Fkey%2Bwith%25odd%22chars%5C%260",
            r#"mgmt\/key+with%odd\"chars\\&0"#,
            r#"mgmt/key+with%odd\"chars\\&0"#,
        ] {
            assert_eq!(redact(&format!("é {echo}{echo} é")), "é ****** é", "{echo}");
        }
    }

    proptest! {
        #[test]
        fn any_key_is_masked_whole(key in "[!-~]{8,40}", before: String) {
            let redactor = Redactor::new(&ApiKey::new(&key).unwrap());
            let before = format!("{before} {key}");
            prop_assert!(!redactor.redact(&before).contains(&key));
            for text in [&key, &serde_json::to_string(&key).unwrap()] {
                prop_assert!(redactor.redact(text).trim_matches('"') == "***", "{}", text);
            }
        }
    }

    #[test]
    fn a_key_cut_off_by_the_end_of_a_text_is_masked() {
        assert_eq!(redact("bad key mgmt/key+wi"), "bad key ***");
        assert_eq!(redact("bad key mgmt%2Fke"), "bad key ***");
        assert_eq!(redact("bad key mgmt"), "bad key ***");
        assert_eq!(redact("10 mgm"), "10 mgm");
    }

    #[test]
    fn a_text_is_cut_after_its_keys_are_masked() {
        let redactor = Redactor::new(&ApiKey::new(KEY).unwrap());
        assert_eq!(redactor.redact_and_cut("abcdef", 6), "abcdef");
        assert_eq!(redactor.redact_and_cut("ébcdef", 5), "ébcde…");
        assert_eq!(redactor.redact_and_cut(&format!("abc{KEY} and"), 5), "abc***…");
        assert_eq!(redactor.redact_and_cut(&format!("abc{KEY}"), 3), "abc…");
    }

    #[test]
    fn anything_that_looks_like_a_key_is_masked() {
        assert_eq!(redact("(sk-or-v1-0123_ab), SK-OR-mgmt-x."), "(sk-or-***), sk-or-***.");
        assert_eq!(redact("sk%2Dor%2dv1%2Dabc!"), "sk-or-***!");
        assert_eq!(redact("keys begin with sk-or-"), "keys begin with sk-or-");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in ["", "100 % \\", "%é", "\\u12", "naïve 日本 🙂", "\\é", "sk", "sk-o"] {
            assert_eq!(redact(text), text);
        }
    }
}
