//! What a query lists: the objects of a resource that exist, managed or not (Terraform 1.14 and
//! later).

use async_trait::async_trait;

use crate::cty::Value;

use super::{diagnostics::Diagnostics, schema::Schema};

/// A list of the objects of the managed resource of the same type name.
#[async_trait]
pub trait ListResource<D>: Send + Sync + 'static {
    /// The attributes by which a query chooses objects.
    fn schema(&self) -> Schema;

    /// Checks a configuration.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// Gives the objects to `results`, as they come, until there are no more or no more are wanted.
    async fn list(
        &self,
        data: &D,
        config: &Value,
        results: &mut dyn ListResults,
    ) -> Result<(), Diagnostics>;
}

/// Where the objects of a list go.
#[async_trait]
pub trait ListResults: Send {
    /// Whether whole objects are wanted, not only what identifies them.
    fn includes_objects(&self) -> bool;

    /// Adds an object. False once no more are wanted.
    async fn add(&mut self, object: ListedObject) -> Result<bool, Diagnostics>;
}

/// An object that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedObject {
    /// What a person knows it by.
    pub display_name: String,
    /// An object of the managed resource's type. Where whole objects are not wanted, the attributes
    /// that identify it are enough.
    pub value: Value,
}
