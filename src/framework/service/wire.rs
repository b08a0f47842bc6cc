//! The protocol's calls, handed to the connection through [`rpc::run`]. Every call of protocol 5.11 is answered. Those about
//! kinds of things that no provider here has say so, in a diagnostic, or in a status where the answer is a stream; core makes
//! them only for types that a schema declares.

use std::sync::Arc;

use tonic::{Request, Response, Status, codegen::tokio_stream};

use crate::pb::tfplugin5::{self as pb, provider_server};

use super::{
    super::{diagnostics::Diagnostic, provider::Provider, rpc},
    Service, unknown_type,
};

/// A stream that is never opened.
type NoStream<T> = tokio_stream::Empty<Result<T, Status>>;

macro_rules! serve {
    ($($call:ident($message:ident) as $name:literal: |$connection:ident, $request:ident| $answer:expr;)*) => {
        #[tonic::async_trait]
        impl<P: Provider> provider_server::Provider for Service<P> {
            $(async fn $call(
                &self,
                request: Request<pb::$message::Request>,
            ) -> Result<Response<pb::$message::Response>, Status> {
                let ($connection, $request) = (Arc::clone(&self.0), request.into_inner());
                rpc::run($name, async move { $answer }).await
            })*

            async fn call_function(
                &self,
                request: Request<pb::call_function::Request>,
            ) -> Result<Response<pb::call_function::Response>, Status> {
                let text = format!("This version of the provider has no function `{}`.", request.into_inner().name);
                let error = Some(pb::FunctionError { text, function_argument: None });
                Ok(Response::new(pb::call_function::Response { result: None, error }))
            }

            type ListResourceStream = NoStream<pb::list_resource::Event>;

            async fn list_resource(
                &self,
                _: Request<pb::list_resource::Request>,
            ) -> Result<Response<Self::ListResourceStream>, Status> {
                Err(Status::unimplemented("the provider declares no list resources"))
            }

            type InvokeActionStream = NoStream<pb::invoke_action::Event>;

            async fn invoke_action(
                &self,
                _: Request<pb::invoke_action::Request>,
            ) -> Result<Response<Self::InvokeActionStream>, Status> {
                Err(Status::unimplemented("the provider declares no actions"))
            }
        }
    };
}

serve! {
    get_metadata(get_metadata) as "GetMetadata": |provider, _request| Ok(provider.get_metadata());
    get_schema(get_provider_schema) as "GetSchema": |provider, _request| Ok(provider.get_schema());
    get_resource_identity_schemas(get_resource_identity_schemas) as "GetResourceIdentitySchemas":
        |_provider, _request| Ok(pb::get_resource_identity_schemas::Response::default());
    get_functions(get_functions) as "GetFunctions": |_provider, _request| Ok(pb::get_functions::Response::default());

    prepare_provider_config(prepare_provider_config) as "PrepareProviderConfig":
        |provider, request| provider.prepare_provider_config(request);
    configure(configure) as "Configure": |provider, request| provider.configure(request).await;
    stop(stop) as "Stop": |provider, _request| Ok(provider.stop());

    validate_resource_type_config(validate_resource_type_config) as "ValidateResourceTypeConfig":
        |provider, request| provider.validate_resource_type_config(&request);
    upgrade_resource_state(upgrade_resource_state) as "UpgradeResourceState":
        |provider, request| provider.upgrade_resource_state(&request);
    read_resource(read_resource) as "ReadResource": |provider, request| provider.read_resource(request).await;
    plan_resource_change(plan_resource_change) as "PlanResourceChange":
        |provider, request| provider.plan_resource_change(request).await;
    apply_resource_change(apply_resource_change) as "ApplyResourceChange":
        |provider, request| provider.apply_resource_change(request).await;
    import_resource_state(import_resource_state) as "ImportResourceState":
        |provider, request| provider.import_resource_state(request).await;
    move_resource_state(move_resource_state) as "MoveResourceState": |_provider, request| {
        let detail = format!(
            "State of `{}` from {} cannot become a `{}`. Remove it from the state and import it instead.",
            request.source_type_name, request.source_provider_address, request.target_type_name
        );
        Err(Diagnostic::error("Cannot move state", detail).into())
    };
    // Core calls this for a stored identity of an older version, or none: there is nothing to say, and no error.
    upgrade_resource_identity(upgrade_resource_identity) as "UpgradeResourceIdentity":
        |_provider, _request| Ok(pb::upgrade_resource_identity::Response::default());
    generate_resource_config(generate_resource_config) as "GenerateResourceConfig":
        |_provider, request| Err(unknown_type("configuration generator for the resource", &request.type_name));

    validate_data_source_config(validate_data_source_config) as "ValidateDataSourceConfig":
        |provider, request| provider.validate_data_source_config(&request);
    read_data_source(read_data_source) as "ReadDataSource":
        |provider, request| provider.read_data_source(request).await;
    validate_ephemeral_resource_config(validate_ephemeral_resource_config) as "ValidateEphemeralResourceConfig":
        |_provider, request| Err(unknown_type("ephemeral resource", &request.type_name));
    open_ephemeral_resource(open_ephemeral_resource) as "OpenEphemeralResource":
        |_provider, request| Err(unknown_type("ephemeral resource", &request.type_name));
    renew_ephemeral_resource(renew_ephemeral_resource) as "RenewEphemeralResource":
        |_provider, request| Err(unknown_type("ephemeral resource", &request.type_name));
    close_ephemeral_resource(close_ephemeral_resource) as "CloseEphemeralResource":
        |_provider, request| Err(unknown_type("ephemeral resource", &request.type_name));
    validate_list_resource_config(validate_list_resource_config) as "ValidateListResourceConfig":
        |_provider, request| Err(unknown_type("list resource", &request.type_name));
    validate_action_config(validate_action_config) as "ValidateActionConfig":
        |_provider, request| Err(unknown_type("action", &request.action_type));
    plan_action(plan_action) as "PlanAction": |_provider, request| Err(unknown_type("action", &request.action_type));
}
