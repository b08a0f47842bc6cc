//! API keys where something else belongs: an id, a hash, a header. Owns how one is recognised, and
//! what the user is told, which is never the text itself, nor the line that it stands in.

use url::form_urlencoded;

use crate::{
    cty::Value,
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

/// How every key of OpenRouter begins.
const PREFIX: &str = "sk-or-";

/// Refuses texts that hold a key, in the attributes of these names.
pub(super) fn refuse_keys(config: &Value, attributes: &[&str]) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for attribute in attributes {
        if let Some(text) = config.attribute(attribute).as_str() {
            diagnostics.extend(refuse_key(attribute, text));
        }
    }
    diagnostics
}

/// The error for a text that holds a key. Without a path: Terraform would print the line with the
/// key.
pub(super) fn refuse_key(attribute: &str, text: &str) -> Option<Diagnostic> {
    if is_label(text) {
        let detail = format!(
            "`{attribute}` contains the label of an API key, which shows only the beginning and \
             the end of the key. Use the hash of the key instead, 64 hexadecimal digits; the data \
             source `openrouter_api_keys` lists it."
        );
        return Some(Diagnostic::error("Label of an API key instead of its hash", detail));
    }
    if !holds_key(text) {
        return None;
    }
    let detail = format!(
        "`{attribute}` contains a secret API key, which must be kept out of configuration and \
         state. To refer to a key, use its hash, 64 hexadecimal digits; the data source \
         `openrouter_api_keys` lists it. The value is not shown here. Since it may have been \
         stored, consider replacing the key."
    );
    Some(Diagnostic::error("API key instead of its hash or an id", detail))
}

/// Whether a text is, or holds, an API key: a word that begins as one. A name such as
/// `risk-or-review` does not.
fn holds_key(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let begins_word = |at: usize| !text[..at].ends_with(|before: char| before.is_alphanumeric());
    text.match_indices(PREFIX).any(|(at, _)| begins_word(at))
}

/// Whether a text holds an API key, or the key that is configured, as it is or percent-encoded,
/// even repeatedly.
pub(super) fn holds_encoded_key(text: &str, configured: Option<&str>) -> bool {
    const DEPTH: usize = 4;
    let mut text = text.to_owned();
    for _ in 0..=DEPTH {
        if holds_key(&text) || configured.is_some_and(|key| text.contains(key)) {
            return true;
        }
        text = decoded(&text);
    }
    false
}

/// The text with one level of percent-encoding removed.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        decoded.extend(["&", &name, "=", &value]);
    }
    decoded
}

/// Whether a text is what the API shows of a key: its first and last characters,
/// `sk-or-v1-121...5c6b`.
fn is_label(text: &str) -> bool {
    const SHOWN: usize = 8;
    let Some((beginning, end)) = text.split_once("...") else { return false };
    let Some(rest) = beginning.strip_prefix(PREFIX) else { return false };
    let (_, shown) = rest.split_once('-').unwrap_or(("", rest));
    shown.len() <= SHOWN && end.len() <= SHOWN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_no_key() {
        for label in ["sk-or-v1-121...5c6b", "sk-or-v1-0e6...1c96"] {
            let refused = refuse_key("key_hash", label).unwrap();
            assert_eq!(refused.summary, "Label of an API key instead of its hash");
            assert!(
                refused.detail.starts_with("`key_hash` contains the label of an API key, which")
            );
        }
        let hidden = format!("sk-or-v1-{}...5c6b", "0".repeat(20));
        for key in
            ["sk-or-v1-0123456789abcdef", "SK-OR-v1-0", "x sk-or-mgmt-1", "a/sk-or-v1-0", &hidden]
        {
            let refused = refuse_key("key_hash", key).unwrap();
            assert_eq!(
                (refused.summary.as_str(), refused.path),
                ("API key instead of its hash or an id", None)
            );
            assert!(!refused.detail.contains(key));
        }
        for other in ["", "0e6f44a4", "my...key", "task-or-other"] {
            assert_eq!(refuse_key("key_hash", other), None, "{other}");
        }
    }

    #[test]
    fn an_encoded_key_is_found() {
        for key in [
            "?key=sk-or-v1-0",
            "SK%2Dor-v1-0",
            "a%2Fsk-or-v1-0",
            "?a=b&key%3D%73k-or-v1-0",
            "%252573k-or-v1-0",
        ] {
            assert!(holds_encoded_key(key, None), "{key}");
        }
        for other in
            ["", "https://openrouter.ai/api/v1", "https://task-or-other.example", "100%", "%zz%2"]
        {
            assert!(!holds_encoded_key(other, None), "{other}");
        }
        // A decoded `+` is a space, as in a query.
        for text in ["mgmt/a%b", "title mgmt/a%b", "mgmt%2Fa%25b", "?k=mgmt%252Fa%2525b"] {
            assert!(holds_encoded_key(text, Some("mgmt/a%b")), "{text}");
        }
        assert!(!holds_encoded_key("mgmt/a", Some("mgmt/a%b")));
    }
}
