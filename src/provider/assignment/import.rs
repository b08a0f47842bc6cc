//! Finding the assignment that a user wants to import, by its id or its identity.

use crate::{
    client::{AssigneeKind, AssignmentLookup, Error},
    cty::{ObjectType, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::{field::object_type, validate::is_uuid},
};

use super::{
    AssignmentResource, GUARDRAIL_ID, ProviderData, WORKSPACE_ID, error_diagnostic, fields, ids,
    misplaced_key,
};

impl AssignmentResource {
    /// The assignment that `given` means.
    ///
    /// # Errors
    /// When it does not have the form of an id, holds a secret, or no such assignment exists.
    pub(super) async fn find_by_id(
        &self,
        api: &ProviderData,
        given: &str,
    ) -> Result<Value, Diagnostics> {
        let assignee = given.rsplit('/').next().unwrap_or(given);
        // The last part is the key or member; an API key anywhere else is refused as well.
        let refused = misplaced_key::refuse_key(self.assignee, assignee);
        if let Some(refused) = refused.or_else(|| misplaced_key::refuse_key("id", given)) {
            return Err(refused.into());
        }
        let state = self.parse(given).ok_or_else(|| self.malformed(given))?;
        if self.kind == AssigneeKind::Key && !ids::is_hash(assignee) {
            let detail = format!("The last part of the id must be {}", ids::hash_form());
            return Err(Diagnostic::error("Cannot import by this id", detail).into());
        }
        let state = self.in_right_workspace(api, state).await?;
        let (guardrail_id, assignee) = self.ids(&state);
        let found = api.client()?.find_assignment(self.kind, guardrail_id, assignee).await;
        let found = found.map_err(|error| {
            error_diagnostic(&self.action("import the assignment of", &state), &error)
        })?;
        match found {
            AssignmentLookup::Found => Ok(state),
            AssignmentLookup::AssignedElsewhere(guardrails) => {
                let now = self.in_same_workspace(api, &state, guardrails).await;
                Err(self.not_assigned(&state, now.as_deref()).into())
            }
        }
    }

    /// The assignment of a key, or of a member in a workspace, whatever its guardrail.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn find_by_identity(
        &self,
        api: &ProviderData,
        identity: &Value,
    ) -> Result<Value, Diagnostics> {
        let refused = misplaced_key::refuse_keys(identity, self.identity);
        if refused.iter().next().is_some() {
            return Err(refused);
        }
        let mut state = self.empty();
        for name in self.identity {
            let text = identity.attribute(name).as_str().unwrap_or_default();
            let text = if is_uuid(text) { text.to_ascii_lowercase() } else { text.to_owned() };
            state = state.with_attribute(*name, text);
        }
        let place = state.attribute(WORKSPACE_ID).as_str();
        let problem = if self.kind == AssigneeKind::Key && !ids::is_hash(self.ids(&state).1) {
            Some(format!("`{}` must be {}", self.assignee, ids::hash_form()))
        } else if place.is_some_and(|place| !is_uuid(place)) {
            Some(format!("`{WORKSPACE_ID}` must be the id of the workspace, a UUID, not its slug."))
        } else {
            None
        };
        if let Some(detail) = problem {
            return Err(Diagnostic::error("Cannot import by this identity", detail).into());
        }
        let Some(guardrail) = self.guardrail_of(api, &state).await? else {
            let (noun, assignee) = (self.noun, self.ids(&state).1);
            let summary = format!("Could not import the assignment of {noun} {assignee}");
            return Err(Diagnostic::error(summary, self.nothing_assigned()).into());
        };
        self.complete(api, state.with_attribute(GUARDRAIL_ID, guardrail)).await
    }

    /// The guardrail that is assigned to the key, or to the member in the workspace. One that this
    /// API key cannot read is of another workspace.
    async fn guardrail_of(
        &self,
        api: &ProviderData,
        state: &Value,
    ) -> Result<Option<String>, Diagnostics> {
        let client = api.client()?;
        let assignee = self.ids(state).1;
        let failed = |error: &Error| {
            error_diagnostic(&format!("import the assignment of {} {assignee}", self.noun), error)
        };
        let place = state.attribute(WORKSPACE_ID).as_str().unwrap_or_default();
        let row = format!("{place}/{assignee}");
        let guardrails = client.guardrails_of(self.kind, assignee, &row).await;
        for guardrail in guardrails.map_err(|error| failed(&error))? {
            if self.kind == AssigneeKind::Key {
                return Ok(Some(guardrail));
            }
            match client.workspace_of_guardrail(&guardrail).await {
                Ok(found) if found.as_deref() == state.attribute(WORKSPACE_ID).as_str() => {
                    return Ok(Some(guardrail));
                }
                Ok(_) => {}
                Err(error) if error.is_not_found() || error.is_refused() => {}
                Err(error) => return Err(failed(&error).into()),
            }
        }
        Ok(None)
    }

    /// The assignment, complete.
    ///
    /// # Errors
    /// When a member's guardrail is not in the workspace that was given: names the id that
    /// is right.
    async fn in_right_workspace(
        &self,
        api: &ProviderData,
        state: Value,
    ) -> Result<Value, Diagnostics> {
        let (guardrail_id, assignee) = self.ids(&state);
        if self.kind == AssigneeKind::Member
            && let Some(actual) = self.workspace_of(api, guardrail_id).await?
            && state.attribute(WORKSPACE_ID).as_str() != Some(&actual)
        {
            let detail = format!(
                "Guardrail {guardrail_id} is in workspace {actual}. The id to import is \
                 {actual}/{guardrail_id}/{assignee}."
            );
            return Err(Diagnostic::error("The guardrail is in another workspace", detail).into());
        }
        self.complete(api, state).await
    }

    /// The parts of an id. UUIDs are brought to the lowercase in which the API gives them.
    fn parse(&self, given: &str) -> Option<Value> {
        let mut state = self.empty();
        let mut rest = given;
        let uuids: &[&str] = match self.kind {
            AssigneeKind::Key => &[GUARDRAIL_ID],
            AssigneeKind::Member => &[WORKSPACE_ID, GUARDRAIL_ID],
        };
        for attribute in uuids {
            let (part, after) = rest.split_once('/').filter(|(part, _)| is_uuid(part))?;
            state = state.with_attribute(*attribute, part.to_ascii_lowercase());
            rest = after;
        }
        let is_one = !rest.is_empty() && !rest.contains('/');
        is_one.then(|| state.with_attribute(self.assignee, rest))
    }

    /// The state of an assignment that was listed.
    pub(in crate::provider) fn listed(
        &self,
        guardrail_id: &str,
        assignee: &str,
        workspace_id: Option<&str>,
    ) -> Value {
        let mut state = self.empty();
        state = state.with_attribute(GUARDRAIL_ID, guardrail_id);
        state = state.with_attribute(self.assignee, assignee);
        if let Some(workspace_id) = workspace_id.filter(|_| self.kind == AssigneeKind::Member) {
            state = state.with_attribute(WORKSPACE_ID, workspace_id);
        }
        let id = self.id(&state).map_or(Value::Null, Value::from);
        state.with_attribute(fields::ID, id)
    }

    /// An assignment of which nothing is known.
    fn empty(&self) -> Value {
        Value::null_object(&ObjectType { optional: [].into(), ..object_type(self.fields) })
    }

    fn malformed(&self, given: &str) -> Diagnostic {
        let (form, uuids) = match self.kind {
            AssigneeKind::Key => ("<guardrail_id>/<key_hash>", "guardrail_id is a UUID"),
            AssigneeKind::Member => (
                "<workspace_id>/<guardrail_id>/<user_id>",
                "workspace_id and guardrail_id are UUIDs",
            ),
        };
        let detail = format!("\"{given}\" does not have the form `{form}`, where {uuids}.");
        Diagnostic::error("Cannot import by this id", detail)
    }

    fn nothing_assigned(&self) -> String {
        let place = if self.kind == AssigneeKind::Member { " of the workspace" } else { "" };
        let noun = self.noun;
        format!(
            "No guardrail{place} is assigned to the {noun}, or the {noun} does not exist. Assign \
             one instead of importing."
        )
    }

    fn not_assigned(&self, state: &Value, now: Option<&str>) -> Diagnostic {
        let noun = self.noun;
        let detail = match now {
            Some(now) => format!(
                "Another guardrail, {now}, is assigned to the {noun}. To import that assignment, \
                 use the id of that guardrail."
            ),
            None => self.nothing_assigned(),
        };
        let summary = format!("Could not {}", self.action("import the assignment of", state));
        Diagnostic::error(summary, detail)
    }
}
