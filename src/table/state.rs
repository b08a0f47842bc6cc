//! State from a service's answers.
//!
//! Owns how a JSON answer becomes state: after a create or update ([`settle`]), on a refresh ([`refresh`]) and on an
//! import ([`import`]). State keeps the form it has wherever the answer means the same. Null and absent are one. Members
//! and fields that the table does not know are left out; texts are brought to Unicode's NFC, as Terraform does with all
//! of its own.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

use crate::{
    cty::{self, Number, Path, Value},
    protocol::diagnostics::Diagnostic,
};

use super::{
    body::JsonObject,
    canonical_names::{self, CanonicalNames, NameCatalog, StoredNames},
    display::display,
    equality::{is_nothing, same, same_as_state, same_members},
    field::{Equality, Field, Kind, Mode, fan_out_targets},
};

/// A field whose answer does not say what was planned.
#[derive(Debug, PartialEq)]
pub struct Mismatch {
    /// The attribute's name.
    pub name: &'static str,
    /// What was planned.
    pub planned: Value,
    /// What the service holds, or why its answer cannot be read.
    pub answered: Result<Value, cty::Error>,
}

impl Mismatch {
    /// The warning that tells of it.
    pub fn warning(&self) -> Diagnostic {
        let (name, planned) = (self.name, display(&self.planned));
        let answered = match &self.answered {
            Ok(value) => format!("the service answered {}", display(value)),
            Err(error) => format!("the service's answer cannot be read ({error})"),
        };
        let detail = format!(
            "`{name}` was planned as {planned}, but {answered}. The change was made, and the state keeps the planned \
             value; the next plan shows what the service holds then."
        );
        // Terraform shows only the first of several warnings with one title.
        let summary = format!("The service holds another `{name}` than planned");
        Diagnostic::warning(summary, detail).at(Path::attribute(name))
    }
}

/// State after a create or update that was done: what was planned, completed from the answer.
///
/// Never fails, since what exists must be kept: what the answer contradicts, or says in a way that cannot be read, keeps
/// its planned form and is returned as a mismatch. Without the service's list, names that only it could compare pass.
pub fn state_after_apply(
    fields: &'static [Field],
    planned: &Value,
    answer: &JsonObject,
    aliases: Option<&dyn NameCatalog>,
) -> (Value, Vec<Mismatch>) {
    let mut mismatches = Vec::new();
    let mut state = BTreeMap::new();
    for field in fields {
        let wanted = planned.attribute(field.name);
        let value = match decode(field, answer) {
            Ok(value) if !wanted.is_wholly_known() => value,
            Ok(value) if !field.is_exchanged() || says(field, wanted, &value, aliases) => {
                wanted.clone()
            }
            answered => {
                let keeps = if wanted.is_wholly_known() { wanted.clone() } else { Value::Null };
                mismatches.push(Mismatch { name: field.name, planned: wanted.clone(), answered });
                keeps
            }
        };
        state.insert(field.name.to_owned(), value);
    }
    (Value::Object(state), mismatches)
}

/// Whether an answer says all that was planned. None if that depends on names which only the service's list can compare.
pub fn matches_plan(
    fields: &'static [Field],
    planned: &Value,
    answer: &JsonObject,
    aliases: Option<&dyn NameCatalog>,
) -> Option<bool> {
    let (_, mismatches) = state_after_apply(fields, planned, answer, aliases);
    let names = CanonicalNames { record: &StoredNames::default(), aliases };
    let is_open = mismatches.is_empty() && needs_catalog(fields, planned, answer, names);
    (!is_open).then_some(mismatches.is_empty())
}

/// State after a refresh: what state holds where the answer means the same, else the answer.
///
/// # Errors
/// The path and the reason, when a field of the answer has another type than the table says.
pub fn state_after_read(
    fields: &[Field],
    state: &Value,
    answer: &JsonObject,
    names: CanonicalNames,
) -> Result<Value, cty::Error> {
    let mut refreshed = BTreeMap::new();
    for field in fields {
        let held = state.attribute(field.name);
        let value = if field.is_exchanged() {
            refresh_value(field, held, decode(field, answer)?, names)
        } else {
            held.clone()
        };
        refreshed.insert(field.name.to_owned(), value);
    }
    Ok(Value::Object(refreshed))
}

/// State after an import: the answer, without what only repeats a default or the service's own assignments. A leading
/// field gets the value on which all that follow it agree.
///
/// # Errors
/// As [`refresh`].
pub fn imported_state(
    fields: &[Field],
    answer: &JsonObject,
    names: CanonicalNames,
) -> Result<Value, cty::Error> {
    let mut state = state_after_read(fields, &Value::Null, answer, names)?;
    // A configuration may say it either way, and is the same as this.
    for field in fields.iter().filter(|field| field.equality == Equality::EmptyIsNull) {
        state = state.with_attribute(field.name, decode(field, answer)?);
    }
    for leader in fields.iter().filter(|field| matches!(field.mode, Mode::FanOut)) {
        let agreed = agreement(fields, leader, &state);
        state = state.with_attribute(leader.name, agreed);
    }
    Ok(state)
}

/// The value on which all fields that follow `leader` agree in this object, or null.
pub fn agreement(fields: &[Field], leader: &Field, object: &Value) -> Value {
    let mut values = fan_out_targets(fields, leader).map(|field| object.attribute(field.name));
    let first = values.next().unwrap_or(&Value::Null);
    if values.all(|value| value == first) { first.clone() } else { Value::Null }
}

/// Whether two states differ only to the letter on an aliased field, so that the service's list must tell.
pub fn needs_catalog(
    fields: &[Field],
    state: &Value,
    answer: &JsonObject,
    names: CanonicalNames,
) -> bool {
    let undecided = |field: &Field| {
        decode(field, answer)
            .is_ok_and(|value| names.undecided(field, state.attribute(field.name), &value))
    };
    fields.iter().filter(|field| field.equality == Equality::Canonicalized).any(undecided)
}

/// One field of an answer; null when absent.
///
/// # Errors
/// The path and the reason, when it has another type than the table says.
pub fn decode(field: &Field, answer: &JsonObject) -> Result<Value, cty::Error> {
    from_json(
        field.kind,
        answer.get(field.name).unwrap_or(&Json::Null),
        &Path::attribute(field.name),
    )
}

fn says(field: &Field, planned: &Value, answer: &Value, aliases: Option<&dyn NameCatalog>) -> bool {
    let unaided = CanonicalNames { record: &StoredNames::default(), aliases: None };
    same(field, planned, answer)
        || match aliases {
            Some(aliases) => {
                field.equality == Equality::Canonicalized
                    && canonical_names::accounts_for(aliases, planned, answer)
            }
            None => unaided.undecided(field, planned, answer),
        }
}

fn refresh_value(field: &Field, state: &Value, answer: Value, names: CanonicalNames) -> Value {
    if same_as_state(field, state, &answer, names) {
        return state.clone();
    }
    match (field.kind, field.equality, answer) {
        (_, _, answer) if is_nothing(&answer) => Value::Null,
        (Kind::Object(members), _, answer) => refresh_object(members, state, &answer),
        (Kind::ObjectList(members), Equality::Keyed(key), Value::List(answer)) => {
            refresh_keyed(key, members, state.elements().unwrap_or_default(), answer)
        }
        (_, Equality::Canonicalized, answer) => names.respell(state, &answer),
        (_, _, answer) => answer,
    }
}

/// A keyed list after a refresh: in state's order, then what is new in the answer's; what the service assigns or
/// defaults stays as state has it.
fn refresh_keyed(key: &str, members: &[Field], state: &[Value], mut answer: Vec<Value>) -> Value {
    let mut refreshed = Vec::with_capacity(answer.len());
    for held in state {
        let found = answer.iter().position(|object| object.attribute(key) == held.attribute(key));
        if let Some(found) = found {
            refreshed.push(refresh_object(members, held, &answer.remove(found)));
        }
    }
    refreshed.extend(answer.iter().map(|object| refresh_object(members, &Value::Null, object)));
    Value::List(refreshed)
}

fn refresh_object(members: &[Field], state: &Value, answer: &Value) -> Value {
    if !state.is_null() && same_members(members, state, answer) {
        return state.clone();
    }
    let refreshed = members.iter().map(|member| {
        let (held, answered) = (state.attribute(member.name), answer.attribute(member.name));
        let keeps = member.assigned_by_api || same(member, held, answered);
        (member.name.to_owned(), if keeps { held.clone() } else { answered.clone() })
    });
    Value::Object(refreshed.collect())
}

fn from_json(kind: Kind, json: &Json, path: &Path) -> Result<Value, cty::Error> {
    let wrong = |wanted: &str| {
        cty::Error::new(path.clone(), format!("{wanted} is expected, not {}", describe(json)))
    };
    match (kind, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Kind::Number, Json::Number(value)) => {
            Ok(Value::Number(Number::parse(&value.to_string())?))
        }
        (Kind::String, Json::String(value)) => Ok(Value::String(value.nfc().collect())),
        (Kind::StringSet, Json::Array(items)) => strings_from_json(items, path),
        (Kind::Object(members), json) => object_from_json(members, json, path),
        (Kind::ObjectList(members), Json::Array(items)) => {
            let object = |(index, item)| object_from_json(members, item, &path.child_index(index));
            items.iter().enumerate().map(object).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::Bool, _) => Err(wrong("true or false")),
        (Kind::Number, _) => Err(wrong("a number")),
        (Kind::String, _) => Err(wrong("a string")),
        (Kind::StringSet | Kind::ObjectList(_), _) => Err(wrong("an array")),
    }
}

fn strings_from_json(items: &[Json], path: &Path) -> Result<Value, cty::Error> {
    let mut strings = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Json::String(text) => strings.insert(text.nfc().collect::<String>()),
            other => {
                let message = format!("a string is expected, not {}", describe(other));
                return Err(cty::Error::new(path.child_index(index), message));
            }
        };
    }
    Ok(Value::Set(strings.into_iter().map(Value::String).collect()))
}

fn object_from_json(members: &[Field], json: &Json, path: &Path) -> Result<Value, cty::Error> {
    let Json::Object(object) = json else {
        return Err(cty::Error::new(
            path.clone(),
            format!("an object is expected, not {}", describe(json)),
        ));
    };
    let member = |member: &Field| {
        let json = object.get(member.name).unwrap_or(&Json::Null);
        let value = from_json(member.kind, json, &path.child_attribute(member.name))?;
        Ok((member.name.to_owned(), value))
    };
    members.iter().map(member).collect::<Result<_, _>>().map(Value::Object)
}

fn describe(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
