//! `openrouter_guardrail_key_assignment` and `openrouter_guardrail_member_assignment`: one
//! guardrail assigned to one key or member. The resources for all of a guardrail's assignments are in
//! `exclusive/`.
//!
//! The two differ in what the guardrail is assigned to, and in that a member has one guardrail *per
//! workspace*, so that the workspace is part of a member assignment. A change of the guardrail is
//! one assign call, which moves the key or member: it is never without a guardrail.

mod conflicts;
mod exclusive;
mod fields;
mod ids;
mod import;
mod planned;
mod planned_sets;
mod private;
mod workspace;

use async_trait::async_trait;
use tracing::debug;

use crate::{
    client::{AssigneeKind, AssignmentLookup},
    cty::{Path, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{
            ImportTarget, PlanReply, PlanRequest, Reply, Resource, State, UpdateReply, WithWarnings,
        },
        schema::Schema,
    },
    table::{
        CanonicalNames, field::Field, generated_config, plan, schema::schema,
        validate::validate_with,
    },
};

use super::{
    config::ProviderData,
    error_diagnostics::{error_diagnostic, error_diagnostic_at},
    id_form, misplaced_key,
};
use planned::Row;
use private::Private;

pub(super) use exclusive::{KEYS as EXCLUSIVE_KEYS, MEMBERS as EXCLUSIVE_MEMBERS};
pub(super) use fields::{GUARDRAIL_ID, WORKSPACE_ID};
pub(super) use planned::{PlannedAssignments, RowExit};
pub(super) use planned_sets::PlannedSets;

/// One of the two resources.
pub(super) struct AssignmentResource {
    /// What the guardrail is assigned to.
    kind: AssigneeKind,
    /// The attribute that names it: a key's hash, a member's user id.
    assignee: &'static str,
    /// What messages call it.
    noun: &'static str,
    description: &'static str,
    /// What identifies an assignment: a key has one guardrail, a member one per workspace.
    identity: &'static [&'static str],
    fields: &'static [Field],
}

/// The resource for keys.
pub(super) const KEY: AssignmentResource = AssignmentResource {
    kind: AssigneeKind::Key,
    assignee: fields::KEY_HASH,
    noun: "key",
    description: "Assigns a guardrail to an API key. A key has at most one guardrail; assigning \
                  another one moves the key atomically.\n\n\
                  ~> **Warning:** Creating this resource for a key that already has another \
                  guardrail replaces that assignment, whoever made it.\n\n\
                  ~> **Warning:** Destroying this resource leaves the key without a guardrail of \
                  its own. To move a key to another guardrail, change `guardrail_id` instead; see \
                  [Moving keys](../guides/moving-keys.md).\n\n\
                  -> **Note:** The default guardrail of the workspace, and the guardrail of the \
                  member who created the key, apply to the requests of the key too; see \
                  [How guardrails combine](../guides/how-guardrails-combine.md).",
    identity: &[fields::KEY_HASH],
    fields: fields::KEY_ASSIGNMENT,
};

/// The resource for members.
pub(super) const MEMBER: AssignmentResource = AssignmentResource {
    kind: AssigneeKind::Member,
    assignee: fields::USER_ID,
    noun: "member",
    description: "Assigns a guardrail to a member of the organization. A member has at most one \
                  guardrail per workspace; assigning another one of the same workspace moves the \
                  member atomically.\n\n\
                  ~> **Warning:** Creating this resource for a member who already has another \
                  guardrail in the workspace replaces that assignment, whoever made it.\n\n\
                  ~> **Warning:** Destroying this resource leaves the member without a guardrail \
                  of their own in the workspace; its default guardrail still applies. To move a \
                  member to another guardrail, change `guardrail_id` instead; see \
                  [Moving keys](../guides/moving-keys.md).\n\n\
                  -> **Note:** The guardrail applies to all requests of the member in the \
                  workspace, with any of the member's keys, together with the default guardrail \
                  of the workspace and the guardrails of the keys; see \
                  [How guardrails combine](../guides/how-guardrails-combine.md).",
    identity: &[WORKSPACE_ID, fields::USER_ID],
    fields: fields::MEMBER_ASSIGNMENT,
};

#[async_trait]
impl Resource<ProviderData> for AssignmentResource {
    fn schema(&self) -> Schema {
        schema(self.description, self.fields)
    }

    fn identity(&self) -> &'static [&'static str] {
        self.identity
    }

    fn validate(&self, api: Option<&ProviderData>, config: &Value) -> Diagnostics {
        if let Some(api) = api {
            api.planned().note_validated(self.kind, config.attribute(self.assignee).as_str());
            let guardrail_id = config.attribute(GUARDRAIL_ID).as_str();
            api.planned_sets().note_single_validated(self.kind, guardrail_id);
        }
        let refused =
            misplaced_key::refuse_keys(config, &[GUARDRAIL_ID, self.assignee, WORKSPACE_ID]);
        validate_with(self.fields, config, refused)
    }

    async fn read(&self, api: &ProviderData, state: State) -> Reply<Option<State>> {
        let (row, mut private) = (self.row(&state.value), Private::read(&state.private));
        api.planned().note_read(&row, &private.maker);
        let (guardrail_id, assignee) = self.ids(&state.value);
        let client = api.client()?;
        client.forget_maker(self.kind, guardrail_id, assignee);
        let found = client.read_assignment(self.kind, guardrail_id, assignee).await;
        let found = found.map_err(|error| {
            error_diagnostic(&self.action("read the assignment of", &state.value), &error)
        })?;
        match found {
            AssignmentLookup::Found => {
                private.reassign = api.planned().is_removed_by_another(&row, &private.maker);
                let value = self.completed(api, state.value).await?;
                Ok(WithWarnings::ok(Some(State { value, private: private.to_bytes() })))
            }
            AssignmentLookup::AssignedElsewhere(guardrails) => {
                api.planned().forget_holder(&row, &private.maker);
                let now = self.in_same_workspace(api, &state.value, guardrails).await;
                Ok(WithWarnings::new(None, now.map(|now| self.moved_outside(&state.value, &now))))
            }
        }
    }

    async fn plan(&self, api: &ProviderData, request: PlanRequest) -> Reply<PlanReply> {
        let PlanRequest { prior, config, private } = request;
        let mut private = Private::read(&private);
        if config.is_null() {
            let warning = self.plan_removal(api, &prior, &mut private).await;
            return Ok(WithWarnings::new(PlanReply::destroy(private.to_bytes()), warning));
        }
        let reply = plan::plan(self.fields, &prior, &config, &CanonicalNames::default());
        let planned = self.plan_workspace(&prior, &config, reply.planned)?;
        let planned = self.plan_id(&prior, planned, private.reassign);
        let mut warnings = ids::check(&prior, &planned)?;
        // The second call for a replacement brings the private bytes of the first one's reply. It
        // is the same resource, and was noted then.
        if !prior.is_null() || !private.is_planned {
            warnings.extend(self.note_configuration(api, &prior, &planned).await?);
            warnings.extend(self.note_in_set(api, &planned));
        }
        if !prior.is_null() {
            warnings.extend(self.plan_holder(api, &prior, &planned, &mut private).await);
            private.is_planned = true;
        }
        let reply = PlanReply { planned, private: private.to_bytes(), ..reply };
        Ok(WithWarnings::new(reply, warnings))
    }

    async fn create(&self, api: &ProviderData, planned: Value) -> Reply<State> {
        let state = self.complete(api, planned).await?;
        Ok(WithWarnings::ok(self.assign(api, state).await?))
    }

    async fn update(&self, api: &ProviderData, prior: State, planned: Value) -> UpdateReply {
        let state = self.complete(api, planned).await?;
        let former = Private::read(&prior.private);
        let moves = prior.value.attribute(GUARDRAIL_ID) != state.attribute(GUARDRAIL_ID);
        if !moves && !former.reassign {
            let private = Private::of(former.maker).to_bytes();
            return Ok(WithWarnings::ok(State { value: state, private }));
        }
        let state = self.assign(api, state).await?;
        api.planned().forget_holder(&self.row(&prior.value), &former.maker);
        let warning = self.leave_former_workspace(api, &prior.value, &former, &state.value).await?;
        Ok(WithWarnings::new(state, warning))
    }

    async fn delete(&self, api: &ProviderData, prior: State) -> Reply<()> {
        let (guardrail_id, assignee) = self.ids(&prior.value);
        let private = Private::read(&prior.private);
        let client = api.client()?;
        if private.keep {
            debug!(guardrail_id, assignee, "not removed: another resource has the same assignment");
        } else {
            let maker = Some(private.maker.as_str());
            client.unassign(self.kind, guardrail_id, assignee, maker).await.map_err(|error| {
                error_diagnostic(&self.action("remove the assignment of", &prior.value), &error)
            })?;
        }
        api.planned().forget_holder(&self.row(&prior.value), &private.maker);
        Ok(WithWarnings::ok(()))
    }

    fn generated_config(&self, object: &Value) -> Value {
        generated_config(self.fields, object)
    }

    async fn import(&self, api: &ProviderData, target: ImportTarget<'_>) -> Reply<State> {
        let value = match target {
            ImportTarget::Id(given) => self.find_by_id(api, given).await?,
            ImportTarget::Identity(identity) => self.find_by_identity(api, identity).await?,
        };
        Ok(WithWarnings::ok(State { value, private: Private::new().to_bytes() }))
    }
}

impl AssignmentResource {
    /// The planned object with its id: the prior one while nothing changes, else its text where
    /// every part of that is known. An unknown id makes core call for the update that assigns
    /// again.
    fn plan_id(&self, prior: &Value, planned: Value, reassign: bool) -> Value {
        let parts = [GUARDRAIL_ID, self.assignee, WORKSPACE_ID];
        let changes = parts.iter().any(|part| prior.attribute(part) != planned.attribute(part));
        let id = if prior.is_null() || changes {
            self.id(&planned).map_or_else(Value::unknown_not_null, Value::from)
        } else if reassign {
            Value::unknown_not_null()
        } else {
            prior.attribute(fields::ID).clone()
        };
        planned.with_attribute(fields::ID, id)
    }

    /// The id of an assignment, if all parts of it are known.
    fn id(&self, assignment: &Value) -> Option<String> {
        let part = |name| assignment.attribute(name).as_str();
        let (guardrail_id, assignee) = (part(GUARDRAIL_ID)?, part(self.assignee)?);
        match self.kind {
            AssigneeKind::Key => Some(format!("{guardrail_id}/{assignee}")),
            AssigneeKind::Member => {
                Some(format!("{}/{guardrail_id}/{assignee}", part(WORKSPACE_ID)?))
            }
        }
    }

    /// Assigns the guardrail, as a new holder of the row.
    async fn assign(&self, api: &ProviderData, state: Value) -> Result<State, Diagnostics> {
        self.refuse_conflict(api, &state).await?;
        let (guardrail_id, assignee) = self.ids(&state);
        let private = Private::new();
        let result = api.client()?.assign(self.kind, guardrail_id, assignee, &private.maker).await;
        if let Err(error) = result {
            let action = self.action("assign", &state);
            let diagnostic = error_diagnostic_at(&action, &error, Some(GUARDRAIL_ID));
            let path = diagnostic.path.clone().unwrap_or(Path::attribute(self.assignee));
            return Err(diagnostic.at(path).into());
        }
        Ok(State { value: state, private: private.to_bytes() })
    }

    /// Removes the former assignment of a member who has moved to a guardrail of another workspace.
    /// In any other move the API has done that. The move itself is done, so a failure is a warning.
    async fn leave_former_workspace(
        &self,
        api: &ProviderData,
        prior: &Value,
        former: &Private,
        state: &Value,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        if prior.attribute(WORKSPACE_ID) == state.attribute(WORKSPACE_ID) {
            return Ok(None);
        }
        let (guardrail_id, assignee) = self.ids(prior);
        let maker = Some(former.maker.as_str());
        let removed = api.client()?.unassign(self.kind, guardrail_id, assignee, maker).await;
        let Err(error) = removed else { return Ok(None) };
        let detail = format!(
            "{error}.\n\nThe new assignment was made, and the state contains only that one. If the \
             former assignment still exists, remove it manually, or import and destroy it: no \
             later apply removes it."
        );
        let summary =
            format!("Could not {}", self.action("remove the former assignment of", prior));
        Ok(Some(Diagnostic::warning(summary, detail)))
    }

    fn moved_outside(&self, state: &Value, now: &str) -> Diagnostic {
        let (guardrail_id, assignee) = self.ids(state);
        let noun = self.noun;
        let detail = format!(
            "Guardrail {guardrail_id} is no longer assigned to {noun} {assignee}: outside of this \
             configuration, it was replaced by guardrail {now}. The next apply assigns the \
             guardrail of the configuration again. If you remove the resource instead, guardrail \
             {now} stays assigned."
        );
        Diagnostic::warning(format!("A {noun} has moved to another guardrail"), detail)
    }

    /// What is being done, for a message: `assign key abc to guardrail xyz`.
    fn action(&self, verb: &str, assignment: &Value) -> String {
        let (guardrail_id, assignee) = self.ids(assignment);
        format!("{verb} {} {assignee} to guardrail {guardrail_id}", self.noun)
    }

    /// Guardrail and key or member of an assignment; empty where unknown.
    fn ids<'a>(&self, assignment: &'a Value) -> (&'a str, &'a str) {
        let text = |name| assignment.attribute(name).as_str().unwrap_or_default();
        (text(GUARDRAIL_ID), text(self.assignee))
    }

    /// The row that an object of the state holds.
    fn row(&self, state: &Value) -> Row {
        let (guardrail_id, assignee) = self.ids(state);
        ((self.kind, assignee.to_owned()), guardrail_id.to_owned())
    }
}
