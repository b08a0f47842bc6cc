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
    table::{resource::Backend, schema::schema},
};

use super::{
    super::{
        config::ProviderData,
        guardrail::{GuardrailBackend, listed},
    },
    OF_WORKSPACES, cannot_list_guardrails, validate_of_workspaces, workspaces,
};

pub(in crate::provider) struct GuardrailList;

#[async_trait]
impl ListResource<ProviderData> for GuardrailList {
    fn schema(&self) -> Schema {
        schema(
            "Lists the guardrails of a workspace, or of all workspaces, without their default \
             guardrails.\n\n\
             Used by `terraform query`, which needs Terraform 1.14 or later.",
            OF_WORKSPACES,
        )
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_of_workspaces(config)
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
    while let Some(page) =
        pages.next().await.map_err(|error| cannot_list_guardrails(workspace, &error))?
    {
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
