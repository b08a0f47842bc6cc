//! When two values of a field mean the same, though they are not equal.
//!
//! APIs of JSON have doubles: numbers are the same when they are the same double. A collection
//! without elements is the same as null, and so is a text without characters where the table says
//! so. Members that the API assigns do not count, and an absent member is the same as its default.
//! Canonical names, which may need the API's catalogue, are in [`super::canonical_names`].

use crate::cty::Value;

use super::{
    canonical_names::CanonicalNames,
    extra_fields,
    field::{Equality, Field, FieldType},
};

/// Whether a value of `field` means what state holds, canonical names included.
pub(super) fn same_as_state(
    field: &Field,
    state: &Value,
    other: &Value,
    names: &CanonicalNames,
) -> bool {
    same(field, state, other)
        || (field.equality == Equality::Canonicalized && names.same(field, state, other))
}

/// Whether two values of `field` mean the same. Unknown is the same as an equal unknown only.
pub(super) fn same(field: &Field, left: &Value, right: &Value) -> bool {
    let default = field.api_default.map_or(Value::Null, Value::from);
    let left = if left.is_null() { &default } else { left };
    let right = if right.is_null() { &default } else { right };
    if left == right {
        return true;
    }
    match (field.kind, left, right) {
        (FieldType::Number, Value::Number(left), Value::Number(right)) => {
            left.is_same_double(right)
        }
        (FieldType::String, left, right) if field.equality == Equality::EmptyIsNull => {
            is_empty_text(left) && is_empty_text(right)
        }
        (FieldType::ExtraFields { .. }, left, right) => extra_fields::same(left, right),
        (FieldType::Object(members), Value::Object(_), Value::Object(_)) => {
            same_members(members, left, right)
        }
        (FieldType::ObjectList(members), Value::List(left), Value::List(right)) => {
            same_objects(field.equality, members, left, right)
        }
        (FieldType::StringSet | FieldType::ObjectList(_), left, right) => {
            is_nothing(left) && is_nothing(right)
        }
        _ => false,
    }
}

/// Whether a collection is null or empty.
pub(super) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.elements().is_some_and(<[Value]>::is_empty)
}

fn is_empty_text(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// Whether two objects mean the same.
pub(super) fn same_members(members: &[Field], left: &Value, right: &Value) -> bool {
    members.iter().all(|member| {
        member.assigned_by_api
            || same(member, left.attribute(member.name), right.attribute(member.name))
    })
}

fn same_objects(equality: Equality, members: &[Field], left: &[Value], right: &[Value]) -> bool {
    let (mut left, mut right): (Vec<_>, Vec<_>) = (left.iter().collect(), right.iter().collect());
    if let Equality::Keyed(key) = equality {
        left.sort_by_key(|object| object.attribute(key).as_str());
        right.sort_by_key(|object| object.attribute(key).as_str());
    }
    left.len() == right.len()
        && left.into_iter().zip(right).all(|(left, right)| same_members(members, left, right))
}
