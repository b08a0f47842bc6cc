//! What Terraform is told of a provider, resource or data source: its attributes, their types and documentation.
//!
//! Owns the shape of a schema. Protocol 5 has no nested attribute types, so an object, or a list of them, is one attribute of
//! an object type with optional members; the documentation of the members is kept beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cty::{ObjectType, Type};

/// The schema of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Raised when stored state needs migration.
    pub version: i64,
    /// Markdown.
    pub description: &'static str,
    /// In the order of the documentation.
    pub attributes: Vec<Attribute>,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name in configurations.
    pub name: &'static str,
    /// What it holds.
    pub ty: Type,
    /// Who sets it.
    pub constraint: Constraint,
    /// Markdown.
    pub description: &'static str,
    /// Why not to use it any more.
    pub deprecated: Option<&'static str>,
    /// Whether Terraform must not print it.
    pub sensitive: bool,
    /// The attributes of the object, or of each object of the list, that this holds; empty for anything else.
    pub members: Vec<Attribute>,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// The configuration may, else the provider does.
    OptionalComputed,
    /// The provider does.
    Computed,
}

impl Schema {
    /// The type of a whole configuration, plan or state object. On the wire every attribute is present.
    pub fn object_type(&self) -> Type {
        let attributes: BTreeMap<_, _> = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.to_owned(), attribute.ty.clone()))
            .collect();
        Type::Object(ObjectType { attributes, optional: BTreeSet::new() })
    }
}

impl Constraint {
    /// Whether a configuration may set the attribute.
    pub const fn is_configurable(self) -> bool {
        !matches!(self, Self::Computed)
    }
}
