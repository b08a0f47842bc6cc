//! Answers that repeat the API key of their request, so that tests can find out where a client lets it out.

use percent_encoding::NON_ALPHANUMERIC;
use serde_json::{Map, Value, json};

/// The headers that repeat `key`: as it came, and percent-encoded.
pub(crate) fn headers(key: &str) -> [(&'static str, String); 2] {
    [
        ("x-received-authorization", format!("Bearer {key}")),
        ("x-received-key", percent_encoded(key)),
    ]
}

/// An error body that repeats `key` in message and metadata.
pub(crate) fn error(status: u16, key: &str) -> Value {
    json!({ "error": {
        "code": status,
        "message": format!("The request with key {key} failed"),
        "metadata": { "headers": { "authorization": format!("Bearer {key}") } },
    }})
}

/// Adds to the metadata of an error body: the key as it came, percent-encoded, and on a line of its own. Documents of
/// another form stay.
pub(crate) fn repeat(body: &mut Value, key: &str) {
    let Some(Value::Object(error)) = body.get_mut("error") else { return };
    let metadata = error.entry("metadata").or_insert(Value::Null);
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata["headers"] = json!({ "authorization": format!("Bearer {key}") });
    metadata["percent_encoded"] = json!(percent_encoded(key));
    metadata["on_a_line"] = json!(format!("\n{key}\n"));
}

fn percent_encoded(key: &str) -> String {
    percent_encoding::utf8_percent_encode(key, NON_ALPHANUMERIC).to_string()
}
