//! `openrouter_guardrail`, the data source: one guardrail, by id or by name.

use std::sync::LazyLock;

use async_trait::async_trait;

use crate::{
    cty::{Path, Value},
    protocol::{
        data_source::DataSource,
        diagnostics::{Diagnostic, Diagnostics},
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
        guardrail, misplaced_key,
    },
    fill,
};

const ID: &str = "id";
const NAME: &str = "name";

/// The resource's fields, all computed but for those that it is found by.
static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| guardrail::FIELDS.iter().map(found_by_or_computed).collect());

fn found_by_or_computed(field: &Field) -> Field {
    let computed = Field::computed(field.name, field.kind);
    match field.name {
        ID => computed
            .or_computed()
            .checks(&[Check::Id])
            .doc("The guardrail's id. Either this or `name` is set."),
        NAME => computed
            .or_computed()
            .doc("The guardrail's name, which must be the only one of its workspace."),
        WORKSPACE_ID => computed.or_computed().checks(&[Check::Id]).doc(
            "The id of the workspace to look for the name in; by default the account's default \
             workspace.",
        ),
        _ => computed.doc(field.doc),
    }
}

pub(in crate::provider) struct GuardrailDataSource;

#[async_trait]
impl DataSource<ProviderData> for GuardrailDataSource {
    fn schema(&self) -> Schema {
        schema("One guardrail, by its id or by its name.", &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, own_rules(config))
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

/// Exactly one of `id` and `name` finds the guardrail, and neither may be a key.
fn own_rules(config: &Value) -> Diagnostics {
    let refused = misplaced_key::refuse_keys(config, &[ID, WORKSPACE_ID]);
    let (id, name) = (config.attribute(ID), config.attribute(NAME));
    let (attribute, wrong) = match (id.is_null(), name.is_null()) {
        (true, true) => (ID, "Set `id` or `name`: one of the two finds the guardrail."),
        (false, false) if !id.is_unknown() && !name.is_unknown() => {
            (ID, "Set `id` or `name`, not both: one of the two finds the guardrail.")
        }
        (false, true) if !config.attribute(WORKSPACE_ID).is_null() => (
            WORKSPACE_ID,
            "`workspace_id` goes with `name`; an `id` is found in whichever workspace it is.",
        ),
        _ => return refused,
    };
    Diagnostic::error("Which guardrail?", wrong).at(Path::attribute(attribute)).into()
}
