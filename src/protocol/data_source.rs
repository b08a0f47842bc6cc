//! A data source: a configuration in, the same with everything computed out.

use async_trait::async_trait;

use crate::cty::Value;

use super::{diagnostics::Diagnostics, resource::Reply, schema::Schema};

/// A data source, over what its provider's configuration made.
#[async_trait]
pub trait DataSource<D>: Send + Sync + 'static {
    /// Its attributes.
    fn schema(&self) -> Schema;

    /// Checks a configuration. Values may be unknown, and the provider may not be configured.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::default()
    }

    /// Reads. The configuration is wholly known; so is the reply.
    async fn read(&self, data: &D, config: Value) -> Reply<Value>;
}
