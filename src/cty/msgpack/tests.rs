//! Byte vectors: what core sends, what it may send, and what nobody should.

use super::*;
use crate::cty::value::{Bound, Dynamic, Refinement};
use crate::cty::{MAX_DEPTH, Number, ObjectType, Type, Value};

/// The exact bytes of a value, both ways.
fn check(ty: &Type, value: &Value, bytes: &[u8]) {
    assert_eq!(encode(value, ty).unwrap(), bytes, "{value:?}");
    assert_eq!(decode(bytes, ty).as_ref(), Ok(value));
}

fn reads(ty: &Type, bytes: &[u8], value: &Value) {
    assert_eq!(decode(bytes, ty).as_ref(), Ok(value), "{bytes:02x?}");
}

fn refused(ty: &Type, bytes: &[u8], message: &str) {
    assert_eq!(decode(bytes, ty).unwrap_err().to_string(), message, "{bytes:02x?}");
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn dynamic(ty: Type, value: Value) -> Value {
    Value::Dynamic(Box::new(Dynamic { ty, value }))
}

fn unknown(refinement: Refinement) -> Value {
    Value::Unknown(Some(Box::new(refinement)))
}

fn filter_type() -> Type {
    Type::object([("action", Type::String), ("pattern", Type::String)])
}

/// A str of less than 32 bytes.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 32);
    [&[0xa0 | length], text.as_bytes()].concat()
}

#[test]
fn nulls_and_bools() {
    let everything = [
        Type::Bool,
        Type::Number,
        Type::String,
        Type::Dynamic,
        Type::list(Type::Bool),
        Type::set(Type::Bool),
        Type::map(Type::Bool),
        Type::Tuple(vec![Type::Bool]),
        filter_type(),
    ];
    for ty in everything {
        check(&ty, &Value::Null, &[0xc0]);
        check(&ty, &Value::UNKNOWN, &[0xd4, 0, 0]);
    }
    check(&Type::Bool, &false.into(), &[0xc2]);
    check(&Type::Bool, &true.into(), &[0xc3]);
}

#[test]
fn numbers_as_core_writes_them() {
    for (value, bytes) in [
        ("0", &[0x00][..]),
        ("1", &[0x01]),
        ("127", &[0x7f]),
        ("-1", &[0xff]),
        ("128", &[0xcc, 0x80]),
        ("-129", &[0xd1, 0xff, 0x7f]),
        ("9223372036854775807", &[0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("-9223372036854775808", &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("9007199254740993", &[0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1]),
        ("0.5", &[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]),
        ("-2.75", &[0xcb, 0xc0, 0x06, 0, 0, 0, 0, 0, 0]),
    ] {
        reads(&Type::Number, bytes, &number(value));
        // We write text: see `encode`.
        check(&Type::Number, &number(value), &text(value));
    }
}

#[test]
fn numbers_that_are_neither_int64_nor_a_double_are_text() {
    for value in [
        "0.1",
        "12.345",
        "0.0000001",
        "-0.30000000000000004",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "1267650600228229401496703205376",
        "0.000000000931322574615478515625",
    ] {
        let bytes = encode(&number(value), &Type::Number).unwrap();
        assert!(bytes.ends_with(value.as_bytes()), "{value} {bytes:02x?}");
        reads(&Type::Number, &bytes, &number(value));
    }
}

#[test]
fn every_form_of_a_number_is_read() {
    for (bytes, value) in [
        (&[0xcc, 1][..], "1"),
        (&[0xcd, 0, 1], "1"),
        (&[0xce, 0, 0, 0, 1], "1"),
        (&[0xcf, 0, 0, 0, 0, 0, 0, 0, 1], "1"),
        (&[0xd0, 0xff], "-1"),
        (&[0xd1, 0xff, 0xff], "-1"),
        (&[0xd2, 0xff, 0xff, 0xff, 0xff], "-1"),
        (&[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "-1"),
        (&[0xe0], "-32"),
        (&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "18446744073709551615"),
        (&[0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0], "9223372036854775808"),
        (&[0xca, 0x3f, 0x80, 0, 0], "1"),
        (&[0xca, 0x3e, 0x80, 0, 0], "0.25"),
        (&[0xca, 0x3d, 0xcc, 0xcc, 0xcd], "0.10000000149011612"),
        (&[0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a], "0.1"),
        (&[0xcb, 0x3f, 0xd3, 0x33, 0x33, 0x33, 0x33, 0x33, 0x34], "0.30000000000000004"),
        (&[0xcb, 0x41, 0x26, 0x24, 0x36, 0x89, 0x40, 0, 0], "725531.2680664063"),
        (&[0xcb, 0x3e, 0x10, 0, 0, 0, 0, 0, 0], "0.0000000009313225746154785"),
        (&[0xcb, 0x40, 0x5e, 0xdd, 0x2f, 0x1a, 0x9f, 0xbe, 0x77], "123.456"),
        (&[0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], "0"),
        (&[0xcb, 0x40, 0x59, 0, 0, 0, 0, 0, 0], "100"),
        (&[0xcb, 0x44, 0xb5, 0x2d, 0x02, 0xc7, 0xe1, 0x4a, 0xf6], "1e23"),
        (b"\xa30.1", "0.1"),
        (b"\xa41e-7", "0.0000001"),
        (b"\xd9\x030.1", "0.1"),
        (b"\xda\x00\x030.1", "0.1"),
        (b"\xdb\x00\x00\x00\x030.1", "0.1"),
        (b"\xc4\x030.1", "0.1"),
    ] {
        reads(&Type::Number, bytes, &number(value));
    }
}

#[test]
fn infinities_travel_as_doubles_and_nan_not_at_all() {
    check(&Type::Number, &Number::INFINITY.into(), &[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]);
    check(&Type::Number, &Number::NEG_INFINITY.into(), &[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0]);
    reads(&Type::Number, &[0xca, 0x7f, 0x80, 0, 0], &Number::INFINITY.into());
    refused(&Type::Number, &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], "a number is required, not NaN");
    refused(&Type::Number, &[0xca, 0xff, 0xc0, 0, 0], "a number is required, not NaN");
    refused(&Type::Number, b"\xa3NaN", "a number is required");
    refused(&Type::Number, b"\xa40x10", "a number is required");
    refused(&Type::Number, b"\xab1e999999999", "the number is too large or too small");
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
    refused(&Type::String, b"\xa2\xff\xfe", "the text is not UTF-8");
    refused(&Type::String, &[0x01], "a string is required");
}

#[test]
fn any_extension_is_an_unknown_value() {
    for bytes in [
        &[0xd4, 0, 0][..],
        &[0xd4, 99, 7],
        &[0xd5, 99, 1, 2],
        &[0xd6, 0x80, 1, 2, 3, 4],
        &[0xd7, 1, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xd8, 2, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xc7, 0, 0],
        &[0xc7, 0, 12],
        &[0xc8, 0, 2, 99, 1, 2],
        &[0xc9, 0, 0, 0, 1, 12, 0x80],
    ] {
        for ty in [
            Type::Bool,
            Type::Number,
            Type::String,
            Type::Dynamic,
            Type::list(Type::Bool),
            filter_type(),
        ] {
            reads(&ty, bytes, &Value::UNKNOWN);
        }
    }
    refused(
        &Type::Bool,
        &[0xc9, 0xff, 0xff, 0xff, 0xff, 0, 1],
        "the bytes end in the middle of the value",
    );
}

#[test]
fn refined_unknowns_are_kept() {
    let bound = |text, inclusive| Some(Bound { value: Number::parse(text).unwrap(), inclusive });
    check(&Type::Bool, &Value::unknown_not_null(), &[0xc7, 3, 12, 0x81, 1, 0xc2]);
    check(
        &Type::String,
        &unknown(Refinement {
            not_null: true,
            prefix: Some("gr-".into()),
            ..Refinement::default()
        }),
        &[0xd7, 12, 0x82, 1, 0xc2, 2, 0xa3, b'g', b'r', b'-'],
    );
    check(
        &Type::Number,
        &unknown(Refinement {
            min: bound("0", false),
            max: bound("0.1", true),
            ..Refinement::default()
        }),
        &[0xc7, 12, 12, 0x82, 3, 0x92, 0, 0xc2, 4, 0x92, 0xa3, b'0', b'.', b'1', 0xc3],
    );
    check(
        &Type::set(Type::Bool),
        &unknown(Refinement {
            min_length: Some(1),
            max_length: Some(255),
            ..Refinement::default()
        }),
        &[0xc7, 6, 12, 0x82, 5, 1, 6, 0xcc, 255],
    );
    check(
        &Type::list(Type::String),
        &Value::List(vec![Value::unknown_not_null()]),
        &[0x91, 0xc7, 3, 12, 0x81, 1, 0xc2],
    );
}

#[test]
fn what_is_not_understood_of_a_refinement_is_ignored() {
    let not_null = Value::unknown_not_null();
    // An unknown key with a nested value, before one that is known, and bytes after the map.
    let payload = [
        0x82, 77, 0x82, 1, 0x91, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0xa1, b'k', 0xd4, 0, 0, 1, 0xc2,
        0xff,
    ];
    reads(&Type::Bool, &[&[0xc7, 22, 12][..], &payload].concat(), &not_null);
    // A string's prefix said of a bool; nothing can be said of a dynamic value.
    let prefix = [0xc7, 6, 12, 0x82, 1, 0xc2, 2, 0xa1, b'a'];
    reads(&Type::Bool, &prefix, &not_null);
    assert_eq!(decode(&[0xc7, 3, 12, 0x81, 1, 0xc2], &Type::Dynamic), Ok(Value::UNKNOWN));
    for malformed in [
        &[0x01, 0x02, 0x03][..],
        &[0x81, 1],
        &[0x81, 1, 0xc0],
        &[0x81, 0xa1, b'k'],
        &[0x81, 2, 0x05],
        &[0x82, 1, 0xc2],
        &[0x81, 3, 0x91, 1],
        &[0x81, 5, 0xff],
        &[0x81, 6, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0xdf, 0xff, 0xff, 0xff, 0xff, 1, 0xc2],
        &[0x81, 77, 0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0x81, 1, 0xc3],
        &[0x80, 0],
    ] {
        let bytes = [&[0xc7, u8::try_from(malformed.len()).unwrap(), 12][..], malformed].concat();
        for ty in [Type::Number, Type::String, Type::list(Type::Bool)] {
            reads(&ty, &bytes, &Value::UNKNOWN);
        }
    }
}

#[test]
fn a_refinement_is_never_empty_nor_longer_than_core_reads() {
    assert_eq!(encode(&unknown(Refinement::default()), &Type::Bool).unwrap(), [0xd4, 0, 0]);
    let prefix =
        |length| unknown(Refinement { prefix: Some("x".repeat(length)), ..Refinement::default() });
    assert_eq!(encode(&prefix(2000), &Type::String).unwrap(), [0xd4, 0, 0]);
    let bytes = encode(&prefix(1019), &Type::String).unwrap();
    assert_eq!(bytes[..4], [0xc8, 4, 0, 12], "1024 bytes");
    reads(&Type::String, &bytes, &prefix(1019));
    let endless = unknown(Refinement { max_length: Some(u64::MAX), ..Refinement::default() });
    assert_eq!(encode(&endless, &Type::list(Type::Bool)).unwrap(), [0xd4, 0, 0]);
}

#[test]
fn collections() {
    check(&Type::list(Type::Number), &Value::List(vec![]), &[0x90]);
    check(
        &Type::list(Type::Number),
        &Value::List(vec![2.into(), Value::Null, Value::UNKNOWN]),
        &[0x93, 0xa1, b'2', 0xc0, 0xd4, 0, 0],
    );
    check(
        &Type::set(Type::Number),
        &Value::Set(vec![1.into(), 2.into()]),
        &[0x92, 0xa1, b'1', 0xa1, b'2'],
    );
    reads(&Type::set(Type::Number), &[0x93, 2, 1, 2], &Value::Set(vec![1.into(), 2.into()]));
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
    let long = Value::List((0..70_000).map(|_| Value::Null).collect());
    assert_eq!(
        decode(&encode(&long, &Type::list(Type::Bool)).unwrap(), &Type::list(Type::Bool)),
        Ok(long)
    );
}

#[test]
fn collections_of_the_wrong_shape_are_refused_with_a_path() {
    let tuple = Type::Tuple(vec![Type::Bool, Type::Number]);
    refused(&tuple, &[0x91, 0xc3], "a tuple of 2 elements is required, 1 are given");
    refused(&tuple, &[0x90], "a tuple of 2 elements is required, 0 are given");
    refused(&tuple, &[0x92, 0xc3, 0xc3], "[1]: a number is required");
    refused(&Type::list(Type::Bool), &[0x80], "a list is required");
    refused(&Type::set(Type::Bool), &[0x92, 0xc3, 1], "a bool is required");
    refused(&Type::map(Type::Bool), &[0x90], "a map is required");
    refused(&Type::map(Type::Bool), &[0x81, 0xa1, b'k', 1], "[\"k\"]: a bool is required");
    refused(&Type::map(Type::Bool), &[0x81, 1, 1], "a string is required");
    refused(&Type::map(Type::Bool), b"\x82\xa1k\xc2\xa1k\xc2", "[\"k\"]: this key is given twice");
    refused(&Type::Bool, &[0xc1], "a bool is required");
}

#[test]
fn objects_have_every_attribute_exactly_once() {
    let ty = filter_type();
    let value = Value::object([("action", "block".into()), ("pattern", Value::Null)]);
    let (action, pattern) =
        ([text("action"), text("block")].concat(), [text("pattern"), vec![0xc0]].concat());
    check(&ty, &value, &[&[0x82][..], &action, &pattern].concat());
    reads(&ty, &[&[0x82][..], &pattern, &action].concat(), &value);
    refused(&ty, &[&[0x81][..], &action].concat(), "pattern: this attribute is missing");
    refused(&ty, &[0x80], "action: this attribute is missing");
    refused(
        &ty,
        &[&[0x82][..], &action, &action].concat(),
        "action: this attribute is given twice",
    );
    let other = [text("other"), vec![0xc0]].concat();
    refused(
        &ty,
        &[&[0x83][..], &action, &other, &pattern].concat(),
        "other: this attribute is not supported",
    );
    refused(&ty, &[&[0x82][..], &action, &[1, 0xc0]].concat(), "a string is required");
    let wrong = [text("pattern"), vec![0xc3]].concat();
    let list = [&[0x91, 0x82][..], &action, &wrong].concat();
    refused(&Type::list(ty.clone()), &list, "[0].pattern: a string is required");
    refused(&Type::set(ty), &list, "in an element, pattern: a string is required");
    check(&Type::Object(ObjectType::default()), &Value::object([] as [(&str, Value); 0]), &[0x80]);
}

#[test]
fn optional_attributes_do_not_change_the_form() {
    let plain = filter_type();
    let Type::Object(mut object) = plain.clone() else { panic!("an object type") };
    object.optional.insert("pattern".to_owned());
    let optional = Type::Object(object);
    let value = Value::object([("action", "block".into()), ("pattern", Value::Null)]);
    let bytes = encode(&value, &plain).unwrap();
    assert_eq!(encode(&value, &optional).unwrap(), bytes);
    assert_eq!(decode(&bytes, &optional), Ok(value));
    assert!(decode(&[&[0x81][..], &text("action"), &[0xc0]].concat(), &optional).is_err());
}

#[test]
fn dynamic_values_bring_their_type() {
    let string = [&[0x92, 0xc4, 8][..], br#""string""#].concat();
    check(&Type::Dynamic, &dynamic(Type::String, "a".into()), &[&string[..], &text("a")].concat());
    check(&Type::Dynamic, &dynamic(Type::String, Value::Null), &[&string[..], &[0xc0]].concat());
    check(
        &Type::Dynamic,
        &dynamic(Type::String, Value::UNKNOWN),
        &[&string[..], &[0xd4, 0, 0]].concat(),
    );
    let refined = [&string[..], &[0xc7, 3, 12, 0x81, 1, 0xc2]].concat();
    check(&Type::Dynamic, &dynamic(Type::String, Value::unknown_not_null()), &refined);
    reads(
        &Type::Dynamic,
        &[&[0x92, 0xa8][..], br#""string""#, &[0xc0]].concat(),
        &dynamic(Type::String, Value::Null),
    );
    reads(&Type::Dynamic, &[&[0x92, 0xc4, 9][..], br#""dynamic""#, &[0xc0]].concat(), &Value::Null);
    refused(&Type::Dynamic, &[0x91, 0xc0], "a value with its type is required");
    refused(&Type::Dynamic, &text("a"), "a value with its type is required");
    refused(&Type::Dynamic, &[0x92, 0xc0, 0xc0], "a value with its type is required");
    refused(
        &Type::Dynamic,
        &[&[0x92][..], &text(r#""strnig""#), &[0xc0]].concat(),
        "the type of a dynamic value cannot be read: this is not a type",
    );
}

#[test]
fn the_value_ends_where_the_bytes_end() {
    refused(&Type::Bool, &[], "the bytes end in the middle of the value");
    refused(&Type::Bool, &[0xc3, 0xc3, 0xc3], "2 bytes follow the value");
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
        dynamic(Type::Number, number("-2.75")),
        true.into(),
    ]);
    let bytes = encode(&value, &ty).unwrap();
    for end in 0..bytes.len() {
        let error = decode(&bytes[..end], &ty).unwrap_err();
        assert_eq!(error.message(), "the bytes end in the middle of the value", "{end}");
    }
}

#[test]
fn declared_lengths_reserve_nothing() {
    let lists = (0..20).fold(Type::Bool, |ty, _| Type::list(ty));
    for bytes in [
        [0xdd, 0xff, 0xff, 0xff, 0xff],
        [0xdb, 0xff, 0xff, 0xff, 0xff],
        [0xdf, 0xff, 0xff, 0xff, 0xff],
    ] {
        for ty in [&lists, &Type::String, &Type::map(Type::Bool), &filter_type(), &Type::Dynamic] {
            assert!(decode(&bytes, ty).is_err());
        }
    }
    // Every level claims all that is left, which is there.
    let nested = [0xdd, 0, 0x40, 0, 0].repeat(20);
    let bytes = [nested, vec![0xc0; 0x40_0000]].concat();
    assert!(decode(&bytes, &lists).is_err());
}

#[test]
fn hostile_nesting_is_an_error() {
    let wrapper = [&[0x92, 0xc4, 9][..], br#""dynamic""#].concat();
    let mut bytes = wrapper.repeat(MAX_DEPTH - 1);
    bytes.push(0xc0);
    reads(&Type::Dynamic, &bytes, &Value::Null);
    let message = "nested deeper than 64 levels";
    refused(&Type::Dynamic, &wrapper.repeat(100_000), message);
    let deep = (0..100).fold(Type::Bool, |ty, _| Type::list(ty));
    assert!(decode(&[0x91; 100], &deep).unwrap_err().to_string().ends_with(message));
    let ty = r#"["list","#.repeat(50_000);
    let header = u32::try_from(ty.len()).unwrap().to_be_bytes();
    let bytes = [&[0x92, 0xc6][..], &header, ty.as_bytes(), &[0xc0]].concat();
    assert!(decode(&bytes, &Type::Dynamic).is_err());
    // Nested arrays in an entry of a refinement that is passed over.
    let payload = [&[0x81, 77][..], &[0x91; 1000], &[0xc0]].concat();
    let header = u16::try_from(payload.len()).unwrap().to_be_bytes();
    reads(&Type::Bool, &[&[0xc8][..], &header, &[12], &payload].concat(), &Value::UNKNOWN);
}

#[test]
fn a_description_that_is_passed_over_is_not_read() {
    // Each is in an entry of the next that is passed over; to read them all takes a stack for each.
    let mut bytes = vec![0xc7, 3, 12, 0x81, 77, 0xc0];
    while bytes.len() < MAX_REFINEMENT {
        let length = u16::try_from(2 + bytes.len()).unwrap().to_be_bytes();
        bytes = [&[0xc8][..], &length, &[12, 0x81, 77], &bytes].concat();
    }
    let small = std::thread::Builder::new().stack_size(128 << 10);
    let decoded = small.spawn(move || decode(&bytes, &Type::Bool)).unwrap().join().unwrap();
    assert_eq!(decoded, Ok(Value::UNKNOWN));
}

#[test]
fn a_value_of_another_type_is_not_written() {
    let ty = Type::object([("a", Type::list(Type::Number))]);
    let message = |value: &Value| encode(value, &ty).unwrap_err().to_string();
    assert_eq!(
        message(&Value::object([("a", Value::List(vec!["x".into()]))])),
        "a[0]: a number is required"
    );
    assert_eq!(message(&Value::object([("b", Value::Null)])), "b: this attribute is not supported");
    assert_eq!(message(&Value::object([] as [(&str, Value); 0])), "a: this attribute is missing");
    assert_eq!(message(&Value::Map(std::collections::BTreeMap::new())), "an object is required");
}
