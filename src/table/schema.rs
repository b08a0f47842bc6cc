//! The schema that a field table stands for.

use crate::protocol::schema::{Attribute, Constraint, Schema};

use super::field::{Field, FieldType, ValueSource};

/// The schema of a table, in its first version.
pub fn schema(description: &'static str, fields: &[Field]) -> Schema {
    Schema { version: 0, description, attributes: fields.iter().map(attribute).collect() }
}

fn attribute(field: &Field) -> Attribute {
    let members = match field.kind {
        FieldType::Object(members) | FieldType::ObjectList(members) => members,
        FieldType::Bool
        | FieldType::Number
        | FieldType::String
        | FieldType::StringSet
        | FieldType::ExtraFields { .. } => &[],
    };
    // What is inside a read-only attribute is read-only too.
    let shown = |member: &Field| if field.is_configurable() { *member } else { member.read_only() };
    Attribute {
        name: field.name,
        ty: field.ty(),
        constraint: constraint(field),
        description: field.doc,
        deprecated: field.deprecated,
        sensitive: field.sensitive,
        members: members.iter().map(|member| attribute(&shown(member))).collect(),
    }
}

fn constraint(field: &Field) -> Constraint {
    match (field.mode, field.is_configurable(), field.is_computed()) {
        (ValueSource::Required, ..) => Constraint::Required,
        (_, true, true) => Constraint::OptionalComputed,
        (_, true, false) => Constraint::Optional,
        (_, false, _) => Constraint::Computed,
    }
}
