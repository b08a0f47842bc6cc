//! Byte vectors: what core sends, what it may send, and what is malformed.

use super::*;
use crate::cty::{MAX_DEPTH, Number, ObjectType, Type, Value};

const TRUNCATED: &str = "the bytes end in the middle of the value";

/// The exact bytes of a value, both ways.
fn check(ty: &Type, value: &Value, bytes: &[u8]) {
    assert_eq!(encode(value, ty).unwrap(), bytes, "{value:?}");
    reads(ty, bytes, value);
}

fn reads(ty: &Type, bytes: &[u8], value: &Value) {
    assert_eq!(decode(bytes, ty).as_ref(), Ok(value), "{bytes:02x?}");
}

fn rejects(ty: &Type, bytes: &[u8], message: &str) {
    assert_eq!(decode(bytes, ty).unwrap_err().to_string(), message, "{bytes:02x?}");
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn double(double: f64) -> Value {
    Value::Number(Number::from_f64(double).unwrap())
}

fn filter_type() -> Type {
    Type::object([("action", Type::String), ("pattern", Type::String)])
}

fn every_kind_of_type() -> Vec<Type> {
    vec![
        Type::Bool,
        Type::Number,
        Type::String,
        Type::Dynamic,
        Type::list(Type::Bool),
        Type::set(Type::Bool),
        Type::map(Type::Bool),
        Type::Tuple(vec![Type::Bool]),
        filter_type(),
    ]
}

/// A str of less than 32 bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 32);
    [&[0xa0 | length], text.as_bytes()].concat()
}

#[test]
fn nulls_unknowns_and_bools() {
    for ty in every_kind_of_type() {
        check(&ty, &Value::Null, &[0xc0]);
        check(&ty, &Value::UNKNOWN, &[0xd4, 0, 0]);
    }
    check(&Type::Bool, &false.into(), &[0xc2]);
    check(&Type::Bool, &true.into(), &[0xc3]);
}

#[test]
fn every_form_of_a_number_is_read_and_text_is_written() {
    for (bytes, value) in [
        (&[0x00][..], "0"),
        (&[0x7f], "127"),
        (&[0xe0], "-32"),
        (&[0xcc, 0x80], "128"),
        (&[0xcd, 0, 1], "1"),
        (&[0xce, 0, 0, 0, 1], "1"),
        (&[0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1], "9007199254740993"),
        (&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "18446744073709551615"),
        (&[0xd0, 0xff], "-1"),
        (&[0xd1, 0xff, 0x7f], "-129"),
        (&[0xd2, 0xff, 0xff, 0xff, 0xff], "-1"),
        (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], "-9223372036854775808"),
        (&[0xca, 0x3e, 0x80, 0, 0], "0.25"),
        (&[0xca, 0x3d, 0xcc, 0xcc, 0xcd], "0.10000000149011612"),
        (&[0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], "0.1"),
        (&[0xcb, 0x3f, 0xd3, 0x33, 0x33, 0x33, 0x33, 0x33, 0x34], "0.30000000000000004"),
        (&[0xcb, 0xc0, 0x06, 0, 0, 0, 0, 0, 0], "-2.75"),
        (&[0xcb, 0x3e, 0x10, 0, 0, 0, 0, 0, 0], "0.0000000009313225746154785"),
        (&[0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], "0"),
        (&[0xcb, 0x40, 0x59, 0, 0, 0, 0, 0, 0], "100"),
        (b"\xa30.1", "0.1"),
        (b"\xa41e-7", "0.0000001"),
        (b"\xd9\x030.1", "0.1"),
        (b"\xda\x00\x030.1", "0.1"),
        (b"\xdb\x00\x00\x00\x030.1", "0.1"),
        (b"\xc4\x030.1", "0.1"),
        (&text("-0.30000000000000004"), "-0.30000000000000004"),
        (&text("1267650600228229401496703205376"), "1267650600228229401496703205376"),
    ] {
        reads(&Type::Number, bytes, &number(value));
        check(&Type::Number, &decode(bytes, &Type::Number).unwrap(), &text(value));
    }
    for malformed in [&b"\xa3NaN"[..], b"\xa40x10", b"\xa0"] {
        rejects(&Type::Number, malformed, "a number is required");
    }
    rejects(&Type::Number, b"\xab1e999999999", "the number is too large or too small");
}

#[test]
fn infinities_and_subnormal_doubles_go_back_as_doubles_and_nan_is_rejected() {
    let infinity = [0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0];
    check(&Type::Number, &double(f64::INFINITY), &infinity);
    check(&Type::Number, &double(f64::NEG_INFINITY), &[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0]);
    reads(&Type::Number, &[0xca, 0x7f, 0x80, 0, 0], &double(f64::INFINITY));
    let subnormal = [0xcb, 0, 0, 0, 0, 0, 0, 0, 1];
    check(&Type::Number, &decode(&subnormal, &Type::Number).unwrap(), &subnormal);
    check(&Type::Number, &number("5e-324"), &text("5e-324"));
    for nan in [&[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0][..], &[0xca, 0xff, 0xc0, 0, 0]] {
        rejects(&Type::Number, nan, "a number is required, not NaN");
    }
}

#[test]
fn strings_are_kept_byte_for_byte_in_every_length() {
    for content in ["", "a", "e\u{301}", "\u{e9}", "\0\n\u{10ffff}"] {
        check(&Type::String, &content.into(), &text(content));
    }
    for (length, header) in
        [(31, &[0xbf][..]), (32, &[0xd9, 32]), (256, &[0xda, 1, 0]), (65_536, &[0xdb, 0, 1, 0, 0])]
    {
        let content = "x".repeat(length);
        check(&Type::String, &content.as_str().into(), &[header, content.as_bytes()].concat());
    }
    for bytes in [&b"\xc4\x01a"[..], b"\xc5\x00\x01a", b"\xc6\x00\x00\x00\x01a", b"\xd9\x01a"] {
        reads(&Type::String, bytes, &"a".into());
    }
    rejects(&Type::String, b"\xa2\xff\xfe", "the text is not UTF-8");
    rejects(&Type::String, &[0x01], "a string is required");
}

#[test]
fn any_extension_is_an_unknown_value() {
    for bytes in [
        &[0xd4, 99, 7][..],
        &[0xd5, 99, 1, 2],
        &[0xd6, 0x80, 1, 2, 3, 4],
        &[0xd7, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xd8, 2, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xc7, 0, 0],
        &[0xc7, 0, 12],
        &[0xc8, 0, 2, 99, 1, 2],
        &[0xc9, 0, 0, 0, 1, 12, 0x80],
        // The description of a value that is not null, with another code.
        &[0xc7, 3, 11, 0x81, 1, 0xc2],
    ] {
        for ty in every_kind_of_type() {
            reads(&ty, bytes, &Value::UNKNOWN);
        }
    }
    rejects(&Type::Bool, &[0xc9, 0xff, 0xff, 0xff, 0xff, 0, 1], TRUNCATED);
}

#[test]
fn an_unknown_value_keeps_that_it_is_not_null_and_nothing_else() {
    let not_null = [0xc7, 3, 12, 0x81, 1, 0xc2];
    for ty in every_kind_of_type() {
        let plain = ty == Type::Dynamic;
        let expected = if plain { Value::UNKNOWN } else { Value::unknown_not_null() };
        reads(&ty, &not_null, &expected);
        let bytes = encode(&Value::unknown_not_null(), &ty).unwrap();
        assert_eq!(bytes, if plain { &[0xd4, 0, 0][..] } else { &not_null });
    }
    let described =
        |payload: &[u8]| [&[0xc7, u8::try_from(payload.len()).unwrap(), 12][..], payload].concat();
    // Not null with the prefix "gr-"; not null with at least one element; a map of more entries.
    for payload in [
        &[0x82, 1, 0xc2, 2, 0xa3, b'g', b'r', b'-'][..],
        &[0x82, 1, 0xc2, 5, 1],
        &[0x83, 1, 0xc2, 3, 0x92, 0, 0xc2, 4, 0x92, 0xa3, b'0', b'.', b'1', 0xc3],
    ] {
        reads(&Type::String, &described(payload), &Value::unknown_not_null());
    }
    // A prefix alone; malformed maps; "may be null"; a map with nothing in it.
    for payload in [
        &[0x81, 2, 0xa1, b'a'][..],
        &[0x01, 0x02, 0x03],
        &[0x81, 1],
        &[0x81, 1, 0xc0],
        &[0xdf, 0xff, 0xff, 0xff, 0xff, 1, 0xc2],
        &[0x81, 1, 0xc3],
        &[0x80, 1, 0xc2],
    ] {
        reads(&Type::String, &described(payload), &Value::UNKNOWN);
    }
}

#[test]
fn collections() {
    check(&Type::list(Type::Number), &Value::List(vec![]), &[0x90]);
    check(
        &Type::list(Type::Number),
        &Value::List(vec![2.into(), Value::Null, Value::UNKNOWN]),
        &[0x93, 0xa1, b'2', 0xc0, 0xd4, 0, 0],
    );
    let set = Value::Set(vec![1.into(), 2.into()]);
    check(&Type::set(Type::Number), &set, &[0x92, 0xa1, b'1', 0xa1, b'2']);
    reads(&Type::set(Type::Number), &[0x93, 2, 1, 2], &set);
    let map = Value::Map([("b".to_owned(), Value::Null), ("a".to_owned(), 1.into())].into());
    check(&Type::map(Type::Number), &map, &[0x82, 0xa1, b'a', 0xa1, b'1', 0xa1, b'b', 0xc0]);
    let tuple = Type::Tuple(vec![Type::Bool, Type::Number]);
    check(&tuple, &Value::Tuple(vec![true.into(), 1.into()]), &[0x92, 0xc3, 0xa1, b'1']);
    for bytes in [&[0xdc, 0, 1, 5][..], &[0xdd, 0, 0, 0, 1, 5]] {
        reads(&Type::list(Type::Number), bytes, &Value::List(vec![5.into()]));
    }
    for bytes in [&[0xde, 0, 1, 0xa1, b'a', 5][..], &[0xdf, 0, 0, 0, 1, 0xc4, 1, b'a', 5]] {
        reads(&Type::map(Type::Number), bytes, &Value::Map([("a".to_owned(), 5.into())].into()));
    }
    let long = Value::List(vec![Value::Null; 70_000]);
    let bytes = [&[0xdd, 0, 1, 0x11, 0x70][..], &[0xc0; 70_000]].concat();
    check(&Type::list(Type::Bool), &long, &bytes);
}

#[test]
fn collections_of_the_wrong_shape_are_rejected_with_a_path() {
    let tuple = Type::Tuple(vec![Type::Bool, Type::Number]);
    rejects(&tuple, &[0x91, 0xc3], "a tuple of 2 elements is required, 1 are given");
    rejects(&tuple, &[0x92, 0xc3, 0xc3], "[1]: a number is required");
    rejects(&Type::list(Type::Bool), &[0x80], "a list is required");
    rejects(&Type::set(Type::Bool), &[0x92, 0xc3, 1], "a bool is required");
    rejects(&Type::map(Type::Bool), &[0x90], "a map is required");
    rejects(&Type::map(Type::Bool), &[0x81, 0xa1, b'k', 1], "[\"k\"]: a bool is required");
    rejects(&Type::map(Type::Bool), &[0x81, 1, 1], "a string is required");
    rejects(&Type::map(Type::Bool), b"\x82\xa1k\xc2\xa1k\xc2", "[\"k\"]: this key is given twice");
    rejects(&Type::Bool, &[0xc1], "the bytes are not msgpack");
}

#[test]
fn objects_have_every_attribute_exactly_once() {
    let ty = filter_type();
    let Type::Object(mut object) = ty.clone() else { panic!("an object type") };
    object.optional.insert("pattern".to_owned());
    let with_optional = Type::Object(object);
    let value = Value::object([("action", "block".into()), ("pattern", Value::Null)]);
    let action = [text("action"), text("block")].concat();
    let pattern = [text("pattern"), vec![0xc0]].concat();
    for ty in [&ty, &with_optional] {
        check(ty, &value, &[&[0x82][..], &action, &pattern].concat());
        reads(ty, &[&[0x82][..], &pattern, &action].concat(), &value);
        rejects(ty, &[&[0x81][..], &action].concat(), "pattern: this attribute is missing");
        rejects(ty, &[0x80], "action: this attribute is missing");
    }
    let twice = [&[0x82][..], &action, &action].concat();
    rejects(&ty, &twice, "action: this attribute is given twice");
    let other = [&[0x83][..], &action, &text("other"), &[0xc0], &pattern].concat();
    rejects(&ty, &other, "other: this attribute is not supported");
    rejects(&ty, &[&[0x82][..], &action, &[1, 0xc0]].concat(), "a string is required");
    let list = [&[0x91, 0x82][..], &action, &text("pattern"), &[0xc3]].concat();
    rejects(&Type::list(ty.clone()), &list, "[0].pattern: a string is required");
    rejects(&Type::set(ty), &list, "in an element, pattern: a string is required");
    check(&Type::Object(ObjectType::default()), &Value::object([] as [(&str, Value); 0]), &[0x80]);
}

#[test]
fn dynamic_values_bring_their_type() {
    let string = [&[0x92, 0xc4, 8][..], br#""string""#].concat();
    for (value, bytes) in [
        ("a".into(), &b"\xa1a"[..]),
        (Value::Null, &[0xc0]),
        (Value::UNKNOWN, &[0xd4, 0, 0]),
        (Value::unknown_not_null(), &[0xc7, 3, 12, 0x81, 1, 0xc2]),
    ] {
        let value = Value::dynamic(Type::String, value);
        check(&Type::Dynamic, &value, &[&string[..], bytes].concat());
    }
    // The type in a str; the wrapper of a wrapper.
    let type_in_str = [&[0x92, 0xa8][..], br#""string""#, &[0xc0]].concat();
    reads(&Type::Dynamic, &type_in_str, &Value::dynamic(Type::String, Value::Null));
    reads(&Type::Dynamic, &[&[0x92, 0xc4, 9][..], br#""dynamic""#, &[0xc0]].concat(), &Value::Null);
    for bytes in [&[0x91, 0xc0][..], b"\xa1a", &[0x92, 0xc0, 0xc0]] {
        rejects(&Type::Dynamic, bytes, "a value with its type is required");
    }
    rejects(
        &Type::Dynamic,
        &[&[0x92][..], &text(r#""strnig""#), &[0xc0]].concat(),
        "the type of a dynamic value cannot be read: this is not a type",
    );
}

#[test]
fn the_value_ends_where_the_bytes_end() {
    rejects(&Type::Bool, &[], TRUNCATED);
    rejects(&Type::Bool, &[0xc3, 0xc3, 0xc3], "2 bytes follow the value");
    let ty = Type::Tuple(vec![
        Type::Number,
        Type::String,
        Type::list(filter_type()),
        Type::Dynamic,
        Type::Bool,
    ]);
    let filter = Value::object([("action", "block"), ("pattern", "x")]);
    let value = Value::Tuple(vec![
        number("0.1"),
        "x".repeat(40).into(),
        Value::List(vec![filter, Value::unknown_not_null()]),
        Value::dynamic(Type::Number, number("-2.75")),
        true.into(),
    ]);
    let bytes = encode(&value, &ty).unwrap();
    reads(&ty, &bytes, &value);
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end], &ty).unwrap_err().to_string().ends_with(TRUNCATED), "{end}");
    }
}

#[test]
fn hostile_lengths_and_nesting_are_errors() {
    let lists = |depth| (0..depth).fold(Type::Bool, |ty, _| Type::list(ty));
    for marker in [0xdd, 0xdb, 0xdf] {
        let bytes = [marker, 0xff, 0xff, 0xff, 0xff];
        for ty in every_kind_of_type() {
            assert!(decode(&bytes, &ty).is_err());
        }
    }
    // Every level claims all that is left, which is there.
    let nested = [0xdd, 0, 0x40, 0, 0].repeat(20);
    assert!(decode(&[nested, vec![0xc0; 0x40_0000]].concat(), &lists(20)).is_err());

    let message = "nested deeper than 64 levels";
    let wrapper = [&[0x92, 0xc4, 9][..], br#""dynamic""#].concat();
    let mut bytes = wrapper.repeat(MAX_DEPTH - 1);
    bytes.push(0xc0);
    reads(&Type::Dynamic, &bytes, &Value::Null);
    rejects(&Type::Dynamic, &wrapper.repeat(100_000), message);
    assert!(decode(&[0x91; 100], &lists(100)).unwrap_err().to_string().ends_with(message));
    let ty = r#"["list","#.repeat(50_000);
    let header = u32::try_from(ty.len()).unwrap().to_be_bytes();
    let bytes = [&[0x92, 0xc6][..], &header, ty.as_bytes(), &[0xc0]].concat();
    assert!(decode(&bytes, &Type::Dynamic).is_err());
}

#[test]
fn a_value_of_another_type_is_not_written() {
    let ty = Type::object([
        ("filters", Type::list(filter_type())),
        ("labels", Type::map(Type::Number)),
        ("models", Type::set(Type::String)),
    ]);
    let empty = Value::null_object(ty.as_object().unwrap());
    let rejected = |name: &str, value: Value, message: &str| {
        let error = encode(&empty.clone().with_attribute(name, value), &ty).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    let filter = Value::object([("action", true.into()), ("pattern", Value::Null)]);
    let filters = Value::List(vec![Value::Null, filter]);
    rejected("filters", filters, "filters[1].action: a string is required");
    let incomplete = Value::List(vec![Value::object([("action", "block")])]);
    rejected("filters", incomplete, "filters[0].pattern: this attribute is missing");
    let labels = Value::Map([("k".to_owned(), "1".into())].into());
    rejected("labels", labels, "labels[\"k\"]: a number is required");
    rejected("models", Value::Set(vec![1.into()]), "models: a string is required");
    rejected("models", Value::List(vec![]), "models: a set is required");
    rejected("other", Value::Null, "other: this attribute is not supported");

    let message = |value: Value, ty: &Type| encode(&value, ty).unwrap_err().to_string();
    assert_eq!(message("text".into(), &ty), "an object is required");
    let tuple = Type::Tuple(vec![Type::Bool, Type::Number]);
    assert_eq!(
        message(Value::Tuple(vec![true.into()]), &tuple),
        "a tuple of 2 elements is required, 1 are given"
    );
    assert_eq!(
        message(Value::Tuple(vec![true.into(), true.into()]), &tuple),
        "[1]: a number is required"
    );
    let wrong = Value::dynamic(Type::Bool, "x".into());
    assert_eq!(message(wrong, &Type::Dynamic), "a bool is required");
    assert_eq!(message("x".into(), &Type::Dynamic), "a value with its type is required");
}
