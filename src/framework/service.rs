//! Protocol 5 served from a [`Provider`]: which part of it answers which call, and what core must get back.
//!
//! Owns the order of the steps in a call and the rules of the protocol that hold for every provider; the rules of one
//! resource are behind the traits. One instance serves one connection, since a configuration belongs to a connection.

mod wire;

use std::sync::{Arc, PoisonError, RwLock};

use crate::{cty::Value, pb::tfplugin5 as pb};

use super::{
    convert::{self, decode, encode},
    data_source::DataSource,
    diagnostics::{Diagnostic, Diagnostics},
    provider::Provider,
    resource::{PlanRequest, Resource, State, Warned},
    schema::Schema,
    validate,
};

type Outcome<T> = Result<T, Diagnostics>;

/// The service of one connection; cheap to clone.
pub struct Service<P: Provider>(Arc<Connection<P>>);

struct Connection<P: Provider> {
    provider: Arc<P>,
    setup: RwLock<Setup<P::Data>>,
}

/// What a connection was told of itself; under one lock, so that a stop in the middle of a configuration is not lost.
struct Setup<D> {
    data: Option<Arc<D>>,
    stopped: bool,
}

impl<P: Provider> Service<P> {
    /// A service that is not configured yet.
    pub fn new(provider: Arc<P>) -> Self {
        Self(Arc::new(Connection { provider, setup: RwLock::new(Setup { data: None, stopped: false }) }))
    }
}

impl<P: Provider> Clone for Service<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Provider> Connection<P> {
    fn resource(&self, type_name: &str) -> Outcome<&dyn Resource<P::Data>> {
        tracing::Span::current().record("tf_resource_type", type_name);
        let found = self.provider.resources().iter().find(|(name, _)| *name == type_name);
        found.map(|(_, resource)| &**resource).ok_or_else(|| unknown_type("resource", type_name))
    }

    fn data_source(&self, type_name: &str) -> Outcome<&dyn DataSource<P::Data>> {
        tracing::Span::current().record("tf_data_source_type", type_name);
        let found = self.provider.data_sources().iter().find(|(name, _)| *name == type_name);
        found.map(|(_, source)| &**source).ok_or_else(|| unknown_type("data source", type_name))
    }

    fn data(&self) -> Outcome<Arc<P::Data>> {
        let setup = self.setup.read().unwrap_or_else(PoisonError::into_inner);
        setup.data.clone().ok_or_else(|| {
            let detail =
                "Terraform asked for an operation before it configured the provider. Please report this.";
            Diagnostic::error("Provider is not configured", detail).into()
        })
    }

    fn get_schema(&self) -> pb::get_provider_schema::Response {
        let resources = self.provider.resources().iter();
        pb::get_provider_schema::Response {
            provider: Some(convert::schema(&self.provider.schema())),
            resource_schemas: resources
                .map(|(name, resource)| ((*name).to_owned(), convert::schema(&resource.schema())))
                .collect(),
            data_source_schemas: self
                .provider
                .data_sources()
                .iter()
                .map(|(name, source)| ((*name).to_owned(), convert::schema(&source.schema())))
                .collect(),
            server_capabilities: Some(capabilities()),
            ..Default::default()
        }
    }

    fn get_metadata(&self) -> pb::get_metadata::Response {
        let resource = |name: &str| pb::get_metadata::ResourceMetadata { type_name: name.to_owned() };
        let data_source = |name: &str| pb::get_metadata::DataSourceMetadata { type_name: name.to_owned() };
        pb::get_metadata::Response {
            server_capabilities: Some(capabilities()),
            resources: self.provider.resources().iter().map(|(name, _)| resource(name)).collect(),
            data_sources: self.provider.data_sources().iter().map(|(name, _)| data_source(name)).collect(),
            ..Default::default()
        }
    }

    fn prepare_provider_config(
        &self,
        request: pb::prepare_provider_config::Request,
    ) -> Outcome<pb::prepare_provider_config::Response> {
        let own = |config: &Value| self.provider.validate(config);
        let diagnostics = validated(&self.provider.schema(), request.config.as_ref(), own)?;
        Ok(pb::prepare_provider_config::Response { prepared_config: request.config, diagnostics })
    }

    async fn configure(&self, request: pb::configure::Request) -> Outcome<pb::configure::Response> {
        let config = decode(request.config.as_ref(), &self.provider.schema().object_type())?;
        let Warned { value, warnings } = self.provider.configure(&request.terraform_version, &config).await?;
        let mut setup = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        if setup.stopped {
            self.provider.stop(&value);
        }
        setup.data = Some(Arc::new(value));
        Ok(pb::configure::Response { diagnostics: convert::diagnostics(warnings) })
    }

    fn stop(&self) -> pb::stop::Response {
        let mut setup = self.setup.write().unwrap_or_else(PoisonError::into_inner);
        setup.stopped = true;
        if let Some(data) = &setup.data {
            self.provider.stop(data);
        }
        pb::stop::Response::default()
    }

    fn validate_resource_type_config(
        &self,
        request: &pb::validate_resource_type_config::Request,
    ) -> Outcome<pb::validate_resource_type_config::Response> {
        let resource = self.resource(&request.type_name)?;
        let data = self.data().ok();
        let own = |config: &Value| resource.validate(data.as_deref(), config);
        let diagnostics = validated(&resource.schema(), request.config.as_ref(), own)?;
        Ok(pb::validate_resource_type_config::Response { diagnostics })
    }

    fn validate_data_source_config(
        &self,
        request: &pb::validate_data_source_config::Request,
    ) -> Outcome<pb::validate_data_source_config::Response> {
        let source = self.data_source(&request.type_name)?;
        let own = |config: &Value| source.validate(config);
        let diagnostics = validated(&source.schema(), request.config.as_ref(), own)?;
        Ok(pb::validate_data_source_config::Response { diagnostics })
    }

    async fn read_data_source(
        &self,
        request: pb::read_data_source::Request,
    ) -> Outcome<pb::read_data_source::Response> {
        let source = self.data_source(&request.type_name)?;
        let ty = source.schema().object_type();
        let config = decode(request.config.as_ref(), &ty)?;
        let Warned { value, warnings } = source.read(&*self.data()?, config).await?;
        Ok(pb::read_data_source::Response {
            state: Some(encode(&value, &ty)?),
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    fn upgrade_resource_state(
        &self,
        request: &pb::upgrade_resource_state::Request,
    ) -> Outcome<pb::upgrade_resource_state::Response> {
        let ty = self.resource(&request.type_name)?.schema().object_type();
        let state = convert::decode_stored(request.raw_state.as_ref(), &ty)?;
        Ok(pb::upgrade_resource_state::Response {
            upgraded_state: Some(encode(&state, &ty)?),
            ..Default::default()
        })
    }

    async fn read_resource(
        &self,
        request: pb::read_resource::Request,
    ) -> Outcome<pb::read_resource::Response> {
        let resource = self.resource(&request.type_name)?;
        let ty = resource.schema().object_type();
        let value = decode(request.current_state.as_ref(), &ty)?;
        let state = State { value, private: request.private };
        let Warned { value: state, warnings } = resource.read(&*self.data()?, state).await?;
        let (value, private) = state.map_or((Value::Null, Vec::new()), |state| (state.value, state.private));
        Ok(pb::read_resource::Response {
            new_state: Some(encode(&value, &ty)?),
            private,
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    async fn plan_resource_change(
        &self,
        request: pb::plan_resource_change::Request,
    ) -> Outcome<pb::plan_resource_change::Response> {
        let resource = self.resource(&request.type_name)?;
        let ty = resource.schema().object_type();
        let asked = PlanRequest {
            prior: decode(request.prior_state.as_ref(), &ty)?,
            config: decode(request.config.as_ref(), &ty)?,
            private: request.prior_private,
        };
        let Warned { value: plan, warnings } = resource.plan(&*self.data()?, asked).await?;
        Ok(pb::plan_resource_change::Response {
            planned_state: Some(encode(&plan.planned, &ty)?),
            requires_replace: plan.requires_replace.iter().map(convert::path).collect(),
            // Apply is not given the prior private bytes, only these.
            planned_private: plan.private,
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }

    async fn apply_resource_change(
        &self,
        request: pb::apply_resource_change::Request,
    ) -> Outcome<pb::apply_resource_change::Response> {
        let resource = self.resource(&request.type_name)?;
        let ty = resource.schema().object_type();
        let prior = decode(request.prior_state.as_ref(), &ty)?;
        let planned = decode(request.planned_state.as_ref(), &ty)?;
        let data = self.data()?;
        if planned.is_null() {
            let prior = State { value: prior, private: request.planned_private };
            let Warned { warnings, .. } = resource.delete(&data, prior).await?;
            return Ok(applied(encode(&Value::Null, &ty)?, Vec::new(), warnings));
        }
        if prior.is_null() {
            let Warned { value: state, warnings } = resource.create(&data, planned).await?;
            return Ok(applied(encode(&state.value, &ty)?, state.private, warnings));
        }
        let private = request.planned_private.clone();
        match resource.update(&data, State { value: prior, private }, planned).await {
            Ok(Warned { value: state, warnings }) => {
                Ok(applied(encode(&state.value, &ty)?, state.private, warnings))
            }
            // The object stays as it was known; given back whole, since core would else drop the private bytes.
            Err(diagnostics) => Ok(pb::apply_resource_change::Response {
                new_state: request.prior_state,
                private: request.planned_private,
                diagnostics: convert::diagnostics(diagnostics),
                ..Default::default()
            }),
        }
    }

    async fn import_resource_state(
        &self,
        request: pb::import_resource_state::Request,
    ) -> Outcome<pb::import_resource_state::Response> {
        let resource = self.resource(&request.type_name)?;
        let ty = resource.schema().object_type();
        let Warned { value: state, warnings } = resource.import(&*self.data()?, &request.id).await?;
        let imported = pb::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(encode(&state.value, &ty)?),
            private: state.private,
            identity: None,
        };
        Ok(pb::import_resource_state::Response {
            imported_resources: vec![imported],
            diagnostics: convert::diagnostics(warnings),
            ..Default::default()
        })
    }
}

/// What a configuration is told: by its field table, then by rules of its own. What these refuse without saying where must not
/// be shown: Terraform would print the line that the table points at.
fn validated(
    schema: &Schema,
    config: Option<&pb::DynamicValue>,
    own: impl Fn(&Value) -> Diagnostics,
) -> Outcome<Vec<pb::Diagnostic>> {
    let config = decode(config, &schema.object_type())?;
    let own = own(&config);
    if own.iter().any(|diagnostic| diagnostic.path.is_none()) {
        return Ok(convert::diagnostics(own));
    }
    let mut diagnostics = validate::validate(schema.fields, &config);
    diagnostics.extend(own);
    Ok(convert::diagnostics(diagnostics))
}

fn applied(
    new_state: pb::DynamicValue,
    private: Vec<u8>,
    warnings: Diagnostics,
) -> pb::apply_resource_change::Response {
    pb::apply_resource_change::Response {
        new_state: Some(new_state),
        private,
        diagnostics: convert::diagnostics(warnings),
        ..Default::default()
    }
}

/// What core may do with us: ask for the plan of a destroy, and keep the schema it has.
fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities { plan_destroy: true, get_provider_schema_optional: true, ..Default::default() }
}

fn unknown_type(what: &str, type_name: &str) -> Diagnostics {
    let detail = format!("This version of the provider has no {what} `{type_name}`.");
    Diagnostic::error(format!("Unknown {what} type"), detail).into()
}

#[cfg(test)]
mod tests;
