//! Calls about managed resources.

use std::{collections::HashMap, sync::Arc};

use crate::{cty::Value, pb::tfplugin5 as pb};

use super::{
    super::{
        convert::{self, decode, encode},
        diagnostics::{Diagnostic, Diagnostics},
        identity,
        provider::Provider,
        resource::{FailedUpdate, ImportTarget, PlanRequest, Resource, State, WithWarnings},
        rpc::Outcome,
        schema::Constraint,
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
        let state = convert::decode_stored(request.raw_state.as_ref(), ty).map_err(|reason| {
            let detail = format!(
                "{reason} If another provider has written the state of this `{}`, remove the \
                 resource from the state and import it.",
                request.type_name
            );
            Diagnostic::error("The stored state cannot be read", detail)
        })?;
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
            new_identity: identity_of(resource, &value)?,
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
        let is_new = plan_request.prior.is_null();
        let WithWarnings { value: plan, warnings } =
            resource.plan(&*self.data()?, plan_request).await?;
        // Core takes an identity that is not wholly known of a new object, but Terraform 1.15 then cannot
        // show the plan as JSON.
        let planned_identity =
            identity_of(resource, &plan.planned)?.or(request.prior_identity.filter(|_| !is_new));
        Ok(pb::plan_resource_change::Response {
            planned_state: Some(encode(&plan.planned, ty)?),
            planned_identity,
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
        let prior_identity = identity_of(resource, &prior)?;
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
                Err(FailedUpdate { errors, partly_updated }) => {
                    // Without any state, core would drop the private bytes.
                    let (new_state, private) = match partly_updated {
                        Some(state) => (Some(encode(&state.value, ty)?), state.private),
                        None => (request.prior_state, request.planned_private),
                    };
                    return Ok(pb::apply_resource_change::Response {
                        new_state,
                        private,
                        new_identity: prior_identity,
                        diagnostics: convert::diagnostics(errors),
                        ..Default::default()
                    });
                }
            }
        };
        Ok(pb::apply_resource_change::Response {
            new_state: Some(encode(&applied.value.value, ty)?),
            new_identity: identity_of(resource, &applied.value.value)?,
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
        let identity = match &request.identity {
            Some(identity) => Some(named_identity(resource, identity)?),
            None => None,
        };
        let target = match &identity {
            Some(identity) => ImportTarget::Identity(identity),
            None => ImportTarget::Id(&request.id),
        };
        let WithWarnings { value: state, warnings } =
            resource.import(&*self.data()?, target).await?;
        let imported = pb::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(encode(&state.value, ty)?),
            private: state.private,
            identity: identity_of(resource, &state.value)?,
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
        let (resource, ty) = self.resource(&request.target_type_name)?;
        if request.source_type_name != request.target_type_name {
            return Err(cannot_move(&request, "The types are different."));
        }
        let decoded = convert::decode_stored(request.source_state.as_ref(), ty);
        let state = decoded.map_err(|reason| cannot_move(&request, &reason))?;
        if let Some(name) = missing_attribute(resource, &state) {
            return Err(cannot_move(&request, &format!("The state has no `{name}`.")));
        }
        Ok(pb::move_resource_state::Response {
            target_state: Some(encode(&state, ty)?),
            target_identity: identity_of(resource, &state)?,
            ..Default::default()
        })
    }

    pub(super) async fn get_resource_identity_schemas(
        self: Arc<Self>,
        _: pb::get_resource_identity_schemas::Request,
    ) -> Outcome<pb::get_resource_identity_schemas::Response> {
        let mut identity_schemas = HashMap::new();
        for (name, resource) in self.provider.resources() {
            let schema = identity::schema(resource.identity(), &resource.schema());
            identity_schemas.insert((*name).to_owned(), schema);
        }
        Ok(pb::get_resource_identity_schemas::Response { identity_schemas, ..Default::default() })
    }

    /// Core calls this for a state without an identity, which the next refresh gives it, and for an
    /// identity of another version. There is only one version.
    pub(super) async fn upgrade_resource_identity(
        self: Arc<Self>,
        request: pb::upgrade_resource_identity::Request,
    ) -> Outcome<pb::upgrade_resource_identity::Response> {
        let (resource, _) = self.resource(&request.type_name)?;
        let has_identity = request.raw_identity.as_ref().is_some_and(|raw| !raw.json.is_empty());
        if !has_identity {
            return Ok(pb::upgrade_resource_identity::Response::default());
        }
        let ty = identity::ty(resource.identity());
        let stored = convert::decode_stored(request.raw_identity.as_ref(), &ty);
        let identity = stored.ok().filter(|_| request.version == 0);
        let Some(identity) = identity else {
            let detail = format!(
                "The stored identity of an `{}` has version {}, which this version of the provider \
                 cannot read. Remove the resource from the state and import it again.",
                request.type_name, request.version
            );
            return Err(Diagnostic::error("Identity cannot be read", detail).into());
        };
        Ok(pb::upgrade_resource_identity::Response {
            upgraded_identity: identity_of(resource, &identity)?,
            ..Default::default()
        })
    }

    pub(super) async fn generate_resource_config(
        self: Arc<Self>,
        request: pb::generate_resource_config::Request,
    ) -> Outcome<pb::generate_resource_config::Response> {
        let (resource, ty) = self.resource(&request.type_name)?;
        let object = decode(request.state.as_ref(), ty)?;
        Ok(pb::generate_resource_config::Response {
            config: Some(encode(&resource.generated_config(&object), ty)?),
            ..Default::default()
        })
    }
}

/// What a state of another provider must have: what a configuration needs, and the id.
fn missing_attribute<D: 'static>(
    resource: &dyn Resource<D>,
    state: &Value,
) -> Option<&'static str> {
    let attributes = resource.schema().attributes.into_iter();
    let mut needed = attributes.filter(|attribute| match attribute.constraint {
        Constraint::Required => true,
        Constraint::Computed => resource.identity().contains(&attribute.name),
        Constraint::Optional | Constraint::OptionalComputed => false,
    });
    let is_missing = |value: &Value| value.is_null() || value.as_str() == Some("");
    needed.find(|attribute| is_missing(state.attribute(attribute.name))).map(|one| one.name)
}

fn cannot_move(request: &pb::move_resource_state::Request, reason: &str) -> Diagnostics {
    let detail = format!(
        "The state of an `{}` of the provider {} cannot be moved to an `{}`. {reason} Remove the \
         resource from the state and import it.",
        request.source_type_name, request.source_provider_address, request.target_type_name
    );
    Diagnostic::error("Cannot move state", detail).into()
}

/// The identity of an object; none for a null object, or where a part of it is null or unknown.
fn identity_of<D: 'static>(
    resource: &dyn Resource<D>,
    object: &Value,
) -> Outcome<Option<pb::ResourceIdentityData>> {
    let attributes = resource.identity();
    if attributes.iter().any(|name| object.attribute(name).as_str().is_none()) {
        return Ok(None);
    }
    let data = encode(&identity::of(attributes, object), &identity::ty(attributes))?;
    Ok(Some(pb::ResourceIdentityData { identity_data: Some(data) }))
}

/// The identity that a user has given to import by.
///
/// # Errors
/// When an attribute is null, which core passes, or empty.
fn named_identity<D: 'static>(
    resource: &dyn Resource<D>,
    given: &pb::ResourceIdentityData,
) -> Outcome<Value> {
    let attributes = resource.identity();
    let identity = decode(given.identity_data.as_ref(), &identity::ty(attributes))?;
    for name in attributes {
        if identity.attribute(name).as_str().is_none_or(str::is_empty) {
            let detail = format!(
                "The attribute `{name}` of the identity is null or empty. All of these attributes \
                 are required: {}.",
                attributes.join(", ")
            );
            return Err(Diagnostic::error("Cannot import by this identity", detail).into());
        }
    }
    Ok(identity)
}
