//! Keys and members that leave a set because another resource of the same apply assigns its own
//! guardrail to them.
//!
//! Assigning moves a key in one step, while removing it first would leave it without a guardrail until
//! the other resource assigns its own. Core does not order the two, and says nothing of what else an
//! apply does. So a removal waits until nothing goes on, and is dropped where a plan has shown by then
//! that the key moves.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep};
use tracing::debug;

use super::{super::planned::PlannedAssignment, ExclusiveAssignments, ProviderData};

/// For how long no request must be under way until no more plans are expected.
const QUIET: Duration = Duration::from_millis(200);

/// How long a removal waits at most.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How often it is looked whether a request is under way.
const INTERVAL: Duration = Duration::from_millis(10);

impl ExclusiveAssignments {
    /// Those among keys or members to be removed that another resource assigns its guardrail to.
    pub(super) async fn moved_by_others(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        if ids.is_empty() {
            return BTreeSet::new();
        }
        wait_for_quiet(api).await;
        let here = PlannedAssignment::certain(guardrail_id);
        let mut moving = BTreeSet::new();
        for id in ids {
            for other in api.planned().planned(&(self.kind(), id.clone())) {
                if self.single.excludes(api, &here, &other).await {
                    debug!(guardrail_id, id, "not removed: another resource moves it");
                    moving.insert(id.clone());
                }
            }
        }
        moving
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
