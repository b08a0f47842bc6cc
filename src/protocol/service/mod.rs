//! The calls of protocol 5, one plain method each, grouped by what they are about. Each goes through [`rpc::unary`] or
//! [`rpc::stream`] to a method of [`Connection`] of the same name.
//!
//! Owns the order of the steps in a call, and the rules of the protocol that hold for every provider; the rules of one
//! resource are behind the traits. One service serves one connection, since a configuration belongs to a connection.

mod data_source;
mod function;
mod list;
mod provider;
mod resource;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Response, Status};

use crate::pb::tfplugin5::{self as pb, provider_server};

use super::{
    data_source::DataSource,
    diagnostics::{Diagnostic, Diagnostics},
    provider::Provider,
    resource::Resource,
    rpc::{self, EventStream, FromDiagnostics, Outcome},
};

/// What a call comes to on the wire.
type Reply<T> = Result<Response<T>, Status>;

/// The service of one connection; cheap to clone.
pub struct Service<P: Provider> {
    connection: Arc<Connection<P>>,
    calls: TaskTracker,
}

/// What a connection knows.
struct Connection<P: Provider> {
    provider: Arc<P>,
    setup: RwLock<Setup<P::Data>>,
}

/// What a connection was configured with; under one lock, so that a stop in the middle of a configuration is not lost.
struct Setup<D> {
    data: Option<Arc<D>>,
    stopped: bool,
}

impl<P: Provider> Service<P> {
    /// A service that is not configured yet. Must be called within a runtime.
    pub(super) fn new(provider: Arc<P>, calls: TaskTracker, stop: CancellationToken) -> Self {
        let connection = Arc::new(Connection {
            provider,
            setup: RwLock::new(Setup { data: None, stopped: false }),
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
    ) -> Reply<T>
    where
        T: FromDiagnostics,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        rpc::unary(&self.calls, name, method(Arc::clone(&self.connection), request.into_inner()))
            .await
    }
}

impl<P: Provider> Clone for Service<P> {
    fn clone(&self) -> Self {
        Self { connection: Arc::clone(&self.connection), calls: self.calls.clone() }
    }
}

impl<P: Provider> Connection<P> {
    fn resource(&self, type_name: &str) -> Outcome<&dyn Resource<P::Data>> {
        tracing::Span::current().record("tf_resource_type", type_name);
        let found = self.provider.resources().iter().find(|(name, _)| *name == type_name);
        found
            .map(|(_, resource)| &**resource)
            .ok_or_else(|| unknown_type("resource type", type_name))
    }

    fn data_source(&self, type_name: &str) -> Outcome<&dyn DataSource<P::Data>> {
        tracing::Span::current().record("tf_data_source_type", type_name);
        let found = self.provider.data_sources().iter().find(|(name, _)| *name == type_name);
        found
            .map(|(_, source)| &**source)
            .ok_or_else(|| unknown_type("data source type", type_name))
    }

    /// What the provider was configured with.
    fn data(&self) -> Outcome<Arc<P::Data>> {
        let setup = self.setup.read().unwrap_or_else(PoisonError::into_inner);
        setup.data.clone().ok_or_else(|| {
            let detail =
                "Terraform asked for an operation before it configured the provider. Please report this.";
            Diagnostic::error("Provider is not configured", detail).into()
        })
    }
}

fn unknown_type(kind: &str, type_name: &str) -> Diagnostics {
    let detail = format!("This version of the provider has no {kind} `{type_name}`.");
    Diagnostic::error(format!("Unknown {kind}"), detail).into()
}

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for Service<P> {
    async fn get_metadata(
        &self,
        request: Request<pb::get_metadata::Request>,
    ) -> Reply<pb::get_metadata::Response> {
        self.unary("GetMetadata", request, Connection::get_metadata).await
    }

    async fn get_schema(
        &self,
        request: Request<pb::get_provider_schema::Request>,
    ) -> Reply<pb::get_provider_schema::Response> {
        self.unary("GetSchema", request, Connection::get_schema).await
    }

    async fn prepare_provider_config(
        &self,
        request: Request<pb::prepare_provider_config::Request>,
    ) -> Reply<pb::prepare_provider_config::Response> {
        self.unary("PrepareProviderConfig", request, Connection::prepare_provider_config).await
    }

    async fn configure(
        &self,
        request: Request<pb::configure::Request>,
    ) -> Reply<pb::configure::Response> {
        self.unary("Configure", request, Connection::configure).await
    }

    async fn stop(&self, request: Request<pb::stop::Request>) -> Reply<pb::stop::Response> {
        self.unary("Stop", request, Connection::stop).await
    }

    async fn validate_resource_type_config(
        &self,
        request: Request<pb::validate_resource_type_config::Request>,
    ) -> Reply<pb::validate_resource_type_config::Response> {
        self.unary("ValidateResourceTypeConfig", request, Connection::validate_resource_type_config)
            .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> Reply<pb::upgrade_resource_state::Response> {
        self.unary("UpgradeResourceState", request, Connection::upgrade_resource_state).await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> Reply<pb::read_resource::Response> {
        self.unary("ReadResource", request, Connection::read_resource).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> Reply<pb::plan_resource_change::Response> {
        self.unary("PlanResourceChange", request, Connection::plan_resource_change).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> Reply<pb::apply_resource_change::Response> {
        self.unary("ApplyResourceChange", request, Connection::apply_resource_change).await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> Reply<pb::import_resource_state::Response> {
        self.unary("ImportResourceState", request, Connection::import_resource_state).await
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> Reply<pb::move_resource_state::Response> {
        self.unary("MoveResourceState", request, Connection::move_resource_state).await
    }

    async fn get_resource_identity_schemas(
        &self,
        request: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Reply<pb::get_resource_identity_schemas::Response> {
        self.unary("GetResourceIdentitySchemas", request, Connection::get_resource_identity_schemas)
            .await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> Reply<pb::upgrade_resource_identity::Response> {
        self.unary("UpgradeResourceIdentity", request, Connection::upgrade_resource_identity).await
    }

    async fn generate_resource_config(
        &self,
        request: Request<pb::generate_resource_config::Request>,
    ) -> Reply<pb::generate_resource_config::Response> {
        self.unary("GenerateResourceConfig", request, Connection::generate_resource_config).await
    }

    async fn validate_data_source_config(
        &self,
        request: Request<pb::validate_data_source_config::Request>,
    ) -> Reply<pb::validate_data_source_config::Response> {
        self.unary("ValidateDataSourceConfig", request, Connection::validate_data_source_config)
            .await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> Reply<pb::read_data_source::Response> {
        self.unary("ReadDataSource", request, Connection::read_data_source).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<pb::validate_list_resource_config::Request>,
    ) -> Reply<pb::validate_list_resource_config::Response> {
        self.unary("ValidateListResourceConfig", request, Connection::validate_list_resource_config)
            .await
    }

    async fn get_functions(
        &self,
        request: Request<pb::get_functions::Request>,
    ) -> Reply<pb::get_functions::Response> {
        self.unary("GetFunctions", request, Connection::get_functions).await
    }

    async fn call_function(
        &self,
        request: Request<pb::call_function::Request>,
    ) -> Reply<pb::call_function::Response> {
        self.unary("CallFunction", request, Connection::call_function).await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<pb::validate_ephemeral_resource_config::Request>,
    ) -> Reply<pb::validate_ephemeral_resource_config::Response> {
        self.unary(
            "ValidateEphemeralResourceConfig",
            request,
            Connection::validate_ephemeral_resource_config,
        )
        .await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<pb::open_ephemeral_resource::Request>,
    ) -> Reply<pb::open_ephemeral_resource::Response> {
        self.unary("OpenEphemeralResource", request, Connection::open_ephemeral_resource).await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<pb::renew_ephemeral_resource::Request>,
    ) -> Reply<pb::renew_ephemeral_resource::Response> {
        self.unary("RenewEphemeralResource", request, Connection::renew_ephemeral_resource).await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<pb::close_ephemeral_resource::Request>,
    ) -> Reply<pb::close_ephemeral_resource::Response> {
        self.unary("CloseEphemeralResource", request, Connection::close_ephemeral_resource).await
    }

    async fn validate_action_config(
        &self,
        request: Request<pb::validate_action_config::Request>,
    ) -> Reply<pb::validate_action_config::Response> {
        self.unary("ValidateActionConfig", request, Connection::validate_action_config).await
    }

    async fn plan_action(
        &self,
        request: Request<pb::plan_action::Request>,
    ) -> Reply<pb::plan_action::Response> {
        self.unary("PlanAction", request, Connection::plan_action).await
    }

    type ListResourceStream = EventStream<pb::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Reply<Self::ListResourceStream> {
        let connection = Arc::clone(&self.connection);
        rpc::stream(&self.calls, "ListResource", |events| {
            connection.list_resource(request.into_inner(), events)
        })
    }

    type InvokeActionStream = EventStream<pb::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<pb::invoke_action::Request>,
    ) -> Reply<Self::InvokeActionStream> {
        let connection = Arc::clone(&self.connection);
        rpc::stream(&self.calls, "InvokeAction", |events| {
            connection.invoke_action(request.into_inner(), events)
        })
    }
}
