//! The configuration that Terraform writes for an object which is imported without one.
//!
//! As short as it can be while a plan with it is empty: nothing that the API decides, nothing
//! deprecated, no null, no default.

use std::collections::BTreeMap;

use crate::cty::Value;

use super::{
    equality::same,
    field::{Field, FieldType, ValueSource},
};

/// The configuration of an object in the state; null for a null object.
pub fn generated_config(fields: &[Field], object: &Value) -> Value {
    if object.is_null() {
        return Value::Null;
    }
    let mut config = BTreeMap::new();
    for field in fields {
        let value = object.attribute(field.name);
        let value = if is_left_out(field, value) { Value::Null } else { generated(field, value) };
        config.insert(field.name.to_owned(), value);
    }
    Value::Object(config)
}

/// Whether a configuration without the field means the same.
fn is_left_out(field: &Field, value: &Value) -> bool {
    let is_default = match field.mode {
        ValueSource::Default(default) => *value == Value::from(default),
        ValueSource::Required => false,
        _ => same(field, value, &Value::Null),
    };
    !field.is_configurable() || !field.is_exchanged() || field.deprecated.is_some() || is_default
}

fn generated(field: &Field, value: &Value) -> Value {
    match (field.kind, value) {
        (FieldType::Object(members), value) => generated_config(members, value),
        (FieldType::ObjectList(members), Value::List(objects)) => {
            Value::List(objects.iter().map(|object| generated_config(members, object)).collect())
        }
        _ => value.clone(),
    }
}
