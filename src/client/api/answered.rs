//! Which lookups a shared listing has answered.
//!
//! A listing is valid for one refresh, and nothing in the protocol says where one ends: a client
//! can live through many. But a refresh looks a thing up once. So a listing answers each lookup
//! once; the same lookup again belongs to another refresh and needs another listing.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Mutex;

use super::lock;

/// The lookups that a listing has answered.
pub(super) struct AnsweredLookups<L>(Mutex<HashSet<L>>);

impl<L> Default for AnsweredLookups<L> {
    fn default() -> Self {
        AnsweredLookups(Mutex::default())
    }
}

impl<L: Eq + Hash> AnsweredLookups<L> {
    /// Notes a lookup. False if the listing has answered it before.
    pub(super) fn is_first(&self, lookup: L) -> bool {
        lock(&self.0).insert(lookup)
    }
}
