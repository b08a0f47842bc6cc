//! What the calls of one connection say about assignments: what configurations plan, and what
//! becomes of the objects in the state.
//!
//! Owns the evidence for three statements: that two resources assign one key or member, that
//! another object of the state holds a row which is to be removed, and that a row will be gone when
//! its guardrail is deleted.
//!
//! What configurations plan is believed as far as it is of one walk of Terraform's graph, as [`WalkPlans`]
//! tells. An object that is read is yet to be planned.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::client::AssigneeKind;

use super::super::walk::WalkPlans;

/// A key or a member.
pub(super) type Assignee = (AssigneeKind, String);

/// An assignment at the API: a key or member, and the id of its guardrail.
pub(super) type Row = (Assignee, String);

/// How long nothing must have been planned before a plan stops waiting for others.
const QUIET: Duration = Duration::from_millis(100);

/// How long a plan waits for others at most.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The memory of one connection. It holds a few words for each assignment.
#[derive(Default)]
pub(in crate::provider) struct PlannedAssignments {
    memory: Mutex<Memory>,
    /// Changes whenever something is said that a plan may wait for.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Memory {
    /// What configurations plan, by key or member.
    configurations: WalkPlans<AssigneeKind, PlannedAssignment>,
    /// What is planned for the objects of the state, by the row that they hold and their token.
    holders: HashMap<Row, HashMap<String, ObjectPlan>>,
    /// Rows of which the user was warned that two resources hold them.
    warned: HashSet<Row>,
    /// Whether anything in the state was seen, so that the walk may be that of a destroy.
    has_state: bool,
}

/// What one configuration plans for a key or member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedAssignment {
    /// The guardrail; none while it is unknown.
    pub(super) guardrail_id: Option<String>,
    /// Whether the resource is not in the state yet.
    pub(super) is_new: bool,
    /// Whether the resource holds all assignments of the guardrail.
    pub(super) is_exclusive: bool,
}

/// What is planned for an object of the state that holds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectPlan {
    /// It was read, and is not planned yet.
    Open,
    /// It keeps the row.
    Stays,
    /// Its key or member is assigned to another guardrail.
    Moved,
    /// It is destroyed, and its row with it, unless `keeps_row`.
    Removed { keeps_row: bool },
    /// It is destroyed, and its row is not removed with it.
    Released,
}

/// How a row leaves its guardrail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum RowExit {
    /// It is removed.
    Removed,
    /// Its key or member is assigned to another guardrail.
    Moved,
}

impl PlannedAssignments {
    /// Notes that core has validated a configuration, for a key or member if that is known.
    pub(super) fn note_validated(&self, kind: AssigneeKind, assignee: Option<&str>) {
        self.memory().configurations.note_validated(kind, assignee);
    }

    /// Notes what a configuration plans, and gives what others of the same walk have planned for
    /// the same key or member. Nothing where that is not certain.
    pub(super) fn note_planned(
        &self,
        kind: AssigneeKind,
        assignee: Option<&str>,
        planned: PlannedAssignment,
    ) -> Vec<PlannedAssignment> {
        self.memory().configurations.note_planned(kind, assignee, planned)
    }

    /// What configurations of the same walk plan for a key or member.
    pub(super) fn planned(&self, assignee: &Assignee) -> Vec<PlannedAssignment> {
        self.memory().configurations.planned(assignee)
    }

    /// Whether the user is to be warned that two resources hold a row: once is enough.
    pub(super) fn is_first_warning(&self, row: Row) -> bool {
        self.memory().warned.insert(row)
    }

    /// Notes that an object of the state is read. One that has left the configuration can be read
    /// after its removal was planned.
    pub(super) fn note_read(&self, row: &Row, token: &str) {
        let mut memory = self.memory();
        memory.has_state = true;
        let holders = memory.holders.entry(row.clone()).or_default();
        let plan = holders.entry(token.to_owned()).or_insert(ObjectPlan::Open);
        if plan.is_holder() {
            *plan = ObjectPlan::Open;
        }
    }

    /// Notes what is planned for an object of the state. Gives whether a removal leaves the row to
    /// another object that holds it. Of several that are removed, the last one removes the row:
    /// noting and looking are one step.
    pub(super) fn note_holder(&self, row: &Row, token: &str, mut plan: ObjectPlan) -> bool {
        let mut memory = self.memory();
        memory.has_state = true;
        let holders = memory.holders.entry(row.clone()).or_default();
        let is_shared = holders.iter().any(|(other, plan)| other != token && plan.is_holder());
        if let ObjectPlan::Removed { keeps_row } = &mut plan {
            *keeps_row = is_shared;
        }
        holders.insert(token.to_owned(), plan);
        drop(memory);
        let leaves = !matches!(plan, ObjectPlan::Open | ObjectPlan::Stays);
        if is_shared || leaves {
            self.changes.send_replace(());
        }
        is_shared
    }

    /// Notes that an object no longer holds a row.
    pub(super) fn forget_holder(&self, row: &Row, token: &str) {
        if let Some(holders) = self.memory().holders.get_mut(row) {
            holders.remove(token);
        }
    }

    /// Whether a row is removed with another object, which was planned before this one was known.
    pub(super) fn is_removed_by_another(&self, row: &Row, token: &str) -> bool {
        let removed = ObjectPlan::Removed { keeps_row: false };
        self.memory().others(row, token).contains(&removed)
    }

    /// Whether another object keeps a row. Plans come in no promised order: waits a moment for
    /// those of other objects that were read, and takes them to stay if none comes.
    pub(super) async fn another_stays(&self, row: &Row, token: &str) -> bool {
        let mut changes = self.changes.subscribe();
        let end = Instant::now() + MAX_WAIT;
        loop {
            let others = self.memory().others(row, token);
            let is_open = others.contains(&ObjectPlan::Open);
            let is_over = Instant::now() >= end;
            if is_open && !is_over && matches!(timeout(QUIET, changes.changed()).await, Ok(Ok(())))
            {
                continue;
            }
            return is_open || others.contains(&ObjectPlan::Stays);
        }
    }

    /// How a row leaves its guardrail, if all objects that hold it were planned to leave it.
    pub(in crate::provider) fn departure(
        &self,
        assignee: &Assignee,
        guardrail_id: &str,
    ) -> Option<RowExit> {
        let memory = self.memory();
        let holders = memory.holders.get(&(assignee.clone(), guardrail_id.to_owned()))?;
        let mut departure = None;
        for plan in holders.values() {
            match plan {
                ObjectPlan::Open | ObjectPlan::Stays => return None,
                ObjectPlan::Moved => departure = Some(RowExit::Moved),
                ObjectPlan::Removed { .. } | ObjectPlan::Released => {
                    _ = departure.get_or_insert(RowExit::Removed);
                }
            }
        }
        departure
    }

    /// Changes when plans have said more of rows that leave.
    pub(in crate::provider) fn departures(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Notes that the state holds something of this provider.
    pub(in crate::provider) fn note_state(&self) {
        self.memory().has_state = true;
    }

    /// Whether the state is known to hold something of this provider.
    pub(in crate::provider) fn has_state(&self) -> bool {
        self.memory().has_state
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// What is planned for other objects that hold a row.
    fn others(&self, row: &Row, token: &str) -> Vec<ObjectPlan> {
        let holders = self.holders.get(row).into_iter().flatten();
        holders.filter(|(other, _)| *other != token).map(|(_, plan)| *plan).collect()
    }
}

impl ObjectPlan {
    /// Whether the object will keep the row, or take care itself of what becomes of it.
    fn is_holder(self) -> bool {
        !matches!(self, Self::Removed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: AssigneeKind = AssigneeKind::Key;
    const REMOVED: ObjectPlan = ObjectPlan::Removed { keeps_row: false };

    fn planned(guardrail_id: &str) -> PlannedAssignment {
        let guardrail_id = (guardrail_id != "?").then(|| guardrail_id.to_owned());
        PlannedAssignment { guardrail_id, is_new: true, is_exclusive: false }
    }

    /// Makes these calls: `V` validates, anything else plans for the guardrail of that name; for
    /// the key `k`, or for an unknown one after `?:`. Gives what the last call was given of others.
    fn others_after(calls: &[&str]) -> Vec<PlannedAssignment> {
        let memory = PlannedAssignments::default();
        let mut others = Vec::new();
        for call in calls {
            let (assignee, call) = match call.split_once(':') {
                Some((_, call)) => (None, call),
                None => (Some("k"), *call),
            };
            match call {
                "V" => memory.note_validated(KEYS, assignee),
                guardrail => others = memory.note_planned(KEYS, assignee, planned(guardrail)),
            }
        }
        others
    }

    #[test]
    fn two_resources_of_one_walk_are_seen_in_any_order() {
        for calls in [["V", "a", "V", "b"], ["V", "V", "a", "b"]] {
            assert_eq!(others_after(&calls), [planned("a")], "{calls:?}");
        }
        assert_eq!(others_after(&["V", "?", "V", "?"]), [planned("?")]);
        assert_eq!(others_after(&["?:V", "V", "a", "V", "?:c", "b"]), [planned("a")]);
    }

    /// Before the walk of each plan a kept connection gets the validations of another walk.
    #[test]
    fn nothing_is_said_of_several_walks() {
        for calls in [
            &["V", "V", "a", "V", "V", "b"][..],
            &["?:V", "V", "a", "?:V", "V", "b"],
            &["V", "V", "?", "V", "a", "V", "V", "b"],
            &["V", "V", "V", "a", "b"],
            &["V", "a", "?:V", "V", "b"],
        ] {
            assert_eq!(others_after(calls), [], "{calls:?}");
        }
    }

    fn row() -> Row {
        ((KEYS, "k".to_owned()), "a".to_owned())
    }

    #[test]
    fn a_removed_row_is_left_to_whoever_holds_it_too() {
        let memory = PlannedAssignments::default();
        let note = |token, plan| memory.note_holder(&row(), token, plan);
        let holding =
            [ObjectPlan::Open, ObjectPlan::Stays, ObjectPlan::Moved, ObjectPlan::Released];
        for plan in holding {
            note("other", plan);
            assert!(note("this", REMOVED), "{plan:?}");
            assert!(!memory.is_removed_by_another(&row(), "other"));
        }
        assert!(!note("other", REMOVED), "the last of two that are removed removes the row");
        memory.forget_holder(&row(), "other");
        assert!(!note("this", REMOVED), "the only one removes it");
        memory.note_read(&row(), "late");
        memory.note_read(&row(), "this");
        assert!(memory.is_removed_by_another(&row(), "late"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_plan_that_is_still_to_come_is_waited_for() {
        let memory = PlannedAssignments::default();
        let started = Instant::now();
        memory.note_holder(&row(), "this", REMOVED);
        assert!(!memory.another_stays(&row(), "this").await);
        memory.note_holder(&row(), "other", ObjectPlan::Stays);
        assert!(memory.another_stays(&row(), "this").await);
        assert_eq!(started.elapsed(), Duration::ZERO);

        memory.note_holder(&row(), "other", ObjectPlan::Open);
        let plans_removal = async {
            tokio::time::sleep(QUIET / 2).await;
            memory.note_holder(&row(), "other", REMOVED);
        };
        let row = row();
        let (stays, ()) = tokio::join!(memory.another_stays(&row, "this"), plans_removal);
        assert!(!stays && started.elapsed() < QUIET);
        memory.note_holder(&row, "other", ObjectPlan::Open);
        assert!(memory.another_stays(&row, "this").await, "no plan comes");
    }
}
