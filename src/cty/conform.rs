//! Whether a value is a value of a type.

use std::collections::BTreeMap;

use super::MAX_DEPTH;
use super::error::Error;
use super::path::Step;
use super::ty::{ObjectType, Type};
use super::value::{Dynamic, Refinement, Value};

impl Value {
    /// Whether this is a value of `ty`: `Ok`, or the first mismatch with its path. Objects need every attribute, also
    /// the optional ones. A value that conforms can be written in msgpack.
    pub fn conforms(&self, ty: &Type) -> Result<(), Error> {
        check(self, ty, 0)
    }
}

impl Refinement {
    /// Whether all that it says can be said of a value of `ty`. Of a value of unknown type nothing can be said.
    pub(super) fn fits(&self, ty: &Type) -> bool {
        self.fitting(ty) == *self
    }

    /// The part of it that can be said of a value of `ty`.
    pub(super) fn fitting(&self, ty: &Type) -> Self {
        let mut fitting = self.clone();
        fitting.not_null &= *ty != Type::Dynamic;
        if *ty != Type::String {
            fitting.prefix = None;
        }
        if *ty != Type::Number {
            (fitting.min, fitting.max) = (None, None);
        }
        if ty.element().is_none() {
            (fitting.min_length, fitting.max_length) = (None, None);
        }
        fitting
    }
}

fn check(value: &Value, ty: &Type, depth: usize) -> Result<(), Error> {
    if depth >= MAX_DEPTH {
        return Err(Error::too_deep());
    }
    let below = depth + 1;
    match (value, ty) {
        (Value::Null | Value::Unknown(None), _)
        | (Value::Bool(_), Type::Bool)
        | (Value::Number(_), Type::Number)
        | (Value::String(_), Type::String) => Ok(()),
        (Value::Unknown(Some(refinement)), _) if refinement.fits(ty) => Ok(()),
        (Value::Unknown(Some(_)), _) => {
            Err(Error::here("what is known of the unknown does not fit its type"))
        }
        (Value::List(elements), Type::List(ty)) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, element)| at_index(index, check(element, ty, below))),
        (Value::Set(elements), Type::Set(ty)) => {
            elements.iter().try_for_each(|element| check(element, ty, below).map_err(Error::in_set))
        }
        (Value::Map(members), Type::Map(ty)) => members.iter().try_for_each(|(key, member)| {
            check(member, ty, below).map_err(|error| error.under(Step::Key(key.clone())))
        }),
        (Value::Tuple(elements), Type::Tuple(types)) => {
            tuple_length(types, elements.len())?;
            let mut pairs = elements.iter().zip(types).enumerate();
            pairs.try_for_each(|(index, (element, ty))| at_index(index, check(element, ty, below)))
        }
        (Value::Object(attributes), Type::Object(ty)) => check_object(attributes, ty, below),
        (Value::Dynamic(dynamic), Type::Dynamic) => check_dynamic(dynamic, below),
        _ => Err(Error::required(ty)),
    }
}

fn check_object(
    attributes: &BTreeMap<String, Value>,
    ty: &ObjectType,
    depth: usize,
) -> Result<(), Error> {
    if let Some(unsupported) = attributes.keys().find(|name| !ty.attributes.contains_key(*name)) {
        return Err(unsupported_attribute(unsupported));
    }
    for (name, ty) in &ty.attributes {
        let attribute = attributes.get(name).ok_or_else(|| missing_attribute(name))?;
        check(attribute, ty, depth).map_err(|error| error.under(Step::Attribute(name.clone())))?;
    }
    Ok(())
}

fn check_dynamic(dynamic: &Dynamic, depth: usize) -> Result<(), Error> {
    match &dynamic.ty {
        Type::Dynamic => Err(Error::here("the type of a dynamic value must not be dynamic itself")),
        ty => check(&dynamic.value, ty, depth),
    }
}

pub(super) fn at_index<T>(index: usize, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| error.under(Step::index(index)))
}

pub(super) fn tuple_length(types: &[Type], given: usize) -> Result<(), Error> {
    if types.len() == given {
        return Ok(());
    }
    Err(Error::here(format!("a tuple of {} elements is required, {given} are given", types.len())))
}

pub(super) fn missing_attribute(name: &str) -> Error {
    Error::here("this attribute is missing").under(Step::Attribute(name.to_owned()))
}

pub(super) fn unsupported_attribute(name: &str) -> Error {
    Error::here("this attribute is not supported").under(Step::Attribute(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::value::Bound;
    use super::*;

    fn filter_type() -> Type {
        Type::object([("action", Type::String), ("pattern", Type::String)])
    }

    fn guardrail_type() -> Type {
        Type::object([
            ("content_filters", Type::list(filter_type())),
            ("labels", Type::map(Type::Number)),
            ("models", Type::set(Type::String)),
        ])
    }

    fn guardrail() -> Value {
        let filter = Value::object([("action", "block"), ("pattern", "x")]);
        Value::object([
            ("content_filters", Value::List(vec![filter])),
            ("labels", Value::Map([("k".to_owned(), 1.into())].into())),
            ("models", Value::Set(vec!["a/b".into(), Value::Null])),
        ])
    }

    fn check(value: &Value, ty: &Type, message: &str) {
        assert_eq!(value.conforms(ty).unwrap_err().to_string(), message, "{value:?}");
    }

    #[test]
    fn a_value_of_the_type_conforms_and_so_do_null_and_unknown_anywhere() {
        let ty = guardrail_type();
        for value in [guardrail(), Value::Null, Value::UNKNOWN, Value::unknown_not_null()] {
            assert_eq!(value.conforms(&ty), Ok(()), "{value:?}");
        }
        let Type::Object(object) = &ty else { panic!("an object type") };
        assert_eq!(Value::null_object(object).conforms(&ty), Ok(()));
    }

    #[test]
    fn the_first_mismatch_is_named() {
        let ty = guardrail_type();
        let with = |name, value| guardrail().with_attribute(name, value);
        let filters = Value::List(vec![
            Value::Null,
            Value::object([("action", true.into()), ("pattern", Value::Null)]),
        ]);
        check(
            &with("content_filters", filters),
            &ty,
            "content_filters[1].action: a string is required",
        );
        let lacking = Value::List(vec![Value::object([("action", "block")])]);
        check(
            &with("content_filters", lacking),
            &ty,
            "content_filters[0].pattern: this attribute is missing",
        );
        let labels = Value::Map([("k".to_owned(), "1".into())].into());
        check(&with("labels", labels), &ty, "labels[\"k\"]: a number is required");
        check(&with("models", Value::Set(vec![1.into()])), &ty, "models: a string is required");
        check(&with("models", Value::List(vec![])), &ty, "models: a set is required");
        check(&with("other", Value::Null), &ty, "other: this attribute is not supported");
        check(&"text".into(), &ty, "an object is required");
    }

    #[test]
    fn tuples_have_their_length_and_types() {
        let ty = Type::Tuple(vec![Type::Bool, Type::Number]);
        assert_eq!(Value::Tuple(vec![true.into(), 1.into()]).conforms(&ty), Ok(()));
        check(
            &Value::Tuple(vec![true.into()]),
            &ty,
            "a tuple of 2 elements is required, 1 are given",
        );
        check(&Value::Tuple(vec![true.into(), true.into()]), &ty, "[1]: a number is required");
    }

    #[test]
    fn a_dynamic_value_brings_a_type_and_conforms_to_it() {
        let dynamic = |ty, value| Value::Dynamic(Box::new(Dynamic { ty, value }));
        assert_eq!(dynamic(Type::String, "x".into()).conforms(&Type::Dynamic), Ok(()));
        assert_eq!(dynamic(Type::String, Value::Null).conforms(&Type::Dynamic), Ok(()));
        check(&dynamic(Type::Bool, "x".into()), &Type::Dynamic, "a bool is required");
        check(&dynamic(Type::Bool, true.into()), &Type::Bool, "a bool is required");
        check(&"x".into(), &Type::Dynamic, "a value with its type is required");
        check(
            &dynamic(Type::Dynamic, Value::Null),
            &Type::Dynamic,
            "the type of a dynamic value must not be dynamic itself",
        );
    }

    #[test]
    fn refinements_must_fit_the_type() {
        let unknown = |refinement| Value::Unknown(Some(Box::new(refinement)));
        let prefix = unknown(Refinement { prefix: Some("a".into()), ..Refinement::default() });
        let bound = Bound { value: 1_i64.into(), inclusive: true };
        let min = unknown(Refinement { min: Some(bound), ..Refinement::default() });
        let length = unknown(Refinement { max_length: Some(1), ..Refinement::default() });
        let list = Type::list(Type::Bool);
        assert_eq!(prefix.conforms(&Type::String), Ok(()));
        assert_eq!(min.conforms(&Type::Number), Ok(()));
        assert_eq!(length.conforms(&list), Ok(()));
        for (value, ty) in [(&prefix, &list), (&min, &Type::String), (&length, &Type::Number)] {
            assert!(value.conforms(ty).is_err(), "{value:?} {ty:?}");
        }
        assert!(
            Value::unknown_not_null().conforms(&Type::Dynamic).is_err(),
            "nothing is known without a type"
        );
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| {
            (0..depth).fold((Value::Null, Type::Bool), |(value, ty), _| {
                (Value::List(vec![value]), Type::list(ty))
            })
        };
        let (value, ty) = nested(MAX_DEPTH - 1);
        assert_eq!(value.conforms(&ty), Ok(()));
        let (value, ty) = nested(MAX_DEPTH);
        assert!(value.conforms(&ty).is_err());
    }
}
