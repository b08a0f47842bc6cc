//! The schema of a provider, resource or data source: attributes, their types and documentation.
//!
//! Protocol 5 has no nested attribute types, so an object, or a list of them, is one attribute of an
//! object type with optional members; the members' documentation is kept beside it.

use crate::cty::Type;

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
    /// Why it should no longer be used.
    pub deprecated: Option<&'static str>,
    /// Whether Terraform must not print it.
    pub sensitive: bool,
    /// The attributes of the object, or of each object of the list; else empty.
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
        let attributes = self.attributes.iter();
        Type::object(attributes.map(|attribute| (attribute.name.to_owned(), attribute.ty.clone())))
    }
}

impl Attribute {
    /// What it is, without what a configuration of it means.
    pub fn summary(&self) -> &'static str {
        match self.description.split_once(". ") {
            Some((first, _)) => &self.description[..=first.len()],
            None => self.description,
        }
    }
}

impl Constraint {
    /// Whether a configuration may set the attribute.
    pub const fn is_configurable(self) -> bool {
        !matches!(self, Self::Computed)
    }
}
