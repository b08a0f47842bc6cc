//! What the validations and plans of one connection have said of assignments.
//!
//! Owns the evidence for two kinds of statement: that two resources want one key or member under different guardrails, and
//! that a row will be gone when its guardrail is destroyed. A connection usually serves one walk of Terraform's graph and
//! ends with it, but `terraform test` and other hosts keep one for many, and nothing in the protocol says where a walk
//! begins, or which resource a call is about. What can be told: within a walk core validates a configuration once for each
//! time it plans it, and before the walk of a plan a kept connection gets the validations of another walk. So where as many
//! configurations were planned as were validated, all is of one walk; else nothing is claimed.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::client::AssigneeKind;

/// A key or a member.
pub(super) type Assignee = (AssigneeKind, String);

/// A key or member under a guardrail.
type Row = (Assignee, String);

/// The memory of one connection. It holds a few words for each assignment, and ends with the connection.
#[derive(Default)]
pub(in crate::provider) struct PlannedAssignments {
    memory: Mutex<Memory>,
    /// Changes whenever a plan says that a row leaves its guardrail.
    departures: watch::Sender<()>,
}

#[derive(Default)]
struct Memory {
    /// Configurations that name the key or member.
    known: HashMap<Assignee, Wanted>,
    /// Configurations that do not name it yet, each of which may mean any.
    unknown: HashMap<AssigneeKind, Calls>,
    /// Rows that a plan takes away from their guardrail.
    leaving: HashMap<Row, Departure>,
    /// Whether anything in the state was seen, so that the walk may be that of a destroy.
    has_state: bool,
}

#[derive(Default)]
struct Wanted {
    calls: Calls,
    wishes: Vec<Wish>,
}

/// How a row leaves its guardrail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Departure {
    /// It is destroyed.
    Removed,
    /// Its key or member is assigned to another guardrail.
    Moved,
}

/// How often configurations were validated, and how often planned.
#[derive(Clone, Copy, Default)]
struct Calls {
    validated: usize,
    planned: usize,
}

/// What one plan wants for a key or member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// The guardrail; none while it is not known.
    pub(super) guardrail_id: Option<String>,
    /// Whether the resource is not in the state yet.
    pub(super) is_new: bool,
}

impl PlannedAssignments {
    /// Notes that core has validated a configuration, for a key or member if that is known.
    pub(super) fn validated(&self, kind: AssigneeKind, assignee: Option<&str>) {
        self.memory().calls(kind, assignee).validated += 1;
    }

    /// Notes what a plan wants, and gives what other resources of the same walk want for the same key or member. Nothing
    /// where that is not certain.
    pub(super) fn planned(
        &self,
        kind: AssigneeKind,
        assignee: Option<&str>,
        wish: Wish,
    ) -> Vec<Wish> {
        let mut memory = self.memory();
        memory.calls(kind, assignee).planned += 1;
        let Some(assignee) = assignee else { return Vec::new() };
        let others = memory.others(&(kind, assignee.to_owned()), &wish);
        memory.known.entry((kind, assignee.to_owned())).or_default().wishes.push(wish);
        others
    }

    /// What other resources of the same walk want for a key or member, for which a plan has wished this.
    pub(super) fn others(&self, assignee: &Assignee, wish: &Wish) -> Vec<Wish> {
        self.memory().others(assignee, wish)
    }

    /// Notes whether a plan takes a row that is in the state away from its guardrail.
    pub(super) fn note_departure(
        &self,
        assignee: Assignee,
        guardrail_id: &str,
        departure: Option<Departure>,
    ) {
        let row = (assignee, guardrail_id.to_owned());
        match departure {
            Some(departure) => {
                self.memory().leaving.insert(row, departure);
                self.departures.send_replace(());
            }
            None => drop(self.memory().leaving.remove(&row)),
        }
    }

    /// How a row leaves its guardrail, as far as plans have said by now.
    pub(in crate::provider) fn departure(
        &self,
        assignee: &Assignee,
        guardrail_id: &str,
    ) -> Option<Departure> {
        self.memory().leaving.get(&(assignee.clone(), guardrail_id.to_owned())).copied()
    }

    /// To be told when plans say more of rows that leave.
    pub(in crate::provider) fn departures(&self) -> watch::Receiver<()> {
        self.departures.subscribe()
    }

    /// Notes that the state holds something of this provider.
    pub(in crate::provider) fn note_state(&self) {
        self.memory().has_state = true;
    }

    /// Whether the state is known to hold something of this provider.
    pub(super) fn has_state(&self) -> bool {
        self.memory().has_state
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn calls(&mut self, kind: AssigneeKind, assignee: Option<&str>) -> &mut Calls {
        match assignee {
            Some(assignee) => &mut self.known.entry((kind, assignee.to_owned())).or_default().calls,
            None => self.unknown.entry(kind).or_default(),
        }
    }

    fn others(&self, assignee: &Assignee, wish: &Wish) -> Vec<Wish> {
        let Some(wanted) = self.known.get(assignee) else { return Vec::new() };
        let unknown = self.unknown.get(&assignee.0).copied().unwrap_or_default();
        if !wanted.calls.is_one_walk() || !unknown.is_one_walk() {
            return Vec::new();
        }
        let mut others = wanted.wishes.clone();
        others.retain(|other| {
            other.guardrail_id != wish.guardrail_id || other.guardrail_id.is_none()
        });
        others
    }
}

impl Calls {
    fn is_one_walk(self) -> bool {
        self.validated == self.planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: AssigneeKind = AssigneeKind::Key;

    fn wish(guardrail_id: &str) -> Wish {
        let guardrail_id = (guardrail_id != "?").then(|| guardrail_id.to_owned());
        Wish { guardrail_id, is_new: true }
    }

    /// Makes these calls: `V` validates, anything else plans for the guardrail of that name; of the key `k`, or of an unknown
    /// one after `?:`. Gives what the last call was told of others.
    fn told(calls: &[&str]) -> Vec<Wish> {
        let memory = PlannedAssignments::default();
        let mut told = Vec::new();
        for call in calls {
            let (assignee, call) = match call.split_once(':') {
                Some((_, call)) => (None, call),
                None => (Some("k"), *call),
            };
            match call {
                "V" => memory.validated(KEYS, assignee),
                guardrail => told = memory.planned(KEYS, assignee, wish(guardrail)),
            }
        }
        told
    }

    #[test]
    fn two_resources_of_one_walk_are_seen_in_any_order() {
        for calls in [["V", "a", "V", "b"], ["V", "V", "a", "b"]] {
            assert_eq!(told(&calls), [wish("a")], "{calls:?}");
        }
        assert_eq!(told(&["V", "?", "V", "?"]), [wish("?")]);
        assert_eq!(told(&["?:V", "V", "a", "V", "?:c", "b"]), [wish("a")]);
        assert_eq!(told(&["V", "a", "V", "a"]), [], "the same row twice contradicts nothing");
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
            assert_eq!(told(calls), [], "{calls:?}");
        }
    }
}
