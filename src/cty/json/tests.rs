//! What the JSON forms look like, and what stored state may be like.

use super::*;
use crate::cty::{Number, ObjectType, Type, Value};

fn filter_type() -> Type {
    Type::Object(ObjectType {
        attributes: [("action".to_owned(), Type::String), ("label".to_owned(), Type::String)]
            .into(),
        optional: ["label".to_owned()].into(),
    })
}

fn guardrail_type() -> Type {
    Type::object([
        ("filters", Type::list(filter_type())),
        ("limit", Type::Number),
        ("models", Type::set(Type::String)),
        ("strict", Type::Bool),
    ])
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn stored(json: &str, ty: &Type) -> Value {
    decode_stored(json.as_bytes(), ty).unwrap()
}

fn rejects(result: Result<Value, crate::cty::Error>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn a_whole_object_is_read() {
    let json = r#"{"filters":[{"action":"block","label":null}],
        "limit":0.1,"models":["a","b"],"strict":true}"#;
    let value = decode(json.as_bytes(), &guardrail_type()).unwrap();
    let filter = Value::object([("action", "block".into()), ("label", Value::Null)]);
    let expected = Value::object([
        ("filters", Value::List(vec![filter])),
        ("limit", number("0.1")),
        ("models", Value::Set(vec!["b".into(), "a".into()])),
        ("strict", true.into()),
    ]);
    assert_eq!(value, expected);
}

#[test]
fn the_name_that_the_parser_uses_for_numbers_is_rejected_wherever_it_stands() {
    let ty = Type::map(Type::String);
    for json in [
        r#"{"$serde_json::private::Number":"x"}"#,
        r#"{"a":"x","$serde_json::private::Number":"x"}"#,
    ] {
        assert!(decode(json.as_bytes(), &ty).is_err(), "{json}");
    }
}

#[test]
fn numbers_keep_their_digits() {
    for text in [
        "0.1",
        "12.345",
        "0.0000001",
        "9007199254740993",
        "18446744073709551616",
        "-0.30000000000000004",
    ] {
        assert_eq!(stored(text, &Type::Number), number(text));
    }
    assert_eq!(stored("1E2", &Type::Number), 100.into());
    rejects(decode_stored(b"1e999999999", &Type::Number), "the number is too large or too small");
}

#[test]
fn stored_state_loses_unknown_attributes_and_gains_missing_ones_at_every_level() {
    let json = r#"{"filters":[{"action":"block","old":[{}]},{}],
        "gone":{"deep":[1,{"x":null}]},"models":[]}"#;
    let filter = |action: Value| Value::object([("action", action), ("label", Value::Null)]);
    let expected = Value::object([
        ("filters", Value::List(vec![filter("block".into()), filter(Value::Null)])),
        ("limit", Value::Null),
        ("models", Value::Set(vec![])),
        ("strict", Value::Null),
    ]);
    assert_eq!(stored(json, &guardrail_type()), expected);
    assert_eq!(stored("null", &guardrail_type()), Value::Null);
}

#[test]
fn stored_scalars_may_be_written_as_strings_and_strings_as_scalars() {
    assert_eq!(stored(r#""0.1""#, &Type::Number), number("0.1"));
    assert_eq!(stored(r#""true""#, &Type::Bool), true.into());
    assert_eq!(stored(r#""0""#, &Type::Bool), false.into());
    assert_eq!(stored("0.10", &Type::String), "0.10".into());
    assert_eq!(stored("true", &Type::String), "true".into());
    for (json, ty) in [
        (r#""x""#, Type::Number),
        (r#""""#, Type::Number),
        ("true", Type::Number),
        (r#""yes""#, Type::Bool),
        ("1", Type::Bool),
        ("[]", Type::String),
        ("{}", Type::String),
    ] {
        assert!(decode_stored(json.as_bytes(), &ty).is_err(), "{json} {ty:?}");
    }
}

#[test]
fn a_request_is_read_strictly() {
    let ty = Type::object([("a", Type::Number), ("b", Type::list(Type::Bool))]);
    let strict = |json: &str| decode(json.as_bytes(), &ty);
    rejects(strict(r#"{"a":1}"#), "b: this attribute is missing");
    rejects(strict(r#"{"a":1,"b":null,"c":1}"#), "c: this attribute is not supported");
    rejects(strict(r#"{"a":"1","b":null}"#), "a: a number is required");
    rejects(strict(r#"{"a":1,"b":[true,"true"]}"#), "b[1]: a bool is required");
    rejects(strict(r#"{"a":1,"b":{}}"#), "b: a list is required");
    rejects(strict("[]"), "an object is required");
}

#[test]
fn shapes_that_fit_no_better_in_stored_state_are_errors_with_a_path() {
    let ty = guardrail_type();
    let stored = |json: &str| decode_stored(json.as_bytes(), &ty);
    rejects(stored(r#"{"filters":[{},{"action":[]}]}"#), "filters[1].action: a string is required");
    rejects(stored(r#"{"filters":{}}"#), "filters: a list is required");
    rejects(stored(r#"{"models":["a",{}]}"#), "models: a string is required");
    let ty = Type::map(Type::Tuple(vec![Type::Bool, Type::Number]));
    let message = "[\"k\"]: a tuple of 2 elements is required, 1 are given";
    rejects(decode_stored(br#"{"k":[true]}"#, &ty), message);
    rejects(decode_stored(br#"{"k":[true,{}]}"#, &ty), "[\"k\"][1]: a number is required");
}

#[test]
fn sets_coalesce() {
    assert_eq!(
        stored(r#"["a","b","a"]"#, &Type::set(Type::String)).elements().map(<[_]>::len),
        Some(2)
    );
    assert_eq!(stored("[1,1.0,10e-1]", &Type::set(Type::Number)), Value::Set(vec![1.into()]));
}

#[test]
fn text_is_kept_as_written() {
    let json = r#""e\u0301 \ud800\udf48 \"\\ \n ${x} \u0000""#;
    let text = "e\u{301} \u{10348} \"\\ \n ${x} \0";
    assert_eq!(stored(json, &Type::String), text.into());
}

#[test]
fn dynamic_values_carry_their_type() {
    let list = Value::dynamic(Type::list(Type::Number), Value::List(vec![1.into()]));
    for (json, value) in [
        (r#"{"type":["list","number"],"value":[1]}"#, list),
        (r#"{"type":"string","value":null}"#, Value::dynamic(Type::String, Value::Null)),
        ("null", Value::Null),
    ] {
        assert_eq!(stored(json, &Type::Dynamic), value);
    }
    assert_eq!(stored(r#"{"type":"dynamic","value":null}"#, &Type::Dynamic), Value::Null);
    for json in [
        "1",
        "{}",
        r#"{"type":"string"}"#,
        r#"{"value":1}"#,
        r#"{"type":"string","value":"a","more":1}"#,
        r#"{"type":"text","value":"a"}"#,
        r#"{"type":["object",{"a":"bool"}],"value":{}}"#,
    ] {
        assert!(decode_stored(json.as_bytes(), &Type::Dynamic).is_err(), "{json}");
    }
}

#[test]
fn broken_documents_are_errors_that_quote_nothing() {
    for bytes in [
        &b""[..],
        b"  ",
        b"\"sk-or-v1-secret",
        b"\"a\0b\"",
        b"\"\xff\xfe\"",
        b"\"\\ud800\"",
        b"{\"limit\":1",
        b"{\"limit\":1} {}",
        b"{\"limit\":01}",
        b"{\"limit\":NaN}",
        b"\xef\xbb\xbf{}",
    ] {
        let error = decode_stored(bytes, &guardrail_type()).unwrap_err();
        assert!(error.to_string().starts_with("invalid JSON at line "), "{error}");
    }
    let error = decode_stored(b"sk-or-v1-secret", &Type::String).unwrap_err();
    assert_eq!(error.to_string(), "invalid JSON at line 1 column 1");
}

#[test]
fn hostile_nesting_is_an_error() {
    let deep = "[".repeat(100_000);
    assert!(decode_stored(deep.as_bytes(), &Type::Dynamic).is_err());
    let mut json = "null".to_owned();
    for _ in 0..60 {
        json = format!(r#"{{"type":"dynamic","value":{json}}}"#);
    }
    assert_eq!(stored(&json, &Type::Dynamic), Value::Null);
    for _ in 60..100 {
        json = format!(r#"{{"type":"dynamic","value":{json}}}"#);
    }
    rejects(decode_stored(json.as_bytes(), &Type::Dynamic), "nested deeper than 64 levels");
}
