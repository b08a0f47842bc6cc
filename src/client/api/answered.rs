//! Which lookups a shared listing has answered.
//!
//! A listing is valid for one refresh, and nothing in the protocol says where one ends: a client
//! can live through many. But a refresh looks a thing up once, and goes on without long pauses. So a
//! listing answers each lookup once, and none after nothing was looked up for [`IDLE`]: that belongs
//! to another refresh and needs another listing.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::lock;

/// How long after its last use a refresh is over.
pub(super) const IDLE: Duration = Duration::from_secs(5);

/// The lookups that a listing has answered, or that belong to one refresh.
pub(super) struct AnsweredLookups<L>(Mutex<Answered<L>>);

struct Answered<L> {
    lookups: HashSet<L>,
    last_asked: Instant,
}

impl<L> Default for AnsweredLookups<L> {
    fn default() -> Self {
        let (lookups, last_asked) = (HashSet::new(), Instant::now());
        AnsweredLookups(Mutex::new(Answered { lookups, last_asked }))
    }
}

impl<L: Eq + Hash> AnsweredLookups<L> {
    /// Notes that a lookup, which may have taken long, has ended.
    pub(super) fn note_use(&self) {
        lock(&self.0).last_asked = Instant::now();
    }

    /// How many lookups there were.
    pub(super) fn count(&self) -> usize {
        lock(&self.0).lookups.len()
    }

    /// Notes a lookup. False if it belongs to another refresh: the listing has answered it before, or
    /// was not asked for too long.
    pub(super) fn is_first(&self, lookup: L) -> bool {
        let mut answered = lock(&self.0);
        if answered.last_asked.elapsed() > IDLE {
            return false;
        }
        answered.last_asked = Instant::now();
        answered.lookups.insert(lookup)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_listing_answers_each_lookup_once() {
        let answered = AnsweredLookups::default();
        assert!(answered.is_first("a") && answered.is_first("b"));
        assert!(!answered.is_first("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_listing_that_was_not_asked_for_too_long_answers_nothing() {
        let answered = AnsweredLookups::default();
        for lookup in ["a", "b", "c"] {
            advance(IDLE).await;
            assert!(answered.is_first(lookup), "{lookup}: the refresh goes on");
        }
        advance(IDLE + IDLE / 10).await;
        assert!(!answered.is_first("d"));
        assert!(!answered.is_first("e"), "not even after it was asked again");
    }
}
