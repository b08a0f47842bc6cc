//! When two values are equal: exactly, but for sets, which have no order.
//!
//! Sets are compared by sorting, since a search for the equal of each element would be quadratic,
//! and exponential in nested sets. A [`Key`] of the whole value is sorted, each of its sets once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Nullness, Type, Value};

/// A value in the form in which it is compared: the elements of sets are sorted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Null,
    Unknown(Nullness),
    Bool(bool),
    /// The text of a number: equal numbers have equal texts. The order is not that of numbers.
    Number(&'a str),
    String(&'a str),
    List(Vec<Key<'a>>),
    Set(Vec<Key<'a>>),
    Map(Vec<(&'a str, Key<'a>)>),
    Tuple(Vec<Key<'a>>),
    Object(Vec<(&'a str, Key<'a>)>),
    Dynamic(&'a Type, Box<Key<'a>>),
}

impl<'a> Key<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Unknown(nullness) => Self::Unknown(*nullness),
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.as_text()),
            Value::String(text) => Self::String(text),
            Value::List(elements) => Self::List(Self::of_all(elements)),
            Value::Set(elements) => {
                let mut keys = Self::of_all(elements);
                keys.sort_unstable();
                Self::Set(keys)
            }
            Value::Map(members) => Self::Map(Self::of_members(members)),
            Value::Tuple(elements) => Self::Tuple(Self::of_all(elements)),
            Value::Object(attributes) => Self::Object(Self::of_members(attributes)),
            Value::Dynamic(dynamic) => {
                Self::Dynamic(&dynamic.ty, Box::new(Self::of(&dynamic.value)))
            }
        }
    }

    fn of_all(elements: &'a [Value]) -> Vec<Self> {
        elements.iter().map(Self::of).collect()
    }

    fn of_members(members: &'a BTreeMap<String, Value>) -> Vec<(&'a str, Self)> {
        members.iter().map(|(name, member)| (name.as_str(), Self::of(member))).collect()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        Key::of(self) == Key::of(other)
    }
}

impl Eq for Value {}

/// The elements of a set, each once, in the order of their first appearance. Elements that are not
/// wholly known all stay: whether they are equal is not known yet.
pub(super) fn distinct(mut elements: Vec<Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::with_capacity(elements.len());
    for element in &elements {
        kept.push(seen.insert(Key::of(element)) || !element.is_wholly_known());
    }
    let mut kept = kept.into_iter();
    elements.retain(|_| kept.next() == Some(true));
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cty::{Number, Type};

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
    fn different_values_are_not_equal() {
        let infinity = Number::from_f64(f64::INFINITY).unwrap();
        let values = [
            Value::Null,
            Value::UNKNOWN,
            Value::unknown_not_null(),
            true.into(),
            false.into(),
            1.into(),
            infinity.into(),
            "Infinity".into(),
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
            Value::dynamic(Type::String, "a".into()),
            Value::dynamic(Type::String, Value::Null),
            Value::dynamic(Type::Bool, Value::Null),
            "a".into(),
        ];
        for (left, value) in values.iter().enumerate() {
            for (right, other) in values.iter().enumerate() {
                assert_eq!(value == other, left == right, "{value:?} {other:?}");
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
