//! Calls about functions. No provider here has any yet.

use std::sync::Arc;

use crate::pb::tfplugin5 as pb;

use super::{
    super::{provider::Provider, rpc::Outcome},
    Connection, unknown_type,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn get_functions(
        self: Arc<Self>,
        _: pb::get_functions::Request,
    ) -> Outcome<pb::get_functions::Response> {
        Ok(pb::get_functions::Response::default())
    }

    pub(super) async fn call_function(
        self: Arc<Self>,
        request: pb::call_function::Request,
    ) -> Outcome<pb::call_function::Response> {
        Err(unknown_type("function", &request.name))
    }
}
