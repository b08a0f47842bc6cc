//! `openrouter_guardrails`: the guardrails of a workspace.

use async_trait::async_trait;

use crate::{
    cty::Value,
    protocol::{
        data_source::DataSource,
        diagnostics::Diagnostics,
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        field::{Check, Field, FieldType},
        schema::schema,
        validate::validate_with,
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{error_diagnostic_at, naming_workspace},
        guardrail, misplaced_key,
    },
    LIMIT, OFFSET, TOTAL_COUNT, listed, window,
};

const FIELDS: &[Field] = &[
    Field::optional(WORKSPACE_ID, FieldType::String)
        .checks(&[Check::Id])
        .doc("The id of the workspace. Defaults to the account's default workspace."),
    OFFSET,
    LIMIT,
    Field::computed("data", FieldType::ObjectList(guardrail::FIELDS))
        .doc("The guardrails, in no particular order."),
    TOTAL_COUNT,
];

pub(in crate::provider) struct GuardrailsDataSource;

#[async_trait]
impl DataSource<ProviderData> for GuardrailsDataSource {
    fn schema(&self) -> Schema {
        schema("Lists the guardrails of a workspace.", FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(FIELDS, config, misplaced_key::refuse_keys(config, &[WORKSPACE_ID]))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let workspace = config.attribute(WORKSPACE_ID).as_str();
        let listing = api.client()?.list_guardrails_in(workspace, window(&config)).await;
        let listing = listing.map_err(|error| {
            let attribute = workspace.map(|_| WORKSPACE_ID);
            let diagnostic = error_diagnostic_at("list the guardrails", &error, attribute);
            naming_workspace(diagnostic, &error, workspace)
        })?;
        let rows = listing.rows.iter().map(crate::client::Guardrail::fields);
        Ok(WithWarnings::ok(listed(FIELDS, config.clone(), rows, listing.total_count)?))
    }
}
