//! When a create began, and whether an entity is older. Two clocks can tell: the API's, by the
//! `Date` of its responses, and our own. Either can be wrong, as where a proxy rewrites `Date`.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::super::super::http::{ServerClock, parse_time};
use super::NamedEntity;

/// How far the clock of `created_at` may be behind the one of `Date`.
pub(super) const MAX_SKEW: Duration = Duration::from_millis(500);

/// How far clocks may be apart where an error does less harm: before a response is distrusted, when
/// a duplicate is reported, and before our own clock counts.
pub(super) const MAX_DOUBTFUL_SKEW: Duration = Duration::from_secs(10);

/// When a create began.
pub(super) struct CreateStart {
    pub(super) instant: Instant,
    by_own_clock: SystemTime,
}

impl CreateStart {
    pub(super) fn now() -> CreateStart {
        CreateStart { instant: Instant::now(), by_own_clock: SystemTime::now() }
    }

    /// Whether an entity is far older, by both clocks.
    pub(super) fn is_long_after(&self, entity: &impl NamedEntity, clock: &ServerClock) -> bool {
        let Some(by_server) = clock.shown_at(self.instant) else { return false };
        !is_since(entity, by_server.min(self.by_own_clock) - MAX_DOUBTFUL_SKEW)
    }

    /// Whether an entity was created since, by the API's clock: true if certainly, false if one
    /// clock says so and not the other, where the two are too far apart to mean the same. None if
    /// not.
    pub(super) fn is_before(
        &self,
        entity: &impl NamedEntity,
        clock: &ServerClock,
        skew: Duration,
    ) -> Option<bool> {
        let (by_server, own) = (clock.at(self.instant), self.by_own_clock);
        let apart = by_server.duration_since(own).unwrap_or_else(|error| error.duration());
        let is_new = is_since(entity, by_server - skew);
        if apart <= MAX_DOUBTFUL_SKEW {
            return is_new.then_some(true);
        }
        let is_new_by_own_clock = is_since(entity, own - MAX_DOUBTFUL_SKEW);
        (is_new || is_new_by_own_clock).then_some(is_new && is_new_by_own_clock)
    }
}

/// Whether an entity may have been created since a moment; also if its `created_at` cannot be read.
fn is_since(entity: &impl NamedEntity, moment: SystemTime) -> bool {
    let Some(created) = parse_time(entity.created_at()) else { return true };
    let has_fractions = entity.created_at().contains('.');
    let rounding = if has_fractions { Duration::ZERO } else { Duration::from_secs(1) };
    created + rounding >= moment
}
