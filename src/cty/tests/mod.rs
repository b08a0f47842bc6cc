//! Properties of both encodings, over arbitrary types and values and over hostile bytes.

mod arbitrary;

use proptest::prelude::*;
use proptest::sample::Index;

use self::arbitrary::{Content, any_type, typed_value};
use super::{Type, Value, json, msgpack};

/// What comes back must be equal, and one more trip must not change a byte.
fn check_msgpack(ty: &Type, value: &Value) {
    let bytes = msgpack::encode(value, ty).unwrap();
    assert_eq!(&msgpack::decode(&bytes, ty).unwrap(), value, "{bytes:02x?}");
    let again = msgpack::encode(&msgpack::decode(&bytes, ty).unwrap(), ty).unwrap();
    assert_eq!(again, bytes);
}

fn check_json(ty: &Type, value: &Value) {
    let bytes = json::encode(value, ty).unwrap();
    assert_eq!(&json::decode(&bytes, ty).unwrap(), value);
    assert_eq!(&json::decode_stored(&bytes, ty).unwrap(), value);
}

/// Whatever the decoder makes of bytes is a value of the type, and survives.
fn check_hostile_msgpack(bytes: &[u8], ty: &Type) {
    if let Ok(value) = msgpack::decode(bytes, ty) {
        assert_eq!(value.conforms(ty), Ok(()));
        check_msgpack(ty, &value);
    }
}

fn check_hostile_json(bytes: &[u8], ty: &Type) {
    for value in [json::decode(bytes, ty), json::decode_stored(bytes, ty)].into_iter().flatten() {
        assert_eq!(value.conforms(ty), Ok(()));
        check_json(ty, &value);
    }
}

fn hostile_types() -> Vec<Type> {
    let object = Type::object([("a", Type::String), ("b", Type::list(Type::Number))]);
    vec![
        Type::Bool,
        Type::Number,
        Type::String,
        Type::Dynamic,
        Type::list(Type::Dynamic),
        Type::set(Type::set(Type::Number)),
        Type::map(object.clone()),
        Type::Tuple(vec![Type::Bool, object.clone(), Type::Dynamic]),
        object,
    ]
}

/// A change to valid bytes: one is replaced, removed or doubled, or the rest is cut off.
fn mutated(mut bytes: Vec<u8>, changes: &[(u8, Index, u8)]) -> Vec<u8> {
    for (kind, index, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match kind % 4 {
            0 => bytes[at] = *byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #[test]
    fn types_survive_their_json_form(ty in any_type()) {
        prop_assert_eq!(Type::from_json(ty.to_json().to_string().as_bytes()), Ok(ty));
    }

    #[test]
    fn values_survive_msgpack((ty, value) in typed_value(Content::Wire)) {
        value.conforms(&ty).unwrap();
        check_msgpack(&ty, &value);
    }

    #[test]
    fn values_survive_json((ty, value) in typed_value(Content::Stored)) {
        check_json(&ty, &value);
    }

    #[test]
    fn equality_ignores_the_order_of_sets_and_nothing_else((ty, value) in typed_value(Content::Wire)) {
        let turned = reversed_sets(&value);
        prop_assert_eq!(&turned, &value);
        let bytes = |value| msgpack::encode(value, &ty).unwrap();
        if bytes(&turned) == bytes(&value) {
            prop_assert_eq!(format!("{turned:?}"), format!("{value:?}"));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..96)) {
        for ty in hostile_types() {
            check_hostile_msgpack(&bytes, &ty);
            check_hostile_json(&bytes, &ty);
            let _ = Type::from_json(&bytes);
        }
    }

    #[test]
    fn damaged_msgpack_never_panics(
        (ty, value) in typed_value(Content::Wire),
        changes in prop::collection::vec(any::<(u8, Index, u8)>(), 1..4),
    ) {
        check_hostile_msgpack(&mutated(msgpack::encode(&value, &ty).unwrap(), &changes), &ty);
    }

    #[test]
    fn damaged_json_never_panics(
        (ty, value) in typed_value(Content::Stored),
        changes in prop::collection::vec(any::<(u8, Index, u8)>(), 1..4),
    ) {
        check_hostile_json(&mutated(json::encode(&value, &ty).unwrap(), &changes), &ty);
    }

    #[test]
    fn a_value_read_with_another_type_never_panics(
        (ty, value) in typed_value(Content::Wire),
        other in any_type(),
    ) {
        check_hostile_msgpack(&msgpack::encode(&value, &ty).unwrap(), &other);
        let _ = msgpack::encode(&value, &other);
        let _ = json::encode(&value, &other);
    }
}

fn reversed_sets(value: &Value) -> Value {
    let all = |elements: &[Value]| elements.iter().map(reversed_sets).collect::<Vec<_>>();
    match value {
        Value::Set(elements) => Value::Set(all(elements).into_iter().rev().collect()),
        Value::List(elements) => Value::List(all(elements)),
        Value::Tuple(elements) => Value::Tuple(all(elements)),
        Value::Map(members) => Value::Map(
            members.iter().map(|(key, value)| (key.clone(), reversed_sets(value))).collect(),
        ),
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, value)| (key.clone(), reversed_sets(value))).collect(),
        ),
        other => other.clone(),
    }
}
