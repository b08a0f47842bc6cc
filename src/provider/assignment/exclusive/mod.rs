//! `openrouter_guardrail_key_assignments_exclusive` and
//! `openrouter_guardrail_member_assignments_exclusive`: all keys or members that one guardrail is
//! assigned to, and no others.
//!
//! A plan shows what differs, and an apply sends only that. A destroy ends the exclusiveness and
//! removes no assignment. Rows are made and removed as those of single assignments are, whose token
//! (`private.rs`) and memory (`planned.rs`) they share.

mod checks;
mod fields;
mod messages;
mod moves;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::{
    client::{AssigneeKind, Assignees, Client, FailedAssignments},
    cty::{ObjectType, Value},
    protocol::{
        diagnostics::Diagnostics,
        resource::{
            FailedUpdate, ImportTarget, PlanReply, PlanRequest, Reply, Resource, State,
            UpdateReply, WithWarnings,
        },
        schema::Schema,
    },
    table::{
        CanonicalNames,
        field::{Field, object_type},
        generated_config, plan,
        schema::schema,
        validate::{is_uuid, validate_with},
    },
};

use super::{
    AssignmentResource, GUARDRAIL_ID, KEY, MEMBER, ProviderData, Row, error_diagnostic_at,
    misplaced_key, private::Private,
};

/// One of the two resources.
pub(in crate::provider) struct ExclusiveAssignments {
    /// The resource of one assignment of the same kind.
    single: AssignmentResource,
    /// The attribute that holds the keys or members.
    assignees: &'static str,
    description: &'static str,
    fields: &'static [Field],
}

/// The resource for keys.
pub(in crate::provider) const KEYS: ExclusiveAssignments = ExclusiveAssignments {
    single: KEY,
    assignees: fields::KEY_HASHES,
    description: "Assigns a guardrail to exactly the given API keys. An assignment of the \
                  guardrail to any other key shows as a difference in the plan, and the apply \
                  removes it. A key in the set that has another guardrail is moved to this one \
                  atomically.\n\n\
                  !> **Danger:** Creating this resource removes the assignments of the guardrail \
                  to all other keys, whoever made them. The plan names them in a warning. To \
                  review them as a diff, import the resource before the first apply.\n\n\
                  ~> **Warning:** Destroying this resource removes no assignments. To remove them, \
                  set `key_hashes = []` and apply before you destroy the resource.\n\n\
                  ~> **Warning:** Do not also assign the guardrail with \
                  [`openrouter_guardrail_key_assignment`](guardrail_key_assignment.md) to keys \
                  that are not in `key_hashes`: each apply would undo the other's change.",
    fields: fields::KEYS,
};

/// The resource for members.
pub(in crate::provider) const MEMBERS: ExclusiveAssignments = ExclusiveAssignments {
    single: MEMBER,
    assignees: fields::USER_IDS,
    description: "Assigns a guardrail to exactly the given members of the organization. An \
                  assignment of the guardrail to any other member shows as a difference in the \
                  plan, and the apply removes it. A member in the set who has another guardrail in \
                  the workspace is moved to this one atomically.\n\n\
                  !> **Danger:** Creating this resource removes the assignments of the guardrail \
                  to all other members, whoever made them. The plan names them in a warning. To \
                  review them as a diff, import the resource before the first apply.\n\n\
                  ~> **Warning:** Destroying this resource removes no assignments. To remove them, \
                  set `user_ids = []` and apply before you destroy the resource.\n\n\
                  ~> **Warning:** Do not also assign the guardrail with \
                  [`openrouter_guardrail_member_assignment`](guardrail_member_assignment.md) to \
                  members that are not in `user_ids`: each apply would undo the other's change.",
    fields: fields::MEMBERS,
};

#[async_trait]
impl Resource<ProviderData> for ExclusiveAssignments {
    fn schema(&self) -> Schema {
        schema(self.description, self.fields)
    }

    fn identity(&self) -> &'static [&'static str] {
        &[GUARDRAIL_ID]
    }

    fn validate(&self, api: Option<&ProviderData>, config: &Value) -> Diagnostics {
        if let Some(api) = api {
            self.note_validated(api, config);
        }
        validate_with(self.fields, config, self.refuse_keys(config))
    }

    async fn read(&self, api: &ProviderData, state: State) -> Reply<Option<State>> {
        let (guardrail_id, known) = self.parts(&state.value);
        let private = Private::read(&state.private);
        let client = api.client()?;
        for id in &known {
            api.planned().note_read(&self.row(guardrail_id, id), &private.maker);
        }
        let found = client.read_assignees(self.kind(), guardrail_id, &known).await;
        let found = found.map_err(|error| {
            let action =
                format!("read the {}s that guardrail {guardrail_id} is assigned to", self.noun());
            error_diagnostic_at(&action, &error, Some(GUARDRAIL_ID))
        })?;
        let Some(Assignees { assigned, elsewhere }) = found else {
            return Ok(WithWarnings::ok(None));
        };
        for id in &assigned {
            client.forget_maker(self.kind(), guardrail_id, id);
            api.planned_sets().take_leaving(self.kind(), id);
        }
        for id in elsewhere.keys() {
            api.planned().forget_holder(&self.row(guardrail_id, id), &private.maker);
        }
        let warning = self.moved_outside(api, guardrail_id, elsewhere).await;
        let state =
            State { value: self.object(guardrail_id, &assigned), private: private.to_bytes() };
        Ok(WithWarnings::new(Some(state), warning))
    }

    async fn plan(&self, api: &ProviderData, request: PlanRequest) -> Reply<PlanReply> {
        let PlanRequest { prior, config, private } = request;
        let mut private = Private::read(&private);
        self.note_holders(api, &prior, &config, &private.maker);
        if config.is_null() {
            let warning = self.assignments_stay(&prior);
            return Ok(WithWarnings::new(PlanReply::destroy(private.to_bytes()), warning));
        }
        let reply = plan::plan(self.fields, &prior, &config, &CanonicalNames::default());
        let mut warnings = Diagnostics::default();
        warnings.extend(self.check_ids(&prior, &reply.planned)?);
        // The second call for a replacement brings the private bytes of the first one's reply. It is
        // the same resource, and was noted then.
        if !prior.is_null() || !private.is_planned {
            warnings.extend(self.contradictions(api, &reply.planned).await);
            warnings.extend(self.moves_between_sets(api, &prior, &reply.planned).await);
            if prior.is_null() || !reply.requires_replace.is_empty() {
                warnings.extend(self.takeover_warning(api, &reply.planned).await);
            }
        }
        private.is_planned = !prior.is_null();
        Ok(WithWarnings::new(PlanReply { private: private.to_bytes(), ..reply }, warnings))
    }

    async fn create(&self, api: &ProviderData, planned: Value) -> Reply<State> {
        let (guardrail_id, wanted) = self.parts(&planned);
        let private = Private::new();
        let client = api.client()?;
        let taken =
            client.take_over_assignments(self.kind(), guardrail_id, &wanted, &private.maker).await;
        let taken = taken.map_err(|error| {
            let action =
                format!("assign guardrail {guardrail_id} to {}", self.count_of(wanted.len()));
            error_diagnostic_at(&action, &error, Some(GUARDRAIL_ID))
        })?;
        if !taken.failed.is_empty() {
            let errors = self.not_assigned(guardrail_id, &taken.failed);
            return Err(self.created_in_part(&errors, wanted.len() - taken.failed.len()));
        }
        let kept = self.remove(api, client, guardrail_id, &taken.others, &private.maker).await;
        if !kept.is_empty() {
            return Err(self.not_removed(guardrail_id, &kept));
        }
        Ok(WithWarnings::ok(State { value: planned, private: private.to_bytes() }))
    }

    async fn update(&self, api: &ProviderData, prior: State, planned: Value) -> UpdateReply {
        let (guardrail_id, wanted) = self.parts(&planned);
        let (_, held) = self.parts(&prior.value);
        let private = Private::of(Private::read(&prior.private).maker);
        let added: BTreeSet<_> = wanted.difference(&held).cloned().collect();
        let dropped: BTreeSet<_> = held.difference(&wanted).cloned().collect();
        let client = api.client()?;
        let unassigned =
            client.assign_each(self.kind(), guardrail_id, &added, &private.maker).await;
        let kept = self.remove(api, client, guardrail_id, &dropped, &private.maker).await;
        for id in dropped.iter().filter(|id| !kept.contains(id)) {
            api.planned().forget_holder(&self.row(guardrail_id, id), &private.maker);
        }
        if unassigned.is_empty() && kept.is_empty() {
            return Ok(WithWarnings::ok(State { value: planned, private: private.to_bytes() }));
        }
        let mut errors = self.not_assigned(guardrail_id, &unassigned);
        errors.extend(self.not_removed(guardrail_id, &kept));
        let mut holds = wanted;
        holds.retain(|id| !unassigned.contains_key(id));
        holds.extend(kept.into_ids());
        let state = State { value: self.object(guardrail_id, &holds), private: private.to_bytes() };
        Err(FailedUpdate { errors, partly_updated: Some(Box::new(state)) })
    }

    /// Removes nothing. But the guardrail may be deleted next, and its assignments with it: what other
    /// resources move to theirs is waited for.
    async fn delete(&self, api: &ProviderData, prior: State) -> Reply<()> {
        let (guardrail_id, held) = self.parts(&prior.value);
        let moves = self.wait_for_moves(api, guardrail_id, &held).await;
        if !moves.failed.is_empty() {
            return Err(self.not_moved(guardrail_id, &moves.failed).into());
        }
        let private = Private::read(&prior.private);
        for id in &held {
            api.planned().forget_holder(&self.row(guardrail_id, id), &private.maker);
        }
        Ok(WithWarnings::ok(()))
    }

    fn generated_config(&self, object: &Value) -> Value {
        generated_config(self.fields, object)
    }

    async fn import(&self, api: &ProviderData, target: ImportTarget<'_>) -> Reply<State> {
        let given = match target {
            ImportTarget::Id(id) => id,
            ImportTarget::Identity(of) => of.attribute(GUARDRAIL_ID).as_str().unwrap_or_default(),
        };
        if let Some(refused) = misplaced_key::refuse_key("id", given) {
            return Err(refused.into());
        }
        if !is_uuid(given) {
            return Err(messages::no_guardrail_id(given).into());
        }
        let guardrail_id = given.to_ascii_lowercase();
        let found = api.client()?.find_assignees(self.kind(), &guardrail_id).await;
        let found = found.map_err(|error| {
            error_diagnostic_at(&self.import_action(&guardrail_id), &error, None)
        })?;
        let Some(assigned) = found else {
            return Err(self.no_such_guardrail(&guardrail_id).into());
        };
        let value = self.object(&guardrail_id, &assigned);
        Ok(WithWarnings::ok(State { value, private: Private::new().to_bytes() }))
    }
}

impl ExclusiveAssignments {
    fn kind(&self) -> AssigneeKind {
        self.single.kind
    }

    /// What messages call one of those that the guardrail is assigned to.
    fn noun(&self) -> &'static str {
        self.single.noun
    }

    /// The guardrail, and the keys or members that are known; empty where unknown.
    fn parts<'a>(&self, object: &'a Value) -> (&'a str, BTreeSet<String>) {
        let guardrail_id = object.attribute(GUARDRAIL_ID).as_str().unwrap_or_default();
        let elements = object.attribute(self.assignees).elements().unwrap_or_default();
        let known = elements.iter().filter_map(Value::as_str).map(str::to_owned);
        (guardrail_id, known.collect())
    }

    /// An object of the state.
    fn object(&self, guardrail_id: &str, assignees: &BTreeSet<String>) -> Value {
        let ty = ObjectType { optional: [].into(), ..object_type(self.fields) };
        let assignees = assignees.iter().map(|id| Value::from(id.as_str())).collect();
        Value::null_object(&ty)
            .with_attribute(GUARDRAIL_ID, guardrail_id)
            .with_attribute(self.assignees, Value::Set(assignees))
    }

    fn row(&self, guardrail_id: &str, assignee: &str) -> Row {
        ((self.kind(), assignee.to_owned()), guardrail_id.to_owned())
    }

    /// Removes assignments, but for those that another resource of this apply moves to its own
    /// guardrail. Gives those that are still there.
    async fn remove(
        &self,
        api: &ProviderData,
        client: &Client,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
        maker: &str,
    ) -> Kept {
        let moves = self.wait_for_moves(api, guardrail_id, ids).await;
        let removed = ids.difference(&moves.all()).cloned().collect();
        let not_removed = client.unassign_each(self.kind(), guardrail_id, &removed, maker).await;
        Kept { not_removed, not_moved: moves.failed }
    }
}

/// The keys or members that should have left a guardrail, and have not.
struct Kept {
    /// Those whose assignment could not be removed.
    not_removed: FailedAssignments,
    /// Those to which another resource could not assign its guardrail, with that guardrail.
    not_moved: BTreeMap<String, String>,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.not_removed.is_empty() && self.not_moved.is_empty()
    }

    fn contains(&self, id: &str) -> bool {
        self.not_removed.contains_key(id) || self.not_moved.contains_key(id)
    }

    fn into_ids(self) -> impl Iterator<Item = String> {
        self.not_removed.into_keys().chain(self.not_moved.into_keys())
    }
}
