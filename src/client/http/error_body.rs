//! What a service or a proxy said, made fit to show: one printable line, without keys, of bounded length. Knows what
//! bodies of errors look like, and nothing of calls.

use serde_json::Value;

use super::JsonObject;
use super::lenient_json;
use super::secret::Redactor;

/// Characters that a message of the service's own may have; validation errors can be long.
const MESSAGE_LIMIT: usize = 2000;

/// Characters shown of a body that is no error of the service's form.
const EXCERPT_LIMIT: usize = 200;

/// The message in the body of an error, whatever the body is; none if it is blank.
pub(super) fn message(body: &[u8], redactor: &Redactor) -> Option<String> {
    let said = match lenient_json::parse::<Value>(body) {
        Ok(Value::Object(body)) => {
            json_message(&body).map(|said| line(&said, MESSAGE_LIMIT, redactor))
        }
        Ok(_) | Err(_) => None,
    };
    said.filter(|said| !said.is_empty()).or_else(|| excerpt(body, redactor))
}

/// Whether a body is an error as the service describes them, about this status: `{"error": {"code": 404, "message": "…"}}`. What a
/// proxy or another server answers is not, and proves nothing.
pub(super) fn is_error_document(body: &[u8], status: u16) -> bool {
    let Ok(body) = lenient_json::parse::<Value>(body) else { return false };
    let error = &body["error"];
    let has_message = error["message"].as_str().is_some_and(|message| !message.trim().is_empty());
    has_message && error["code"].as_u64() == Some(status.into())
}

/// The beginning of a body that is not what was expected, or the title of an HTML page; none if it is blank.
pub(super) fn excerpt(body: &[u8], redactor: &Redactor) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let said = match html(&text) {
        Some(page) => match line(&page, EXCERPT_LIMIT, redactor) {
            words if words.is_empty() => "an HTML page".to_owned(),
            words => format!("an HTML page: {words}"),
        },
        None => line(&text, EXCERPT_LIMIT, redactor),
    };
    (!said.is_empty()).then_some(said)
}

/// One printable line without keys, cut after `limit` characters. The cut comes last: half a key is a leak too.
pub(super) fn line(text: &str, limit: usize, redactor: &Redactor) -> String {
    let printable: String =
        text.chars().filter(|&c| c.is_whitespace() || !is_invisible(c)).collect();
    let words: Vec<&str> = printable.split_whitespace().collect();
    clip(redactor.redact(&words.join(" ")), limit)
}

/// The text, cut after `limit` characters with an ellipsis in place of the rest.
pub(super) fn clip(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Controls, and the format characters that hide or reorder what a terminal shows.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The message of `{"error":{"message","metadata"}}` with the metadata's plain values, or of the forms that gateways
/// use: `{"error":"…"}`, `{"message":"…"}`.
fn json_message(body: &JsonObject) -> Option<String> {
    match body.get("error") {
        Some(Value::Object(error)) => {
            let said = error.get("message")?.as_str()?;
            let details =
                error.get("metadata").and_then(Value::as_object).map(details).unwrap_or_default();
            Some(if details.is_empty() {
                said.to_owned()
            } else {
                format!("{said} ({})", details.join(", "))
            })
        }
        Some(Value::String(said)) => Some(said.clone()),
        _ => body.get("message")?.as_str().map(str::to_owned),
    }
}

fn details(metadata: &JsonObject) -> Vec<String> {
    metadata.iter().filter_map(|(name, value)| Some(format!("{name}: {}", plain(value)?))).collect()
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

/// The words of a text that is an HTML page: its title, or else what stands between the tags.
fn html(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    if !text.starts_with('<') {
        return None;
    }
    // Of the same length, so that offsets into it are offsets into the text.
    let lower = text.to_ascii_lowercase();
    let title =
        element(text, &lower, "title").map(without_tags).filter(|title| !title.trim().is_empty());
    title.or_else(|| {
        let body = element(text, &lower, "body").unwrap_or(text);
        Some(without_tags(body))
    })
}

/// What the first element of a name holds.
fn element<'a>(text: &'a str, lower: &str, name: &str) -> Option<&'a str> {
    let opened = lower.find(&format!("<{name}"))?;
    let start = opened + lower.get(opened..)?.find('>')? + 1;
    let end =
        lower.get(start..)?.find(&format!("</{name}")).map_or(text.len(), |length| start + length);
    text.get(start..end)
}

fn without_tags(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        words.push(' ');
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    words
}

#[cfg(test)]
mod tests {
    use super::super::secret::ApiKey;
    use super::*;

    fn said(body: &str) -> Option<String> {
        message(body.as_bytes(), &Redactor::new(&ApiKey::new("very-secret").unwrap()))
    }

    fn check(body: &str, expected: &str) {
        assert_eq!(said(body).as_deref(), Some(expected), "{body}");
    }

    #[test]
    fn the_services_message_is_found_in_every_form() {
        check(
            r#"{"error":{"code":404,"message":"Guardrail not found"},"user_id":null}"#,
            "Guardrail not found",
        );
        check(r#"{"error":"no such route"}"#, "no such route");
        check(r#"{"message":"no such route","error":null}"#, "no such route");
        check(
            r#"{"error":{"message":"Bad","metadata":{"a":"x","b":1.50,"c":["p","q"],"d":{"e":1},"f":null,"g":[]}}}"#,
            "Bad (a: x, b: 1.50, c: [p, q])",
        );
    }

    #[test]
    fn a_body_of_no_known_form_is_quoted() {
        check("upstream\n  timed\tout", "upstream timed out");
        check(r#"{"error":{"code":500}}"#, r#"{"error":{"code":500}}"#);
        check(r#"{"error":{"message":""}}"#, r#"{"error":{"message":""}}"#);
        check("[1]", "[1]");
        assert_eq!(said(" \n\u{0}"), None);
        assert_eq!(said(""), None);
    }

    #[test]
    fn a_page_is_quoted_by_its_title_or_its_words() {
        check(
            "<!DOCTYPE html><head><TITLE>502\n Bad gateway</title></head><p>x",
            "an HTML page: 502 Bad gateway",
        );
        check(
            "\u{feff}<html><head><style>p{}</style></head><body><h1>Sorry</h1>busy<br>now",
            "an HTML page: Sorry busy now",
        );
        check("<html><title> </title><body class='x'></body>", "an HTML page");
        check("<", "an HTML page");
    }

    #[test]
    fn a_message_is_one_printable_line_of_bounded_length() {
        check("a\u{1b}[31mb\u{202e}c\r\nd", "a[31mbc d");
        let long = "é".repeat(EXCERPT_LIMIT + 1);
        check(&long, &format!("{}…", "é".repeat(EXCERPT_LIMIT)));
        let long =
            serde_json::json!({"error": {"message": "m".repeat(MESSAGE_LIMIT * 2)}}).to_string();
        assert_eq!(said(&long).unwrap().chars().count(), MESSAGE_LIMIT + 1);
    }

    #[test]
    fn no_way_of_writing_the_key_gets_through() {
        check(r#"{"error":{"message":"bad key very-\u0073ecret"}}"#, "bad key ***");
        check(
            r#"{"error":{"message":"bad","metadata":{"key":"very-secret","very-secret":1}}}"#,
            "bad (key: ***, ***: 1)",
        );
        check("very-\u{0}sec\u{200b}ret", "***");
        check("<html><body>bad key <b>very&#45;secret</b></body>", "an HTML page: bad key ***");
        let at_the_cut = format!("{}very-secret", "x".repeat(EXCERPT_LIMIT - 4));
        check(&at_the_cut, &format!("{}***", "x".repeat(EXCERPT_LIMIT - 4)));
    }
}
