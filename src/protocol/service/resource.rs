//! Calls about managed resources.

use std::sync::Arc;

use crate::{cty::Value, pb::tfplugin5 as pb};

use super::{
    super::{
        convert::{self, decode, encode},
        diagnostics::Diagnostic,
        provider::Provider,
        resource::{PlanRequest, State, WithWarnings},
        rpc::Outcome,
    },
    Connection,
};

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn validate_resource_type_config(
        self: Arc<Self>,
        request: pb::validate_resource_type_config::Request,
    ) -> Outcome<pb::validate_resource_type_config::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let config = decode(request.config.as_ref(), ty)?;
        let diagnostics = resource.validate(self.data().ok().as_deref(), &config);
        Ok(pb::validate_resource_type_config::Response {
            diagnostics: convert::diagnostics(diagnostics),
        })
    }

    pub(super) async fn upgrade_resource_state(
        self: Arc<Self>,
        request: pb::upgrade_resource_state::Request,
    ) -> Outcome<pb::upgrade_resource_state::Response> {
        let (_, ty) = self.resource(&request.type_name)?;
        let state = convert::decode_stored(request.raw_state.as_ref(), ty)?;
        Ok(pb::upgrade_resource_state::Response {
            upgraded_state: Some(encode(&state, ty)?),
            ..Default::default()
        })
    }

    pub(super) async fn read_resource(
        self: Arc<Self>,
        request: pb::read_resource::Request,
    ) -> Outcome<pb::read_resource::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let value = decode(request.current_state.as_ref(), ty)?;
        let state = State { value, private: request.private };
        let WithWarnings { value: state, warnings } = resource.read(&*self.data()?, state).await?;
        let (value, private) =
            state.map_or((Value::Null, Vec::new()), |state| (state.value, state.private));
        Ok(pb::read_resource::Response {
            new_state: Some(encode(&value, ty)?),
            private,
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    pub(super) async fn plan_resource_change(
        self: Arc<Self>,
        request: pb::plan_resource_change::Request,
    ) -> Outcome<pb::plan_resource_change::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let plan_request = PlanRequest {
            prior: decode(request.prior_state.as_ref(), ty)?,
            config: decode(request.config.as_ref(), ty)?,
            private: request.prior_private,
        };
        let WithWarnings { value: plan, warnings } =
            resource.plan(&*self.data()?, plan_request).await?;
        Ok(pb::plan_resource_change::Response {
            planned_state: Some(encode(&plan.planned, ty)?),
            requires_replace: plan.requires_replace.iter().map(convert::path).collect(),
            // Apply is not given the prior private bytes, only these.
            planned_private: plan.private,
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    pub(super) async fn apply_resource_change(
        self: Arc<Self>,
        request: pb::apply_resource_change::Request,
    ) -> Outcome<pb::apply_resource_change::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let prior = decode(request.prior_state.as_ref(), ty)?;
        let planned = decode(request.planned_state.as_ref(), ty)?;
        let data = self.data()?;
        let (is_create, is_delete) = (prior.is_null(), planned.is_null());
        let prior = State { value: prior, private: request.planned_private.clone() };
        let applied = if is_delete {
            let deleted = State { value: Value::Null, private: Vec::new() };
            let WithWarnings { warnings, .. } = resource.delete(&data, prior).await?;
            WithWarnings { value: deleted, warnings }
        } else if is_create {
            resource.create(&data, planned).await?
        } else {
            match resource.update(&data, prior, planned).await {
                Ok(updated) => updated,
                // The object stays as it was known. Without it, core would drop the private bytes.
                Err(diagnostics) => {
                    return Ok(pb::apply_resource_change::Response {
                        new_state: request.prior_state,
                        private: request.planned_private,
                        diagnostics: convert::diagnostics(diagnostics),
                        ..Default::default()
                    });
                }
            }
        };
        Ok(pb::apply_resource_change::Response {
            new_state: Some(encode(&applied.value.value, ty)?),
            private: applied.value.private,
            diagnostics: convert::diagnostics(applied.warnings),
            ..Default::default()
        })
    }

    pub(super) async fn import_resource_state(
        self: Arc<Self>,
        request: pb::import_resource_state::Request,
    ) -> Outcome<pb::import_resource_state::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let WithWarnings { value: state, warnings } =
            resource.import(&*self.data()?, &request.id).await?;
        let imported = pb::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(encode(&state.value, ty)?),
            private: state.private,
            identity: None,
        };
        Ok(pb::import_resource_state::Response {
            imported_resources: vec![imported],
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    pub(super) async fn move_resource_state(
        self: Arc<Self>,
        request: pb::move_resource_state::Request,
    ) -> Outcome<pb::move_resource_state::Response> {
        let detail = format!(
            "State of `{}` from {} cannot become a `{}`. Remove it from the state and import it instead.",
            request.source_type_name, request.source_provider_address, request.target_type_name
        );
        Err(Diagnostic::error("Cannot move state", detail).into())
    }

    pub(super) async fn get_resource_identity_schemas(
        self: Arc<Self>,
        _: pb::get_resource_identity_schemas::Request,
    ) -> Outcome<pb::get_resource_identity_schemas::Response> {
        Ok(pb::get_resource_identity_schemas::Response::default())
    }

    /// Core calls this for a stored identity of an older version, or none: there is nothing to upgrade, and no error.
    pub(super) async fn upgrade_resource_identity(
        self: Arc<Self>,
        _: pb::upgrade_resource_identity::Request,
    ) -> Outcome<pb::upgrade_resource_identity::Response> {
        Ok(pb::upgrade_resource_identity::Response::default())
    }

    /// Core calls this only with a capability that we do not declare, and does the same by itself.
    pub(super) async fn generate_resource_config(
        self: Arc<Self>,
        request: pb::generate_resource_config::Request,
    ) -> Outcome<pb::generate_resource_config::Response> {
        self.resource(&request.type_name)?;
        let detail =
            "This version of the provider leaves the generation of configuration to Terraform.";
        Err(Diagnostic::error("Configuration cannot be generated", detail).into())
    }
}
