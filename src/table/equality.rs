//! When two values of a field mean the same, though they are not equal.
//!
//! The service is JavaScript: numbers are the same when they are the same double. A collection without elements is the
//! same as none, and so is a text without characters where the table says so. Members that the service assigns do not count, and an absent member is the same as its default there.
//! The one place for this decision; aliased names, which need the service's list, are in [`super::aliases`].

use crate::cty::Value;

use super::{
    canonical_names::CanonicalNames,
    field::{Equality, Field, Kind, Literal},
};

/// Whether a value of `field` means what state holds, names of the service included.
pub fn same_as_state(field: &Field, state: &Value, other: &Value, names: CanonicalNames) -> bool {
    same(field, state, other)
        || (field.equality == Equality::Canonicalized && names.same(field, state, other))
}

/// Whether two values of `field` mean the same. Unknown is the same as nothing but an equal unknown.
pub fn same(field: &Field, left: &Value, right: &Value) -> bool {
    let (left, right) = (or_default(field, left), or_default(field, right));
    if left == right {
        return true;
    }
    match (field.kind, &*left, &*right) {
        (Kind::Number, Value::Number(left), Value::Number(right)) => left.is_same_double(right),
        (Kind::StringSet | Kind::ObjectList(_), left, right)
            if is_nothing(left) && is_nothing(right) =>
        {
            true
        }
        (Kind::String, left, right) if field.equality == Equality::EmptyIsNull => {
            is_blank(left) && is_blank(right)
        }
        (Kind::Object(members), Value::Object(_), Value::Object(_)) => {
            same_members(members, &left, &right)
        }
        (Kind::ObjectList(members), Value::List(left), Value::List(right)) => {
            same_objects(field.equality, members, left, right)
        }
        _ => false,
    }
}

/// Whether a collection holds nothing: null, or without elements.
pub fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.elements().is_some_and(<[Value]>::is_empty)
}

/// Whether a text holds nothing: null, or without characters.
fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// The elements of a keyed list, by key. Elements without a known key come first.
pub fn by_key<'a>(key: &str, list: &'a [Value]) -> Vec<&'a Value> {
    let mut sorted: Vec<_> = list.iter().collect();
    sorted.sort_by_key(|object| object.attribute(key).as_str());
    sorted
}

/// Whether two objects mean the same.
pub fn same_members(members: &[Field], left: &Value, right: &Value) -> bool {
    members.iter().all(|member| {
        member.assigned_by_api
            || same(member, left.attribute(member.name), right.attribute(member.name))
    })
}

fn same_objects(equality: Equality, members: &[Field], left: &[Value], right: &[Value]) -> bool {
    let pairwise = |left: &[&Value], right: &[&Value]| {
        left.len() == right.len()
            && left.iter().zip(right).all(|(left, right)| same_members(members, left, right))
    };
    match equality {
        Equality::Keyed(key) => pairwise(&by_key(key, left), &by_key(key, right)),
        Equality::Plain | Equality::Canonicalized | Equality::EmptyIsNull => {
            pairwise(&left.iter().collect::<Vec<_>>(), &right.iter().collect::<Vec<_>>())
        }
    }
}

fn or_default<'a>(field: &Field, value: &'a Value) -> std::borrow::Cow<'a, Value> {
    match field.api_default {
        Some(default) if value.is_null() => std::borrow::Cow::Owned(default.into()),
        _ => std::borrow::Cow::Borrowed(value),
    }
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Bool(value) => Self::Bool(value),
            Literal::String(value) => Self::from(value),
        }
    }
}
