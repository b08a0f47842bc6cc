//! Finding the assignment that a user wants to import by its id.

use crate::{
    client::{AssigneeKind, AssignmentLookup},
    cty::{ObjectType, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::{field::object_type, validate::is_uuid},
};

use super::{Api, Assignment, GUARDRAIL_ID, WORKSPACE_ID, error_diagnostic, fields, key};

impl Assignment {
    /// The assignment that `given` means.
    ///
    /// # Errors
    /// When it does not have the form of an id, holds a secret, or no such assignment exists.
    pub(super) async fn find_for_import(
        &self,
        api: &Api,
        given: &str,
    ) -> Result<Value, Diagnostics> {
        let assignee = given.rsplit('/').next().unwrap_or(given);
        // The last part is what is assigned; a key anywhere else is refused as well.
        if let Some(refused) =
            key::refuse_key(self.assignee, assignee).or_else(|| key::refuse_key("id", given))
        {
            return Err(refused.into());
        }
        let state = self.parse(given).ok_or_else(|| self.malformed(given))?;
        let state = self.in_right_workspace(api, state).await?;
        let (guardrail_id, assignee) = self.names(&state);
        let found = api.client()?.find_assignment(self.kind, guardrail_id, assignee).await;
        match found.map_err(|error| {
            error_diagnostic(&self.act("import the assignment of", &state), &error)
        })? {
            AssignmentLookup::Found => Ok(state),
            AssignmentLookup::AssignedElsewhere(guardrails) => {
                let now = self.in_same_workspace(api, &state, guardrails).await;
                Err(self.not_there(&state, now.as_deref()).into())
            }
        }
    }

    /// The assignment, complete.
    ///
    /// # Errors
    /// When the workspace that was given for a member is not the guardrail's: names the id that would be right.
    async fn in_right_workspace(&self, api: &Api, state: Value) -> Result<Value, Diagnostics> {
        let (guardrail_id, assignee) = self.names(&state);
        if self.kind == AssigneeKind::Member
            && let Some(actual) = self.workspace_of(api, guardrail_id).await?
            && state.attribute(WORKSPACE_ID).as_str() != Some(&actual)
        {
            let detail = format!(
                "Guardrail {guardrail_id} is in workspace {actual}. The id to import is                  {actual}/{guardrail_id}/{assignee}."
            );
            return Err(Diagnostic::error("The guardrail is in another workspace", detail).into());
        }
        self.completed(api, state).await
    }

    fn parse(&self, given: &str) -> Option<Value> {
        let ObjectType { attributes, .. } = object_type(self.fields);
        let empty = Value::null_object(&ObjectType { attributes, ..ObjectType::default() });
        let (empty, rest) = match self.kind {
            AssigneeKind::Key => (empty, given),
            AssigneeKind::Member => {
                let (workspace, rest) =
                    given.split_once('/').filter(|(workspace, _)| is_uuid(workspace))?;
                (empty.with_attribute(WORKSPACE_ID, workspace.to_ascii_lowercase()), rest)
            }
        };
        let (guardrail_id, assignee) =
            rest.split_once('/').filter(|(guardrail_id, _)| is_uuid(guardrail_id))?;
        let is_one = !assignee.is_empty() && !assignee.contains('/');
        let guardrail_id = guardrail_id.to_ascii_lowercase();
        is_one.then(|| {
            empty.with_attribute(GUARDRAIL_ID, guardrail_id).with_attribute(self.assignee, assignee)
        })
    }

    fn malformed(&self, given: &str) -> Diagnostic {
        let form =
            self.fields.iter().find(|field| field.name == fields::ID).map_or("", |field| field.doc);
        let detail =
            format!("\"{given}\" does not have the form {form} The first parts of it are UUIDs.");
        Diagnostic::error("Cannot import by this id", detail)
    }

    fn not_there(&self, state: &Value, now: Option<&str>) -> Diagnostic {
        let noun = self.noun;
        let detail = match now {
            Some(now) => {
                format!(
                    "The {noun} is under guardrail {now}. Import it with the id of that guardrail."
                )
            }
            None => format!(
                "The {noun} is under no guardrail, or does not exist. Assign it instead of importing it."
            ),
        };
        Diagnostic::error(
            format!("Could not {}", self.act("import the assignment of", state)),
            detail,
        )
    }
}
