//! Between the values of fields and JSON.
//!
//! In JSON from outside, null and absent are one, members that the table does not have are left
//! out, and texts are brought to Unicode's NFC, as Terraform does with all of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use unicode_normalization::UnicodeNormalization;

use crate::cty::{Error, Number, Path, Value};

use super::field::{Field, FieldType, ValueSource};

/// A JSON object.
pub type JsonObject = Map<String, Json>;

/// A value as a request has it. Members of objects that are null, or the API's, are left out.
pub(super) fn encode(kind: FieldType, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Bool(value)) => Json::Bool(*value),
        (_, Value::String(value)) => Json::String(value.clone()),
        // The decimal text as it is written, not the nearest double.
        (_, Value::Number(value)) => value.to_json().map_or(Json::Null, Json::Number),
        (FieldType::Object(members), Value::Object(_)) => {
            Json::Object(encode_members(members, value))
        }
        (FieldType::ObjectList(members), Value::List(objects)) => {
            objects.iter().map(|object| Json::Object(encode_members(members, object))).collect()
        }
        (_, value) => match value.elements() {
            Some(elements) => elements.iter().map(|one| encode(FieldType::String, one)).collect(),
            None => Json::Null,
        },
    }
}

/// The fields of an object that are set and that a request has.
pub(super) fn encode_members(fields: &[Field], object: &Value) -> JsonObject {
    let mut encoded = JsonObject::new();
    for field in fields.iter().filter(|field| field.is_sent()) {
        let value = object.attribute(field.name);
        if !value.is_null() && value.is_wholly_known() {
            encoded.insert(field.name.to_owned(), encode(field.kind, value));
        }
    }
    encoded
}

/// An object in which nothing is set: the fields that have a default, with it.
pub fn defaults(fields: &[Field]) -> JsonObject {
    let mut object = JsonObject::new();
    for field in fields {
        if let ValueSource::Default(default) = field.mode {
            object.insert(field.name.to_owned(), encode(field.kind, &default.into()));
        }
    }
    object
}

/// One field of a response; null when absent. For [`FieldType::ExtraFields`], of which only what is
/// already known tells the names, that is always null.
///
/// # Errors
/// The path and the reason, when it has another type than the table says.
pub fn decode(field: &Field, response: &JsonObject) -> Result<Value, Error> {
    decode_member(field, response, &Path::root())
}

fn decode_member(field: &Field, object: &JsonObject, parent: &Path) -> Result<Value, Error> {
    let json = object.get(field.name).unwrap_or(&Json::Null);
    decode_value(field.kind, json, &parent.child_attribute(field.name))
}

fn decode_value(kind: FieldType, json: &Json, path: &Path) -> Result<Value, Error> {
    match (kind, json) {
        (_, Json::Null) | (FieldType::ExtraFields { .. }, _) => Ok(Value::Null),
        (FieldType::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (FieldType::Number, Json::Number(value)) => {
            Ok(Value::Number(Number::parse(&value.to_string())?))
        }
        (FieldType::String, Json::String(value)) => Ok(Value::String(value.nfc().collect())),
        (FieldType::StringSet, Json::Array(items)) => decode_strings(items, path),
        (FieldType::Object(members), Json::Object(object)) => decode_object(members, object, path),
        (FieldType::ObjectList(members), Json::Array(items)) => {
            let mut objects = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let path = path.child_index(index);
                let Json::Object(object) = item else {
                    return Err(unexpected("an object", item, path));
                };
                objects.push(decode_object(members, object, &path)?);
            }
            Ok(Value::List(objects))
        }
        (FieldType::Bool, _) => Err(unexpected("true or false", json, path.clone())),
        (FieldType::Number, _) => Err(unexpected("a number", json, path.clone())),
        (FieldType::String, _) => Err(unexpected("a string", json, path.clone())),
        (FieldType::Object(_), _) => Err(unexpected("an object", json, path.clone())),
        (FieldType::StringSet | FieldType::ObjectList(_), _) => {
            Err(unexpected("an array", json, path.clone()))
        }
    }
}

fn decode_strings(items: &[Json], path: &Path) -> Result<Value, Error> {
    let mut strings = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let Json::String(text) = item else {
            return Err(unexpected("a string", item, path.child_index(index)));
        };
        strings.insert(text.nfc().collect::<String>());
    }
    Ok(Value::Set(strings.into_iter().map(Value::String).collect()))
}

fn decode_object(members: &[Field], object: &JsonObject, path: &Path) -> Result<Value, Error> {
    let mut decoded = Vec::with_capacity(members.len());
    for member in members {
        decoded.push((member.name, decode_member(member, object, path)?));
    }
    Ok(Value::object(decoded))
}

fn unexpected(wanted: &str, json: &Json, path: Path) -> Error {
    let found = match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    Error::new(path, format!("{wanted} is expected, not {found}"))
}
