//! Finding the assignment that a user wants to import by its id.

use crate::{
    client::{Placement, Subjects},
    cty::{ObjectType, Value},
    framework::{
        diagnostics::{Diagnostic, Diagnostics},
        field::object_type,
        validate::is_uuid,
    },
};

use super::{Api, Assignment, GUARDRAIL_ID, WORKSPACE_ID, explain, fields, is_secret, refuse_secret};

impl Assignment {
    /// The assignment that `given` means.
    ///
    /// # Errors
    /// When it does not have the form of an id, holds a secret, or no such assignment exists.
    pub(super) async fn find_for_import(&self, api: &Api, given: &str) -> Result<Value, Diagnostics> {
        if is_secret(given) {
            return Err(refuse_secret(self.subject).into());
        }
        let state = self.parse(given).ok_or_else(|| self.malformed(given))?;
        // For a member, this also checks the workspace against the guardrail's.
        let state = self.completed(api, state).await?;
        let (guardrail_id, subject) = self.names(&state);
        let found = api.client()?.find_assignment(self.subjects, guardrail_id, subject).await;
        match found.map_err(|error| explain(&self.act("import the assignment of", &state), &error))? {
            Placement::Here => Ok(state),
            Placement::Elsewhere(guardrails) => {
                let now = self.in_same_workspace(api, &state, guardrails).await?;
                Err(self.not_there(&state, now.as_deref()).into())
            }
        }
    }

    fn parse(&self, given: &str) -> Option<Value> {
        let ObjectType { attributes, .. } = object_type(self.fields);
        let empty = Value::null_object(&ObjectType { attributes, ..ObjectType::default() });
        let (empty, rest) = match self.subjects {
            Subjects::Keys => (empty, given),
            Subjects::Members => {
                let (workspace, rest) = given.split_once('/').filter(|(workspace, _)| is_uuid(workspace))?;
                (empty.with_attribute(WORKSPACE_ID, workspace.to_ascii_lowercase()), rest)
            }
        };
        let (guardrail_id, subject) =
            rest.split_once('/').filter(|(guardrail_id, _)| is_uuid(guardrail_id))?;
        let is_one = !subject.is_empty() && !subject.contains('/');
        let guardrail_id = guardrail_id.to_ascii_lowercase();
        is_one.then(|| empty.with_attribute(GUARDRAIL_ID, guardrail_id).with_attribute(self.subject, subject))
    }

    fn malformed(&self, given: &str) -> Diagnostic {
        let form = self.fields.iter().find(|field| field.name == fields::ID).map_or("", |field| field.doc);
        let detail = format!("\"{given}\" does not have the form {form} The first parts of it are UUIDs.");
        Diagnostic::error("Cannot import by this id", detail)
    }

    fn not_there(&self, state: &Value, now: Option<&str>) -> Diagnostic {
        let noun = self.noun;
        let detail = match now {
            Some(now) => {
                format!("The {noun} is under guardrail {now}. Import it with the id of that guardrail.")
            }
            None => format!(
                "The {noun} is under no guardrail, or does not exist. Assign it instead of importing it."
            ),
        };
        Diagnostic::error(format!("Could not {}", self.act("import the assignment of", state)), detail)
    }
}
