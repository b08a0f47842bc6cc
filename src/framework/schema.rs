//! What Terraform is told of a provider, resource or data source: its attributes and their types.
//!
//! Derived from a field table; protocol 5 has no nested attribute types, so an object, or a list of them, becomes one
//! attribute of an object type with optional members.

use std::collections::BTreeSet;

use crate::cty::{ObjectType, Type};

use super::field::{Field, Mode, object_type};

/// The schema of one block.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Raised when stored state needs migration.
    pub version: i64,
    /// Markdown.
    pub description: &'static str,
    /// The field table.
    pub fields: &'static [Field],
}

impl Schema {
    /// The type of a whole configuration, plan or state object. On the wire every attribute is present, so the
    /// optional marks are dropped.
    pub fn object_type(&self) -> Type {
        Type::Object(ObjectType { optional: BTreeSet::new(), ..object_type(self.fields) })
    }
}

/// The three flags by which the protocol says who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// The configuration must.
    pub required: bool,
    /// The configuration may.
    pub optional: bool,
    /// The provider may.
    pub computed: bool,
}

impl Flags {
    /// The flags of one field.
    pub const fn of(field: &Field) -> Self {
        let required = matches!(field.mode, Mode::Required);
        Self { required, optional: field.is_configurable() && !required, computed: field.is_computed() }
    }
}
