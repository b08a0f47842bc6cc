//! What follows from a field table, on a made-up one: the rules of plans, bodies, answers and validation.

#![allow(clippy::needless_pass_by_value, reason = "`json!` at the call reads better without a borrow")]

mod answers;
mod bodies;
mod objects;
mod plans;
mod validation;

use serde_json::json;

use crate::cty::{Type, Value, json as cty_json};

use super::{
    aliases::{Aliases, Names, Record},
    body::JsonObject,
    field::{Check, Field, Kind, Literal},
    schema::Schema,
};

/// One field of each sort.
const WIDGET: &[Field] = &[
    Field::computed_once("id", Kind::String),
    Field::required("name", Kind::String).checks(&[Check::Length { min: 1, max: 5 }]),
    Field::optional("place", Kind::String).or_computed().create_only(),
    Field::optional("note", Kind::String),
    Field::optional("limit", Kind::Number)
        .sent_with("budget")
        .checks(&[Check::Above(0), Check::With("interval")]),
    Field::optional("interval", Kind::String)
        .sent_with("budget")
        .checks(&[Check::OneOf(&["daily", "weekly"]), Check::With("limit")]),
    Field::optional("strict", Kind::Bool).or(Literal::Bool(false)),
    Field::optional("models", Kind::Strings).aliased().checks(&[Check::NotEmpty]),
    Field::optional("size", Kind::Object(SIZE)),
    Field::optional("filters", Kind::Objects(FILTER)),
    Field::optional("builtins", Kind::Objects(BUILTIN)).keyed_by("slug").checks(&[Check::UniqueBy("slug")]),
    Field::optional("all", Kind::Bool).leading().sent_with("flags").deprecated("use one and two"),
    Field::optional("one", Kind::Bool).following("all").sent_with("flags"),
    Field::optional("two", Kind::Bool).following("all").sent_with("flags"),
    Field::computed("updated_at", Kind::String),
];

const SIZE: &[Field] = &[
    Field::required("width", Kind::Number).checks(&[Check::AtLeast(1)]),
    Field::optional("height", Kind::Number),
    Field::optional("unit", Kind::String)
        .service_default(Literal::String("m"))
        .checks(&[Check::OneOf(&["m", "ft"])]),
    Field::optional("label", Kind::String).service_owned(),
];

const FILTER: &[Field] = &[
    Field::required("pattern", Kind::String).checks(&[Check::Pattern]),
    Field::optional("label", Kind::String),
];

const BUILTIN: &[Field] = &[
    Field::required("slug", Kind::String),
    Field::required("action", Kind::String),
    Field::optional("scope", Kind::String)
        .service_default(Literal::String("all"))
        .checks(&[Check::OnlyBeside { sibling: "slug", value: "inject" }]),
    Field::optional("label", Kind::String).service_owned().deprecated("it has no effect"),
];

fn ty() -> Type {
    Schema { version: 0, description: "", fields: WIDGET }.object_type()
}

/// An object of the table's type; what is not given is null.
fn widget(members: serde_json::Value) -> Value {
    cty_json::decode_stored(members.to_string().as_bytes(), &ty()).unwrap()
}

/// A widget as it is in state, with changes.
fn state(changes: serde_json::Value) -> Value {
    let mut members = json!({ "id": "w1", "name": "a", "place": "p1", "strict": false, "updated_at": "t1" });
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    widget(members)
}

fn answer(members: serde_json::Value) -> JsonObject {
    members.as_object().unwrap().clone()
}

/// `short` is `short-2024`, `other` is `other-2025`; everything else is unknown.
struct Catalog;

impl Aliases for Catalog {
    fn canonical(&self, name: &str) -> Option<String> {
        let canonical = ["short-2024", "other-2025"];
        canonical.into_iter().find(|form| *form == name || form[..form.len() - 5] == *name).map(str::to_owned)
    }
}

fn no_record() -> &'static Record {
    static EMPTY: std::sync::LazyLock<Record> = std::sync::LazyLock::new(Record::default);
    &EMPTY
}

fn unaided() -> Names<'static> {
    Names { record: no_record(), aliases: None }
}

fn with_catalog() -> Names<'static> {
    Names { record: no_record(), aliases: Some(&Catalog) }
}

fn models_field() -> &'static Field {
    WIDGET.iter().find(|field| field.name == "models").unwrap()
}
