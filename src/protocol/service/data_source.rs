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
    Connection,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn validate_data_source_config(
        self: Arc<Self>,
        request: pb::validate_data_source_config::Request,
    ) -> Outcome<pb::validate_data_source_config::Response> {
        let (source, ty) = self.data_source(&request.type_name)?;
        let config = decode(request.config.as_ref(), ty)?;
        let diagnostics = convert::diagnostics(source.validate(&config));
        Ok(pb::validate_data_source_config::Response { diagnostics })
    }

    pub(super) async fn read_data_source(
        self: Arc<Self>,
        request: pb::read_data_source::Request,
    ) -> Outcome<pb::read_data_source::Response> {
        let (source, ty) = self.data_source(&request.type_name)?;
        let config = decode(request.config.as_ref(), ty)?;
        let WithWarnings { value, warnings } = source.read(&*self.data()?, config).await?;
        Ok(pb::read_data_source::Response {
            state: Some(encode(&value, ty)?),
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }
}
