//! Values to msgpack.

use std::collections::BTreeMap;

use rmp::encode;

use crate::cty::error::check_tuple_length;
use crate::cty::{Dynamic, Error, Nullness, Number, ObjectType, Type, Value};

const NIL: u8 = 0xc0;
const FALSE: u8 = 0xc2;
const TRUE: u8 = 0xc3;
const F64: u8 = 0xcb;
/// An unknown value about which nothing is known: extension 0 with one byte.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];
/// An unknown value that will not be null: extension 12 with the map `{1: false}`.
const UNKNOWN_NOT_NULL: [u8; 6] = [0xc7, 3, 12, 0x81, 1, FALSE];

/// Why writing a header cannot fail.
const ROOM: &str = "a Vec takes all that is written to it";

/// Writes a value of type `ty`; an error, with the path, if it is not one.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    write_value(&mut out, value, ty)?;
    Ok(out)
}

fn write_value(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), Error> {
    match (value, ty) {
        (Value::Null, _) => out.push(NIL),
        // Core rejects a description of an unknown value whose type is not known either.
        (Value::Unknown(Nullness::NotNull), ty) if *ty != Type::Dynamic => {
            out.extend(UNKNOWN_NOT_NULL);
        }
        (Value::Unknown(_), _) => out.extend(UNKNOWN),
        (Value::Bool(value), Type::Bool) => out.push(if *value { TRUE } else { FALSE }),
        (Value::Number(number), Type::Number) => write_number(out, number)?,
        (Value::String(text), Type::String) => write_text(out, text)?,
        (Value::List(elements), Type::List(ty)) => {
            write_sequence(out, elements, std::iter::repeat(&**ty))?;
        }
        (Value::Tuple(elements), Type::Tuple(types)) => {
            check_tuple_length(types, elements.len())?;
            write_sequence(out, elements, types)?;
        }
        (Value::Set(elements), Type::Set(ty)) => {
            let types = std::iter::repeat(&**ty);
            write_sequence(out, elements, types).map_err(Error::in_set)?;
        }
        (Value::Map(members), Type::Map(ty)) => {
            encode::write_map_len(out, length(members.len())?).expect(ROOM);
            for (key, member) in members {
                write_text(out, key)?;
                write_value(out, member, ty).map_err(|error| error.in_key(key))?;
            }
        }
        (Value::Object(attributes), Type::Object(ty)) => write_object(out, attributes, ty)?,
        (Value::Dynamic(dynamic), Type::Dynamic) => write_dynamic(out, dynamic)?,
        _ => return Err(Error::required(ty)),
    }
    Ok(())
}

/// The elements of a list, set or tuple, each with its type.
fn write_sequence<'a>(
    out: &mut Vec<u8>,
    elements: &[Value],
    types: impl IntoIterator<Item = &'a Type>,
) -> Result<(), Error> {
    encode::write_array_len(out, length(elements.len())?).expect(ROOM);
    for (index, (element, ty)) in elements.iter().zip(types).enumerate() {
        write_value(out, element, ty).map_err(|error| error.in_index(index))?;
    }
    Ok(())
}

/// Every attribute of the type, also the optional ones.
fn write_object(
    out: &mut Vec<u8>,
    attributes: &BTreeMap<String, Value>,
    ty: &ObjectType,
) -> Result<(), Error> {
    if let Some(name) = attributes.keys().find(|name| !ty.attributes.contains_key(*name)) {
        return Err(Error::unsupported_attribute(name));
    }
    encode::write_map_len(out, length(ty.attributes.len())?).expect(ROOM);
    for (name, ty) in &ty.attributes {
        let attribute = attributes.get(name).ok_or_else(|| Error::missing_attribute(name))?;
        write_text(out, name)?;
        write_value(out, attribute, ty).map_err(|error| error.in_attribute(name))?;
    }
    Ok(())
}

fn write_dynamic(out: &mut Vec<u8>, Dynamic { ty, value }: &Dynamic) -> Result<(), Error> {
    if *ty == Type::Dynamic {
        return Err(Error::here("the type of a dynamic value must not be dynamic itself"));
    }
    let json = ty.to_json().to_string();
    encode::write_array_len(out, 2).expect(ROOM);
    encode::write_bin_len(out, length(json.len())?).expect(ROOM);
    out.extend(json.as_bytes());
    write_value(out, value, ty)
}

/// As decimal text. Core would take integers and doubles too, but keeps their precision with the
/// number, and Terraform before 1.12 then finds a refreshed number different from the stored one,
/// so that a refresh-only plan without changes reports some. Only infinities, and what came as a
/// subnormal double, are sent as doubles.
fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), Error> {
    let Some(double) = number.as_sent_double() else {
        return write_text(out, number.as_text());
    };
    out.push(F64);
    out.extend(double.to_be_bytes());
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    encode::write_str_len(out, length(text.len())?).expect(ROOM);
    out.extend(text.as_bytes());
    Ok(())
}

fn length(length: usize) -> Result<u32, Error> {
    u32::try_from(length).map_err(|_| Error::here("the value is too long for msgpack"))
}
