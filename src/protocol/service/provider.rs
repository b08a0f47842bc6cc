//! Calls about the provider itself: what there is, its configuration, the end of its work.

use std::sync::{Arc, PoisonError};

use crate::pb::tfplugin5::{
    self as pb,
    get_metadata::{DataSourceMetadata, FunctionMetadata, ListResourceMetadata, ResourceMetadata},
};

use super::{
    super::{
        convert::{self, decode},
        provider::Provider,
        resource::WithWarnings,
        rpc::Outcome,
    },
    Connection,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn get_schema(
        self: Arc<Self>,
        _: pb::get_provider_schema::Request,
    ) -> Outcome<pb::get_provider_schema::Response> {
        let resources = self.provider.resources().iter();
        let data_sources = self.provider.data_sources().iter();
        let lists = self.provider.list_resources().iter();
        Ok(pb::get_provider_schema::Response {
            provider: Some(convert::schema(&self.provider.schema())),
            resource_schemas: resources
                .map(|(name, resource)| ((*name).to_owned(), convert::schema(&resource.schema())))
                .collect(),
            data_source_schemas: data_sources
                .map(|(name, source)| ((*name).to_owned(), convert::schema(&source.schema())))
                .collect(),
            list_resource_schemas: lists
                .map(|(name, list)| ((*name).to_owned(), convert::schema(&list.schema())))
                .collect(),
            functions: self.functions(),
            server_capabilities: Some(capabilities()),
            ..Default::default()
        })
    }

    pub(super) async fn get_metadata(
        self: Arc<Self>,
        _: pb::get_metadata::Request,
    ) -> Outcome<pb::get_metadata::Response> {
        let resources = self.provider.resources().iter();
        let data_sources = self.provider.data_sources().iter();
        let lists = self.provider.list_resources().iter();
        let functions = self.provider.functions().iter();
        Ok(pb::get_metadata::Response {
            server_capabilities: Some(capabilities()),
            resources: resources
                .map(|(name, _)| ResourceMetadata { type_name: (*name).to_owned() })
                .collect(),
            data_sources: data_sources
                .map(|(name, _)| DataSourceMetadata { type_name: (*name).to_owned() })
                .collect(),
            list_resources: lists
                .map(|(name, _)| ListResourceMetadata { type_name: (*name).to_owned() })
                .collect(),
            functions: functions
                .map(|(name, _)| FunctionMetadata { name: (*name).to_owned() })
                .collect(),
            ..Default::default()
        })
    }

    pub(super) async fn prepare_provider_config(
        self: Arc<Self>,
        request: pb::prepare_provider_config::Request,
    ) -> Outcome<pb::prepare_provider_config::Response> {
        let config = decode(request.config.as_ref(), &self.provider.schema().object_type())?;
        let diagnostics = convert::diagnostics(self.provider.validate(&config));
        Ok(pb::prepare_provider_config::Response { prepared_config: request.config, diagnostics })
    }

    pub(super) async fn configure(
        self: Arc<Self>,
        request: pb::configure::Request,
    ) -> Outcome<pb::configure::Response> {
        let config = decode(request.config.as_ref(), &self.provider.schema().object_type())?;
        let WithWarnings { value, warnings } =
            self.provider.configure(&request.terraform_version, &config).await?;
        let mut setup = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        if setup.stopped {
            self.provider.stop(&value);
        }
        setup.data = Some(Arc::new(value));
        Ok(pb::configure::Response { diagnostics: convert::diagnostics(warnings) })
    }

    pub(super) async fn stop(self: Arc<Self>, _: pb::stop::Request) -> Outcome<pb::stop::Response> {
        self.stop_provider();
        Ok(pb::stop::Response::default())
    }

    /// Ends what the provider does for this connection, configured already or not.
    pub(super) fn stop_provider(&self) {
        let mut setup = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        setup.stopped = true;
        if let Some(data) = &setup.data {
            self.provider.stop(data);
        }
    }
}

/// What core may do with us: ask for the plan of a destroy, keep the schema it has, move state from
/// other resources, and have configuration generated.
fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}
