//! The list resources, by which `terraform query` finds what exists: guardrails, the default
//! guardrails of workspaces, and assignments.
//!
//! A list goes from page to page of the API and makes no request for a single row; only a default
//! guardrail is in no list before something is set, and is read by itself where it is wanted whole.

mod assignments;
mod guardrails;
mod workspace_defaults;

use crate::{
    client::{Client, Error, Workspace},
    cty::Value,
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::{
        field::{Check, Field, FieldType},
        validate::validate_with,
    },
};

use super::{
    assignment::WORKSPACE_ID,
    error_diagnostics::{error_diagnostic, error_diagnostic_at, naming_workspace},
    misplaced_key,
};

pub(super) use assignments::{KEYS, MEMBERS};
pub(super) use guardrails::GuardrailList;
pub(super) use workspace_defaults::WorkspaceDefaultList;

const IN_WORKSPACE: Field = Field::optional(WORKSPACE_ID, FieldType::String)
    .checks(&[Check::Id])
    .doc("The id of a workspace. If it is not set, all workspaces are searched.");

/// The attributes of a list that only a workspace narrows.
const OF_WORKSPACES: &[Field] = &[IN_WORKSPACE];

/// Checks the configuration of a list that only a workspace narrows.
fn validate_of_workspaces(config: &Value) -> Diagnostics {
    validate_with(OF_WORKSPACES, config, misplaced_key::refuse_keys(config, &[WORKSPACE_ID]))
}

/// The error for a workspace whose guardrails cannot be listed.
fn cannot_list_guardrails(workspace: &Workspace, error: &Error) -> Diagnostic {
    let action = format!("list the guardrails of workspace {}", workspace.id);
    naming_workspace(error_diagnostic(&action, error), error, Some(&workspace.id))
}

/// The workspace that a configuration names, else all of them.
async fn workspaces(client: &Client, config: &Value) -> Result<Vec<Workspace>, Diagnostics> {
    let named = config.attribute(WORKSPACE_ID).as_str();
    let found = match named {
        Some(id) => client.get_workspace(id).await.map(|found| vec![found]),
        None => client.list_workspaces().await,
    };
    found.map_err(|error| {
        let attribute = named.map(|_| WORKSPACE_ID);
        let action = match named {
            Some(id) => format!("read workspace {id}"),
            None => "list the workspaces".to_owned(),
        };
        let diagnostic = error_diagnostic_at(&action, &error, attribute);
        match named {
            Some(_) => naming_workspace(diagnostic, &error, named).into(),
            None => diagnostic.into(),
        }
    })
}
