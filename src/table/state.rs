//! State from an API's responses: after a create or update, on a refresh and on an import.
//!
//! State keeps the form it has wherever the response means the same.

use std::collections::BTreeMap;

use crate::{
    cty::{Error, Path, Value},
    protocol::diagnostics::Diagnostic,
};

use super::{
    canonical_names::{CanonicalNames, NameCatalog},
    display::display,
    equality::{is_nothing, same, same_as_state, same_members},
    extra_fields,
    field::{Equality, Field, FieldType, ValueSource, fan_out_targets},
    json::{JsonObject, decode},
};

/// A field that the response to a create or update does not have as it was planned.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch {
    /// The attribute's name.
    pub(super) name: &'static str,
    /// What was planned.
    pub(super) planned: Value,
    /// What the response has, or why it cannot be read.
    pub(super) returned: Result<Value, Error>,
    /// Of extra fields, the members that differ. Their values are not shown: they can be anything,
    /// and Terraform may hide them as sensitive.
    pub(super) members: Vec<String>,
}

impl Mismatch {
    /// The warning about it.
    pub(super) fn warning(&self) -> Diagnostic {
        let name = self.name;
        let returned = match &self.returned {
            Ok(_) if !self.members.is_empty() => {
                format!("with other values of {} than the API returned", self.members.join(", "))
            }
            Ok(value) => {
                let (planned, returned) = (display(&self.planned), display(value));
                format!("as {planned}, but the API returned {returned}")
            }
            Err(error) => {
                let planned = display(&self.planned);
                format!("as {planned}, but what the API returned cannot be read ({error})")
            }
        };
        let detail = format!(
            "`{name}` was planned {returned}. The change was made, and the state has the planned \
             value. The next plan shows the value that the API returns then."
        );
        // Terraform shows only the first of several warnings with one title.
        let summary = format!("The API returned a different `{name}` than planned");
        Diagnostic::warning(summary, detail).at(Path::attribute(name))
    }
}

/// Whether a response has all that was planned. `None` if that depends on names which only the
/// catalogue can compare, and there is none.
pub(super) fn matches_plan(
    fields: &[Field],
    planned: &Value,
    response: &JsonObject,
    catalog: Option<&dyn NameCatalog>,
) -> Option<bool> {
    let names = CanonicalNames::default().with_catalog(catalog);
    let (_, mismatches) = state_after_apply(fields, planned, response, &names);
    let is_undecided = mismatches.is_empty() && names.needs_catalog();
    (!is_undecided).then_some(mismatches.is_empty())
}

/// State after a create or update that was done: what was planned, completed from the response.
///
/// Never fails, since what exists must be kept: a field that the response contradicts, or has in a
/// form that cannot be read, keeps its planned value and is returned as a mismatch. Names that only
/// a catalogue could compare are no mismatch.
pub(super) fn state_after_apply(
    fields: &[Field],
    planned: &Value,
    response: &JsonObject,
    names: &CanonicalNames,
) -> (Value, Vec<Mismatch>) {
    let mut mismatches = Vec::new();
    let mut state = BTreeMap::new();
    for field in fields {
        let wanted = planned.attribute(field.name);
        let value = match returned_value(fields, field, wanted, response) {
            Ok(value) if !wanted.is_wholly_known() => value,
            Ok(value) if !field.is_exchanged() || is_as_planned(field, wanted, &value, names) => {
                wanted.clone()
            }
            returned => {
                let (name, planned) = (field.name, wanted.clone());
                let members = if field.holds_extra_fields() {
                    extra_fields::differing_members(wanted, response)
                } else {
                    Vec::new()
                };
                mismatches.push(Mismatch { name, planned, returned, members });
                if wanted.is_wholly_known() { wanted.clone() } else { Value::Null }
            }
        };
        state.insert(field.name.to_owned(), value);
    }
    (Value::Object(state), mismatches)
}

fn is_as_planned(field: &Field, planned: &Value, value: &Value, names: &CanonicalNames) -> bool {
    same(field, planned, value)
        || (field.equality == Equality::Canonicalized && names.accounts_for(planned, value))
}

/// State after a refresh: what state has where the response means the same, else the response.
///
/// # Errors
/// The path and the reason, when a field of the response has another type than the table says.
pub(super) fn state_after_read(
    fields: &[Field],
    state: &Value,
    response: &JsonObject,
    names: &CanonicalNames,
) -> Result<Value, Error> {
    let mut refreshed = BTreeMap::new();
    for field in fields {
        let current = state.attribute(field.name);
        let value = if field.is_exchanged() {
            let returned = returned_value(fields, field, current, response)?;
            refresh_value(field, current, returned, names)
        } else {
            current.clone()
        };
        refreshed.insert(field.name.to_owned(), value);
    }
    Ok(Value::Object(refreshed))
}

/// State after an import: the response, without what only repeats a default or what the API has
/// assigned. A fan-out field gets the value on which all of its targets agree.
///
/// # Errors
/// The path and the reason, when a field of the response has another type than the table says.
pub fn imported_state(fields: &[Field], response: &JsonObject) -> Result<Value, Error> {
    let mut state = state_after_read(fields, &Value::Null, response, &CanonicalNames::default())?;
    for field in fields {
        if field.equality == Equality::EmptyIsNull {
            // Null would hide an empty text from a configuration that has one.
            state = state.with_attribute(field.name, decode(field, response)?);
        } else if matches!(field.mode, ValueSource::FanOut) {
            let common = common_target_value(fields, field, &state);
            state = state.with_attribute(field.name, common);
        }
    }
    Ok(state)
}

/// What taking over an existing object changes: a line for each setting that it has and that is
/// planned otherwise. Without the planned values, which are in the plan, and which Terraform may hide
/// there as sensitive. A default that the API fills in is no setting.
///
/// # Errors
/// As [`state_after_read`].
pub(super) fn takeover_changes(
    fields: &[Field],
    object: &JsonObject,
    planned: &Value,
    names: &CanonicalNames,
) -> Result<Vec<String>, Error> {
    let existing = imported_state(fields, object)?;
    let mut changes = Vec::new();
    for field in fields.iter().filter(|field| field.is_sent()) {
        let (now, then) = (existing.attribute(field.name), planned.attribute(field.name));
        let is_set = match field.mode {
            ValueSource::Default(default) => *now != Value::from(default),
            _ => !now.is_null(),
        };
        if is_set && !same_as_state(field, now, then, names) {
            changes.push(format!("  - `{}`, now {}", field.name, display(now)));
        }
    }
    for field in fields.iter().filter(|field| field.holds_extra_fields()) {
        let then = planned.attribute(field.name);
        for name in extra_fields::differing_members(then, object) {
            // Its value is not shown: it can be anything.
            if object.get(&name).is_some_and(|existing| !existing.is_null()) {
                changes.push(format!("  - `{name}` in `{}`", field.name));
            }
        }
    }
    Ok(changes)
}

/// The value that all targets of a fan-out field have in this object, or null.
pub(super) fn common_target_value(fields: &[Field], fan_out: &Field, object: &Value) -> Value {
    let mut values = fan_out_targets(fields, fan_out).map(|field| object.attribute(field.name));
    let first = values.next().unwrap_or(&Value::Null);
    if values.all(|value| value == first) { first.clone() } else { Value::Null }
}

/// What a response says of a field, seen from what is known of it.
fn returned_value(
    fields: &[Field],
    field: &Field,
    current: &Value,
    response: &JsonObject,
) -> Result<Value, Error> {
    if field.holds_extra_fields() {
        return Ok(extra_fields::returned(fields, current, response));
    }
    decode(field, response)
}

fn refresh_value(field: &Field, state: &Value, returned: Value, names: &CanonicalNames) -> Value {
    if same_as_state(field, state, &returned, names) {
        return state.clone();
    }
    match (field.kind, field.equality, returned) {
        (_, _, returned) if is_nothing(&returned) => Value::Null,
        (FieldType::Object(members), _, returned) => refresh_object(members, state, &returned),
        (FieldType::ObjectList(members), Equality::Keyed(key), Value::List(returned)) => {
            refresh_keyed_list(key, members, state.elements().unwrap_or_default(), returned)
        }
        (_, Equality::Canonicalized, returned) => names.respell(state, returned),
        (_, _, returned) => returned,
    }
}

/// The objects of state that still exist, in state's order, then the new ones. What the API assigns
/// or defaults stays as state has it.
fn refresh_keyed_list(
    key: &str,
    members: &[Field],
    state: &[Value],
    mut returned: Vec<Value>,
) -> Value {
    let mut refreshed = Vec::with_capacity(returned.len());
    for current in state {
        let has_key = |object: &Value| object.attribute(key) == current.attribute(key);
        if let Some(index) = returned.iter().position(has_key) {
            refreshed.push(refresh_object(members, current, &returned.remove(index)));
        }
    }
    refreshed.extend(returned.iter().map(|object| refresh_object(members, &Value::Null, object)));
    Value::List(refreshed)
}

fn refresh_object(members: &[Field], state: &Value, returned: &Value) -> Value {
    if !state.is_null() && same_members(members, state, returned) {
        return state.clone();
    }
    let mut refreshed = BTreeMap::new();
    for member in members {
        let (current, new) = (state.attribute(member.name), returned.attribute(member.name));
        let keeps = member.assigned_by_api || same(member, current, new);
        refreshed.insert(member.name.to_owned(), if keeps { current } else { new }.clone());
    }
    Value::Object(refreshed)
}
