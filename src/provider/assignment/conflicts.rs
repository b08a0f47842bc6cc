//! Two resources for one key or member: of different guardrails, where each apply would undo the
//! other, or of the same one, where the destruction of one must leave the assignment to the other.
//!
//! Owns who is warned or refused, and how. Different guardrails are an error only where nothing can
//! be lost by it: core plans the configuration also before it destroys and does not say so, and a
//! plan that refused what contradicts the state would refuse the destroy too. There it is a
//! warning. In an apply it is an error again, for each key or member that has not been assigned by
//! then.

use crate::{
    client::AssigneeKind,
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics, Severity},
};

use super::{
    AssignmentResource, GUARDRAIL_ID, ProviderData,
    planned::{ObjectPlan, PlannedAssignment},
    private::Private,
};

impl AssignmentResource {
    /// Notes what a configuration plans, and gives the warning for what others of the walk plan.
    ///
    /// # Errors
    /// When another new resource plans a different guardrail, and the state is empty.
    pub(super) async fn note_configuration(
        &self,
        api: &ProviderData,
        prior: &Value,
        planned: &Value,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        let guardrail_id = planned.attribute(GUARDRAIL_ID).as_str().map(str::to_owned);
        let here = PlannedAssignment { guardrail_id, is_new: prior.is_null(), is_exclusive: false };
        let assignee = planned.attribute(self.assignee).as_str();
        let others = api.planned().note_planned(self.kind, assignee, here.clone());
        for other in &others {
            let is_certain = here.guardrail_id.is_some() && other.guardrail_id.is_some();
            let may_be_same = other.is_exclusive && !is_certain;
            if may_be_same || !self.excludes(api, &here, other).await {
                continue;
            }
            if is_certain && here.is_new && other.is_new && !api.planned().has_state() {
                return Err(self.conflict_error(planned, other).into());
            }
            return Ok(Some(self.conflict_warning(planned, other)));
        }
        let is_shared = others.iter().any(|other| here.is_same(other) && !other.is_exclusive);
        let is_warned = is_shared && api.planned().is_first_warning(self.row(planned));
        Ok(is_warned.then(|| self.shared_warning(planned)))
    }

    /// Notes what a configuration plans for its guardrail. Gives the warning where another resource
    /// holds all assignments of the guardrail, and removes this one.
    pub(super) fn note_in_set(&self, api: &ProviderData, planned: &Value) -> Option<Diagnostic> {
        let guardrail_id = planned.attribute(GUARDRAIL_ID).as_str();
        let assignee = planned.attribute(self.assignee).as_str();
        let is_removed = api.planned_sets().note_single(self.kind, guardrail_id, assignee);
        api.planned_sets().take_leaving(self.kind, assignee.unwrap_or_default());
        let (noun, assignee) = (self.noun, assignee.unwrap_or_default());
        let detail = format!(
            "An exclusive resource of this configuration manages all assignments of the guardrail \
             to {noun}s, and does not contain {assignee}. Each of the two resources would undo the \
             changes of the other. Add the {noun} there, or remove this resource."
        );
        let summary = format!("The assignment to {noun} {assignee} would be removed again");
        let warning = Diagnostic::warning(summary, detail).at(Path::attribute(self.assignee));
        is_removed.then_some(warning)
    }

    /// Plans the removal of an object of the state: its row is left to another object that holds
    /// it.
    pub(super) async fn plan_removal(
        &self,
        api: &ProviderData,
        prior: &Value,
        private: &mut Private,
    ) -> Option<Diagnostic> {
        let row = self.row(prior);
        let removed = ObjectPlan::Removed { keeps_row: false };
        private.keep = api.planned().note_holder(&row, &private.maker, removed);
        let stays = private.keep && api.planned().another_stays(&row, &private.maker).await;
        stays.then(|| self.kept_warning(prior))
    }

    /// Notes what a configuration makes of an object of the state.
    pub(super) async fn plan_holder(
        &self,
        api: &ProviderData,
        prior: &Value,
        planned: &Value,
        private: &mut Private,
    ) -> Option<Diagnostic> {
        if prior.attribute(self.assignee) != planned.attribute(self.assignee) {
            return self.plan_removal(api, prior, private).await;
        }
        let moves = prior.attribute(GUARDRAIL_ID) != planned.attribute(GUARDRAIL_ID);
        let plan = if moves { ObjectPlan::Moved } else { ObjectPlan::Stays };
        api.planned().note_holder(&self.row(prior), &private.maker, plan);
        (private.reassign && !moves).then(|| self.reassigned_warning(prior))
    }

    /// Refuses to apply what contradicts another resource of the same apply.
    pub(super) async fn refuse_conflict(
        &self,
        api: &ProviderData,
        state: &Value,
    ) -> Result<(), Diagnostics> {
        let (guardrail_id, assignee) = self.ids(state);
        let here = PlannedAssignment::certain(guardrail_id);
        for other in api.planned().planned(&(self.kind, assignee.to_owned())) {
            let is_certain = other.guardrail_id.is_some() && !other.is_exclusive;
            if is_certain && self.excludes(api, &here, &other).await {
                return Err(self.conflict_error(state, &other).into());
            }
        }
        Ok(())
    }

    /// Whether a key or member cannot have both guardrails, as far as is known: always for
    /// different ones of keys, for members if the two are of one workspace. A guardrail that is not
    /// made yet, or cannot be read, is taken to be of another workspace.
    pub(super) async fn excludes(
        &self,
        api: &ProviderData,
        here: &PlannedAssignment,
        other: &PlannedAssignment,
    ) -> bool {
        if here.is_same(other) || self.kind == AssigneeKind::Key {
            return !here.is_same(other);
        }
        let (Some(here), Some(other)) = (&here.guardrail_id, &other.guardrail_id) else {
            return false;
        };
        let workspace = self.readable_workspace_of(api, here).await;
        workspace.is_some() && workspace == self.readable_workspace_of(api, other).await
    }

    fn conflict_error(&self, planned: &Value, other: &PlannedAssignment) -> Diagnostic {
        let next_step = "Remove one of the two resources. (`terraform destroy -refresh=false` does \
                         not plan the configuration, so this error does not block it.)";
        let warning = self.conflict(planned, other, next_step);
        Diagnostic { severity: Severity::Error, ..warning }
    }

    fn conflict_warning(&self, planned: &Value, other: &PlannedAssignment) -> Diagnostic {
        let next_step = "Each resource would undo the changes of the other. Unless both assign the \
                         same guardrail, remove one of them before you apply. (This is only a \
                         warning, because Terraform also plans the configuration before a \
                         destroy.)";
        self.conflict(planned, other, next_step)
    }

    fn conflict(&self, planned: &Value, other: &PlannedAssignment, next_step: &str) -> Diagnostic {
        let name = |guardrail: Option<&str>| match guardrail {
            Some(id) => format!("guardrail {id}"),
            None => "a guardrail that is known after apply".to_owned(),
        };
        let here = name(planned.attribute(GUARDRAIL_ID).as_str());
        let there = name(other.guardrail_id.as_deref());
        let (noun, assignee) = (self.noun, self.ids(planned).1);
        let detail = format!(
            "This resource assigns {here} to {noun} {assignee}, and another resource of this \
             configuration assigns {there} to it. The {noun} can have only one of them. {next_step}"
        );
        let summary = format!("Two resources assign different guardrails to one {noun}");
        Diagnostic::warning(summary, detail).at(Path::attribute(self.assignee))
    }

    fn shared_warning(&self, planned: &Value) -> Diagnostic {
        let next_step = "Remove one of them from the configuration, and from the state with a \
                         `removed` block that has `lifecycle { destroy = false }`, or with \
                         `terraform state rm`.";
        let diagnostic =
            self.shared(planned, "Two resources manage the same assignment", next_step);
        diagnostic.at(Path::attribute(self.assignee))
    }

    fn kept_warning(&self, prior: &Value) -> Diagnostic {
        let next_step =
            "This one is removed from the state, and the assignment stays for the other.";
        self.shared(prior, "The assignment stays for another resource", next_step)
    }

    fn reassigned_warning(&self, prior: &Value) -> Diagnostic {
        let next_step = "The other one is destroyed, and this one assigns the guardrail again in \
                         the same apply.";
        self.shared(prior, "Two resources manage the same assignment", next_step)
    }

    /// Terraform shows only the first of several warnings with one title.
    fn shared(&self, assignment: &Value, title: &str, next_step: &str) -> Diagnostic {
        let (guardrail_id, assignee) = self.ids(assignment);
        let noun = self.noun;
        let detail = format!(
            "Two resources assign guardrail {guardrail_id} to {noun} {assignee}. {next_step}"
        );
        Diagnostic::warning(format!("{title} ({noun} {assignee})"), detail)
    }
}

impl PlannedAssignment {
    /// The assignment of a guardrail that exists.
    pub(super) fn certain(guardrail_id: &str) -> Self {
        let guardrail_id = Some(guardrail_id.to_owned());
        Self { guardrail_id, is_new: true, is_exclusive: false }
    }

    /// Whether both are certain to be the same assignment.
    fn is_same(&self, other: &Self) -> bool {
        self.guardrail_id.is_some() && self.guardrail_id == other.guardrail_id
    }
}
