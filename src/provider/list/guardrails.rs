//! The list of `openrouter_guardrail`. Default guardrails are not in it: they can be neither renamed
//! nor deleted, and have a resource of their own.

use async_trait::async_trait;

use crate::{
    client::{Client, Guardrail, Workspace},
    cty::Value,
    protocol::{
        diagnostics::Diagnostics,
        list_resource::{ListResource, ListResults, ListedObject},
        schema::Schema,
    },
    table::{field::Field, resource::Backend, schema::schema, validate::validate_with},
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{error_diagnostic, naming_workspace},
        guardrail::{GuardrailBackend, listed},
        misplaced_key,
    },
    IN_WORKSPACE, workspaces,
};

const FIELDS: &[Field] = &[IN_WORKSPACE];

pub(in crate::provider) struct GuardrailList;

#[async_trait]
impl ListResource<ProviderData> for GuardrailList {
    fn schema(&self) -> Schema {
        schema("The guardrails of a workspace, or of all workspaces.", FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(FIELDS, config, misplaced_key::refuse_keys(config, &[WORKSPACE_ID]))
    }

    async fn list(
        &self,
        api: &ProviderData,
        config: &Value,
        results: &mut dyn ListResults,
    ) -> Result<(), Diagnostics> {
        let client = api.client()?;
        for workspace in workspaces(client, config).await? {
            if !list_in(client, &workspace, results).await? {
                break;
            }
        }
        Ok(())
    }
}

/// Adds the guardrails of a workspace. False once no more are wanted.
async fn list_in(
    client: &Client,
    workspace: &Workspace,
    results: &mut dyn ListResults,
) -> Result<bool, Diagnostics> {
    let mut pages = client.guardrail_pages(&workspace.id);
    while let Some(page) = pages.next().await.map_err(|error| {
        let action = format!("list the guardrails of workspace {}", workspace.id);
        naming_workspace(error_diagnostic(&action, &error), &error, Some(&workspace.id))
    })? {
        let is_own = |guardrail: &&Guardrail| {
            workspace.default_guardrail_id.as_deref() != Some(guardrail.id())
        };
        for guardrail in page.iter().filter(is_own) {
            let display_name = format!("{} ({})", guardrail.name(), workspace.name);
            let value = listed(GuardrailBackend::FIELDS, guardrail.fields())?;
            if !results.add(ListedObject { display_name, value }).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
