//! JSON to values.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{TYPE, VALUE, check_name};
use crate::cty::MAX_DEPTH;
use crate::cty::conform::{at_index, missing_attribute, tuple_length, unsupported_attribute};
use crate::cty::equality::distinct;
use crate::cty::error::Error;
use crate::cty::number::Number;
use crate::cty::path::Step;
use crate::cty::ty::{ObjectType, Type};
use crate::cty::value::{Dynamic, Value};

/// How much a document may differ from the type it is read with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Not at all.
    Strict,
    /// As stored state may that another version of the schema wrote.
    Stored,
}

/// Reads the JSON form of one value of type `ty`, strictly: every attribute once, a number where a number belongs.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    read(&parse(bytes)?, ty, Reading::Strict, 0)
}

/// Reads stored state, perhaps written under an older or newer schema: at every level attributes that `ty` does not
/// know are dropped and missing ones are null, and as in Terraform's own reading a string may stand for a number or
/// bool and the reverse.
pub fn decode_stored(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    read(&parse(bytes)?, ty, Reading::Stored, 0)
}

/// The parser keeps the digits of numbers and refuses more than 127 levels. Its own message may quote the document,
/// which may hold secrets, so only the place is told.
fn parse(bytes: &[u8]) -> Result<Json, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::here(format!("invalid JSON at line {} column {}", error.line(), error.column()))
    })
}

fn read(json: &Json, ty: &Type, reading: Reading, depth: usize) -> Result<Value, Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::too_deep());
    }
    let below = depth + 1;
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Bool | Type::Number | Type::String, _) => read_primitive(json, ty, reading),
        (Type::List(element), Json::Array(items)) => {
            read_elements(items, element, reading, below).map(Value::List)
        }
        (Type::Set(element), Json::Array(items)) => {
            let elements =
                items.iter().map(|item| read(item, element, reading, below).map_err(Error::in_set));
            elements.collect::<Result<_, _>>().map(distinct).map(Value::Set)
        }
        (Type::Tuple(types), Json::Array(items)) => {
            tuple_length(types, items.len())?;
            let pairs = items.iter().zip(types).enumerate();
            let elements =
                pairs.map(|(index, (item, ty))| at_index(index, read(item, ty, reading, below)));
            elements.collect::<Result<_, _>>().map(Value::Tuple)
        }
        (Type::Map(element), Json::Object(members)) => {
            read_map(members, element, reading, below).map(Value::Map)
        }
        (Type::Object(object), Json::Object(members)) => {
            read_object(members, object, reading, below).map(Value::Object)
        }
        (Type::Dynamic, Json::Object(members)) => read_dynamic(members, below),
        _ => Err(Error::required(ty)),
    }
}

fn read_primitive(json: &Json, ty: &Type, reading: Reading) -> Result<Value, Error> {
    let lenient = reading == Reading::Stored;
    match (ty, json) {
        (Type::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Type::Bool, Json::String(text)) if lenient => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(Error::required(ty)),
        },
        (Type::Number, Json::Number(number)) => Number::try_from(number).map(Value::Number),
        (Type::Number, Json::String(text)) if lenient => Number::parse(text).map(Value::Number),
        (Type::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (Type::String, Json::Number(number)) if lenient => Ok(Value::String(number.to_string())),
        (Type::String, Json::Bool(value)) if lenient => Ok(Value::String(value.to_string())),
        _ => Err(Error::required(ty)),
    }
}

fn read_elements(
    items: &[Json],
    element: &Type,
    reading: Reading,
    depth: usize,
) -> Result<Vec<Value>, Error> {
    let elements = items.iter().enumerate();
    elements.map(|(index, item)| at_index(index, read(item, element, reading, depth))).collect()
}

fn read_map(
    members: &Map<String, Json>,
    element: &Type,
    reading: Reading,
    depth: usize,
) -> Result<BTreeMap<String, Value>, Error> {
    let read_member = |(key, json): (&String, &Json)| {
        check_name(key)?;
        let member = read(json, element, reading, depth);
        Ok((key.clone(), member.map_err(|error| error.under(Step::Key(key.clone())))?))
    };
    members.iter().map(read_member).collect()
}

fn read_object(
    members: &Map<String, Json>,
    object: &ObjectType,
    reading: Reading,
    depth: usize,
) -> Result<BTreeMap<String, Value>, Error> {
    if let Some(unsupported) = members.keys().find(|name| !object.attributes.contains_key(*name))
        && reading == Reading::Strict
    {
        return Err(unsupported_attribute(unsupported));
    }
    let read_attribute = |(name, ty): (&String, &Type)| {
        let attribute = match members.get(name) {
            Some(json) => read(json, ty, reading, depth)
                .map_err(|error| error.under(Step::Attribute(name.clone())))?,
            None if reading == Reading::Stored => Value::Null,
            None => return Err(missing_attribute(name)),
        };
        Ok((name.clone(), attribute))
    };
    object.attributes.iter().map(read_attribute).collect()
}

fn read_dynamic(members: &Map<String, Json>, depth: usize) -> Result<Value, Error> {
    let (Some(ty), Some(value), 2) = (members.get(TYPE), members.get(VALUE), members.len()) else {
        return Err(Error::required(&Type::Dynamic));
    };
    let ty = Type::from_value(ty, 0).map_err(|error| {
        Error::here(format!("the type of a dynamic value cannot be read: {error}"))
    })?;
    // A value that was stored beside its own type fits it, whatever became of the schema since.
    let value = read(value, &ty, Reading::Strict, depth)?;
    // The wrapper of a wrapper says no more than the inner one.
    Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new(Dynamic { ty, value })) })
}
