//! What will be: the planned state of a table resource.
//!
//! Pure functions over the field table, the prior state and the configuration. The rules follow from Terraform core's
//! checks: a planned value equals the configuration, or prior state where both are set (the escape used for values that
//! mean the same), and only computed attributes may be anything else. The same inputs give the same plan, since core
//! plans again when it applies.

use std::collections::BTreeMap;

use crate::{
    cty::{Path, Value},
    protocol::resource::PlanReply,
};

use super::{
    canonical_names::CanonicalNames,
    equality::same_as_state,
    field::{Equality, Field, Mode, fan_out_targets},
    state::agreement,
};

/// Plans a create (`prior` is null), an update or no change. Gives no private bytes.
pub fn plan(fields: &[Field], prior: &Value, config: &Value, names: CanonicalNames) -> PlanReply {
    let mut planned = BTreeMap::new();
    for field in fields.iter().filter(|field| !matches!(field.mode, Mode::Computed)) {
        planned.insert(field.name.to_owned(), plan_field(field, prior, config, names));
    }
    let mut planned = Value::Object(planned);
    for leader in fields.iter().filter(|field| matches!(field.mode, Mode::FanOut)) {
        let value = plan_leader(fields, leader, prior, config, &planned);
        planned = planned.with_attribute(leader.name, value);
    }
    let changed = fields.iter().any(|field| {
        !matches!(field.mode, Mode::Computed)
            && planned.attribute(field.name) != prior.attribute(field.name)
    });
    for field in fields.iter().filter(|field| matches!(field.mode, Mode::Computed)) {
        let value = if changed || prior.is_null() {
            Value::UNKNOWN
        } else {
            prior.attribute(field.name).clone()
        };
        planned = planned.with_attribute(field.name, value);
    }
    let requires_replace = replaced(fields, prior, &planned);
    PlanReply { planned, requires_replace, private: Vec::new() }
}

/// Whether prior state and configuration differ only to the letter on an aliased field, so that the service's list must
/// tell.
pub fn needs_catalog(
    fields: &[Field],
    prior: &Value,
    config: &Value,
    names: CanonicalNames,
) -> bool {
    let undecided = |field: &Field| {
        names.undecided(field, prior.attribute(field.name), config.attribute(field.name))
    };
    fields.iter().filter(|field| field.equality == Equality::Canonicalized).any(undecided)
}

fn plan_field(field: &Field, prior: &Value, config: &Value, names: CanonicalNames) -> Value {
    let (held, configured) = (prior.attribute(field.name), config.attribute(field.name));
    if !configured.is_null() && field.is_configurable() {
        let keeps = !held.is_null() && same_as_state(field, held, configured, names);
        return if keeps { held.clone() } else { configured.clone() };
    }
    match field.mode {
        Mode::Optional if field.equality == Equality::EmptyIsNull && held.as_str() == Some("") => {
            held.clone()
        }
        Mode::Required | Mode::Optional | Mode::FanOut => Value::Null,
        Mode::Default(default) => default.into(),
        Mode::DefaultFrom(leader) => config.attribute(leader).clone(),
        Mode::ComputedOnce if prior.is_null() => Value::unknown_not_null(),
        Mode::OptionalComputed | Mode::Computed if prior.is_null() => Value::UNKNOWN,
        Mode::OptionalComputed | Mode::ComputedOnce | Mode::Computed => held.clone(),
    }
}

/// A leading field that the configuration does not set keeps what an import has told of it, as long as the fields that
/// follow it still agree on that.
fn plan_leader(
    fields: &[Field],
    leader: &Field,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Value {
    let held = prior.attribute(leader.name);
    let is_open =
        fan_out_targets(fields, leader).any(|field| planned.attribute(field.name).is_unknown());
    match config.attribute(leader.name) {
        // Whether they will agree shows only when all are known.
        Value::Null if !held.is_null() && is_open => Value::UNKNOWN,
        Value::Null if agreement(fields, leader, planned) == *held => held.clone(),
        Value::Null => Value::Null,
        configured => configured.clone(),
    }
}

fn replaced(fields: &[Field], prior: &Value, planned: &Value) -> Vec<Path> {
    if prior.is_null() {
        return Vec::new();
    }
    let changed = |field: &&Field| prior.attribute(field.name) != planned.attribute(field.name);
    let create_only = fields.iter().filter(|field| field.create_only);
    create_only.filter(changed).map(|field| Path::attribute(field.name)).collect()
}
