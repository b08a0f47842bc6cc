//! The calls of protocol 5, grouped by what they are about; `grpc` is what the generated code calls.
//!
//! Owns the order of steps in a call, and the rules of the protocol that hold for every provider; the
//! rules of one resource are behind the traits. A service serves one connection, which has its own
//! configuration.

mod data_source;
mod function;
mod grpc;
mod list_resource;
mod provider;
mod resource;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Response, Status};
use tracing::Span;

use crate::cty::Type;

use super::{
    data_source::DataSource,
    diagnostics::{Diagnostic, Diagnostics},
    function::Function,
    list_resource::ListResource,
    provider::Provider,
    resource::Resource,
    rpc::{self, FromDiagnostics, Outcome},
};

/// The service of one connection.
pub struct Service<P: Provider> {
    connection: Arc<Connection<P>>,
    calls: TaskTracker,
}

struct Connection<P: Provider> {
    provider: Arc<P>,
    setup: RwLock<ConnectionState<P::Data>>,
    /// The types of the provider's resources, in its order; each is made of a schema once.
    resource_types: Vec<OnceLock<Type>>,
    /// The types of its data sources.
    data_source_types: Vec<OnceLock<Type>>,
}

/// What a connection was configured with; under one lock, so that a stop in the middle of a
/// configuration is not lost.
struct ConnectionState<D> {
    data: Option<Arc<D>>,
    stopped: bool,
}

impl<P: Provider> Service<P> {
    /// A service that is not configured yet. Must be called within a runtime.
    pub(super) fn new(provider: Arc<P>, calls: TaskTracker, stop: CancellationToken) -> Self {
        let types = |count| (0..count).map(|_| OnceLock::new()).collect();
        let connection = Arc::new(Connection {
            setup: RwLock::new(ConnectionState { data: None, stopped: false }),
            resource_types: types(provider.resources().len()),
            data_source_types: types(provider.data_sources().len()),
            provider,
        });
        let stopped = Arc::downgrade(&connection);
        tokio::spawn(async move {
            stop.cancelled().await;
            if let Some(connection) = stopped.upgrade() {
                connection.stop_provider();
            }
        });
        Self { connection, calls }
    }

    async fn unary<R, T, F>(
        &self,
        name: &'static str,
        request: Request<R>,
        method: impl FnOnce(Arc<Connection<P>>, R) -> F,
    ) -> Result<Response<T>, Status>
    where
        T: FromDiagnostics,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let call = method(Arc::clone(&self.connection), request.into_inner());
        rpc::unary(&self.calls, name, call).await
    }
}

impl<P: Provider> Connection<P> {
    /// The resource of this name, and its type.
    fn resource(&self, type_name: &str) -> Outcome<(&dyn Resource<P::Data>, &Type)> {
        Span::current().record("tf_resource_type", type_name);
        for ((name, resource), ty) in self.provider.resources().iter().zip(&self.resource_types) {
            if *name == type_name {
                return Ok((&**resource, ty.get_or_init(|| resource.schema().object_type())));
            }
        }
        Err(unknown_type("resource type", type_name))
    }

    /// The data source of this name, and its type.
    fn data_source(&self, type_name: &str) -> Outcome<(&dyn DataSource<P::Data>, &Type)> {
        Span::current().record("tf_data_source_type", type_name);
        for ((name, source), ty) in self.provider.data_sources().iter().zip(&self.data_source_types)
        {
            if *name == type_name {
                return Ok((&**source, ty.get_or_init(|| source.schema().object_type())));
            }
        }
        Err(unknown_type("data source type", type_name))
    }

    /// The list resource of this name.
    fn list(&self, type_name: &str) -> Outcome<&dyn ListResource<P::Data>> {
        Span::current().record("tf_resource_type", type_name);
        let mut lists = self.provider.list_resources().iter();
        match lists.find(|(name, _)| *name == type_name) {
            Some((_, list)) => Ok(&**list),
            None => Err(unknown_type("list resource type", type_name)),
        }
    }

    /// The function of this name.
    fn function(&self, name: &str) -> Outcome<&dyn Function> {
        Span::current().record("tf_function", name);
        let mut functions = self.provider.functions().iter();
        match functions.find(|(known, _)| *known == name) {
            Some((_, function)) => Ok(&**function),
            None => Err(unknown_type("function", name)),
        }
    }

    /// What the provider was configured with.
    fn data(&self) -> Outcome<Arc<P::Data>> {
        let setup = self.setup.read().unwrap_or_else(PoisonError::into_inner);
        setup.data.clone().ok_or_else(|| {
            let detail = "Terraform requested an operation before it configured the provider. \
                          Please report this.";
            Diagnostic::error("Provider is not configured", detail).into()
        })
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Diagnostics {
    let detail = format!("This version of the provider has no {kind} `{type_name}`.");
    Diagnostic::error(format!("Unknown {kind}"), detail).into()
}
