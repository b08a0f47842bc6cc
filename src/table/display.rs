//! Values as messages show them: much as a configuration has them, and short.

use crate::cty::Value;

/// How many characters of a value are shown.
const MAX_CHARACTERS: usize = 200;

/// A value in the form of a configuration, cut after [`MAX_CHARACTERS`].
pub(super) fn display(value: &Value) -> String {
    let text = full_text(value);
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn full_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Unknown(_) => "(known after apply)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        // Debug quotes and escapes as a configuration does.
        Value::String(text) => format!("{text:?}"),
        Value::List(values) | Value::Set(values) | Value::Tuple(values) => {
            let elements: Vec<_> = values.iter().map(full_text).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) | Value::Map(members) => {
            let members: Vec<_> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{name} = {}", full_text(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Dynamic(dynamic) => full_text(&dynamic.value),
    }
}
