//! Request bodies from planned values.
//!
//! A create sends what is set. An update sends what changed, null included, and with it the rest of
//! each group that a change touches. Must not know which API receives it.

use std::collections::BTreeSet;

use crate::cty::Value;

use super::{
    extra_fields,
    field::Field,
    json::{JsonObject, encode, encode_members},
};

/// The body of a create: every field that is set.
pub(super) fn create_body(fields: &[Field], planned: &Value) -> JsonObject {
    let mut body = encode_members(fields, planned);
    for field in fields.iter().filter(|field| field.holds_extra_fields()) {
        body.extend(extra_fields::members(planned.attribute(field.name)));
    }
    body
}

/// The body of an update: every field that changed, and the other fields of its group; null clears
/// a field. One that is planned unknown is the API's to decide.
pub(super) fn update_body(fields: &[Field], prior: &Value, planned: &Value) -> JsonObject {
    let is_changed = |field: &&Field| prior.attribute(field.name) != planned.attribute(field.name);
    let changed_groups: BTreeSet<_> =
        fields.iter().filter(is_changed).filter_map(|field| field.group).collect();
    let mut body = JsonObject::new();
    for field in fields.iter().filter(|field| field.is_sent()) {
        let is_in_group = field.group.is_some_and(|group| changed_groups.contains(group));
        let planned = planned.attribute(field.name);
        if (is_changed(&field) || is_in_group) && planned.is_wholly_known() {
            body.insert(field.name.to_owned(), encode(field.kind, planned));
        }
    }
    for field in fields.iter().filter(|field| field.holds_extra_fields()) {
        let (prior, planned) = (prior.attribute(field.name), planned.attribute(field.name));
        body.extend(extra_fields::changes(fields, prior, planned));
    }
    body
}
