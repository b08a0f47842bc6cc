//! Calls about data sources.

use std::sync::Arc;

use crate::pb::tfplugin5 as pb;

use super::{
    super::{
        convert::{self, decode, encode},
        provider::Provider,
        resource::WithWarnings,
        rpc::Outcome,
    },
    Connection, unknown_type,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn validate_data_source_config(
        self: Arc<Self>,
        request: pb::validate_data_source_config::Request,
    ) -> Outcome<pb::validate_data_source_config::Response> {
        let source = self.data_source(&request.type_name)?;
        let config = decode(request.config.as_ref(), &source.schema().object_type())?;
        let diagnostics = convert::diagnostics(source.validate(&config));
        Ok(pb::validate_data_source_config::Response { diagnostics })
    }

    pub(super) async fn read_data_source(
        self: Arc<Self>,
        request: pb::read_data_source::Request,
    ) -> Outcome<pb::read_data_source::Response> {
        let source = self.data_source(&request.type_name)?;
        let ty = source.schema().object_type();
        let config = decode(request.config.as_ref(), &ty)?;
        let WithWarnings { value, warnings } = source.read(&*self.data()?, config).await?;
        Ok(pb::read_data_source::Response {
            state: Some(encode(&value, &ty)?),
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    pub(super) async fn validate_ephemeral_resource_config(
        self: Arc<Self>,
        request: pb::validate_ephemeral_resource_config::Request,
    ) -> Outcome<pb::validate_ephemeral_resource_config::Response> {
        Err(unknown_type("ephemeral resource type", &request.type_name))
    }

    pub(super) async fn open_ephemeral_resource(
        self: Arc<Self>,
        request: pb::open_ephemeral_resource::Request,
    ) -> Outcome<pb::open_ephemeral_resource::Response> {
        Err(unknown_type("ephemeral resource type", &request.type_name))
    }

    pub(super) async fn renew_ephemeral_resource(
        self: Arc<Self>,
        request: pb::renew_ephemeral_resource::Request,
    ) -> Outcome<pb::renew_ephemeral_resource::Response> {
        Err(unknown_type("ephemeral resource type", &request.type_name))
    }

    pub(super) async fn close_ephemeral_resource(
        self: Arc<Self>,
        request: pb::close_ephemeral_resource::Request,
    ) -> Outcome<pb::close_ephemeral_resource::Response> {
        Err(unknown_type("ephemeral resource type", &request.type_name))
    }
}
