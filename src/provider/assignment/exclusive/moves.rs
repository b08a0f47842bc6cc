//! Keys and members that leave a set because another resource of the same apply assigns its own
//! guardrail to them.
//!
//! Assigning moves a key in one step, while removing it first would leave it without a guardrail until
//! the other resource assigns its own. Core does not order the two, and says nothing of what else an
//! apply does. So a removal waits until this provider has nothing else to do. Where a plan has shown
//! by then that another resource moves the key, nothing is removed, and the outcome of the other
//! resource decides.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::client::{Assignment, AssignmentProgress, RowRange};

use super::{super::planned::PlannedAssignment, ExclusiveAssignments, ProviderData};

/// For how long no request must be under way until no more plans are expected.
const QUIET: Duration = Duration::from_millis(200);

/// How long a removal waits at most, for plans and for what they plan to begin.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How often it is looked what is under way.
const INTERVAL: Duration = Duration::from_millis(10);

/// What became of those that other resources move.
#[derive(Default)]
pub(super) struct Moves {
    /// Those that have another guardrail now.
    pub(super) done: BTreeSet<String>,
    /// Those that still have this one, with the guardrail that could not be assigned to them.
    pub(super) failed: BTreeMap<String, String>,
}

impl Moves {
    /// All of them.
    pub(super) fn all(&self) -> BTreeSet<String> {
        self.done.iter().chain(self.failed.keys()).cloned().collect()
    }
}

impl ExclusiveAssignments {
    /// Waits for other resources that assign their guardrails to some of these keys or members.
    pub(super) async fn wait_for_moves(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
    ) -> Moves {
        let mut moves = Moves::default();
        if ids.is_empty() {
            return moves;
        }
        wait_for_quiet(api).await;
        let deadline = Instant::now() + MAX_WAIT;
        for id in ids {
            let Some(other) = self.planned_elsewhere(api, guardrail_id, id).await else { continue };
            if self.is_assigned(api, &other, id, deadline).await {
                moves.done.insert(id.clone());
            } else {
                moves.failed.insert(id.clone(), other);
            }
        }
        self.confirm_failures(api, guardrail_id, &mut moves).await;
        moves
    }

    /// Looks where those are that seem not to have moved. Where that cannot be known, they have not.
    async fn confirm_failures(&self, api: &ProviderData, guardrail_id: &str, moves: &mut Moves) {
        let Ok(client) = api.client() else { return };
        if moves.failed.is_empty() {
            return;
        }
        let listed = client.list_assignments(self.kind(), Some(guardrail_id), RowRange::ALL).await;
        let Ok(listed) = listed else { return };
        let assigned: HashSet<&str> = listed.rows.iter().map(Assignment::assignee).collect();
        let done = &mut moves.done;
        moves.failed.retain(|id, _| assigned.contains(id.as_str()) || !done.insert(id.clone()));
    }

    /// The guardrail that another resource of the walk assigns to a key or member in place of this
    /// one.
    pub(super) async fn planned_elsewhere(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
        id: &str,
    ) -> Option<String> {
        let here = PlannedAssignment::certain(guardrail_id);
        for other in api.planned().planned(&(self.kind(), id.to_owned())) {
            if other.guardrail_id.is_some() && self.single.excludes(api, &here, &other).await {
                return other.guardrail_id;
            }
        }
        None
    }

    /// Whether an assignment that another resource plans was made, once that is known. What has not
    /// begun by then is taken to have failed.
    async fn is_assigned(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
        id: &str,
        deadline: Instant,
    ) -> bool {
        let Ok(client) = api.client() else { return false };
        loop {
            match client.assignment_progress(self.kind(), guardrail_id, id) {
                AssignmentProgress::Made => return true,
                AssignmentProgress::Failed => return false,
                AssignmentProgress::NotBegun if Instant::now() >= deadline => return false,
                AssignmentProgress::NotBegun | AssignmentProgress::UnderWay => {
                    sleep(INTERVAL).await;
                }
            }
        }
    }
}

/// Waits until no request has been under way for a moment.
async fn wait_for_quiet(api: &ProviderData) {
    let Ok(client) = api.client() else { return };
    let started = Instant::now();
    let mut quiet_since = started;
    while quiet_since.elapsed() < QUIET && started.elapsed() < MAX_WAIT {
        sleep(INTERVAL).await;
        if !client.is_idle() {
            quiet_since = Instant::now();
        }
    }
}
