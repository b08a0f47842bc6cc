//! What the configurations of one walk plan for a guardrail as a whole: which resources assign it to one
//! key or member, and which hold all of its assignments. Owns the evidence that the two contradict
//! each other; [`WalkPlans`] tells how far it is to be believed.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::client::AssigneeKind;

use super::super::walk::WalkPlans;

/// The memory of one connection.
#[derive(Default)]
pub(in crate::provider) struct PlannedSets(Mutex<Memory>);

/// What is planned, by guardrail.
#[derive(Default)]
struct Memory {
    /// The key or member of each resource that makes one assignment, if it is known.
    singles: WalkPlans<AssigneeKind, Option<String>>,
    /// The keys or members of each resource that holds all assignments, if they are all known.
    sets: WalkPlans<AssigneeKind, Option<Arc<BTreeSet<String>>>>,
    /// The keys or members that leave a set, until another set is planned with them or they are read.
    leaving: HashSet<(AssigneeKind, String)>,
}

impl PlannedSets {
    /// Notes that core has validated the configuration of one assignment.
    pub(super) fn note_single_validated(&self, kind: AssigneeKind, guardrail_id: Option<&str>) {
        self.memory().singles.note_validated(kind, guardrail_id);
    }

    /// Notes that core has validated the configuration of all assignments.
    pub(super) fn note_set_validated(&self, kind: AssigneeKind, guardrail_id: Option<&str>) {
        self.memory().sets.note_validated(kind, guardrail_id);
    }

    /// Notes what the configuration of one assignment plans. Gives whether another resource of the
    /// walk removes that assignment, as it holds all of the guardrail's.
    pub(super) fn note_single(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        assignee: Option<&str>,
    ) -> bool {
        let mut memory = self.memory();
        memory.singles.note(kind, guardrail_id, assignee.map(str::to_owned));
        let (Some(guardrail_id), Some(assignee)) = (guardrail_id, assignee) else { return false };
        let sets = memory.sets.planned(&(kind, guardrail_id.to_owned()));
        sets.iter().flatten().any(|set| !set.contains(assignee))
    }

    /// Notes what the configuration of all assignments plans. Gives the keys or members for which
    /// other resources of the walk plan otherwise.
    pub(super) fn note_set(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        set: Option<BTreeSet<String>>,
    ) -> BTreeSet<String> {
        let mut memory = self.memory();
        let set = set.map(Arc::new);
        let others = memory.sets.note_planned(kind, guardrail_id, set.clone());
        let mut contradicting = BTreeSet::new();
        let (Some(guardrail_id), Some(set)) = (guardrail_id, set) else { return contradicting };
        for other in others.into_iter().flatten() {
            contradicting.extend(set.symmetric_difference(&other).cloned());
        }
        let singles = memory.singles.planned(&(kind, guardrail_id.to_owned()));
        contradicting.extend(singles.into_iter().flatten().filter(|single| !set.contains(single)));
        contradicting
    }

    /// Notes that a key or member leaves a set.
    pub(super) fn note_leaving(&self, kind: AssigneeKind, assignee: &str) {
        self.memory().leaving.insert((kind, assignee.to_owned()));
    }

    /// Whether a key or member was noted to leave a set. It is forgotten by that.
    pub(super) fn take_leaving(&self, kind: AssigneeKind, assignee: &str) -> bool {
        self.memory().leaving.remove(&(kind, assignee.to_owned()))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: AssigneeKind = AssigneeKind::Key;

    fn set(assignees: &[&str]) -> BTreeSet<String> {
        assignees.iter().map(|&assignee| assignee.to_owned()).collect()
    }

    #[test]
    fn a_single_assignment_that_a_set_leaves_out_contradicts_it_in_any_order() {
        let sets = PlannedSets::default();
        sets.note_single_validated(KEYS, Some("g"));
        assert!(!sets.note_single(KEYS, Some("g"), Some("a")));
        sets.note_set_validated(KEYS, Some("g"));
        assert_eq!(sets.note_set(KEYS, Some("g"), Some(set(&["b"]))), set(&["a"]));
        sets.note_single_validated(KEYS, Some("g"));
        assert!(sets.note_single(KEYS, Some("g"), Some("c")));
        for assignee in [Some("b"), None] {
            sets.note_single_validated(KEYS, Some("g"));
            assert!(!sets.note_single(KEYS, Some("g"), assignee), "{assignee:?}");
        }
        sets.note_set_validated(KEYS, Some("g"));
        assert_eq!(sets.note_set(KEYS, Some("g"), None), set(&[]), "not all of it is known");
    }

    #[test]
    fn two_sets_of_a_guardrail_contradict_each_other_where_they_differ() {
        let sets = PlannedSets::default();
        for (planned, contradicting) in
            [(set(&["a", "b"]), set(&[])), (set(&["b", "c"]), set(&["a", "c"]))]
        {
            sets.note_set_validated(KEYS, Some("g"));
            assert_eq!(sets.note_set(KEYS, Some("g"), Some(planned)), contradicting);
        }
        sets.note_set_validated(KEYS, Some("other"));
        assert_eq!(sets.note_set(KEYS, Some("other"), Some(set(&["z"]))), set(&[]));
    }

    #[test]
    fn nothing_is_said_of_several_walks_or_of_unknown_guardrails() {
        let sets = PlannedSets::default();
        sets.note_set_validated(KEYS, Some("g"));
        sets.note_set_validated(KEYS, Some("g"));
        assert_eq!(sets.note_set(KEYS, Some("g"), Some(set(&["a"]))), set(&[]));
        sets.note_single_validated(KEYS, Some("g"));
        assert!(
            !sets.note_single(KEYS, Some("g"), Some("b")),
            "an earlier walk has validated the set"
        );
        sets.note_single_validated(KEYS, None);
        assert!(!sets.note_single(KEYS, None, Some("b")));
    }
}
