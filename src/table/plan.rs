//! The planned state of a resource made of a table.
//!
//! The rules follow from Terraform core's checks: a planned value equals the configuration, or prior
//! state where both are set (which is used for values that mean the same), and only computed
//! attributes may be anything else. The same inputs give the same plan, since core plans again when
//! it applies.

use crate::{
    cty::{Path, Value},
    protocol::resource::PlanReply,
};

use super::{
    canonical_names::CanonicalNames,
    equality::same_as_state,
    field::{Equality, Field, ValueSource, fan_out_targets},
    state::common_target_value,
};

/// Plans a create (`prior` is null), an update or no change. The reply has no private bytes.
pub fn plan(fields: &[Field], prior: &Value, config: &Value, names: &CanonicalNames) -> PlanReply {
    let (computed, decided): (Vec<&Field>, Vec<&Field>) =
        fields.iter().partition(|field| matches!(field.mode, ValueSource::Computed));
    let mut planned = Value::object([] as [(&str, Value); 0]);
    for field in &decided {
        planned = planned.with_attribute(field.name, plan_field(field, prior, config, names));
    }
    for field in decided.iter().filter(|field| matches!(field.mode, ValueSource::FanOut)) {
        let value = plan_fan_out(fields, field, prior, config, &planned);
        planned = planned.with_attribute(field.name, value);
    }
    let is_changed = |field: &Field| planned.attribute(field.name) != prior.attribute(field.name);
    let any_changed = prior.is_null() || decided.iter().any(|field| is_changed(field));
    let requires_replace = if prior.is_null() {
        Vec::new()
    } else {
        let replacing = fields.iter().filter(|field| field.create_only && is_changed(field));
        replacing.map(|field| Path::attribute(field.name)).collect()
    };
    for field in computed {
        let prior = prior.attribute(field.name);
        let value = if any_changed { Value::UNKNOWN } else { prior.clone() };
        planned = planned.with_attribute(field.name, value);
    }
    PlanReply { planned, requires_replace, private: Vec::new() }
}

fn plan_field(field: &Field, prior: &Value, config: &Value, names: &CanonicalNames) -> Value {
    let (current, configured) = (prior.attribute(field.name), config.attribute(field.name));
    if !configured.is_null() && field.is_configurable() {
        let keeps = !current.is_null() && same_as_state(field, current, configured, names);
        return if keeps { current } else { configured }.clone();
    }
    match field.mode {
        ValueSource::Optional
            if field.equality == Equality::EmptyIsNull && current.as_str() == Some("") =>
        {
            current.clone()
        }
        ValueSource::Required | ValueSource::Optional | ValueSource::FanOut => Value::Null,
        ValueSource::Default(default) => default.into(),
        ValueSource::DefaultFrom(fan_out) => config.attribute(fan_out).clone(),
        ValueSource::ComputedOnce if prior.is_null() => Value::unknown_not_null(),
        ValueSource::OptionalComputed | ValueSource::Computed if prior.is_null() => Value::UNKNOWN,
        ValueSource::OptionalComputed | ValueSource::ComputedOnce | ValueSource::Computed => {
            current.clone()
        }
    }
}

/// A fan-out field that the configuration does not set keeps the value that an import has given it,
/// as long as its targets still have that value.
fn plan_fan_out(
    fields: &[Field],
    field: &Field,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Value {
    let configured = config.attribute(field.name);
    if !configured.is_null() {
        return configured.clone();
    }
    let current = prior.attribute(field.name);
    let mut targets = fan_out_targets(fields, field);
    if !current.is_null() && targets.any(|target| planned.attribute(target.name).is_unknown()) {
        // Whether they will have that value shows only when all are known.
        return Value::UNKNOWN;
    }
    if common_target_value(fields, field, planned) == *current {
        current.clone()
    } else {
        Value::Null
    }
}
