//! Terraform's values: known, null or unknown, at every level.

use std::collections::BTreeMap;

use super::{Number, ObjectType, Type};

/// A value of some [`Type`], which it does not carry (but for [`Value::Dynamic`]).
///
/// Equality is exact (strings byte for byte, unknowns with their nullness), except that sets
/// compare without order. The code that builds a set keeps its elements distinct.
#[derive(Clone, Debug)]
pub enum Value {
    /// Absent. Every type has it.
    Null,
    /// Not known before the apply. Every type has it.
    Unknown(Nullness),
    /// A bool.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, as written: not normalised.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A set, in any order.
    Set(Vec<Value>),
    /// A map.
    Map(BTreeMap<String, Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// An object, with every attribute of its type.
    Object(BTreeMap<String, Value>),
    /// A value of a `dynamic` attribute, with its type. A null or unknown whose type is not known
    /// either is a plain [`Value::Null`] or [`Value::Unknown`].
    Dynamic(Box<Dynamic>),
}

/// A value and the type that a `dynamic` attribute got with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// The type; never [`Type::Dynamic`] itself.
    pub ty: Type,
    /// The value, of that type; it may be null or unknown.
    pub value: Value,
}

/// Whether an unknown value may turn out to be null. Terraform holds an apply to what a plan said.
///
/// What else Terraform may send about an unknown value (a prefix, bounds, lengths) is not kept:
/// core disregards it when it compares a plan with the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nullness {
    /// It may be null.
    MayBeNull,
    /// It will not be null.
    NotNull,
}

impl Value {
    /// Unknown, and possibly null.
    pub const UNKNOWN: Self = Self::Unknown(Nullness::MayBeNull);

    /// Unknown, but not null.
    pub fn unknown_not_null() -> Self {
        Self::Unknown(Nullness::NotNull)
    }

    /// The value of a `dynamic` attribute. If `ty` is itself `dynamic`, the value is already one.
    pub(super) fn dynamic(ty: Type, value: Self) -> Self {
        match ty {
            Type::Dynamic => value,
            ty => Self::Dynamic(Box::new(Dynamic { ty, value })),
        }
    }

    /// The object with every attribute null.
    pub fn null_object(ty: &ObjectType) -> Self {
        Self::Object(ty.attributes.keys().map(|name| (name.clone(), Self::Null)).collect())
    }

    /// The value itself, without the type that a `dynamic` attribute put around it.
    pub fn concrete(&self) -> &Self {
        match self {
            Self::Dynamic(dynamic) => dynamic.value.concrete(),
            other => other,
        }
    }

    /// Whether it is null, of whatever type.
    pub fn is_null(&self) -> bool {
        matches!(self.concrete(), Self::Null)
    }

    /// Whether it is itself unknown, of whatever type. A list with an unknown element is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self.concrete(), Self::Unknown(_))
    }

    /// Whether nothing in it, at any level, is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::Unknown(_) => false,
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(members) | Self::Object(members) => {
                members.values().all(Self::is_wholly_known)
            }
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
        }
    }

    /// The text of a known string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self.concrete() { Some(text) } else { None }
    }

    /// The known bool.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self.concrete() { Some(*value) } else { None }
    }

    /// The known number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self.concrete() { Some(number) } else { None }
    }

    /// The elements of a known list, set or tuple.
    pub fn elements(&self) -> Option<&[Self]> {
        match self.concrete() {
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The attribute `name` of an object; null when there is none, or this is no known object.
    pub fn attribute(&self, name: &str) -> &Self {
        match self.concrete() {
            Self::Object(attributes) => attributes.get(name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// The object with the attribute `name` set to `value`. Any other value is unchanged.
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<Self>) -> Self {
        if let Self::Object(attributes) = &mut self {
            attributes.insert(name.into(), value.into());
        }
        self
    }

    /// An object of these attributes.
    pub fn object(
        attributes: impl IntoIterator<Item = (impl Into<String>, impl Into<Self>)>,
    ) -> Self {
        Self::Object(
            attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        )
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_attributes_read_as_null() {
        let object = Value::object([("name", "ci")]);
        assert_eq!(object.attribute("name").as_str(), Some("ci"));
        assert!(object.attribute("other").is_null());
        assert!(Value::UNKNOWN.attribute("name").is_null());
        assert!(Value::Null.attribute("name").is_null());
    }

    #[test]
    fn with_attribute_replaces_and_leaves_other_kinds_alone() {
        let object =
            Value::object([("a", 1_i64)]).with_attribute("a", true).with_attribute("b", "x");
        assert_eq!(object, Value::object([("a", Value::from(true)), ("b", Value::from("x"))]));
        assert_eq!(Value::Null.with_attribute("a", 1), Value::Null);
    }

    #[test]
    fn a_null_object_has_every_attribute_also_the_optional_ones() {
        let ty = ObjectType {
            attributes: [("a".to_owned(), Type::Bool), ("b".to_owned(), Type::String)].into(),
            optional: ["b".to_owned()].into(),
        };
        assert_eq!(
            Value::null_object(&ty),
            Value::object([("a", Value::Null), ("b", Value::Null)])
        );
    }

    #[test]
    fn unknown_is_seen_at_every_level() {
        let nested = Value::Map(
            [("k".to_owned(), Value::Tuple(vec![Value::dynamic(Type::String, Value::UNKNOWN)]))]
                .into(),
        );
        assert!(!nested.is_unknown());
        assert!(!nested.is_wholly_known());
        assert!(Value::List(vec![Value::Null, 1.into()]).is_wholly_known());
        assert!(Value::unknown_not_null().is_unknown());
    }

    #[test]
    fn a_dynamic_value_reads_like_the_value_in_it() {
        assert!(Value::dynamic(Type::String, Value::Null).is_null());
        assert!(Value::dynamic(Type::String, Value::UNKNOWN).is_unknown());
        assert_eq!(Value::dynamic(Type::String, "x".into()).as_str(), Some("x"));
        assert_ne!(
            Value::dynamic(Type::String, Value::Null),
            Value::Null,
            "but it is not equal to it"
        );
    }
}
