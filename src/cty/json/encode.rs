//! Values to JSON.

use serde_json::{Map, Value as Json};

use super::{TYPE, VALUE, check_name};
use crate::cty::conform::at_index;
use crate::cty::error::Error;
use crate::cty::path::Step;
use crate::cty::ty::Type;
use crate::cty::value::Value;

/// Writes a value of type `ty` as JSON; an error, with the path, when it is not one, or when something in it has no
/// JSON form: an unknown, an infinity.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    value.conforms(ty)?;
    let json = write(value, ty)?;
    serde_json::to_vec(&json).map_err(|_| Error::here("the value has no JSON form"))
}

fn write(value: &Value, ty: &Type) -> Result<Json, Error> {
    match (value, ty) {
        (Value::Null, _) => Ok(Json::Null),
        (Value::Unknown(_), _) => Err(Error::here("a known value is required")),
        (Value::Bool(value), Type::Bool) => Ok(Json::Bool(*value)),
        (Value::Number(number), Type::Number) => number
            .to_json()
            .map(Json::Number)
            .ok_or_else(|| Error::here("a finite number is required")),
        (Value::String(text), Type::String) => Ok(Json::String(text.clone())),
        (Value::List(elements), Type::List(ty)) => write_elements(
            elements.iter().enumerate().map(|(index, element)| at_index(index, write(element, ty))),
        ),
        (Value::Set(elements), Type::Set(ty)) => {
            write_elements(elements.iter().map(|element| write(element, ty).map_err(Error::in_set)))
        }
        (Value::Tuple(elements), Type::Tuple(types)) => {
            let pairs = elements.iter().zip(types).enumerate();
            write_elements(pairs.map(|(index, (element, ty))| at_index(index, write(element, ty))))
        }
        (Value::Map(members), Type::Map(ty)) => {
            write_members(members.iter().map(|(key, member)| {
                check_name(key)?;
                let json =
                    write(member, ty).map_err(|error| error.under(Step::Key(key.clone())))?;
                Ok((key.clone(), json))
            }))
        }
        (Value::Object(_), Type::Object(ty)) => {
            write_members(ty.attributes.iter().map(|(name, ty)| {
                let attribute = write(value.attribute(name), ty);
                Ok((
                    name.clone(),
                    attribute.map_err(|error| error.under(Step::Attribute(name.clone())))?,
                ))
            }))
        }
        (Value::Dynamic(dynamic), Type::Dynamic) => {
            let json = write(&dynamic.value, &dynamic.ty)?;
            let members = [(TYPE.to_owned(), dynamic.ty.to_json()), (VALUE.to_owned(), json)];
            Ok(Json::Object(members.into_iter().collect()))
        }
        _ => Err(Error::required(ty)),
    }
}

fn write_elements(elements: impl Iterator<Item = Result<Json, Error>>) -> Result<Json, Error> {
    elements.collect::<Result<_, _>>().map(Json::Array)
}

fn write_members(
    members: impl Iterator<Item = Result<(String, Json), Error>>,
) -> Result<Json, Error> {
    members.collect::<Result<Map<_, _>, _>>().map(Json::Object)
}
