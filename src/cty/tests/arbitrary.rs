//! Arbitrary types, and arbitrary values of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::cty::equality::distinct;
use crate::cty::value::{Bound, Dynamic, Refinement};
use crate::cty::{Number, ObjectType, Type, Value};

/// Where a value is going, which decides what it may contain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// The wire: unknowns and infinities too.
    Wire,
    /// A state file: known and finite.
    Stored,
}

pub(super) fn any_type() -> BoxedStrategy<Type> {
    type_from(
        prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)]
            .boxed(),
    )
}

/// A type without `dynamic` in it, for what a dynamic value carries, so that generation ends.
fn concrete_type() -> BoxedStrategy<Type> {
    type_from(prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)].boxed())
}

fn type_from(leaf: BoxedStrategy<Type>) -> BoxedStrategy<Type> {
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            btree_map(any_text(), (inner, any::<bool>()), 0..4).prop_map(object_type),
        ]
    })
    .boxed()
}

fn object_type(members: BTreeMap<String, (Type, bool)>) -> Type {
    let optional =
        members.iter().filter(|(_, (_, optional))| *optional).map(|(name, _)| name.clone());
    let optional: BTreeSet<_> = optional.collect();
    Type::Object(ObjectType {
        optional,
        attributes: members.into_iter().map(|(name, (ty, _))| (name, ty)).collect(),
    })
}

pub(super) fn typed_value(content: Content) -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(move |ty| (Just(ty.clone()), value_of(&ty, content)))
}

fn value_of(ty: &Type, content: Content) -> BoxedStrategy<Value> {
    let unknown = u32::from(content == Content::Wire);
    prop_oneof![1 => Just(Value::Null), unknown => unknown_of(ty), 8 => known_value_of(ty, content)]
        .boxed()
}

fn known_value_of(ty: &Type, content: Content) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => any_number(content).prop_map(Value::Number).boxed(),
        Type::String => any_text().prop_map(Value::String).boxed(),
        Type::Dynamic => concrete_type()
            .prop_flat_map(move |ty| (Just(ty.clone()), value_of(&ty, content)))
            .prop_map(|(ty, value)| Value::Dynamic(Box::new(Dynamic { ty, value })))
            .boxed(),
        Type::List(element) => vec(value_of(element, content), 0..4).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(value_of(element, content), 0..4)
            .prop_map(|elements| Value::Set(distinct(elements)))
            .boxed(),
        Type::Map(element) => {
            btree_map(any_text(), value_of(element, content), 0..4).prop_map(Value::Map).boxed()
        }
        Type::Tuple(types) => types
            .iter()
            .map(|ty| value_of(ty, content))
            .collect::<Vec<_>>()
            .prop_map(Value::Tuple)
            .boxed(),
        Type::Object(object) => {
            let (names, types): (Vec<_>, Vec<_>) = object.attributes.clone().into_iter().unzip();
            let values = types.iter().map(|ty| value_of(ty, content)).collect::<Vec<_>>();
            values
                .prop_map(move |values| Value::Object(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
    }
}

fn unknown_of(ty: &Type) -> BoxedStrategy<Value> {
    let ty = ty.clone();
    let refinement = (
        any::<bool>(),
        option::of(any_text()),
        option::of(any_bound()),
        option::of(any_bound()),
        option::of(0..=i64::MAX.unsigned_abs()),
        option::of(0..=i64::MAX.unsigned_abs()),
    );
    let refined =
        refinement.prop_map(move |(not_null, prefix, min, max, min_length, max_length)| {
            let refinement =
                Refinement { not_null, prefix, min, max, min_length, max_length }.fitting(&ty);
            Value::Unknown((refinement != Refinement::default()).then(|| Box::new(refinement)))
        });
    prop_oneof![Just(Value::UNKNOWN), refined].boxed()
}

fn any_bound() -> impl Strategy<Value = Bound> {
    (any_number(Content::Wire), any::<bool>())
        .prop_map(|(value, inclusive)| Bound { value, inclusive })
}

fn any_number(content: Content) -> BoxedStrategy<Number> {
    let finite = prop_oneof![
        any::<i64>().prop_map(Number::from),
        (-9_i64..9).prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>()
            .prop_filter_map("finite", |double| Number::from_f64(double).filter(Number::is_finite)),
        ("-?[0-9]{1,24}", -60..60)
            .prop_map(|(digits, power)| Number::parse(&format!("{digits}e{power}")).unwrap()),
        // Exact fractions of powers of two, the numbers nearest to the rule for doubles.
        (any::<i32>(), 0..40).prop_map(|(numerator, power)| {
            Number::from_f64_exactly(f64::from(numerator) / 2_f64.powi(power)).unwrap()
        }),
    ];
    match content {
        Content::Stored => finite.boxed(),
        Content::Wire => {
            prop_oneof![9 => finite, 1 => prop_oneof![Just(Number::INFINITY), Just(Number::NEG_INFINITY)]]
                .boxed()
        }
    }
}

/// Text with quotes, escapes, template signs, composed and decomposed accents, and the longest code points.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]{0,3}",
        "[ -~]{0,12}",
        "\\PC{0,8}",
        Just("e\u{301}".to_owned()),
        Just("\u{e9}".to_owned()),
        Just("\0\n\"\\${}\u{10ffff}".to_owned()),
    ]
}
