//! What follows from a field table, on a made-up one.

#![allow(
    clippy::needless_pass_by_value,
    reason = "`json!` at the call reads better without a borrow"
)]

mod bodies;
mod extra_fields;
mod objects;
mod plans;
mod resource;
mod states;
mod validation;

use serde_json::json;

use crate::cty::{Type, Value, json as cty_json};

use super::{
    canonical_names::{CanonicalNames, NameCatalog, StoredNames},
    field::{Check, DefaultValue, Field, FieldType},
    json::JsonObject,
    schema::schema,
};

/// A rule of a made-up API.
fn no_parenthesis(text: &str) -> Result<(), String> {
    if text.contains('(') { Err("must have no parenthesis.".to_owned()) } else { Ok(()) }
}

/// One field of each sort.
const WIDGET: &[Field] = &[
    Field::computed_once("id", FieldType::String),
    Field::required("name", FieldType::String).checks(&[Check::Length { min: 1, max: 5 }]),
    Field::optional("place", FieldType::String).or_computed().create_only(),
    Field::optional("note", FieldType::String),
    Field::optional("limit", FieldType::Number)
        .sent_with("budget")
        .checks(&[Check::GreaterThan(0), Check::RequiredWith("interval")]),
    Field::optional("interval", FieldType::String)
        .sent_with("budget")
        .checks(&[Check::OneOf(&["daily", "weekly"]), Check::RequiredWith("limit")]),
    Field::optional("strict", FieldType::Bool).or(DefaultValue::Bool(false)),
    Field::optional("models", FieldType::StringSet)
        .canonicalized()
        .checks(&[Check::NotEmpty, Check::NoEmptyElement]),
    Field::optional("size", FieldType::Object(SIZE)),
    Field::optional("filters", FieldType::ObjectList(FILTER)),
    Field::optional("builtins", FieldType::ObjectList(BUILTIN))
        .keyed_by("slug")
        .checks(&[Check::UniqueBy("slug")]),
    Field::optional("all", FieldType::Bool)
        .fan_out()
        .sent_with("flags")
        .deprecated("use one and two"),
    Field::optional("one", FieldType::Bool).default_from("all").sent_with("flags"),
    Field::optional("two", FieldType::Bool).default_from("all").sent_with("flags"),
    Field::optional("extra", FieldType::ExtraFields { read_only: &["made_at"] }),
    Field::computed("updated_at", FieldType::String),
];

const SIZE: &[Field] = &[
    Field::required("width", FieldType::Number).checks(&[Check::AtLeast(1)]),
    Field::optional("height", FieldType::Number),
    Field::optional("unit", FieldType::String)
        .api_default(DefaultValue::String("m"))
        .checks(&[Check::OneOf(&["m", "ft"])]),
    Field::optional("label", FieldType::String).assigned_by_api(),
];

const FILTER: &[Field] = &[
    Field::required("pattern", FieldType::String).checks(&[Check::Text(no_parenthesis)]),
    Field::optional("label", FieldType::String),
];

const BUILTIN: &[Field] = &[
    Field::required("slug", FieldType::String),
    Field::required("action", FieldType::String),
    Field::optional("scope", FieldType::String)
        .api_default(DefaultValue::String("all"))
        .checks(&[Check::OnlyIf { sibling: "slug", value: "inject" }]),
    Field::optional("label", FieldType::String).assigned_by_api().deprecated("it has no effect"),
];

fn ty() -> Type {
    schema("", WIDGET).object_type()
}

/// An object of the table's type; what is not given is null.
fn widget(members: serde_json::Value) -> Value {
    cty_json::decode_stored(members.to_string().as_bytes(), &ty()).unwrap()
}

/// A widget as it is in state, with changes.
fn state(changes: serde_json::Value) -> Value {
    widget(members_of_state(changes))
}

fn members_of_state(changes: serde_json::Value) -> serde_json::Value {
    let mut members =
        json!({ "id": "w1", "name": "a", "place": "p1", "strict": false, "updated_at": "t1" });
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    members
}

fn object(members: serde_json::Value) -> JsonObject {
    members.as_object().unwrap().clone()
}

/// `short` is `short-2024`, `other` is `other-2025`; everything else is unknown.
struct Catalog;

impl NameCatalog for Catalog {
    fn canonical(&self, name: &str) -> Option<String> {
        let canonical = ["short-2024", "other-2025"];
        canonical
            .into_iter()
            .find(|form| *form == name || form[..form.len() - 5] == *name)
            .map(str::to_owned)
    }
}

fn no_names() -> CanonicalNames<'static> {
    CanonicalNames::default()
}

fn with_catalog() -> CanonicalNames<'static> {
    CanonicalNames::default().with_catalog(Some(&Catalog))
}

/// The names of a last response that had these models.
fn stored(models: serde_json::Value) -> StoredNames {
    StoredNames::from_object(WIDGET, &object(json!({ "models": models })))
}
