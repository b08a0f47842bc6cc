//! When two values are equal: exactly, but for sets, which have no order.
//!
//! Sets of any size and nesting compare in about linear time: every element gets a key, bytes that are equal for equal
//! values only, and the sorted keys are compared. A search for partners would be quadratic, and exponential in depth.

use std::collections::{BTreeMap, HashSet};

use super::value::Value;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Unknown(left), Self::Unknown(right)) => left == right,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::List(left), Self::List(right)) | (Self::Tuple(left), Self::Tuple(right)) => {
                left == right
            }
            (Self::Set(left), Self::Set(right)) => {
                left.len() == right.len()
                    && (left == right || sorted_keys(left) == sorted_keys(right))
            }
            (Self::Map(left), Self::Map(right)) | (Self::Object(left), Self::Object(right)) => {
                left == right
            }
            (Self::Dynamic(left), Self::Dynamic(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Value {}

/// The elements of a set, each once, in the order of their first appearance. Elements that are not wholly known stay:
/// nobody can tell yet whether they are equal.
pub(super) fn distinct(mut elements: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::with_capacity(elements.len());
    elements.retain(|element| !element.is_wholly_known() || seen.insert(key(element)));
    elements
}

fn sorted_keys(elements: &[Value]) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = elements.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

fn key(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(&mut out, value);
    out
}

/// One byte for the kind, then the content; whatever has a length says it first, so that no two values share a key.
fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(b'0'),
        Value::Unknown(refinement) => {
            out.push(b'?');
            // Derived Debug quotes strings and names fields: different refinements never look the same.
            write_bytes(out, format!("{refinement:?}").as_bytes());
        }
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Number(number) => {
            out.push(b'n');
            write_bytes(out, number.to_string().as_bytes());
        }
        Value::String(text) => {
            out.push(b's');
            write_bytes(out, text.as_bytes());
        }
        Value::List(elements) => write_elements(out, b'l', elements),
        Value::Tuple(elements) => write_elements(out, b't', elements),
        Value::Set(elements) => {
            out.push(b'S');
            write_length(out, elements.len());
            for key in sorted_keys(elements) {
                write_bytes(out, &key);
            }
        }
        Value::Map(members) => write_members(out, b'm', members),
        Value::Object(members) => write_members(out, b'o', members),
        Value::Dynamic(dynamic) => {
            out.push(b'd');
            write_bytes(out, dynamic.ty.to_json().to_string().as_bytes());
            write_value(out, &dynamic.value);
        }
    }
}

fn write_elements(out: &mut Vec<u8>, kind: u8, elements: &[Value]) {
    out.push(kind);
    write_length(out, elements.len());
    for element in elements {
        write_value(out, element);
    }
}

fn write_members(out: &mut Vec<u8>, kind: u8, members: &BTreeMap<String, Value>) {
    out.push(kind);
    write_length(out, members.len());
    for (name, member) in members {
        write_bytes(out, name.as_bytes());
        write_value(out, member);
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend(bytes);
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    out.extend(length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::{Number, Refinement, Type, value::Dynamic};
    use super::*;

    fn set(elements: impl IntoIterator<Item = Value>) -> Value {
        Value::Set(elements.into_iter().collect())
    }

    fn texts(texts: &[&str]) -> Vec<Value> {
        texts.iter().copied().map(Value::from).collect()
    }

    #[test]
    fn sets_have_no_order_at_any_level_and_lists_have() {
        assert_eq!(Value::Set(texts(&["a", "b"])), Value::Set(texts(&["b", "a"])));
        assert_ne!(Value::List(texts(&["a", "b"])), Value::List(texts(&["b", "a"])));
        assert_ne!(Value::Set(texts(&["a", "b"])), Value::Set(texts(&["a", "c"])));
        assert_ne!(Value::Set(texts(&["a"])), Value::Set(texts(&["a", "b"])));
        assert_ne!(Value::Set(vec![]), Value::List(vec![]));
        let nested = |left: &[&str], right: &[&str]| {
            set([
                Value::object([("s", Value::Set(texts(left)))]),
                Value::List(vec![Value::Set(texts(right))]),
            ])
        };
        let mut turned = nested(&["b", "a"], &["d", "c"]);
        if let Value::Set(elements) = &mut turned {
            elements.reverse();
        }
        assert_eq!(nested(&["a", "b"], &["c", "d"]), turned);
        assert_ne!(nested(&["a", "b"], &["c", "d"]), nested(&["a", "c"], &["b", "d"]));
    }

    #[test]
    fn multiplicity_counts() {
        assert_ne!(Value::Set(texts(&["a", "a", "b"])), Value::Set(texts(&["b", "b", "a"])));
    }

    #[test]
    fn no_two_different_values_share_a_key() {
        let refined = |refinement| Value::Unknown(Some(Box::new(refinement)));
        let dynamic = |ty, value| Value::Dynamic(Box::new(Dynamic { ty, value }));
        let values = [
            Value::Null,
            Value::UNKNOWN,
            Value::unknown_not_null(),
            refined(Refinement { prefix: Some("a\"".into()), ..Refinement::default() }),
            refined(Refinement { prefix: Some("a".into()), ..Refinement::default() }),
            true.into(),
            false.into(),
            1.into(),
            Number::NEG_INFINITY.into(),
            "1".into(),
            "".into(),
            Value::List(vec![]),
            Value::Tuple(vec![]),
            Value::Set(vec![]),
            Value::Map(BTreeMap::new()),
            Value::Object(BTreeMap::new()),
            Value::List(texts(&["ab"])),
            Value::List(texts(&["a", "b"])),
            Value::List(vec![Value::List(texts(&["a"])), "b".into()]),
            Value::List(vec![Value::List(texts(&["a", "b"]))]),
            Value::object([("a", "b")]),
            Value::Map([("a".to_owned(), "b".into())].into()),
            Value::Set(texts(&["a"])),
            dynamic(Type::String, "a".into()),
            dynamic(Type::String, Value::Null),
            dynamic(Type::Bool, Value::Null),
            "a".into(),
        ];
        for (left, value) in values.iter().enumerate() {
            for (right, other) in values.iter().enumerate() {
                assert_eq!(value == other, left == right, "{value:?} {other:?}");
                assert_eq!(key(value) == key(other), left == right, "{value:?} {other:?}");
            }
        }
    }

    #[test]
    fn large_sets_and_deep_ones_compare_quickly() {
        let numbers = |range: std::ops::Range<i64>| set(range.map(Value::from));
        let reversed = set((0..100_000).rev().map(Value::from));
        assert_eq!(numbers(0..100_000), reversed);
        assert_ne!(numbers(1..100_001), reversed);

        let pair = |left: Value, right: Value| set([left, right]);
        let (mut one, mut other) = (set([1.into()]), set([1.into()]));
        for level in 0..14 {
            one = pair(one.clone(), Value::List(vec![level.into(), one]));
            other = pair(Value::List(vec![level.into(), other.clone()]), other);
        }
        assert_eq!(one, other);
    }

    #[test]
    fn duplicates_coalesce_but_unknown_elements_stay() {
        let elements = vec![
            "a".into(),
            Value::UNKNOWN,
            "b".into(),
            "a".into(),
            Value::UNKNOWN,
            Value::Null,
            Value::Null,
        ];
        let expected = vec!["a".into(), Value::UNKNOWN, "b".into(), Value::UNKNOWN, Value::Null];
        assert_eq!(distinct(elements), expected);
        let nested = vec![Value::Set(texts(&["a", "b"])), Value::Set(texts(&["b", "a"]))];
        assert_eq!(distinct(nested).len(), 1);
    }
}
