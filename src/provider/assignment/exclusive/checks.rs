//! What a configuration or a plan of all assignments is checked for, and what others are told of it.

use std::collections::BTreeSet;

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{
    super::{
        AssigneeKind, GUARDRAIL_ID, id_form, ids,
        planned::{ObjectPlan, PlannedAssignment},
    },
    ExclusiveAssignments, ProviderData, misplaced_key,
};

impl ExclusiveAssignments {
    /// Notes that core has validated a configuration.
    pub(super) fn note_validated(&self, api: &ProviderData, config: &Value) {
        let guardrail_id = config.attribute(GUARDRAIL_ID).as_str();
        api.planned_sets().note_set_validated(self.kind(), guardrail_id);
        for assignee in self.configured(config) {
            api.planned().note_validated(self.kind(), assignee);
        }
    }

    /// Refuses API keys in place of ids.
    pub(super) fn refuse_keys(&self, config: &Value) -> Diagnostics {
        let mut refused = misplaced_key::refuse_keys(config, &[GUARDRAIL_ID]);
        for assignee in self.configured(config).into_iter().flatten() {
            refused.extend(misplaced_key::refuse_key(self.assignees, assignee));
        }
        refused
    }

    /// Warnings about the form of ids that a plan assigns anew.
    ///
    /// # Errors
    /// When what should be the hash of a key is none.
    pub(super) fn check_ids(
        &self,
        prior: &Value,
        planned: &Value,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        let (held, wanted) = (self.parts(prior).1, self.parts(planned).1);
        let mut added = wanted.difference(&held);
        if self.kind() == AssigneeKind::Key && added.any(|hash| !ids::is_hash(hash)) {
            let attribute = self.assignees;
            let detail = format!("Each element of `{attribute}` must be {}", ids::hash_form());
            let error = Diagnostic::error(format!("Invalid value for `{attribute}`"), detail);
            return Err(error.at(Path::attribute(attribute)).into());
        }
        Ok(id_form::warn_unless_uuid(prior, planned, GUARDRAIL_ID, "guardrail"))
    }

    /// Notes what becomes of the assignments that the state holds. Those that stay with a guardrail
    /// which is no longer this resource's are not noted.
    pub(super) fn note_holders(
        &self,
        api: &ProviderData,
        prior: &Value,
        config: &Value,
        maker: &str,
    ) {
        let (guardrail_id, held) = self.parts(prior);
        let wanted = self.parts(config).1;
        let moves =
            !config.is_null() && config.attribute(GUARDRAIL_ID) != prior.attribute(GUARDRAIL_ID);
        for id in held {
            let plan = match (wanted.contains(&id), moves) {
                (true, true) => ObjectPlan::Moved,
                (true, false) => ObjectPlan::Stays,
                (false, true) => continue,
                (false, false) => ObjectPlan::Removed { keeps_row: false },
            };
            api.planned().note_holder(&self.row(guardrail_id, &id), maker, plan);
        }
    }

    /// Notes what a configuration plans, and gives the warnings about what other resources of the
    /// walk plan otherwise.
    pub(super) async fn contradictions(
        &self,
        api: &ProviderData,
        planned: &Value,
    ) -> Vec<Diagnostic> {
        let guardrail_id = planned.attribute(GUARDRAIL_ID).as_str();
        let here = PlannedAssignment {
            guardrail_id: guardrail_id.map(str::to_owned),
            is_new: false,
            is_exclusive: true,
        };
        let mut elsewhere = BTreeSet::new();
        for assignee in self.configured(planned) {
            let others = api.planned().note_planned(self.kind(), assignee, here.clone());
            // What is not known yet can mean the same.
            let certain = others.iter().filter(|other| other.guardrail_id.is_some());
            for other in certain.filter(|_| guardrail_id.is_some()) {
                if self.single.excludes(api, &here, other).await {
                    elsewhere.extend(assignee.map(str::to_owned));
                }
            }
        }
        let is_known = planned.attribute(self.assignees).is_wholly_known();
        let set = is_known.then(|| self.parts(planned).1);
        let contradicting = api.planned_sets().note_set(self.kind(), guardrail_id, set);
        let here = self.set_contradiction(guardrail_id, &contradicting);
        here.into_iter().chain(self.guardrail_contradiction(&elsewhere)).collect()
    }

    /// The warnings about keys and members that a plan takes from this set or its guardrail.
    pub(super) async fn moves_between_sets(
        &self,
        api: &ProviderData,
        prior: &Value,
        planned: &Value,
    ) -> Option<Diagnostic> {
        let (guardrail_id, held) = self.parts(prior);
        let (new_guardrail_id, wanted) = self.parts(planned);
        if !held.is_empty() && new_guardrail_id != guardrail_id {
            let left: BTreeSet<_> = held.difference(&wanted).cloned().collect();
            return self.left_behind(guardrail_id, &left);
        }
        let mut moving = BTreeSet::new();
        for id in held.difference(&wanted) {
            if self.planned_elsewhere(api, guardrail_id, id).await.is_some() {
                moving.insert(id.clone());
            } else {
                api.planned_sets().note_leaving(self.kind(), id);
            }
        }
        for id in wanted.difference(&held) {
            if api.planned_sets().take_leaving(self.kind(), id) {
                moving.insert(id.clone());
            }
        }
        self.moving(&moving)
    }

    /// The keys or members of a configuration, `None` for each that is unknown.
    fn configured<'a>(&self, config: &'a Value) -> Vec<Option<&'a str>> {
        let set = config.attribute(self.assignees);
        if set.is_unknown() {
            return vec![None];
        }
        let elements = set.elements().unwrap_or_default();
        elements.iter().filter(|one| !one.is_null()).map(Value::as_str).collect()
    }
}
