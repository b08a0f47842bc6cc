//! The text of a response that is an error, made fit to show: one printable line, redacted, of
//! bounded length. It knows what bodies of errors look like, and nothing of calls.

use serde_json::Value;

use super::json::{self, JsonObject};
use super::secret::Redactor;

/// The characters that are shown of a message of the API; validation errors can be long.
pub(super) const MAX_MESSAGE_CHARS: usize = 2000;

/// The characters that are shown of any other text.
const EXCERPT_LIMIT: usize = 200;

/// The message in the body of an error, whatever the body is; none if it is blank.
pub(super) fn message(body: &[u8], redactor: &Redactor) -> Option<String> {
    if let Ok(Value::Object(object)) = json::parse(body)
        && let Some(message) = json_message(&object)
    {
        let shown = redactor.redact_and_cut(&one_line(&message), MAX_MESSAGE_CHARS);
        if !shown.is_empty() {
            return Some(shown);
        }
    }
    excerpt(body, redactor)
}

/// Whether a body is an error as the API documents them, about this status: `{"error": {"code":
/// 404, "message": "…"}}`. What a proxy or another server sends is not.
pub(super) fn is_error_document(body: &[u8], status: u16) -> bool {
    let Ok(body) = json::parse::<Value>(body) else { return false };
    let error = &body["error"];
    let has_message = error["message"].as_str().is_some_and(|message| !message.trim().is_empty());
    has_message && error["code"].as_u64() == Some(status.into())
}

/// The beginning of a body that is not what was expected, or the title of an HTML page; none if it
/// is blank.
pub(super) fn excerpt(body: &[u8], redactor: &Redactor) -> Option<String> {
    let text = one_line(&String::from_utf8_lossy(body));
    if text.is_empty() {
        return None;
    }
    if !text.starts_with('<') {
        return Some(shown(&text, redactor));
    }
    match title(&text).map(|title| shown(title, redactor)) {
        Some(title) if !title.is_empty() => Some(format!("an HTML page: {title}")),
        _ => Some("an HTML page".to_owned()),
    }
}

/// A short text from outside, such as an identifier or an address, fit to show.
pub(super) fn shown(text: &str, redactor: &Redactor) -> String {
    redactor.redact_and_cut(&one_line(text), EXCERPT_LIMIT)
}

/// The text on one line, without the characters that a terminal does not show.
fn one_line(text: &str) -> String {
    let visible: String = text.chars().filter(|&c| c.is_whitespace() || !is_invisible(c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Controls, and the format characters that hide or reorder what a terminal shows.
fn is_invisible(c: char) -> bool {
    let is_format = matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || is_format
}

/// The message of `{"error":{"message","metadata"}}` with the metadata's plain values, or of the
/// forms that gateways use: `{"error":"…"}`, `{"message":"…"}`.
fn json_message(body: &JsonObject) -> Option<String> {
    let error = match body.get("error") {
        Some(Value::Object(error)) => error,
        Some(Value::String(message)) => return Some(message.clone()),
        _ => return body.get("message")?.as_str().map(str::to_owned),
    };
    let message = error.get("message")?.as_str()?;
    let mut details = Vec::new();
    if let Some(Value::Object(metadata)) = error.get("metadata") {
        for (name, value) in metadata {
            if let Some(value) = plain(value) {
                details.push(format!("{name}: {value}"));
            }
        }
    }
    if details.is_empty() {
        return Some(message.to_owned());
    }
    Some(format!("{message} ({})", details.join(", ")))
}

/// A value that a line can show: a scalar, or a list of scalars.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) if !items.is_empty() => {
            let items: Option<Vec<String>> = items.iter().map(plain).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What the first `<title>` of a page holds.
fn title(page: &str) -> Option<&str> {
    // It keeps the length, so that a position in one is a position in the other.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let length = lower[start..].find('<').unwrap_or(lower.len() - start);
    Some(page[start..start + length].trim())
}

#[cfg(test)]
mod tests {
    use super::super::secret::ApiKey;
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let redactor = Redactor::new(&ApiKey::new("very-secret").unwrap());
        let message = message(body.as_bytes(), &redactor).unwrap_or_default();
        assert_eq!(message, expected, "{body}");
    }

    #[test]
    fn the_message_of_an_error_is_found_in_every_form() {
        check(
            r#"{"error":{"code":404,"message":"Guardrail not found"},"user_id":null}"#,
            "Guardrail not found",
        );
        check(r#"{"error":"no such route"}"#, "no such route");
        check(r#"{"message":"no such route","error":null}"#, "no such route");
        check(
            r#"{"error":{"message":"Bad","metadata":
                {"a":"x","b":1.50,"c":["p","q"],"d":{"e":1},"f":null,"g":[]}}}"#,
            "Bad (a: x, b: 1.50, c: [p, q])",
        );
    }

    #[test]
    fn a_body_of_no_known_form_is_quoted() {
        check("upstream\n  timed\tout", "upstream timed out");
        check(r#"{"error":{"code":500}}"#, r#"{"error":{"code":500}}"#);
        check(r#"{"error":{"message":""}}"#, r#"{"error":{"message":""}}"#);
        check("[1]", "[1]");
        check(" \n\u{0}", "");
    }

    #[test]
    fn a_page_is_quoted_by_its_title() {
        check(
            "<!DOCTYPE html><head><TITLE>502\n Bad gateway</title></head><p>x",
            "an HTML page: 502 Bad gateway",
        );
        check("\u{feff}<html><title>é</title>", "an HTML page: é");
        check("<html><title> </title><body>busy</body>", "an HTML page");
        check("<html><title>cut", "an HTML page: cut");
        check("<", "an HTML page");
    }

    #[test]
    fn a_message_is_one_printable_line_of_bounded_length() {
        check("a\u{1b}[31mb\u{202e}c\r\nd", "a[31mbc d");
        let long = "é".repeat(EXCERPT_LIMIT + 1);
        check(&long, &format!("{}…", "é".repeat(EXCERPT_LIMIT)));
        let long = "m".repeat(MAX_MESSAGE_CHARS + 1);
        let expected = format!("{}…", "m".repeat(MAX_MESSAGE_CHARS));
        check(&serde_json::json!({"error": {"message": long}}).to_string(), &expected);
    }

    #[test]
    fn the_key_is_masked_in_every_form() {
        check(r#"{"error":{"message":"bad key very-\u0073ecret"}}"#, "bad key ***");
        check(
            r#"{"error":{"message":"bad","metadata":{"key":"very-secret","very-secret":1}}}"#,
            "bad (key: ***, ***: 1)",
        );
        check("very-\u{0}sec\u{200b}ret", "***");
        check("<title>very%2dsecret</title>", "an HTML page: ***");
        let at_the_cut = format!("{}very-secret", "x".repeat(EXCERPT_LIMIT - 4));
        check(&at_the_cut, &format!("{}***", "x".repeat(EXCERPT_LIMIT - 4)));
    }
}
