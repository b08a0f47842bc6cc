//! `openrouter_guardrail`, the data source: one guardrail, by id or by name.

use std::sync::LazyLock;

use async_trait::async_trait;

use crate::{
    cty::{Path, Value},
    protocol::{
        data_source::DataSource,
        diagnostics::Diagnostics,
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        field::{Check, Field},
        schema::schema,
        validate::validate_with,
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID, config::ProviderData, error_diagnostics::error_diagnostic,
        guardrail,
    },
    fill,
    lookup::Lookup,
};

const ID: &str = "id";
const NAME: &str = "name";

const LOOKUP: Lookup =
    Lookup { noun: "guardrail", id: ID, name: NAME, never_keys: &[ID, WORKSPACE_ID] };

/// The resource's fields, all computed but for those that it is found by.
static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| guardrail::FIELDS.iter().map(found_by_or_computed).collect());

fn found_by_or_computed(field: &Field) -> Field {
    let computed = field.read_only();
    match field.name {
        ID => computed
            .or_computed()
            .checks(&[Check::Id])
            .doc("The id of the guardrail, a UUID. Set either `id` or `name`."),
        NAME => computed.or_computed().doc(
            "The name of the guardrail. It is an error if several guardrails of the workspace have \
             this name. Set either `id` or `name`.",
        ),
        WORKSPACE_ID => computed.or_computed().checks(&[Check::Id]).doc(
            "The id of the workspace that the guardrail belongs to. Can be set together with \
             `name`, to select the workspace to search; defaults to the account's default \
             workspace.",
        ),
        _ => computed,
    }
}

pub(in crate::provider) struct GuardrailDataSource;

#[async_trait]
impl DataSource<ProviderData> for GuardrailDataSource {
    fn schema(&self) -> Schema {
        schema("Reads one guardrail, by id or by name.", &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, LOOKUP.check(config))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let client = api.client()?;
        let found = if let Some(id) = config.attribute(ID).as_str() {
            let found = client.get_guardrail(id).await;
            found.map_err(|error| {
                error_diagnostic(&format!("read guardrail {id}"), &error).at(Path::attribute(ID))
            })?
        } else {
            let name = config.attribute(NAME).as_str().unwrap_or_default();
            let workspace = config.attribute(WORKSPACE_ID).as_str();
            guardrail::by_name(client, "read", workspace, name).await?
        };
        Ok(WithWarnings::ok(fill(&FIELDS, config, found.fields())?))
    }
}
