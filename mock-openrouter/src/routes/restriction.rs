//! A management key that is restricted to one workspace: which requests it may not make.

use super::Call;
use crate::store::{Refusal, Store};

/// What an operation is about, as far as workspaces are concerned.
#[derive(Clone, Copy)]
pub(super) enum About {
    /// The workspace that query or body name, or the default one. That a restricted key would mean its own instead
    /// is documented nowhere.
    NamedWorkspace,
    /// The guardrail in the path.
    Guardrail,
    /// The API key in the path.
    Key,
    /// The workspace in the path.
    Workspace,
    /// No one workspace.
    Organization,
}

/// Refuses a call about another workspace than `own`. One about something that does not exist gets its 404.
pub(super) fn check(about: About, store: &Store, call: &Call, own: &str) -> Result<(), Refusal> {
    match workspace_of(about, store, call)? {
        Some(id) if id != own => {
            Err(Refusal::new(403, "This management key is restricted to another workspace"))
        }
        _ => Ok(()),
    }
}

fn workspace_of(about: About, store: &Store, call: &Call) -> Result<Option<String>, Refusal> {
    let id = match about {
        About::NamedWorkspace => match named_workspace(call)? {
            Some(id) => Some(id.to_owned()),
            None => Some(store.placement(None)?),
        },
        About::Guardrail => store.workspace_of_guardrail(&call.id),
        About::Key => store.key(&call.id).ok().map(|key| key.workspace_id.clone()),
        About::Workspace => store.workspace(&call.id).ok().map(|workspace| workspace.id.clone()),
        About::Organization => None,
    };
    Ok(id)
}

fn named_workspace(call: &Call) -> Result<Option<&str>, Refusal> {
    match call.body.get("workspace_id") {
        Some(id) => Ok(id.as_str()),
        None => call.query.workspace_id(),
    }
}
