//! msgpack to values.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode::{self, NumValueReadError, ValueReadError};

use super::{MAX_REFINEMENT, REFINED, refinement};
use crate::cty::MAX_DEPTH;
use crate::cty::conform::{at_index, missing_attribute, tuple_length, unsupported_attribute};
use crate::cty::equality::distinct;
use crate::cty::error::Error;
use crate::cty::number::Number;
use crate::cty::path::Step;
use crate::cty::ty::{ObjectType, Type};
use crate::cty::value::{Dynamic, Value};

/// No declared length reserves room for more elements than this; the rest is reserved as elements really come.
const MAX_RESERVED: usize = 16;

/// Reads one value of type `ty`, which must fill all of `bytes`.
///
/// Every msgpack form of a number is a number, byte strings are taken for strings, any extension is an unknown value.
/// Objects have every attribute of their type exactly once; the elements of sets coalesce. Strings are kept as they
/// are, not normalised.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    let mut decoder = Decoder { input: bytes };
    let value = decoder.value(ty, 0)?;
    match decoder.input.len() {
        0 => Ok(value),
        rest => Err(Error::here(format!("{rest} bytes follow the value"))),
    }
}

/// What is left of the input.
pub(super) struct Decoder<'a> {
    pub(super) input: &'a [u8],
}

impl<'a> Decoder<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::too_deep());
        }
        let below = depth + 1;
        match (self.peek()?, ty) {
            (marker, _) if is_extension(marker) => self.unknown(ty),
            (Marker::Null, _) => {
                decode::read_nil(&mut self.input).map(|()| Value::Null).map_err(|_| truncated())
            }
            (_, Type::Bool) => self.bool().map(Value::Bool),
            (_, Type::Number) => self.number().map(Value::Number),
            (_, Type::String) => self.text(ty).map(|text| Value::String(text.to_owned())),
            (_, Type::Dynamic) => self.dynamic(below),
            (_, Type::List(element)) => self.list(ty, element, below).map(Value::List),
            (_, Type::Set(element)) => self.set(ty, element, below).map(Value::Set),
            (_, Type::Map(element)) => self.map(ty, element, below).map(Value::Map),
            (_, Type::Tuple(elements)) => self.tuple(ty, elements, below).map(Value::Tuple),
            (_, Type::Object(object)) => self.object(ty, object, below).map(Value::Object),
        }
    }

    fn peek(&self) -> Result<Marker, Error> {
        self.input.first().map(|byte| Marker::from_u8(*byte)).ok_or_else(truncated)
    }

    /// An unknown value; what is said about it is kept as far as it is well formed and understood.
    fn unknown(&mut self, ty: &Type) -> Result<Value, Error> {
        let (code, payload) = self.extension()?;
        if code != REFINED || payload.len() > MAX_REFINEMENT {
            return Ok(Value::UNKNOWN);
        }
        Ok(Value::Unknown(refinement::decode(payload, ty).map(Box::new)))
    }

    /// The code of an extension, and what it holds.
    fn extension(&mut self) -> Result<(i8, &'a [u8]), Error> {
        let meta = decode::read_ext_meta(&mut self.input).map_err(|_| truncated())?;
        Ok((meta.typeid, self.take(meta.size)?))
    }

    pub(super) fn bool(&mut self) -> Result<bool, Error> {
        decode::read_bool(&mut self.input).map_err(|error| wrong(&error, &Type::Bool))
    }

    pub(super) fn number(&mut self) -> Result<Number, Error> {
        match self.peek()? {
            Marker::F32 => {
                let single = decode::read_f32(&mut self.input).map_err(|_| truncated())?;
                number_from_double(single.into())
            }
            Marker::F64 => {
                number_from_double(decode::read_f64(&mut self.input).map_err(|_| truncated())?)
            }
            Marker::FixStr(_)
            | Marker::Str8
            | Marker::Str16
            | Marker::Str32
            | Marker::Bin8
            | Marker::Bin16
            | Marker::Bin32 => Number::parse(self.text(&Type::Number)?),
            _ => self.integer(),
        }
    }

    fn integer(&mut self) -> Result<Number, Error> {
        let integer: i128 = decode::read_int(&mut self.input).map_err(|error| match error {
            NumValueReadError::InvalidMarkerRead(_) | NumValueReadError::InvalidDataRead(_) => {
                truncated()
            }
            NumValueReadError::TypeMismatch(_) | NumValueReadError::OutOfRange => {
                Error::required(&Type::Number)
            }
        })?;
        let signed = i64::try_from(integer).map(Number::from);
        signed
            .or_else(|_| u64::try_from(integer).map(Number::from))
            .map_err(|_| Error::required(&Type::Number))
    }

    /// Text in a str or, as core accepts it too, in a bin.
    pub(super) fn text(&mut self, ty: &Type) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes(ty)?).map_err(|_| Error::here("the text is not UTF-8"))
    }

    fn bytes(&mut self, ty: &Type) -> Result<&'a [u8], Error> {
        let length = match self.peek()? {
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => decode::read_bin_len(&mut self.input),
            _ => decode::read_str_len(&mut self.input),
        };
        self.take(length.map_err(|error| wrong(&error, ty))?)
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], Error> {
        let length = usize::try_from(length).map_err(|_| truncated())?;
        let (taken, rest) = self.input.split_at_checked(length).ok_or_else(truncated)?;
        self.input = rest;
        Ok(taken)
    }

    /// The length of an array, each element of which takes at least a byte.
    pub(super) fn array_length(&mut self, ty: &Type) -> Result<usize, Error> {
        let length = decode::read_array_len(&mut self.input).map_err(|error| wrong(&error, ty))?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.input.len())
            .ok_or_else(truncated)
    }

    /// The number of entries of a map, each of which takes at least two bytes.
    fn map_length(&mut self, ty: &Type) -> Result<usize, Error> {
        let length = decode::read_map_len(&mut self.input).map_err(|error| wrong(&error, ty))?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.input.len() / 2)
            .ok_or_else(truncated)
    }

    fn list(&mut self, ty: &Type, element: &Type, depth: usize) -> Result<Vec<Value>, Error> {
        let length = self.array_length(ty)?;
        let mut elements = Vec::with_capacity(length.min(MAX_RESERVED));
        for index in 0..length {
            elements.push(at_index(index, self.value(element, depth))?);
        }
        Ok(elements)
    }

    fn set(&mut self, ty: &Type, element: &Type, depth: usize) -> Result<Vec<Value>, Error> {
        let length = self.array_length(ty)?;
        let mut elements = Vec::with_capacity(length.min(MAX_RESERVED));
        for _ in 0..length {
            elements.push(self.value(element, depth).map_err(Error::in_set)?);
        }
        Ok(distinct(elements))
    }

    fn map(
        &mut self,
        ty: &Type,
        element: &Type,
        depth: usize,
    ) -> Result<BTreeMap<String, Value>, Error> {
        let mut members = BTreeMap::new();
        for _ in 0..self.map_length(ty)? {
            let key = self.text(&Type::String)?;
            let at = || Step::Key(key.to_owned());
            let member = self.value(element, depth).map_err(|error| error.under(at()))?;
            if members.insert(key.to_owned(), member).is_some() {
                return Err(Error::here("this key is given twice").under(at()));
            }
        }
        Ok(members)
    }

    fn tuple(&mut self, ty: &Type, types: &[Type], depth: usize) -> Result<Vec<Value>, Error> {
        tuple_length(types, self.array_length(ty)?)?;
        let elements =
            types.iter().enumerate().map(|(index, ty)| at_index(index, self.value(ty, depth)));
        elements.collect()
    }

    fn object(
        &mut self,
        ty: &Type,
        object: &ObjectType,
        depth: usize,
    ) -> Result<BTreeMap<String, Value>, Error> {
        let mut attributes = BTreeMap::new();
        for _ in 0..self.map_length(ty)? {
            let name = self.text(&Type::String)?;
            let ty = object.attributes.get(name).ok_or_else(|| unsupported_attribute(name))?;
            let at = || Step::Attribute(name.to_owned());
            let attribute = self.value(ty, depth).map_err(|error| error.under(at()))?;
            if attributes.insert(name.to_owned(), attribute).is_some() {
                return Err(Error::here("this attribute is given twice").under(at()));
            }
        }
        match object.attributes.keys().find(|name| !attributes.contains_key(*name)) {
            Some(missing) => Err(missing_attribute(missing)),
            None => Ok(attributes),
        }
    }

    fn dynamic(&mut self, depth: usize) -> Result<Value, Error> {
        if self.array_length(&Type::Dynamic)? != 2 {
            return Err(Error::required(&Type::Dynamic));
        }
        let ty = Type::from_json(self.bytes(&Type::Dynamic)?).map_err(|error| {
            Error::here(format!("the type of a dynamic value cannot be read: {error}"))
        })?;
        let value = self.value(&ty, depth)?;
        // The wrapper of a wrapper says no more than the inner one.
        Ok(if ty == Type::Dynamic {
            value
        } else {
            Value::Dynamic(Box::new(Dynamic { ty, value }))
        })
    }

    /// Passes over one value of any kind. Each turn takes a byte off the input, so it ends.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let mut pending: u64 = 1;
        while pending > 0 {
            pending -= 1;
            match self.peek()? {
                Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                    pending += u64::from(
                        decode::read_array_len(&mut self.input).map_err(|_| truncated())?,
                    );
                }
                Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                    pending += 2 * u64::from(
                        decode::read_map_len(&mut self.input).map_err(|_| truncated())?,
                    );
                }
                marker => self.skip_scalar(marker)?,
            }
        }
        Ok(())
    }

    fn skip_scalar(&mut self, marker: Marker) -> Result<(), Error> {
        match marker {
            marker if is_extension(marker) => self.extension().map(drop),
            Marker::Null | Marker::Reserved | Marker::True | Marker::False => {
                self.take(1).map(drop)
            }
            Marker::F32 | Marker::F64 => {
                self.take(if marker == Marker::F32 { 5 } else { 9 }).map(drop)
            }
            Marker::FixStr(_)
            | Marker::Str8
            | Marker::Str16
            | Marker::Str32
            | Marker::Bin8
            | Marker::Bin16
            | Marker::Bin32 => self.bytes(&Type::String).map(drop),
            _ => self.integer().map(drop),
        }
    }
}

fn is_extension(marker: Marker) -> bool {
    matches!(
        marker,
        Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32
    )
}

/// The number that core means by a double: the shortest decimal that reads back as this double. Core sends doubles for what
/// functions and other providers have computed, whose precision is that of a double, and compares them by this text. It also
/// sends one for a literal or the result of a division that happens to be a double exactly, such as `1/1073741824`, and
/// compares that by all of its digits; but then it cannot be served by any provider, since core itself loses those digits
/// between plan and apply.
fn number_from_double(double: f64) -> Result<Number, Error> {
    Number::received(double).ok_or_else(|| Error::here("a number is required, not NaN"))
}

fn wrong(error: &ValueReadError, ty: &Type) -> Error {
    match error {
        ValueReadError::InvalidMarkerRead(_) | ValueReadError::InvalidDataRead(_) => truncated(),
        ValueReadError::TypeMismatch(_) => Error::required(ty),
    }
}

fn truncated() -> Error {
    Error::here("the bytes end in the middle of the value")
}
