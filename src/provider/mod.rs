//! OpenRouter as a Terraform provider: the layers joined.
//!
//! One file per resource, each with its field table on top. A reader who knows Terraform finds here
//! everything about a resource; how the protocol, plans and requests work in general is in the
//! layers below.

mod assignment;
mod config;
mod data;
mod error_diagnostics;
mod function;
mod guardrail;
mod id_form;
mod javascript_regex;
mod list;
mod misplaced_key;
mod walk;

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{
    client::CreateRegistry,
    cty::Value,
    protocol::{
        diagnostics::Diagnostics,
        provider::{NamedDataSource, NamedFunction, NamedListResource, NamedResource, Provider},
        resource::Reply,
        schema::Schema,
    },
    table::resource::TableResource,
};

pub use config::ProviderData;
pub use guardrail::FIELDS as GUARDRAIL_FIELDS;

/// The provider `openrouter`.
pub struct OpenRouter {
    environment: BTreeMap<String, String>,
    /// Under `--debug` several provider configurations of one account can share this process.
    accounts: CreateRegistry,
    resources: Vec<NamedResource<ProviderData>>,
    data_sources: Vec<NamedDataSource<ProviderData>>,
    list_resources: Vec<NamedListResource<ProviderData>>,
    functions: Vec<NamedFunction>,
}

impl OpenRouter {
    /// The provider in this environment: variables by name, of which it reads those its
    /// documentation names.
    pub fn new(environment: BTreeMap<String, String>) -> Self {
        Self {
            environment,
            accounts: CreateRegistry::default(),
            resources: vec![
                ("openrouter_guardrail", Box::new(TableResource(guardrail::GuardrailBackend))),
                ("openrouter_guardrail_key_assignment", Box::new(assignment::KEY)),
                ("openrouter_guardrail_member_assignment", Box::new(assignment::MEMBER)),
                (
                    "openrouter_guardrail_key_assignments_exclusive",
                    Box::new(assignment::EXCLUSIVE_KEYS),
                ),
                (
                    "openrouter_guardrail_member_assignments_exclusive",
                    Box::new(assignment::EXCLUSIVE_MEMBERS),
                ),
                (
                    "openrouter_workspace_default_guardrail",
                    Box::new(TableResource(guardrail::WorkspaceDefaultBackend)),
                ),
            ],
            data_sources: vec![
                ("openrouter_guardrail", Box::new(data::guardrail::GuardrailDataSource)),
                ("openrouter_guardrails", Box::new(data::guardrails::GuardrailsDataSource)),
                ("openrouter_guardrail_key_assignments", Box::new(data::assignments::KEYS)),
                ("openrouter_guardrail_member_assignments", Box::new(data::assignments::MEMBERS)),
                ("openrouter_api_key", Box::new(data::api_key::ApiKeyDataSource)),
                ("openrouter_api_keys", Box::new(data::api_keys::ApiKeysDataSource)),
                (
                    "openrouter_effective_guardrail",
                    Box::new(data::effective::EffectiveGuardrailDataSource),
                ),
                ("openrouter_organization_member", Box::new(data::members::MemberDataSource)),
                ("openrouter_organization_members", Box::new(data::members::MembersDataSource)),
                ("openrouter_workspace", Box::new(data::workspaces::WorkspaceDataSource)),
                ("openrouter_workspaces", Box::new(data::workspaces::WorkspacesDataSource)),
            ],
            list_resources: vec![
                ("openrouter_guardrail", Box::new(list::GuardrailList)),
                ("openrouter_guardrail_key_assignment", Box::new(list::KEYS)),
                ("openrouter_guardrail_member_assignment", Box::new(list::MEMBERS)),
                ("openrouter_workspace_default_guardrail", Box::new(list::WorkspaceDefaultList)),
            ],
            functions: vec![
                ("apply_content_filters", Box::new(function::ApplyContentFilters)),
                ("content_filter_matches", Box::new(function::ContentFilterMatches)),
            ],
        }
    }
}

#[async_trait]
impl Provider for OpenRouter {
    type Data = ProviderData;

    fn schema(&self) -> Schema {
        config::schema()
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        config::validate(config)
    }

    async fn configure(&self, terraform_version: &str, config: &Value) -> Reply<ProviderData> {
        config::configure(&self.environment, &self.accounts, terraform_version, config)
    }

    fn stop(&self, data: &ProviderData) {
        data.stop();
    }

    fn resources(&self) -> &[NamedResource<ProviderData>] {
        &self.resources
    }

    fn data_sources(&self) -> &[NamedDataSource<ProviderData>] {
        &self.data_sources
    }

    fn list_resources(&self) -> &[NamedListResource<ProviderData>] {
        &self.list_resources
    }

    fn functions(&self) -> &[NamedFunction] {
        &self.functions
    }
}
