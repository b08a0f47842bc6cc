//! The list of `openrouter_workspace_default_guardrail`: one for each workspace.

use async_trait::async_trait;

use crate::{
    client::{Client, Workspace},
    cty::Value,
    protocol::{
        diagnostics::Diagnostics,
        list_resource::{ListResource, ListResults, ListedObject},
        schema::Schema,
    },
    table::{JsonObject, resource::Backend, schema::schema},
};

use super::{
    super::{
        config::ProviderData,
        error_diagnostics::{error_diagnostic, naming_workspace},
        guardrail::{WorkspaceDefaultBackend, default_guardrail, listed},
    },
    OF_WORKSPACES, validate_of_workspaces, workspaces,
};

pub(in crate::provider) struct WorkspaceDefaultList;

#[async_trait]
impl ListResource<ProviderData> for WorkspaceDefaultList {
    fn schema(&self) -> Schema {
        schema(
            "Lists the default guardrail of a workspace, or those of all workspaces.\n\n\
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
            let Some(id) = &workspace.default_guardrail_id else { continue };
            let found =
                if results.includes_objects() { find(client, &workspace, id).await? } else { None };
            let object = default_guardrail(id, &workspace, found);
            let display_name = format!("Default guardrail of {}", workspace.name);
            let value = listed(WorkspaceDefaultBackend::FIELDS, &object)?;
            if !results.add(ListedObject { display_name, value }).await? {
                break;
            }
        }
        Ok(())
    }
}

/// The default guardrail, if something was ever set.
async fn find(
    client: &Client,
    workspace: &Workspace,
    id: &str,
) -> Result<Option<JsonObject>, Diagnostics> {
    match client.get_guardrail(id).await {
        Ok(found) => Ok(Some(found.fields().clone())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            let action = format!("read the default guardrail of workspace {}", workspace.id);
            let diagnostic = error_diagnostic(&action, &error);
            Err(naming_workspace(diagnostic, &error, Some(&workspace.id)).into())
        }
    }
}
