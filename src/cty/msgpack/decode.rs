//! msgpack to values.

use std::collections::BTreeMap;

use rmp::Marker;

use crate::cty::{Error, MAX_DEPTH, Number, ObjectType, Type, Value};
use crate::cty::{equality::distinct, error::check_tuple_length};

/// The extension code of an unknown value about which something is known.
const REFINED: i8 = 12;

/// Reads one value of type `ty`, which must fill all of `bytes`.
///
/// Every msgpack form of a number is a number, byte strings are taken for strings, any extension is
/// an unknown value. Objects have every attribute of their type exactly once; duplicate elements of
/// sets are dropped. Strings are kept as they are, not normalised.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    let mut decoder = Decoder { input: bytes };
    let value = decoder.value(ty, 0)?;
    match decoder.input.len() {
        0 => Ok(value),
        rest => Err(Error::here(format!("{rest} bytes follow the value"))),
    }
}

/// What is left of the input.
struct Decoder<'a> {
    input: &'a [u8],
}

/// One item of msgpack: a scalar, or the header of a collection whose elements follow.
///
/// Nothing is reserved for the declared length of a collection. Every element takes at least a byte
/// of the input, so a false length ends at the end of the input.
enum Item<'a> {
    Nil,
    Bool(bool),
    Integer(Number),
    Double(f64),
    /// A str or, as core accepts it too, a bin.
    Text(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension {
        code: i8,
        payload: &'a [u8],
    },
}

impl<'a> Decoder<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::too_deep());
        }
        let below = depth + 1;
        match (self.item()?, ty) {
            (Item::Nil, _) => Ok(Value::Null),
            (Item::Extension { code, payload }, ty) => Ok(unknown(code, payload, ty)),
            (Item::Bool(value), Type::Bool) => Ok(Value::Bool(value)),
            (Item::Integer(number), Type::Number) => Ok(Value::Number(number)),
            (Item::Double(double), Type::Number) => match Number::from_f64(double) {
                Some(number) => Ok(Value::Number(number)),
                None => Err(Error::here("a number is required, not NaN")),
            },
            (Item::Text(bytes), Type::Number) => Ok(Value::Number(Number::parse(utf8(bytes)?)?)),
            (Item::Text(bytes), Type::String) => Ok(Value::String(utf8(bytes)?.to_owned())),
            (Item::Array(length), Type::List(element)) => {
                let types = std::iter::repeat_n(&**element, length);
                self.sequence(types, below).map(Value::List)
            }
            (Item::Array(length), Type::Tuple(types)) => {
                check_tuple_length(types, length)?;
                self.sequence(types, below).map(Value::Tuple)
            }
            (Item::Array(length), Type::Set(element)) => {
                let types = std::iter::repeat_n(&**element, length);
                let elements = self.sequence(types, below).map_err(Error::in_set)?;
                Ok(Value::Set(distinct(elements)))
            }
            (Item::Array(2), Type::Dynamic) => self.dynamic(below),
            (Item::Map(length), Type::Map(element)) => self.map(length, element, below),
            (Item::Map(length), Type::Object(ty)) => self.object(length, ty, below),
            _ => Err(Error::required(ty)),
        }
    }

    /// The elements of a list, set or tuple, each with its type.
    fn sequence<'t>(
        &mut self,
        types: impl IntoIterator<Item = &'t Type>,
        depth: usize,
    ) -> Result<Vec<Value>, Error> {
        let mut elements = Vec::new();
        for (index, ty) in types.into_iter().enumerate() {
            elements.push(self.value(ty, depth).map_err(|error| error.in_index(index))?);
        }
        Ok(elements)
    }

    fn map(&mut self, length: usize, element: &Type, depth: usize) -> Result<Value, Error> {
        let mut members = BTreeMap::new();
        for _ in 0..length {
            let key = self.key()?;
            let member = self.value(element, depth).map_err(|error| error.in_key(key))?;
            if members.insert(key.to_owned(), member).is_some() {
                return Err(Error::here("this key is given twice").in_key(key));
            }
        }
        Ok(Value::Map(members))
    }

    fn object(&mut self, length: usize, ty: &ObjectType, depth: usize) -> Result<Value, Error> {
        let mut attributes = BTreeMap::new();
        for _ in 0..length {
            let name = self.key()?;
            let ty = ty.attributes.get(name).ok_or_else(|| Error::unsupported_attribute(name))?;
            let attribute = self.value(ty, depth).map_err(|error| error.in_attribute(name))?;
            if attributes.insert(name.to_owned(), attribute).is_some() {
                return Err(Error::here("this attribute is given twice").in_attribute(name));
            }
        }
        match ty.attributes.keys().find(|name| !attributes.contains_key(*name)) {
            Some(missing) => Err(Error::missing_attribute(missing)),
            None => Ok(Value::Object(attributes)),
        }
    }

    /// The name of a member of a map or object.
    fn key(&mut self) -> Result<&'a str, Error> {
        match self.item()? {
            Item::Text(bytes) => utf8(bytes),
            _ => Err(Error::required(&Type::String)),
        }
    }

    /// The two elements of a dynamic value: its type in JSON, and the value of that type.
    fn dynamic(&mut self, depth: usize) -> Result<Value, Error> {
        let Item::Text(json) = self.item()? else {
            return Err(Error::required(&Type::Dynamic));
        };
        let ty = Type::from_json(json).map_err(Error::in_dynamic_type)?;
        let value = self.value(&ty, depth)?;
        Ok(Value::dynamic(ty, value))
    }

    fn item(&mut self) -> Result<Item<'a>, Error> {
        let [marker] = self.bytes()?;
        match Marker::from_u8(marker) {
            Marker::Null => Ok(Item::Nil),
            Marker::False => Ok(Item::Bool(false)),
            Marker::True => Ok(Item::Bool(true)),
            Marker::F32 => Ok(Item::Double(f32::from_be_bytes(self.bytes()?).into())),
            Marker::F64 => Ok(Item::Double(f64::from_be_bytes(self.bytes()?))),
            Marker::FixStr(length) => self.text(length.into()),
            Marker::Str8 | Marker::Bin8 => self.length(1).and_then(|length| self.text(length)),
            Marker::Str16 | Marker::Bin16 => self.length(2).and_then(|length| self.text(length)),
            Marker::Str32 | Marker::Bin32 => self.length(4).and_then(|length| self.text(length)),
            Marker::FixArray(length) => Ok(Item::Array(length.into())),
            Marker::Array16 => self.length(2).map(Item::Array),
            Marker::Array32 => self.length(4).map(Item::Array),
            Marker::FixMap(length) => Ok(Item::Map(length.into())),
            Marker::Map16 => self.length(2).map(Item::Map),
            Marker::Map32 => self.length(4).map(Item::Map),
            Marker::FixExt1 => self.extension(1),
            Marker::FixExt2 => self.extension(2),
            Marker::FixExt4 => self.extension(4),
            Marker::FixExt8 => self.extension(8),
            Marker::FixExt16 => self.extension(16),
            Marker::Ext8 => self.length(1).and_then(|length| self.extension(length)),
            Marker::Ext16 => self.length(2).and_then(|length| self.extension(length)),
            Marker::Ext32 => self.length(4).and_then(|length| self.extension(length)),
            marker => self.integer(marker).map(Item::Integer),
        }
    }

    fn integer(&mut self, marker: Marker) -> Result<Number, Error> {
        Ok(match marker {
            Marker::FixPos(value) => Number::from(u64::from(value)),
            Marker::FixNeg(value) => Number::from(i64::from(value)),
            Marker::U8 => Number::from(self.unsigned(1)?),
            Marker::U16 => Number::from(self.unsigned(2)?),
            Marker::U32 => Number::from(self.unsigned(4)?),
            Marker::U64 => Number::from(self.unsigned(8)?),
            Marker::I8 => Number::from(i64::from(i8::from_be_bytes(self.bytes()?))),
            Marker::I16 => Number::from(i64::from(i16::from_be_bytes(self.bytes()?))),
            Marker::I32 => Number::from(i64::from(i32::from_be_bytes(self.bytes()?))),
            Marker::I64 => Number::from(i64::from_be_bytes(self.bytes()?)),
            _ => return Err(Error::here("the bytes are not msgpack")),
        })
    }

    fn text(&mut self, length: usize) -> Result<Item<'a>, Error> {
        self.take(length).map(Item::Text)
    }

    fn extension(&mut self, length: usize) -> Result<Item<'a>, Error> {
        let code = i8::from_be_bytes(self.bytes()?);
        Ok(Item::Extension { code, payload: self.take(length)? })
    }

    /// A length of so many bytes.
    fn length(&mut self, width: usize) -> Result<usize, Error> {
        usize::try_from(self.unsigned(width)?).map_err(|_| truncated())
    }

    /// An integer of so many bytes, at most eight.
    fn unsigned(&mut self, width: usize) -> Result<u64, Error> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (bytes, rest) = self.input.split_first_chunk().ok_or_else(truncated)?;
        self.input = rest;
        Ok(*bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.input.split_at_checked(length).ok_or_else(truncated)?;
        self.input = rest;
        Ok(taken)
    }
}

/// An unknown value. What is known about it is a map in which core writes first whether it may be
/// null, as `1: false`; nothing can be known about a value whose type is not.
fn unknown(code: i8, payload: &[u8], ty: &Type) -> Value {
    match payload {
        [0x81..=0x8f, 1, 0xc2, ..] if code == REFINED && *ty != Type::Dynamic => {
            Value::unknown_not_null()
        }
        _ => Value::UNKNOWN,
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::here("the text is not UTF-8"))
}

fn truncated() -> Error {
    Error::here("the bytes end in the middle of the value")
}
