//! The generated service trait: one plain method per RPC of protocol 5.
//!
//! Each goes through [`rpc::unary`] or [`rpc::stream`] to the method of that name of [`Connection`].
//! No provider here has ephemeral resources or actions; core makes calls about them only if a schema
//! declares them.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::pb::tfplugin5::{self as pb, provider_server};

use super::{
    super::{
        provider::Provider,
        rpc::{self, EventStream, Outcome},
    },
    Connection, Service, unknown_type,
};

const EPHEMERAL_RESOURCE: &str = "ephemeral resource type";
const ACTION: &str = "action type";

/// What a call comes to in gRPC.
type Reply<T> = Result<Response<T>, Status>;

#[expect(clippy::unused_async, reason = "every call is a future")]
async fn unsupported<T>(kind: &str, name: String) -> Outcome<T> {
    Err(unknown_type(kind, &name))
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
        self.unary("ValidateEphemeralResourceConfig", request, |_, request| {
            unsupported(EPHEMERAL_RESOURCE, request.type_name)
        })
        .await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<pb::open_ephemeral_resource::Request>,
    ) -> Reply<pb::open_ephemeral_resource::Response> {
        self.unary("OpenEphemeralResource", request, |_, request| {
            unsupported(EPHEMERAL_RESOURCE, request.type_name)
        })
        .await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<pb::renew_ephemeral_resource::Request>,
    ) -> Reply<pb::renew_ephemeral_resource::Response> {
        self.unary("RenewEphemeralResource", request, |_, request| {
            unsupported(EPHEMERAL_RESOURCE, request.type_name)
        })
        .await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<pb::close_ephemeral_resource::Request>,
    ) -> Reply<pb::close_ephemeral_resource::Response> {
        self.unary("CloseEphemeralResource", request, |_, request| {
            unsupported(EPHEMERAL_RESOURCE, request.type_name)
        })
        .await
    }

    async fn validate_action_config(
        &self,
        request: Request<pb::validate_action_config::Request>,
    ) -> Reply<pb::validate_action_config::Response> {
        self.unary("ValidateActionConfig", request, |_, request| {
            unsupported(ACTION, request.action_type)
        })
        .await
    }

    async fn plan_action(
        &self,
        request: Request<pb::plan_action::Request>,
    ) -> Reply<pb::plan_action::Response> {
        self.unary("PlanAction", request, |_, request| unsupported(ACTION, request.action_type))
            .await
    }

    type ListResourceStream = EventStream<pb::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Reply<Self::ListResourceStream> {
        let (connection, request) = (Arc::clone(&self.connection), request.into_inner());
        let list = |events| connection.list_resource(request, events);
        Ok(rpc::stream(&self.calls, "ListResource", list))
    }

    type InvokeActionStream = EventStream<pb::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<pb::invoke_action::Request>,
    ) -> Reply<Self::InvokeActionStream> {
        let action_type = request.into_inner().action_type;
        Ok(rpc::stream(&self.calls, "InvokeAction", |_| unsupported(ACTION, action_type)))
    }
}
