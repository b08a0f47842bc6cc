//! Values as users read them in messages: near to how they would write them in a configuration, and short.

use std::fmt::Write;

use crate::cty::Value;

/// How many characters of a value are shown.
const LONGEST: usize = 200;

/// A value in the form of a configuration, cut after some 200 characters.
pub(super) fn display(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn write_value(text: &mut String, value: &Value) {
    if text.len() > 4 * LONGEST {
        return;
    }
    match value {
        Value::Null => text.push_str("null"),
        Value::Unknown(_) => text.push_str("(known after apply)"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => write_string(text, string),
        Value::List(values) | Value::Set(values) | Value::Tuple(values) => {
            write_joined(text, ["[", "]"], values.iter(), write_value);
        }
        Value::Object(members) | Value::Map(members) => {
            let set = members.iter().filter(|(_, value)| !value.is_null());
            write_joined(text, ["{ ", " }"], set, |text, (name, value)| {
                text.push_str(name);
                text.push_str(" = ");
                write_value(text, value);
            });
        }
        Value::Dynamic(dynamic) => write_value(text, &dynamic.value),
    }
}

fn write_string(text: &mut String, string: &str) {
    let shown: String = string.chars().take(LONGEST).collect();
    // Debug quotes and escapes as a configuration does.
    let _ = write!(text, "{shown:?}");
}

fn write_joined<T>(
    text: &mut String,
    [open, close]: [&str; 2],
    items: impl Iterator<Item = T>,
    write_item: impl Fn(&mut String, T),
) {
    text.push_str(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        write_item(text, item);
    }
    text.push_str(close);
}
