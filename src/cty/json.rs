//! Values in JSON, the form of stored state. A request may use it too; nothing here writes it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Error, MAX_DEPTH, Number, ObjectType, Type, Value};
use super::{equality::distinct, error::check_tuple_length};

/// The parser takes an object for a number if its first member has this name. What is read must not
/// depend on the order of members, so no member may have it.
const RESERVED: &str = "$serde_json::private::Number";

type Members = serde_json::Map<String, Json>;

/// How much a document may differ from the type it is read with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Not at all.
    Strict,
    /// As much as state that was stored under another version of the schema.
    Stored,
}

/// Reads one value of type `ty` strictly: with every attribute, and each value in its own form.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    value(&parse(bytes)?, ty, Mode::Strict, 0)
}

/// Reads stored state, perhaps written under an older or newer schema.
///
/// At every level attributes that `ty` does not have are dropped and missing ones are null. As in
/// Terraform's own decoder, a string may stand for a number or bool, and the reverse.
pub fn decode_stored(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    value(&parse(bytes)?, ty, Mode::Stored, 0)
}

/// An error if this is the one name that no member of a JSON object can have.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name == RESERVED { Err(Error::here("a name is reserved")) } else { Ok(()) }
}

/// The parser keeps the digits of numbers and rejects more than 127 levels. Its own message may
/// quote the document, which may hold secrets, so the error has only the position.
fn parse(bytes: &[u8]) -> Result<Json, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::here(format!("invalid JSON at line {} column {}", error.line(), error.column()))
    })
}

fn value(json: &Json, ty: &Type, mode: Mode, depth: usize) -> Result<Value, Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::too_deep());
    }
    let below = depth + 1;
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Bool | Type::Number | Type::String, _) => primitive(json, ty, mode),
        (Type::List(element), Json::Array(items)) => {
            let types = std::iter::repeat(&**element);
            sequence(items, types, mode, below).map(Value::List)
        }
        (Type::Set(element), Json::Array(items)) => {
            let types = std::iter::repeat(&**element);
            let elements = sequence(items, types, mode, below).map_err(Error::in_set)?;
            Ok(Value::Set(distinct(elements)))
        }
        (Type::Tuple(types), Json::Array(items)) => {
            check_tuple_length(types, items.len())?;
            sequence(items, types, mode, below).map(Value::Tuple)
        }
        (Type::Map(element), Json::Object(members)) => map(members, element, mode, below),
        (Type::Object(ty), Json::Object(members)) => object(members, ty, mode, below),
        (Type::Dynamic, Json::Object(members)) => dynamic(members, below),
        _ => Err(Error::required(ty)),
    }
}

fn primitive(json: &Json, ty: &Type, mode: Mode) -> Result<Value, Error> {
    match (ty, json) {
        (Type::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Type::Number, Json::Number(number)) => Number::parse(number.as_str()).map(Value::Number),
        (Type::String, Json::String(text)) => Ok(Value::String(text.clone())),
        _ if mode == Mode::Strict => Err(Error::required(ty)),
        (Type::Bool, Json::String(text)) => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(Error::required(ty)),
        },
        (Type::Number, Json::String(text)) => Number::parse(text).map(Value::Number),
        (Type::String, Json::Number(number)) => Ok(Value::String(number.to_string())),
        (Type::String, Json::Bool(value)) => Ok(Value::String(value.to_string())),
        _ => Err(Error::required(ty)),
    }
}

/// The elements of a list, set or tuple, each with its type.
fn sequence<'a>(
    items: &[Json],
    types: impl IntoIterator<Item = &'a Type>,
    mode: Mode,
    depth: usize,
) -> Result<Vec<Value>, Error> {
    let mut elements = Vec::with_capacity(items.len());
    for (index, (item, ty)) in items.iter().zip(types).enumerate() {
        elements.push(value(item, ty, mode, depth).map_err(|error| error.in_index(index))?);
    }
    Ok(elements)
}

fn map(members: &Members, element: &Type, mode: Mode, depth: usize) -> Result<Value, Error> {
    let mut map = BTreeMap::new();
    for (key, json) in members {
        check_name(key)?;
        let member = value(json, element, mode, depth).map_err(|error| error.in_key(key))?;
        map.insert(key.clone(), member);
    }
    Ok(Value::Map(map))
}

fn object(members: &Members, ty: &ObjectType, mode: Mode, depth: usize) -> Result<Value, Error> {
    if mode == Mode::Strict
        && let Some(name) = members.keys().find(|name| !ty.attributes.contains_key(*name))
    {
        return Err(Error::unsupported_attribute(name));
    }
    let mut attributes = BTreeMap::new();
    for (name, ty) in &ty.attributes {
        let attribute = match members.get(name) {
            Some(json) => value(json, ty, mode, depth).map_err(|error| error.in_attribute(name))?,
            None if mode == Mode::Stored => Value::Null,
            None => return Err(Error::missing_attribute(name)),
        };
        attributes.insert(name.clone(), attribute);
    }
    Ok(Value::Object(attributes))
}

fn dynamic(members: &Members, depth: usize) -> Result<Value, Error> {
    let (Some(ty), Some(json), 2) = (members.get("type"), members.get("value"), members.len())
    else {
        return Err(Error::required(&Type::Dynamic));
    };
    let ty = Type::from_value(ty, 0).map_err(Error::in_dynamic_type)?;
    // A value that was stored beside its own type fits it, whatever became of the schema since.
    let value = value(json, &ty, Mode::Strict, depth)?;
    Ok(Value::dynamic(ty, value))
}

#[cfg(test)]
mod tests;
