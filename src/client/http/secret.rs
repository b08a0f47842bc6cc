//! The API key, and the redactor that keeps it out of everything shown or logged.
//!
//! A service or a proxy can echo the key in any answer: as it is, percent-encoded, or with JSON or HTML escapes. The
//! redactor reads text as all of these at once, and masks besides whatever looks like a key of the service, since a
//! message can quote another key than ours.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::config::ConfigError;

/// How the service's keys begin.
const KEY_PREFIX: &[u8] = b"sk-or-";

/// The fewest characters of a key. Fewer are no service's key, and masking them would mask parts of most words.
const MIN_KEY: usize = 8;

/// A key cut off by the end of a text is masked from this many characters on; fewer tell nothing.
const CUT_KEY: usize = 4;

/// A piece of a key is masked from this many characters on: a service may shorten what it quotes, at either end.
const QUOTED_KEY: usize = 12;

/// A management key that cannot be printed: `Debug` shows `ApiKey(***)`, and nothing hands out its text.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Takes a key as it was configured. Whitespace around it, as a file's last newline, does not count; a key that is
    /// empty, is shorter than 8 characters or holds anything but printable ASCII is refused. The error never contains the key.
    pub fn new(text: &str) -> Result<ApiKey, ConfigError> {
        let key = text.trim();
        let reason = if key.is_empty() {
            "is empty"
        } else if key.contains(char::is_whitespace) {
            "contains whitespace: it must be the bare key, without a prefix such as Bearer"
        } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            "contains a character that is not printable ASCII, so no HTTP header can carry it"
        } else if key.len() < MIN_KEY {
            "is too short: a key has 8 characters or more"
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
    /// Whether two keys are the same. Both are our own configuration's, so that the time this takes tells nobody anything.
    fn eq(&self, other: &ApiKey) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// How often a text may have been escaped again and still be read.
const DEPTH: usize = 4;

/// Masks one key, and everything that looks like one.
pub(super) struct Redactor {
    key: ApiKey,
    /// For each byte, where in the key it stands.
    places: Vec<Vec<usize>>,
}

impl Redactor {
    pub(super) fn new(key: &ApiKey) -> Redactor {
        let bytes = key.0.expose_secret().as_bytes();
        let places = |byte: u8| {
            let stands = |&place: &usize| lengths(&[byte], bytes[place]).next().is_some();
            (0..bytes.len()).filter(stands).collect()
        };
        Redactor { key: key.clone(), places: (0..=u8::MAX).map(places).collect() }
    }

    /// Where in the key a piece can begin that stands at the beginning of `text`.
    fn starts(&self, text: &[u8]) -> Vec<usize> {
        let mut firsts: Vec<u8> = readings(text).map(|(byte, _)| byte).collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts.into_iter().flat_map(|byte| &self.places[usize::from(byte)]).copied().collect()
    }

    /// The text with every key masked: ours as `***`, another's as `sk-or-***`.
    pub(super) fn redact(&self, text: &str) -> String {
        let key = self.key.0.expose_secret().as_bytes();
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let bytes = rest.as_bytes();
            let (mask, taken) = if let Some(length) = key_length(bytes, key, &self.starts(bytes)) {
                ("***", length)
            } else if let Some(length) = lookalike_length(bytes) {
                ("sk-or-***", length)
            } else {
                shown.push(next);
                ("", next.len_utf8())
            };
            shown.push_str(mask);
            rest = rest.get(taken..).unwrap_or_default();
        }
        shown
    }
}

/// How many bytes the key, or enough of it, takes at the beginning of `text`: all of it, its beginning where the text is
/// cut off, or a long piece from one of these places in it.
fn key_length(text: &[u8], key: &[u8], starts: &[usize]) -> Option<usize> {
    let likely = starts.iter().copied().filter(|&start| !is_another(text, &key[start..]));
    let pieces = likely.filter_map(|start| {
        let (matched, reached) = matched_length(text, &key[start..]);
        let is_cut_off = start == 0 && reached == text.len() && matched >= CUT_KEY;
        (matched == key.len() || matched >= QUOTED_KEY || is_cut_off).then_some(reached)
    });
    pieces.max()
}

/// Whether the first few characters show that this is not the key. Letters and digits stand for nothing but themselves.
fn is_another(text: &[u8], key: &[u8]) -> bool {
    let pairs = text.iter().zip(key).take(8);
    let mut plain = pairs.take_while(|(byte, _)| byte.is_ascii_alphanumeric());
    plain.any(|(byte, expected)| !byte.eq_ignore_ascii_case(expected))
}

/// How many characters of `key` stand at the beginning of `text`, whichever way each is written there and with whatever
/// space between them, and how many bytes they take.
fn matched_length(text: &[u8], key: &[u8]) -> (usize, usize) {
    let (mut ends, mut reached) = (vec![0], 0);
    for (matched, &expected) in key.iter().enumerate() {
        let next = ends.iter().flat_map(|&end| {
            // What follows a space is the key only if something came before it.
            let gap = if matched > 0 { gap_length(&text[end..]) } else { 0 };
            let after_gap = (gap > 0).then_some(end + gap);
            std::iter::once(end).chain(after_gap).flat_map(|start| {
                lengths(&text[start..], expected).map(move |length| start + length)
            })
        });
        ends = next.collect();
        let Some(farthest) = ends.iter().copied().max() else { return (matched, reached) };
        reached = farthest;
        ends.sort_unstable();
        ends.dedup();
    }
    (key.len(), reached)
}

/// How many bytes of `text` are space to begin with: blanks and line breaks, as they are or escaped.
fn gap_length(text: &[u8]) -> usize {
    let mut length = 0;
    loop {
        length += match &text[length..] {
            [byte, ..] if byte.is_ascii_whitespace() => 1,
            [b'\\', b'n' | b'r' | b't', ..] => 2,
            [b'%', b'0', b'a' | b'A' | b'd' | b'D', ..] | [b'%', b'2', b'0', ..] => 3,
            _ => return length,
        };
    }
}

/// How many bytes a word that looks like a key takes at the beginning of `text`.
fn lookalike_length(text: &[u8]) -> Option<usize> {
    let mut length = 0;
    for &expected in KEY_PREFIX {
        length += lengths(&text[length..], expected).max()?;
    }
    let prefix = length;
    while let Some(taken) = word_character(&text[length..]) {
        length += taken;
    }
    (length > prefix).then_some(length)
}

/// How many bytes a character that keys are made of takes at the beginning of `text`.
fn word_character(text: &[u8]) -> Option<usize> {
    let of_a_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    readings(text).filter(|&(byte, _)| of_a_key(byte)).map(|(_, taken)| taken).max()
}

/// The numbers of bytes that `expected` can take at the beginning of `text`, in capitals or small letters. A plus sign that
/// was taken for a form's is a blank.
fn lengths(text: &[u8], expected: u8) -> impl Iterator<Item = usize> {
    let is_it =
        move |byte: u8| byte.eq_ignore_ascii_case(&expected) || (expected == b'+' && byte == b' ');
    readings(text).filter(move |&(byte, _)| is_it(byte)).map(|(_, taken)| taken)
}

/// Everything that the beginning of `text` can stand for, with the number of bytes it then takes: itself, or an escape.
fn readings(text: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let escapes = match text {
        [b'%', rest @ ..] => percent_escapes(rest),
        [b'\\', ..] => backslash_escapes(text),
        [b'&', rest @ ..] => entity(rest).into_iter().collect(),
        _ => Vec::new(),
    };
    text.first().map(|&byte| (byte, 1)).into_iter().chain(escapes)
}

/// What follows a percent sign: `2F`, or `252F` where an encoded text was encoded again.
fn percent_escapes(mut rest: &[u8]) -> Vec<(u8, usize)> {
    let mut escapes = Vec::new();
    for depth in 0..DEPTH {
        escapes.extend(hexadecimal(rest, 2).map(|byte| (byte, 3 + 2 * depth)));
        match rest {
            [b'2', b'5', inner @ ..] => rest = inner,
            _ => break,
        }
    }
    escapes
}

/// What backslashes introduce; several where an escaped text was escaped again.
fn backslash_escapes(text: &[u8]) -> Vec<(u8, usize)> {
    let slashes = text.iter().take(1 << DEPTH).take_while(|&&byte| byte == b'\\').count();
    let mut escapes: Vec<(u8, usize)> = (2..=slashes).map(|taken| (b'\\', taken)).collect();
    match &text[slashes..] {
        [b'u' | b'U', hex @ ..] => {
            escapes.extend(hexadecimal(hex, 4).map(|byte| (byte, slashes + 5)))
        }
        [b'x' | b'X', hex @ ..] => {
            escapes.extend(hexadecimal(hex, 2).map(|byte| (byte, slashes + 3)))
        }
        [byte, ..] => escapes.push((*byte, slashes + 1)),
        [] => {}
    }
    escapes
}

/// What an HTML entity stands for; `rest` follows its `&`.
fn entity(rest: &[u8]) -> Option<(u8, usize)> {
    let end = rest.iter().take(10).position(|&byte| byte == b';')?;
    let byte = match &rest[..end] {
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"quot" => b'"',
        b"apos" => b'\'',
        [b'#', b'x' | b'X', hex @ ..] => hexadecimal(hex, hex.len())?,
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
        _ => return None,
    };
    Some((byte, end + 2))
}

/// The ASCII character whose number the first `count` hexadecimal digits are.
fn hexadecimal(digits: &[u8], count: usize) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..count)?).ok()?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    u8::try_from(number).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
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
    fn the_key_is_masked_however_it_is_written() {
        let percent = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let json = KEY.bytes().map(|byte| format!("\\u{byte:04X}")).collect::<Vec<_>>().concat();
        let html = KEY.bytes().map(|byte| format!("&#{byte};")).collect::<Vec<_>>().concat();
        for echo in [
            KEY,
            &percent,
            &percent.to_uppercase(),
            &json,
            &html,
            "mgmt%2Fkey%2Bwith%25odd%22chars%5C%260",
            r#"mgmt\/key+with%odd\"chars\\&0"#,
            "mgmt&#x2F;key+with%odd&quot;chars\\&amp;0",
            r#"mgmt\/key+with%odd\\\"chars\\\\&0"#,
            "mgmt%252Fkey%252Bwith%2525odd%2522chars%255C%25260",
        ] {
            assert_eq!(redact(&format!("é {echo}{echo} é")), "é ****** é", "{echo}");
        }
    }

    /// One character, written in the way of this number.
    fn written(byte: u8, way: usize) -> String {
        match way {
            0 => format!("%{byte:02x}"),
            1 => format!("%25{byte:02X}"),
            2 => format!("\\u{byte:04x}"),
            3 => format!("&#x{byte:x};"),
            4 if !byte.is_ascii_alphanumeric() => format!("\\{}", char::from(byte)),
            _ => char::from(byte).to_string(),
        }
    }

    proptest! {
        #[test]
        fn any_key_is_masked_whole(characters in vec((b'!'..=b'~', 0..8_usize), MIN_KEY..40)) {
            let key: String = characters.iter().map(|&(byte, _)| char::from(byte)).collect();
            let echo: String = characters.iter().map(|&(byte, way)| written(byte, way)).collect();
            prop_assert_eq!(Redactor::new(&ApiKey::new(&key).unwrap()).redact(&echo), "***");
        }

        #[test]
        fn any_text_can_be_redacted(text: String, escape in "[\\\\%&][ux#2]?[5é;\"]?") {
            let text = format!("{text}{escape}{text}");
            prop_assert!(redact(&text).len() <= text.len() + 3);
        }
    }

    /// A hostile text is as long as an error may be, and could begin a key at each of its characters.
    #[test]
    fn a_text_of_nothing_but_escapes_takes_no_time() {
        let begun = std::time::Instant::now();
        for piece in ["%", "\\", "&", "%2", "\\u", "&#", "m", "mg", " "] {
            redact(&piece.repeat(16 << 10));
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_part_of_the_key_is_masked() {
        assert_eq!(redact("bad key mgmt/key+wi"), "bad key ***");
        assert_eq!(redact("bad key mgmt/key+with... and so on"), "bad key ***... and so on");
        assert_eq!(redact("bad key mgmt%2Fke"), "bad key ***");
        assert_eq!(redact("10 mg"), "10 mg");
        assert_eq!(redact("bad key ...key+with%odd\"chars\\&0, twice"), "bad key ...***, twice");
        assert_eq!(redact("(/key+with%odd)"), "(***)");
    }

    #[test]
    fn a_key_that_was_wrapped_or_spaced_or_decoded_is_masked() {
        for echo in [
            "mgmt/key+wi\n  th%odd\"chars\\&0",
            r#"mgmt/key+wi\n\tth%odd\"chars\\&0"#,
            "mgmt/key+wi%0D%0Ath%odd\"chars\\&0",
            "m g m t / k e y + w i t h % o d d \" c h a r s \\ & 0",
            "mgmt/key with%odd\"chars\\&0",
            "MGMT/KEY+WITH%ODD\"CHARS\\&0",
        ] {
            assert_eq!(redact(&format!("it is {echo} so")), "it is *** so", "{echo}");
        }
    }

    #[test]
    fn anything_that_looks_like_a_key_is_masked() {
        assert_eq!(redact("(sk-or-v1-0123_ab), SK-OR-mgmt-x."), "(sk-or-***), sk-or-***.");
        assert_eq!(redact("sk%2Dor%2Dv1%2Dabc!"), "sk-or-***!");
        assert_eq!(redact(r"\u0073k-or-v1-abc"), "sk-or-***");
        assert_eq!(redact("keys begin with sk-or-"), "keys begin with sk-or-");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in
            ["", "100 % \\", "&amp;&#;&#999;&x", "%", "%é", "\\u12", "naïve 日本 🙂", "\\é", "&é;"]
        {
            assert_eq!(redact(text), text);
        }
    }
}
