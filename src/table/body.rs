//! Request bodies from planned values.
//!
//! A create sends what is set. An update sends what changed, null included, and with it the rest of each group that a
//! change touches. Inside objects absent members are left out. Must not know which service receives it.

use std::{collections::BTreeSet, str::FromStr};

use serde_json::{Map, Value as Json};

use crate::cty::{Number, Value};

use super::field::{Field, Kind};

/// A JSON object.
pub type JsonObject = Map<String, Json>;

/// The body of a create: every field that is set.
pub fn create_body(fields: &[Field], planned: &Value) -> JsonObject {
    let sent = sent_fields(fields).map(|field| (field, planned.attribute(field.name)));
    let given = sent.filter(|(_, value)| !value.is_null() && value.is_wholly_known());
    given.map(|(field, value)| (field.name.to_owned(), to_json(field.kind, value))).collect()
}

/// The body of an update: every field that changed, and the other fields of its group; null clears a field.
pub fn update_body(fields: &[Field], prior: &Value, planned: &Value) -> JsonObject {
    let changed = |field: &Field| prior.attribute(field.name) != planned.attribute(field.name);
    let groups: BTreeSet<_> =
        fields.iter().filter(|field| changed(field)).filter_map(|field| field.group).collect();
    let touched = |field: &Field| field.group.is_some_and(|group| groups.contains(group));
    let sent = sent_fields(fields).filter(|field| changed(field) || touched(field));
    sent.map(|field| (field.name.to_owned(), to_json(field.kind, planned.attribute(field.name))))
        .collect()
}

fn sent_fields(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.is_configurable() && field.is_exchanged())
}

fn to_json(kind: Kind, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Bool(value)) => Json::Bool(*value),
        (_, Value::String(value)) => Json::String(value.clone()),
        (_, Value::Number(value)) => number_to_json(value),
        (Kind::Object(members), Value::Object(_)) => Json::Object(create_body(members, value)),
        (Kind::ObjectList(members), Value::List(objects)) => {
            objects.iter().map(|object| Json::Object(create_body(members, object))).collect()
        }
        (_, value) => match value.elements() {
            Some(elements) => {
                elements.iter().map(|element| to_json(Kind::String, element)).collect()
            }
            None => Json::Null,
        },
    }
}

/// The number as it is written: the decimal text, not the nearest double.
fn number_to_json(number: &Number) -> Json {
    serde_json::Number::from_str(&number.to_string()).map_or(Json::Null, Json::Number)
}
