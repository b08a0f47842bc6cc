//! Values to msgpack.

use rmp::encode;

use super::{REFINED, refinement};
use crate::cty::error::Error;
use crate::cty::number::Number;
use crate::cty::ty::{ObjectType, Type};
use crate::cty::value::{Dynamic, Refinement, Value};

/// An unknown value about which nothing is known: extension 0 with one byte.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// Writes a value of type `ty`; an error, with the path, when it is not one.
///
/// A finite number goes out as decimal text. Core would take the shorter binary forms too, but keeps their precision
/// with the number, and Terraform before 1.12 then finds a refreshed number different from the stored one, so that a
/// refresh-only plan without changes reports some. Only what came as a subnormal double goes back as one. Maps and objects are sorted by key.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    value.conforms(ty)?;
    let mut out = Vec::new();
    write_value(&mut out, value, ty)?;
    Ok(out)
}

fn write_value(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), Error> {
    match (value, ty) {
        (Value::Null, _) => encode::write_nil(out).written(),
        (Value::Unknown(refinement), _) => write_unknown(out, refinement.as_deref()),
        (Value::Bool(value), Type::Bool) => encode::write_bool(out, *value).written(),
        (Value::Number(number), Type::Number) => match number.as_subnormal_f64() {
            Some(double) => encode::write_f64(out, double).written(),
            None if number.is_finite() => write_text(out, &number.to_string()),
            None => write_number(out, number),
        },
        (Value::String(text), Type::String) => write_text(out, text),
        (Value::List(elements), Type::List(ty)) | (Value::Set(elements), Type::Set(ty)) => {
            encode::write_array_len(out, length(elements.len())?).written()?;
            elements.iter().try_for_each(|element| write_value(out, element, ty))
        }
        (Value::Map(members), Type::Map(ty)) => {
            encode::write_map_len(out, length(members.len())?).written()?;
            members.iter().try_for_each(|(key, member)| {
                write_text(out, key)?;
                write_value(out, member, ty)
            })
        }
        (Value::Tuple(elements), Type::Tuple(types)) => {
            encode::write_array_len(out, length(elements.len())?).written()?;
            elements.iter().zip(types).try_for_each(|(element, ty)| write_value(out, element, ty))
        }
        (Value::Object(_), Type::Object(ty)) => write_object(out, value, ty),
        (Value::Dynamic(dynamic), Type::Dynamic) => write_dynamic(out, dynamic),
        _ => Err(Error::required(ty)),
    }
}

fn write_object(out: &mut Vec<u8>, value: &Value, ty: &ObjectType) -> Result<(), Error> {
    encode::write_map_len(out, length(ty.attributes.len())?).written()?;
    ty.attributes.iter().try_for_each(|(name, ty)| {
        write_text(out, name)?;
        write_value(out, value.attribute(name), ty)
    })
}

fn write_dynamic(out: &mut Vec<u8>, dynamic: &Dynamic) -> Result<(), Error> {
    let ty = dynamic.ty.to_json().to_string();
    length(ty.len())?;
    encode::write_array_len(out, 2).written()?;
    encode::write_bin(out, ty.as_bytes()).written()?;
    write_value(out, &dynamic.value, &dynamic.ty)
}

fn write_unknown(out: &mut Vec<u8>, refinement: Option<&Refinement>) -> Result<(), Error> {
    match refinement.map(refinement::encode).transpose()?.flatten() {
        None => out.extend(UNKNOWN),
        Some(payload) => {
            encode::write_ext_meta(out, length(payload.len())?, REFINED).written()?;
            out.extend(payload);
        }
    }
    Ok(())
}

/// A number in the shortest form: an integer if it fits `i64`; a double if that is exact and read back as this very
/// number; else decimal text.
pub(super) fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), Error> {
    if let Some(integer) = number.to_i64() {
        encode::write_sint(out, integer).written()
    } else if !number.is_finite() {
        encode::write_f64(out, number.to_f64()).written()
    } else if let Some(double) = number.as_faithful_f64() {
        encode::write_f64(out, double).written()
    } else {
        write_text(out, &number.to_string())
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    length(text.len())?;
    encode::write_str(out, text).written()
}

fn length(length: usize) -> Result<u32, Error> {
    u32::try_from(length).map_err(|_| Error::here("the value is too long for msgpack"))
}

/// The outcome of a write, without what it wrote.
pub(super) trait Written {
    fn written(self) -> Result<(), Error>;
}

impl<T, E> Written for Result<T, E> {
    fn written(self) -> Result<(), Error> {
        self.map(drop).map_err(|_| Error::here("no room for the value"))
    }
}
