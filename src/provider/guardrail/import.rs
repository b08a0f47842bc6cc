//! Finding the guardrail that a user wants to import, by id or by `<workspace_id>/<name>`.

use unicode_normalization::UnicodeNormalization;

use crate::{
    client::{Client, Guardrail, Workspace},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::validate::is_uuid,
};

use super::super::{
    assignment::WORKSPACE_ID,
    error_diagnostics::{error_diagnostic, error_diagnostic_at, naming_workspace},
    misplaced_key,
};

/// The guardrail that the id given to an import stands for.
///
/// # Errors
/// When it has neither form, finds none or several, or is the default guardrail of a workspace.
pub(super) async fn find(client: &Client, import_id: &str) -> Result<Guardrail, Diagnostics> {
    if let Some(refused) = misplaced_key::refuse_key("id", import_id) {
        return Err(refused.into());
    }
    let found = match import_id.split_once('/') {
        Some((workspace, name)) if is_uuid(workspace) && !name.is_empty() => {
            by_name(client, "import", Some(&workspace.to_ascii_lowercase()), name).await?
        }
        None if is_uuid(import_id) => by_id(client, &import_id.to_ascii_lowercase()).await?,
        _ => {
            let detail = format!(
                "\"{import_id}\" is neither the id of a guardrail, a UUID, nor of the form \
                 <workspace_id>/<name>, where the id of the workspace is a UUID."
            );
            return Err(Diagnostic::error("Cannot import by this id", detail).into());
        }
    };
    refuse_default(client, &found).await?;
    Ok(found)
}

async fn by_id(client: &Client, id: &str) -> Result<Guardrail, Diagnostics> {
    let error = match client.get_guardrail(id).await {
        Ok(found) => return Ok(found),
        Err(error) => error,
    };
    // A workspace's default guardrail does not exist before its first change.
    if error.is_not_found()
        && let Some(workspace) = workspace_of_default(client, id).await
    {
        return Err(default_guardrail(id, &workspace).into());
    }
    Err(error_diagnostic(&format!("import guardrail {id}"), &error).into())
}

/// The one guardrail of a workspace, by default the default one, that has this name. `verb` says
/// what it is looked up for.
///
/// # Errors
/// When there is none, or several.
pub(in crate::provider) async fn by_name(
    client: &Client,
    verb: &str,
    workspace: Option<&str>,
    name: &str,
) -> Result<Guardrail, Diagnostics> {
    let place = match workspace {
        Some(id) => format!("workspace {id}"),
        None => "the default workspace".to_owned(),
    };
    let action = format!("{verb} guardrail \"{name}\" of {place}");
    let mut found = client.list_guardrails(workspace).await.map_err(|error| {
        let attribute = workspace.map(|_| WORKSPACE_ID);
        naming_workspace(error_diagnostic_at(&action, &error, attribute), &error, workspace)
    })?;
    found.retain(|guardrail| guardrail.name().nfc().eq(name.nfc()));
    let detail = match found.len() {
        1 => return Ok(found.remove(0)),
        0 => "The workspace has no guardrail with this name. Check the spelling and the workspace."
            .to_owned(),
        count => {
            let ids: Vec<_> = found.iter().map(Guardrail::id).collect();
            format!(
                "The workspace has {count} guardrails with this name. Select one by its id: {}.",
                ids.join(", ")
            )
        }
    };
    Err(Diagnostic::error(format!("Could not {action}"), detail).into())
}

async fn refuse_default(client: &Client, found: &Guardrail) -> Result<(), Diagnostics> {
    let Some(workspace) = found.workspace_id() else { return Ok(()) };
    let workspace = client.get_workspace(workspace).await.map_err(|error| {
        let action = format!("import guardrail {}: looking up its workspace failed", found.id());
        naming_workspace(error_diagnostic(&action, &error), &error, found.workspace_id())
    })?;
    if workspace.default_guardrail_id.as_deref() == Some(found.id()) {
        return Err(default_guardrail(found.id(), &workspace.id).into());
    }
    Ok(())
}

/// The id of the workspace whose default guardrail this is.
async fn workspace_of_default(client: &Client, id: &str) -> Option<String> {
    let workspaces = client.list_workspaces().await.unwrap_or_default();
    let is_its_default =
        |workspace: &Workspace| workspace.default_guardrail_id.as_deref() == Some(id);
    workspaces.into_iter().find(is_its_default).map(|workspace| workspace.id)
}

fn default_guardrail(id: &str, workspace_id: &str) -> Diagnostic {
    let detail = format!(
        "{id} is the default guardrail of workspace {workspace_id}. It belongs to the workspace, \
         and can be neither renamed nor deleted. Use the resource \
         openrouter_workspace_default_guardrail: terraform import \
         openrouter_workspace_default_guardrail.<name> {workspace_id}"
    );
    Diagnostic::error("Cannot import a workspace's default guardrail", detail)
}
