//! `openrouter_guardrail_key_assignment` and `openrouter_guardrail_member_assignment`: one key or member under one
//! guardrail.
//!
//! The two differ in what is assigned, and in that a member is under one guardrail *per workspace*, so that the workspace
//! is part of what a member assignment is. A change of the guardrail is one assign call, which moves the key or member:
//! it is never without a guardrail.

mod conflict;
mod fields;
mod form;
mod import;
mod planned;
mod private;
mod workspace;

use async_trait::async_trait;

use crate::{
    client::{AssigneeKind, AssignmentLookup},
    cty::{Path, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{PlanReply, PlanRequest, Reply, Resource, State, WithWarnings},
        schema::Schema,
    },
    table::{CanonicalNames, field::Field, plan, schema::schema, validate::validate_with},
};

use super::{
    config::Api,
    error_diagnostics::{error_diagnostic, error_diagnostic_at},
    id_form, key,
};
use private::Private;

pub(super) use fields::{GUARDRAIL_ID, WORKSPACE_ID};
pub(super) use planned::{Departure, PlannedAssignments};

/// One of the two resources.
pub(super) struct Assignment {
    /// What is assigned.
    kind: AssigneeKind,
    /// The attribute that names it: a key's hash, a member's user id.
    assignee: &'static str,
    /// What messages call it.
    noun: &'static str,
    description: &'static str,
    fields: &'static [Field],
}

/// The resource for keys.
pub(super) const KEY: Assignment = Assignment {
    kind: AssigneeKind::Key,
    assignee: fields::KEY_HASH,
    noun: "key",
    description: "Puts an API key under a guardrail. A key is under one guardrail at most: assigning it takes it from the \
                  one it was under, in the same moment.",
    fields: fields::KEY_ASSIGNMENT,
};

/// The resource for members.
pub(super) const MEMBER: Assignment = Assignment {
    kind: AssigneeKind::Member,
    assignee: fields::USER_ID,
    noun: "member",
    description: "Puts a member of the organization under a guardrail. A member is under one guardrail per workspace at \
                  most: assigning one takes the member from the other guardrail of that workspace, in the same moment.",
    fields: fields::MEMBER_ASSIGNMENT,
};

#[async_trait]
impl Resource<Api> for Assignment {
    fn schema(&self) -> Schema {
        schema(self.description, self.fields)
    }

    fn validate(&self, api: Option<&Api>, config: &Value) -> Diagnostics {
        if let Some(api) = api {
            api.planned().validated(self.kind, config.attribute(self.assignee).as_str());
        }
        let own = key::refuse_keys(config, &[GUARDRAIL_ID, self.assignee, WORKSPACE_ID]);
        validate_with(self.fields, config, own)
    }

    async fn read(&self, api: &Api, state: State) -> Reply<Option<State>> {
        let (guardrail_id, assignee) = self.names(&state.value);
        api.planned().note_state();
        let client = api.client()?;
        client.forget_maker(self.kind, guardrail_id, assignee);
        let found = client.read_assignment(self.kind, guardrail_id, assignee).await;
        let act = || self.act("read the assignment of", &state.value);
        match found.map_err(|error| error_diagnostic(&act(), &error))? {
            AssignmentLookup::Found => Ok(WithWarnings::ok(Some(state))),
            AssignmentLookup::AssignedElsewhere(guardrails) => {
                let now = self.in_same_workspace(api, &state.value, guardrails).await;
                Ok(WithWarnings::new(None, now.map(|now| self.moved_away(&state.value, &now))))
            }
        }
    }

    async fn plan(&self, api: &Api, request: PlanRequest) -> Reply<PlanReply> {
        let PlanRequest { prior, config, private } = request;
        if config.is_null() {
            self.note_departure(api, &prior, Some(Departure::Removed));
            return Ok(WithWarnings::ok(PlanReply::destroy(private)));
        }
        let PlanReply { planned, requires_replace, .. } =
            plan::plan(self.fields, &prior, &config, &CanonicalNames::default());
        let planned = self.plan_workspace(&prior, &config, planned)?;
        let id = self.plan_id(&prior, &planned);
        let planned = planned.with_attribute(fields::ID, id);
        self.note_departure(api, &prior, self.departure(&prior, &planned));
        let mut warnings = form::check(&prior, &planned)?;
        let private = Private::read(&private);
        // The second call for a replacement brings what the first one answered. It is one resource, and was noted then.
        if !(prior.is_null() && private.is_planned) {
            warnings.extend(self.note_wish(api, &planned, prior.is_null()).await?);
        }
        let private = Private { is_planned: !prior.is_null(), ..private }.to_bytes();
        Ok(WithWarnings::new(PlanReply { planned, requires_replace, private }, warnings))
    }

    async fn create(&self, api: &Api, planned: Value) -> Reply<State> {
        let state = self.completed(api, planned).await?;
        self.refuse_contradiction(api, &state).await?;
        let private = Private::new();
        self.assign(api, &state, &private).await?;
        Ok(WithWarnings::ok(State { value: state, private: private.to_bytes() }))
    }

    async fn update(&self, api: &Api, prior: State, planned: Value) -> Reply<State> {
        let state = self.completed(api, planned).await?;
        let former = Private::read(&prior.private);
        if prior.value.attribute(GUARDRAIL_ID) == state.attribute(GUARDRAIL_ID) {
            let private = Private { is_planned: false, ..former }.to_bytes();
            return Ok(WithWarnings::ok(State { value: state, private }));
        }
        self.refuse_contradiction(api, &state).await?;
        let private = Private::new();
        self.assign(api, &state, &private).await?;
        let warning = self.leave(api, &prior.value, &former, &state).await?;
        Ok(WithWarnings::new(State { value: state, private: private.to_bytes() }, warning))
    }

    async fn delete(&self, api: &Api, prior: State) -> Reply<()> {
        let (guardrail_id, assignee) = self.names(&prior.value);
        let private = Private::read(&prior.private);
        let removed = api
            .client()?
            .unassign(self.kind, guardrail_id, assignee, private.maker.as_deref())
            .await;
        removed.map_err(|error| {
            error_diagnostic(&self.act("remove the assignment of", &prior.value), &error)
        })?;
        Ok(WithWarnings::ok(()))
    }

    async fn import(&self, api: &Api, given: &str) -> Reply<State> {
        let value = self.find_for_import(api, given).await?;
        Ok(WithWarnings::ok(State { value, private: Vec::new() }))
    }
}

impl Assignment {
    /// Notes whether a plan takes a row that is in the state away from its guardrail.
    fn note_departure(&self, api: &Api, prior: &Value, departure: Option<Departure>) {
        if prior.is_null() {
            return;
        }
        let (guardrail_id, assignee) = self.names(prior);
        api.planned().note_state();
        api.planned().note_departure((self.kind, assignee.to_owned()), guardrail_id, departure);
    }

    /// How a plan takes the prior row away from its guardrail, if it does.
    fn departure(&self, prior: &Value, planned: &Value) -> Option<Departure> {
        if prior.attribute(self.assignee) != planned.attribute(self.assignee) {
            return Some(Departure::Removed);
        }
        let moves = prior.attribute(GUARDRAIL_ID) != planned.attribute(GUARDRAIL_ID);
        moves.then_some(Departure::Moved)
    }

    /// The id that is planned: the prior one while nothing changes, else its text where every part of that is known.
    fn plan_id(&self, prior: &Value, planned: &Value) -> Value {
        let parts = [GUARDRAIL_ID, self.assignee, WORKSPACE_ID];
        let unchanged = parts.iter().all(|part| prior.attribute(part) == planned.attribute(part));
        if !prior.is_null() && unchanged {
            return prior.attribute(fields::ID).clone();
        }
        self.id(planned).map_or_else(Value::unknown_not_null, Value::from)
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

    async fn assign(&self, api: &Api, state: &Value, private: &Private) -> Result<(), Diagnostics> {
        let (guardrail_id, assignee) = self.names(state);
        let maker = private.maker.as_deref().unwrap_or_default();
        let assigned = api.client()?.assign(self.kind, guardrail_id, assignee, maker).await;
        assigned.map_err(|error| {
            let told = error_diagnostic_at(&self.act("assign", state), &error, Some(GUARDRAIL_ID));
            let is_located = told.path.is_some();
            if is_located { told.into() } else { told.at(Path::attribute(self.assignee)).into() }
        })
    }

    /// Ends what was before a move. The service has done that already, but for a member who has moved to a guardrail of
    /// another workspace. The move itself is done, so a failure is a warning.
    async fn leave(
        &self,
        api: &Api,
        prior: &Value,
        former: &Private,
        state: &Value,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        let (guardrail_id, assignee) = self.names(prior);
        if prior.attribute(WORKSPACE_ID) == state.attribute(WORKSPACE_ID) {
            return Ok(None);
        }
        let maker = former.maker.as_deref();
        let left = api.client()?.unassign(self.kind, guardrail_id, assignee, maker).await;
        Ok(left.err().map(|error| {
            let told = error_diagnostic(&self.act("remove the former assignment of", prior), &error);
            let detail = format!(
                "{error}.\n\nThe new assignment is made, and the state holds only that. If the former one is still \
                 there, remove it by hand, or import it and destroy it: no later apply takes it away."
            );
            Diagnostic::warning(told.summary, detail)
        }))
    }

    fn moved_away(&self, state: &Value, now: &str) -> Diagnostic {
        let (guardrail_id, assignee) = self.names(state);
        let noun = self.noun;
        let detail = format!(
            "The {noun} {assignee} is no longer under guardrail {guardrail_id}: it was put under guardrail {now}, outside \
             of this configuration. Applying moves it back; removing the resource leaves it where it is."
        );
        Diagnostic::warning(format!("A {noun} has moved to another guardrail"), detail)
    }

    /// What is being done, for a message: `assign key abc to guardrail xyz`.
    fn act(&self, verb: &str, assignment: &Value) -> String {
        let (guardrail_id, assignee) = self.names(assignment);
        format!("{verb} {} {assignee} to guardrail {guardrail_id}", self.noun)
    }

    /// Guardrail and key or member of an assignment.
    fn names<'a>(&self, assignment: &'a Value) -> (&'a str, &'a str) {
        let text = |name| assignment.attribute(name).as_str().unwrap_or_default();
        (text(GUARDRAIL_ID), text(self.assignee))
    }
}
