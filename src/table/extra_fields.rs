//! Fields of an API that the table does not have, which a configuration gives as one JSON object in
//! a text: how they are checked, sent, compared and read back.
//!
//! Only the members that the text names are the resource's business. JSON is compared by value: the
//! order of members, white space and the spelling of a number do not matter, and an absent member is
//! the same as null.

use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

use crate::cty::{Number, Value};

use super::{field::Field, json::JsonObject};

/// The members of the text; none for null, or for a text that is no JSON object.
pub(super) fn members(value: &Value) -> JsonObject {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What an update sends: the members that are new or changed, and null for those that leave. A
/// member that leaves because the table has got its field is left to that field.
pub(super) fn changes(fields: &[Field], prior: &Value, planned: &Value) -> JsonObject {
    let (prior, planned) = (members(prior), members(planned));
    let mut changes = JsonObject::new();
    for name in prior.keys().filter(|name| !planned.contains_key(*name)) {
        if !has_field(fields, name) {
            changes.insert(name.clone(), Json::Null);
        }
    }
    for (name, value) in planned {
        if prior.get(&name).is_none_or(|former| !same_json(former, &value)) {
            changes.insert(name, value);
        }
    }
    changes
}

/// The text that has what a response says of the members that `current` names. A member whose field
/// the table has got is left out; null if none remains.
pub(super) fn returned(fields: &[Field], current: &Value, response: &JsonObject) -> Value {
    let mut returned = JsonObject::new();
    for (name, _) in members(current) {
        if !has_field(fields, &name) {
            let value = response.get(&name).cloned().unwrap_or_default();
            returned.insert(name, value);
        }
    }
    if returned.is_empty() { Value::Null } else { Value::from(Json::Object(returned).to_string()) }
}

/// Whether two texts mean the same object. Nothing but itself is the same as an unknown one.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    let is_known = !left.is_unknown() && !right.is_unknown();
    is_known && same_json(&Json::Object(members(left)), &Json::Object(members(right)))
}

/// What is wrong with a text, each continuing the attribute's name.
pub(super) fn problems(fields: &[Field], read_only: &[&str], text: &str) -> Vec<String> {
    let Ok(Json::Object(members)) = serde_json::from_str(text) else {
        return vec![
            "must be a JSON object, such as `jsonencode({ new_setting = true })`.".to_owned(),
        ];
    };
    let mut problems = Vec::new();
    for (name, value) in &members {
        let field = fields.iter().find(|field| field.name == name);
        if field.is_some_and(Field::is_configurable) {
            problems.push(format!(
                "must not hold `{name}`, for which there is an attribute. Take it out, and set {} \
                 instead.",
                attribute_text(name, value)
            ));
        } else if field.is_some() || read_only.contains(&name.as_str()) {
            problems.push(format!("must not hold `{name}`, which cannot be set. Take it out."));
        }
    }
    problems
}

/// The line that sets an attribute. Without a value that takes much room, or could be a secret.
fn attribute_text(name: &str, value: &Json) -> String {
    match value {
        Json::Bool(_) | Json::Number(_) => format!("`{name} = {value}`"),
        _ => format!("`{name}`"),
    }
}

fn has_field(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}

fn same_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => same_number(left, right),
        (Json::String(left), Json::String(right)) => left.nfc().eq(right.nfc()),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same_json(l, r))
        }
        (Json::Object(left), Json::Object(right)) => {
            let mut names = left.keys().chain(right.keys());
            let value = |object: &JsonObject, name| object.get(name).cloned().unwrap_or_default();
            names.all(|name| same_json(&value(left, name), &value(right, name)))
        }
        _ => left == right,
    }
}

fn same_number(left: &serde_json::Number, right: &serde_json::Number) -> bool {
    match (Number::parse(&left.to_string()), Number::parse(&right.to_string())) {
        (Ok(left), Ok(right)) => left.is_same_double(&right),
        _ => left == right,
    }
}
