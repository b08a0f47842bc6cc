//! A provider: a schema, a configuration step, resources, data sources, list resources and functions.

use async_trait::async_trait;

use crate::cty::Value;

use super::{
    data_source::DataSource,
    diagnostics::Diagnostics,
    function::Function,
    list_resource::ListResource,
    resource::{Reply, Resource},
    schema::Schema,
};

/// A resource and its type name, such as `cloud_server`.
pub type NamedResource<D> = (&'static str, Box<dyn Resource<D>>);

/// A data source and its type name.
pub type NamedDataSource<D> = (&'static str, Box<dyn DataSource<D>>);

/// A list resource and its type name, which is that of a resource too.
pub type NamedListResource<D> = (&'static str, Box<dyn ListResource<D>>);

/// A function and its name, which has no prefix: configurations write `provider::cloud::name`.
pub type NamedFunction = (&'static str, Box<dyn Function>);

/// A provider. One instance serves the process; what [`Provider::configure`] makes belongs to one
/// connection.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What a configured provider gives its resources: clients, caches.
    type Data: Send + Sync + 'static;

    /// The provider block.
    fn schema(&self) -> Schema;

    /// Checks a provider block. Values may be unknown.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// Prepares for calls. Values may be unknown in a plan, which is no error until a call needs them.
    async fn configure(&self, terraform_version: &str, config: &Value) -> Reply<Self::Data>;

    /// Ends what is done with this data, for good; calls in progress return soon. Must not wait.
    fn stop(&self, data: &Self::Data);

    /// The resources, in any order.
    fn resources(&self) -> &[NamedResource<Self::Data>];

    /// The data sources, in any order.
    fn data_sources(&self) -> &[NamedDataSource<Self::Data>];

    /// The list resources, in any order.
    fn list_resources(&self) -> &[NamedListResource<Self::Data>] {
        &[]
    }

    /// The functions, in any order.
    fn functions(&self) -> &[NamedFunction] {
        &[]
    }
}
