//! The workspace of a member assignment: the guardrail's, which the API does not give with the
//! assignment.

use tracing::debug;

use crate::{
    client::AssigneeKind,
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{
    AssignmentResource, GUARDRAIL_ID, ProviderData, WORKSPACE_ID, error_diagnostic_at, fields,
};

impl AssignmentResource {
    /// Plans the workspace: unknown when the guardrail changes and the configuration sets none.
    ///
    /// # Errors
    /// When the configuration contradicts the guardrail that the assignment stays with.
    pub(super) fn plan_workspace(
        &self,
        prior: &Value,
        config: &Value,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        if self.kind == AssigneeKind::Key || prior.is_null() {
            return Ok(planned);
        }
        let configured = config.attribute(WORKSPACE_ID);
        if prior.attribute(GUARDRAIL_ID) != planned.attribute(GUARDRAIL_ID) {
            return Ok(match configured {
                Value::Null => planned.with_attribute(WORKSPACE_ID, Value::unknown_not_null()),
                _ => planned,
            });
        }
        match (prior.attribute(WORKSPACE_ID).as_str(), configured.as_str()) {
            (Some(actual), Some(configured)) if actual != configured => {
                Err(in_another_workspace(self.ids(prior).0, actual, configured).into())
            }
            _ => Ok(planned),
        }
    }

    /// The planned state with workspace and id filled in.
    ///
    /// # Errors
    /// When a member's guardrail cannot be read, has no workspace, or is in another one
    /// than configured.
    pub(super) async fn complete(
        &self,
        api: &ProviderData,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let state = match self.kind {
            AssigneeKind::Key => planned,
            AssigneeKind::Member => self.with_workspace(api, planned).await?,
        };
        let id = self.id(&state).map_or(Value::Null, Value::from);
        Ok(state.with_attribute(fields::ID, id))
    }

    /// The same for an object of the state, which can be another provider's: only what is missing is
    /// looked up.
    pub(super) async fn completed(
        &self,
        api: &ProviderData,
        state: Value,
    ) -> Result<Value, Diagnostics> {
        match self.id(&state) {
            Some(id) => Ok(state.with_attribute(fields::ID, id)),
            None => self.complete(api, state).await,
        }
    }

    /// Of the guardrails that are assigned to a key or member, the one that takes the place of this
    /// assignment's: a member can have one of another workspace as well, which the API key may not
    /// be allowed to read.
    pub(super) async fn in_same_workspace(
        &self,
        api: &ProviderData,
        state: &Value,
        guardrails: Vec<String>,
    ) -> Option<String> {
        if self.kind == AssigneeKind::Key {
            return guardrails.into_iter().next();
        }
        let ours = state.attribute(WORKSPACE_ID).as_str()?;
        for guardrail in guardrails {
            if self.readable_workspace_of(api, &guardrail).await.as_deref() == Some(ours) {
                return Some(guardrail);
            }
        }
        None
    }

    /// The workspace that a guardrail is in, if it can be read. For messages only, where nothing
    /// may fail: a key that is bound to one workspace gets 403 or 404 for the guardrails of others.
    pub(super) async fn readable_workspace_of(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
    ) -> Option<String> {
        let found = api.client().ok()?.workspace_of_guardrail_once(guardrail_id).await;
        found
            .inspect_err(|error| debug!(guardrail_id, %error, "the workspace is not known"))
            .ok()?
    }

    /// The workspace that a guardrail is in; none for one older than workspaces.
    pub(super) async fn workspace_of(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
    ) -> Result<Option<String>, Diagnostics> {
        let found = api.client()?.workspace_of_guardrail(guardrail_id).await;
        found.map_err(|error| {
            let action = format!("read the workspace of guardrail {guardrail_id}");
            error_diagnostic_at(&action, &error, Some(GUARDRAIL_ID)).into()
        })
    }

    async fn with_workspace(
        &self,
        api: &ProviderData,
        planned: Value,
    ) -> Result<Value, Diagnostics> {
        let guardrail_id = self.ids(&planned).0;
        let Some(actual) = self.workspace_of(api, guardrail_id).await? else {
            return Err(without_workspace(guardrail_id).into());
        };
        match planned.attribute(WORKSPACE_ID).as_str() {
            Some(configured) if configured != actual => {
                Err(in_another_workspace(guardrail_id, &actual, configured).into())
            }
            _ => Ok(planned.with_attribute(WORKSPACE_ID, actual)),
        }
    }
}

fn in_another_workspace(guardrail_id: &str, actual: &str, configured: &str) -> Diagnostic {
    let detail = format!(
        "Guardrail {guardrail_id} is in workspace {actual}, not in {configured}. Omit \
         `{WORKSPACE_ID}`, or use a guardrail of workspace {configured}."
    );
    Diagnostic::error("The guardrail is in another workspace", detail)
        .at(Path::attribute(WORKSPACE_ID))
}

fn without_workspace(guardrail_id: &str) -> Diagnostic {
    let detail = format!(
        "Guardrail {guardrail_id} does not belong to a workspace, since it is older than \
         workspaces. Such a guardrail can be assigned to keys, but not to members. Create a new \
         guardrail for the members."
    );
    Diagnostic::error("The guardrail has no workspace", detail).at(Path::attribute(GUARDRAIL_ID))
}
