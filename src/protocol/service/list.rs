//! Calls that are answered by a stream, and those that belong to them: list resources and actions. No provider here has any
//! yet; core makes these calls only for types that a schema declares.

use std::sync::Arc;

use tokio::sync::mpsc;
use tonic::Status;

use crate::pb::tfplugin5 as pb;

use super::{
    super::{provider::Provider, rpc::Outcome},
    Connection, unknown_type,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn validate_list_resource_config(
        self: Arc<Self>,
        request: pb::validate_list_resource_config::Request,
    ) -> Outcome<pb::validate_list_resource_config::Response> {
        Err(unknown_type("list resource type", &request.type_name))
    }

    pub(super) async fn list_resource(
        self: Arc<Self>,
        request: pb::list_resource::Request,
        _events: mpsc::Sender<Result<pb::list_resource::Event, Status>>,
    ) -> Outcome<()> {
        Err(unknown_type("list resource type", &request.type_name))
    }

    pub(super) async fn validate_action_config(
        self: Arc<Self>,
        request: pb::validate_action_config::Request,
    ) -> Outcome<pb::validate_action_config::Response> {
        Err(unknown_type("action type", &request.action_type))
    }

    pub(super) async fn plan_action(
        self: Arc<Self>,
        request: pb::plan_action::Request,
    ) -> Outcome<pb::plan_action::Response> {
        Err(unknown_type("action type", &request.action_type))
    }

    pub(super) async fn invoke_action(
        self: Arc<Self>,
        request: pb::invoke_action::Request,
        _events: mpsc::Sender<Result<pb::invoke_action::Event, Status>>,
    ) -> Outcome<()> {
        Err(unknown_type("action type", &request.action_type))
    }
}
