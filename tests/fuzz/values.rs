//! Arbitrary types and values: valid, and full of what has broken decoders before.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use terraform_provider_openrouter::cty::{Dynamic, Number, Type, Value};

use crate::random::Random;

/// What a value may contain, which depends on the encoding it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Unknowns and infinities too.
    Msgpack,
    /// Only what is known and finite.
    Json,
}

/// The depth below which every value is null, so that the decoders accept it.
const MAX_DEPTH: usize = 60;

/// The length of a long text, in bytes: the longest that the schemas allow.
const LONG_TEXT: usize = 100_000;

/// The length of the longest text or collection of an arbitrary value.
const MAX_LENGTH: usize = 300;

/// A value of this type.
pub(crate) fn value(random: &mut Random, ty: &Type, content: Content) -> Value {
    value_at(random, ty, content, 0)
}

/// The JSON form of a value with [`Content::Json`]. The provider itself writes none.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => number.to_json().map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.clone()),
        Value::List(elements) | Value::Set(elements) | Value::Tuple(elements) => {
            elements.iter().map(to_json).collect()
        }
        Value::Map(members) | Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), to_json(member))).collect()
        }
        Value::Dynamic(dynamic) => {
            json!({ "type": dynamic.ty.to_json(), "value": to_json(&dynamic.value) })
        }
    }
}

/// Objects of this type in which one attribute has `count` elements and the others are null. They
/// show what takes too much time or memory for each element.
pub(crate) fn wide(ty: &Type, count: usize) -> Vec<Value> {
    let Some(object) = ty.as_object() else { return Vec::new() };
    let mut wide = Vec::new();
    for (name, ty) in &object.attributes {
        let (Type::List(element) | Type::Set(element)) = ty else { continue };
        for text in
            [|_| Value::Null, |_| "a".into(), |index| format!("name/{index}").into(), meaningful]
        {
            let elements = (0..count).map(|index| filled(element, index, &text)).collect();
            let elements =
                if let Type::Set(_) = ty { Value::Set(elements) } else { Value::List(elements) };
            wide.push(Value::null_object(object).with_attribute(name, elements));
        }
    }
    wide
}

fn meaningful(index: usize) -> Value {
    TEXTS[index % TEXTS.len()].into()
}

/// Values of this type in which every text is a long one that parsers of patterns recurse on.
pub(crate) fn long(ty: &Type) -> Vec<Value> {
    let long = |unit: &&str| Value::from(unit.repeat(LONG_TEXT / unit.len()));
    NESTING.iter().map(|unit| filled(ty, 0, &|_| long(unit))).collect()
}

/// A value of this type, without nulls but those that `text` makes; each collection has one
/// element.
fn filled(ty: &Type, index: usize, text: &dyn Fn(usize) -> Value) -> Value {
    match ty {
        Type::String => text(index),
        Type::Number => Value::from(i64::try_from(index).unwrap()),
        Type::Bool => Value::Bool(index.is_multiple_of(2)),
        Type::List(element) => Value::List(vec![filled(element, index, text)]),
        Type::Set(element) => Value::Set(vec![filled(element, index, text)]),
        Type::Object(object) => {
            let attributes = object.attributes.iter();
            Value::object(attributes.map(|(name, ty)| (name.as_str(), filled(ty, index, text))))
        }
        Type::Map(_) | Type::Tuple(_) | Type::Dynamic => Value::Null,
    }
}

fn value_at(random: &mut Random, ty: &Type, content: Content, depth: usize) -> Value {
    match random.below(24) {
        _ if depth > MAX_DEPTH => Value::Null,
        0 | 1 => Value::Null,
        2 if content == Content::Msgpack && random.one_in(2) && *ty != Type::Dynamic => {
            Value::unknown_not_null()
        }
        2 if content == Content::Msgpack => Value::UNKNOWN,
        _ => known(random, ty, content, depth + 1),
    }
}

fn known(random: &mut Random, ty: &Type, content: Content, depth: usize) -> Value {
    let elements = |random: &mut Random, ty: &Type| -> Vec<Value> {
        // Long ones only near the root: lengths multiply.
        let length = if depth > 3 { random.below(3) } else { random.length(MAX_LENGTH) };
        (0..length).map(|_| value_at(random, ty, content, depth)).collect()
    };
    match ty {
        Type::Bool => Value::Bool(random.one_in(2)),
        Type::Number => Value::Number(number(random, content)),
        Type::String => Value::String(text(random)),
        Type::Dynamic => {
            let ty = any_type(random, 0);
            let value = value_at(random, &ty, content, depth);
            Value::Dynamic(Box::new(Dynamic { ty, value }))
        }
        Type::List(ty) => Value::List(elements(random, ty)),
        Type::Set(ty) => Value::Set(distinct(elements(random, ty))),
        Type::Map(ty) => {
            let elements = elements(random, ty);
            Value::Map(elements.into_iter().map(|value| (text(random), value)).collect())
        }
        Type::Tuple(types) => {
            Value::Tuple(types.iter().map(|ty| value_at(random, ty, content, depth)).collect())
        }
        Type::Object(object) => {
            let attributes = object.attributes.iter();
            let made =
                attributes.map(|(name, ty)| (name.clone(), value_at(random, ty, content, depth)));
            Value::Object(made.collect::<BTreeMap<_, _>>())
        }
    }
}

/// A small type; never dynamic itself.
pub(crate) fn any_type(random: &mut Random, depth: usize) -> Type {
    match random.below(if depth > 3 { 3 } else { 9 }) {
        0 => Type::Bool,
        1 => Type::Number,
        2 => Type::String,
        3 => Type::list(Type::Dynamic),
        4 => Type::list(any_type(random, depth + 1)),
        5 => Type::set(any_type(random, depth + 1)),
        6 => Type::map(any_type(random, depth + 1)),
        7 => Type::Tuple((0..random.below(4)).map(|_| any_type(random, depth + 1)).collect()),
        _ => {
            Type::object((0..random.below(4)).map(|_| (text(random), any_type(random, depth + 1))))
        }
    }
}

/// The elements of a set. Of equal ones, only those that are not wholly known may occur more than
/// once.
fn distinct(elements: Vec<Value>) -> Vec<Value> {
    let mut distinct = Vec::new();
    for element in elements {
        if !element.is_wholly_known() || !distinct.contains(&element) {
            distinct.push(element);
        }
    }
    distinct
}

fn number(random: &mut Random, content: Content) -> Number {
    match random.below(8) {
        0 => Number::from(0_u64),
        1 => Number::from(random.bits()),
        2 => Number::from(random.bits().cast_signed()),
        3 => Number::from_f64(f64::from_bits(random.bits()))
            .filter(Number::is_finite)
            .unwrap_or(1_u64.into()),
        4 if content == Content::Msgpack => Number::from_f64(f64::NEG_INFINITY).unwrap(),
        5 => {
            let digits: String =
                (0..=random.length(900)).map(|_| char::from(b'0' + digit(random))).collect();
            let power = i64::try_from(random.below(199_000)).unwrap_or(0) - 99_000;
            Number::parse(&format!("{digits}e{power}")).unwrap_or(2_u64.into())
        }
        6 => Number::parse(&format!("0.{}", random.below(1000))).unwrap_or(3_u64.into()),
        _ => Number::from(i64::from(digit(random))),
    }
}

fn digit(random: &mut Random) -> u8 {
    u8::try_from(random.below(10)).unwrap_or(0)
}

/// Texts that some code gives a meaning: identifiers, addresses, secrets, patterns, numbers,
/// escapes.
const TEXTS: [&str; 33] = [
    "",
    "a",
    "block",
    "redact",
    "monthly",
    "name",
    "0df9e665-d932-5740-b2c7-b52af166bc11",
    "sk-or-v1-0123456789abcdef",
    "0df9e665-d932-5740-b2c7-b52af166bc11/0df9e665-d932-5740-b2c7-b52af166bc11/user_1",
    "0df9e665-d932-5740-b2c7-b52af166bc11/x",
    "http://127.0.0.1:1/api/v1",
    "https://[::1]:99999/%zz?#",
    "openai/gpt-5",
    "e\u{301}",
    "\u{e9}",
    "\0\n\"\\${}\u{10ffff}",
    "\u{202e}\u{feff}",
    "%{if}",
    "1e999999999",
    "-0.0",
    "NaN",
    "Infinity",
    "true",
    "((((((((((((((((((((",
    "(a+)+$",
    "[[[[[[[[[[[[[[[[",
    "a{1000000000}",
    "(?:a{1000}){1000}",
    r"\p{L}\u{110000}\k<x>\1",
    "(?<a>",
    "{\"canonical\":{\"allowed_models\":[\"a\"]}}",
    "openrouter_guardrail",
    "id",
];

/// What makes a parser of patterns recurse or backtrack.
const NESTING: [&str; 13] =
    ["(", "[", "{", "(?:", "[^", "\\", "|", "a|", "[a&&", "(?<a>", "(?<a>b)|", "a{1,", "\u{301}"];

/// One of [`TEXTS`], two of them, one repeated, or anything.
pub(crate) fn text(random: &mut Random) -> String {
    match random.below(12) {
        0 => {
            let length = random.length(64);
            String::from_utf8_lossy(&random.bytes(length)).into_owned()
        }
        1 => {
            let length = random.length(MAX_LENGTH);
            random.choice(&TEXTS).repeat(length)
        }
        2 => [*random.choice(&TEXTS), *random.choice(&TEXTS)].concat(),
        3 => {
            let length = random.below(MAX_LENGTH);
            random.choice(&NESTING).repeat(length)
        }
        _ => (*random.choice(&TEXTS)).to_owned(),
    }
}
