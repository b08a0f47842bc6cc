//! Fields of an API that the table does not have, which a configuration gives as one JSON object in
//! a text: how they are checked, sent, compared and read back.
//!
//! Only the members that the text names are the resource's business. JSON is compared by value: the
//! order of members, white space and the spelling of a number do not matter. A member that the API
//! leaves out is the same as null.

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

/// Whether two texts name the same members with the same values. A null that only one of them names is
/// a difference: it clears the member. Nothing but itself is the same as an unknown text.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    if left.is_unknown() || right.is_unknown() {
        return false;
    }
    let (left, right) = (members(left), members(right));
    left.len() == right.len()
        && left
            .iter()
            .all(|(name, value)| right.get(name).is_some_and(|other| same_json(value, other)))
}

/// The names of members that a response has with another value.
pub(super) fn differing_members(planned: &Value, response: &JsonObject) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in members(planned) {
        if !same_json(&value, response.get(&name).unwrap_or(&Json::Null)) {
            names.push(name);
        }
    }
    names
}

/// What is wrong with a text, each continuing the attribute's name.
pub(super) fn problems(fields: &[Field], read_only: &[&str], text: &str) -> Vec<String> {
    let form = "must be a JSON object, such as `jsonencode({ new_setting = true })`";
    let members = match serde_json::from_str(text) {
        Ok(Json::Object(members)) => members,
        Ok(_) => return vec![format!("{form}.")],
        Err(error) => return vec![format!("{form}: {error}.")],
    };
    let mut problems = Vec::new();
    for (name, value) in &members {
        let field = fields.iter().find(|field| field.name == name);
        if field.is_some_and(|field| field.is_configurable() && !field.holds_extra_fields()) {
            problems.push(format!(
                "must not contain `{name}`, which has an attribute of its own. Remove it, and set \
                 {} instead.",
                attribute_text(name, value)
            ));
        } else if field.is_some() || read_only.contains(&name.as_str()) {
            problems.push(format!("must not contain `{name}`, which cannot be set. Remove it."));
        } else if !has_finite_numbers(value) {
            problems.push(format!(
                "has a number in `{name}` that exceeds the range of a 64-bit floating-point number."
            ));
        }
    }
    problems
}

/// Whether an API of JSON can read all numbers, which are doubles to it.
fn has_finite_numbers(value: &Json) -> bool {
    match value {
        Json::Number(number) => {
            Number::parse(&number.to_string()).is_ok_and(|number| number.to_f64().is_finite())
        }
        Json::Array(values) => values.iter().all(has_finite_numbers),
        Json::Object(members) => members.values().all(has_finite_numbers),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}

/// The line that sets an attribute. Only a boolean is no secret for certain.
fn attribute_text(name: &str, value: &Json) -> String {
    match value {
        Json::Bool(_) => format!("`{name} = {value}`"),
        _ => format!("`{name} = ...`"),
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
