//! The identity of a resource's objects: attributes by which Terraform tells one object from all
//! others, and finds it when a user imports it or a query lists it (Terraform 1.12 and later).
//!
//! A resource names attributes of its schema; everything else follows from them. All are texts.

use crate::{
    cty::{Type, Value},
    pb::tfplugin5 as pb,
};

use super::schema::Schema;

/// The type of an identity of these attributes.
pub(super) fn ty(attributes: &[&str]) -> Type {
    Type::object(attributes.iter().map(|name| ((*name).to_owned(), Type::String)))
}

/// The identity of an object; null for a null object.
pub(super) fn of(attributes: &[&str], object: &Value) -> Value {
    if object.is_null() {
        return Value::Null;
    }
    Value::object(attributes.iter().map(|name| (*name, object.attribute(name).clone())))
}

/// The schema of an identity, in its first version.
pub(super) fn schema(attributes: &[&str], resource: &Schema) -> pb::ResourceIdentitySchema {
    let attribute = |name: &&str| {
        let described = resource.attributes.iter().find(|attribute| attribute.name == *name);
        pb::resource_identity_schema::IdentityAttribute {
            name: (*name).to_owned(),
            r#type: Type::String.to_json().to_string().into_bytes(),
            required_for_import: true,
            optional_for_import: false,
            description: described.map(|one| one.summary().to_owned()).unwrap_or_default(),
        }
    };
    pb::ResourceIdentitySchema {
        version: 0,
        identity_attributes: attributes.iter().map(attribute).collect(),
    }
}
