//! What the configurations of one walk of Terraform's graph plan, by what they are about.
//!
//! A connection usually serves one walk, but `terraform test` and other hosts keep one for many, and
//! nothing in the protocol says where a walk begins. Core validates a configuration once for each time
//! it plans it, and a kept connection gets the validations of another walk before the walk of a plan.
//! So if as many configurations were planned as were validated, they are of one walk; otherwise nothing
//! is reported.

use std::{collections::HashMap, hash::Hash};

/// What configurations plan (`P`), by name within a group (`G`): for a key's hash, the group is keys.
pub(super) struct WalkPlans<G, P> {
    known: HashMap<(G, String), Configurations<P>>,
    /// Configurations whose name is unknown yet: each of them may mean any of its group.
    unknown: HashMap<G, Calls>,
}

struct Configurations<P> {
    calls: Calls,
    planned: Vec<P>,
}

/// How often configurations were validated, and how often planned.
#[derive(Clone, Copy, Default)]
struct Calls {
    validated: usize,
    planned: usize,
}

impl<G: Clone + Eq + Hash, P: Clone> WalkPlans<G, P> {
    /// Notes that core has validated a configuration.
    pub(super) fn note_validated(&mut self, group: G, name: Option<&str>) {
        self.calls(group, name).validated += 1;
    }

    /// Notes what a configuration plans, and gives what others of the same walk have planned for the
    /// same name. Nothing where that is not certain.
    pub(super) fn note_planned(&mut self, group: G, name: Option<&str>, plan: P) -> Vec<P> {
        self.note(group.clone(), name, plan);
        let Some(name) = name else { return Vec::new() };
        let mut planned = self.planned(&(group, name.to_owned()));
        planned.pop();
        planned
    }

    /// Notes what a configuration plans.
    pub(super) fn note(&mut self, group: G, name: Option<&str>, plan: P) {
        self.calls(group.clone(), name).planned += 1;
        if let Some(name) = name {
            self.known.entry((group, name.to_owned())).or_default().planned.push(plan);
        }
    }

    /// What configurations of the same walk plan for a name.
    pub(super) fn planned(&self, about: &(G, String)) -> Vec<P> {
        let Some(known) = self.known.get(about) else { return Vec::new() };
        let unknown = self.unknown.get(&about.0).copied().unwrap_or_default();
        if known.calls.is_one_walk() && unknown.is_one_walk() {
            known.planned.clone()
        } else {
            Vec::new()
        }
    }

    fn calls(&mut self, group: G, name: Option<&str>) -> &mut Calls {
        match name {
            Some(name) => &mut self.known.entry((group, name.to_owned())).or_default().calls,
            None => self.unknown.entry(group).or_default(),
        }
    }
}

impl<G, P> Default for WalkPlans<G, P> {
    fn default() -> Self {
        Self { known: HashMap::new(), unknown: HashMap::new() }
    }
}

impl<P> Default for Configurations<P> {
    fn default() -> Self {
        Self { calls: Calls::default(), planned: Vec::new() }
    }
}

impl Calls {
    fn is_one_walk(self) -> bool {
        self.validated == self.planned
    }
}
