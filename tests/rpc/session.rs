//! A connection as Terraform uses it: values by the served schema's types, and what comes back.

use mock_openrouter::Mock;
use terraform_provider_openrouter::cty::{Type, Value, msgpack};
use terraform_provider_openrouter::pb::tfplugin5::provider_client::ProviderClient;
use terraform_provider_openrouter::pb::tfplugin5::{
    Diagnostic, DynamicValue, Schema, apply_resource_change, attribute_path::step::Selector,
    configure, get_provider_schema, plan_resource_change, read_resource,
    validate_resource_type_config,
};
use tonic::transport::Channel;

use crate::harness::Provider;

/// The resource that the tests are about.
pub(crate) const GUARDRAIL: &str = "openrouter_guardrail";

/// One connection, and the types that the provider's schema gave on it.
pub(crate) struct Session {
    pub(crate) client: ProviderClient<Channel>,
    pub(crate) settings: Type,
    pub(crate) guardrail: Type,
}

impl Session {
    /// A new connection.
    pub(crate) async fn open(provider: &Provider) -> Self {
        let mut client = provider.client().await;
        let schema = client.get_schema(get_provider_schema::Request {}).await.unwrap().into_inner();
        let settings = type_of(schema.provider.as_ref().unwrap());
        let guardrail = type_of(&schema.resource_schemas[GUARDRAIL]);
        Self { client, settings, guardrail }
    }

    /// A new connection, configured for this mock.
    pub(crate) async fn configured(provider: &Provider, mock: &Mock) -> Self {
        let mut session = Self::open(provider).await;
        let settings = session.settings(&[
            ("api_key", mock.management_key().into()),
            ("server_url", mock.base_url().into()),
        ]);
        assert_eq!(session.configure(settings).await, []);
        session
    }

    /// A provider block with these attributes.
    pub(crate) fn settings(&self, attributes: &[(&str, Value)]) -> DynamicValue {
        encode(&object(&self.settings, attributes), &self.settings)
    }

    /// A guardrail with these attributes and no others.
    pub(crate) fn guardrail(&self, attributes: &[(&str, Value)]) -> DynamicValue {
        encode(&object(&self.guardrail, attributes), &self.guardrail)
    }

    /// The value in a response about a guardrail.
    #[track_caller]
    pub(crate) fn decoded(&self, value: Option<&DynamicValue>) -> Value {
        let value = value.expect("the response has a value");
        msgpack::decode(&value.msgpack, &self.guardrail).unwrap()
    }

    pub(crate) async fn configure(&mut self, config: DynamicValue) -> Vec<Diagnostic> {
        let request = configure::Request {
            terraform_version: "1.15.5".to_owned(),
            config: Some(config),
            ..Default::default()
        };
        self.client.configure(request).await.unwrap().into_inner().diagnostics
    }

    pub(crate) async fn validate(&mut self, config: DynamicValue) -> Vec<Diagnostic> {
        let request = validate_resource_type_config::Request {
            type_name: GUARDRAIL.to_owned(),
            config: Some(config),
            ..Default::default()
        };
        self.client.validate_resource_type_config(request).await.unwrap().into_inner().diagnostics
    }

    pub(crate) async fn read(
        &mut self,
        state: DynamicValue,
        private: &[u8],
    ) -> read_resource::Response {
        let request = read_resource::Request {
            type_name: GUARDRAIL.to_owned(),
            current_state: Some(state),
            private: private.to_vec(),
            ..Default::default()
        };
        self.client.read_resource(request).await.unwrap().into_inner()
    }

    /// Plans from `prior` to `config`; an absent prior is that of a create.
    pub(crate) async fn plan(
        &mut self,
        prior: Option<DynamicValue>,
        config: DynamicValue,
        private: &[u8],
    ) -> plan_resource_change::Response {
        let request = plan_resource_change::Request {
            type_name: GUARDRAIL.to_owned(),
            prior_state: Some(prior.unwrap_or_else(null)),
            proposed_new_state: Some(config.clone()),
            config: Some(config),
            prior_private: private.to_vec(),
            ..Default::default()
        };
        self.client.plan_resource_change(request).await.unwrap().into_inner()
    }

    /// Applies a plan that was made from `prior`.
    pub(crate) async fn apply(
        &mut self,
        prior: Option<DynamicValue>,
        config: DynamicValue,
        plan: plan_resource_change::Response,
    ) -> apply_resource_change::Response {
        let request = apply_resource_change::Request {
            type_name: GUARDRAIL.to_owned(),
            prior_state: Some(prior.unwrap_or_else(null)),
            planned_state: plan.planned_state,
            config: Some(config),
            planned_private: plan.planned_private,
            planned_identity: plan.planned_identity,
            ..Default::default()
        };
        self.client.apply_resource_change(request).await.unwrap().into_inner()
    }
}

/// The type of a block's value.
pub(crate) fn type_of(schema: &Schema) -> Type {
    let attributes = &schema.block.as_ref().unwrap().attributes;
    Type::object(
        attributes.iter().map(|one| (one.name.clone(), Type::from_json(&one.r#type).unwrap())),
    )
}

/// An object of that type with these attributes; the others are null.
pub(crate) fn object(ty: &Type, attributes: &[(&str, Value)]) -> Value {
    let empty = Value::null_object(ty.as_object().unwrap());
    attributes
        .iter()
        .fold(empty, |object, (name, value)| object.with_attribute(*name, value.clone()))
}

pub(crate) fn encode(value: &Value, ty: &Type) -> DynamicValue {
    DynamicValue { msgpack: msgpack::encode(value, ty).unwrap(), json: Vec::new() }
}

/// The null that stands for an object that is not there.
pub(crate) fn null() -> DynamicValue {
    DynamicValue { msgpack: vec![0xc0], json: Vec::new() }
}

/// A set of strings.
pub(crate) fn strings(elements: &[&str]) -> Value {
    Value::Set(elements.iter().map(|&text| text.into()).collect())
}

/// Expects a single diagnostic, an error, with all of these texts in summary and detail.
#[track_caller]
pub(crate) fn refused(diagnostics: &[Diagnostic], texts: &[&str]) {
    let [only] = diagnostics else { panic!("expected one diagnostic: {diagnostics:#?}") };
    let text = format!("{}: {}", only.summary, only.detail);
    assert_eq!(only.severity, 1, "expected an error: {text}");
    for part in texts {
        assert!(text.contains(part), "expected it to say {part:?}: {text}");
    }
}

/// The attribute that a diagnostic points at.
pub(crate) fn place(diagnostic: &Diagnostic) -> Option<&str> {
    match diagnostic.attribute.as_ref()?.steps.first()?.selector.as_ref()? {
        Selector::AttributeName(name) => Some(name),
        _ => None,
    }
}
