//! Where single keys and members are assigned, read from listings that many reads share.
//!
//! The first read of a guardrail's assignments lists them all, and later ones look there. A row
//! that is not in that listing is confirmed to be missing by a listing of the whole account that
//! began after it, which also tells where the key or member is assigned instead.
//!
//! A listing answers [`Client::read_assignment`] once for each row, as a refresh reads a row once
//! (`answered.rs`). Each write of assignments drops all listings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::super::http::Error;
use super::answered::AnsweredLookups;
use super::assignments::AssigneeKind;
use super::pages::RowRange;
use super::single_flight::SingleFlight;
use super::{Client, lock};

/// Where a key or member is assigned, seen from one guardrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignmentLookup {
    /// To that guardrail.
    Found,
    /// Not to that one, but to these: none, or one of each workspace for a member.
    AssignedElsewhere(Vec<String>),
}

/// A listing of a guardrail or of the account.
struct CachedListing {
    started: Instant,
    finished: Instant,
    /// The guardrails of each assignee.
    guardrails: HashMap<String, Vec<String>>,
    /// Reads of one row, or of all under `None`.
    answered: AnsweredLookups<Option<String>>,
}

impl CachedListing {
    /// Whether this listing may answer a read.
    fn answers(&self, row: Option<&str>) -> bool {
        self.answered.is_first(row.map(str::to_owned))
    }
}

/// A listing that is fetched once for all who wait for it.
type SharedListing = Arc<SingleFlight<CachedListing>>;

/// The listings of one client: of a guardrail, or of the account under `None`.
#[derive(Default)]
pub(super) struct AssignmentCache {
    listings: Mutex<HashMap<(AssigneeKind, Option<String>), SharedListing>>,
}

impl AssignmentCache {
    /// Drops all listings. One that is being read just now is used only by those who wait for it.
    pub(super) fn clear(&self) {
        lock(&self.listings).clear();
    }
}

impl Client {
    /// Where a refresh finds a key or member, seen from a guardrail, which may be gone. A second
    /// call with the same arguments belongs to another refresh.
    pub async fn read_assignment(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> Result<AssignmentLookup, Error> {
        let is_fresh = |cached: &CachedListing| cached.answers(Some(id));
        let listing = self.listing(kind, Some(guardrail_id), is_fresh).await?;
        self.look_up(kind, guardrail_id, id, &listing).await
    }

    /// The same for an import, which the refresh of the imported row follows.
    pub async fn find_assignment(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> Result<AssignmentLookup, Error> {
        let listing = self.listing(kind, Some(guardrail_id), |_| true).await?;
        self.look_up(kind, guardrail_id, id, &listing).await
    }

    /// The guardrails of a key or member, for an import of the row that `row` names; the refresh of
    /// that row follows. A second call with the same arguments belongs to another run.
    pub async fn guardrails_of(
        &self,
        kind: AssigneeKind,
        id: &str,
        row: &str,
    ) -> Result<Vec<String>, Error> {
        let is_fresh = |cached: &CachedListing| cached.answers(Some(row));
        let listing = self.listing(kind, None, is_fresh).await?;
        Ok(listing.guardrails.get(id).cloned().unwrap_or_default())
    }

    /// The keys or members that are assigned to a guardrail. None for one that is gone.
    pub async fn assigned_to(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<Vec<String>, Error> {
        let is_fresh = |cached: &CachedListing| cached.answers(None);
        let listing = self.listing(kind, Some(guardrail_id), is_fresh).await?;
        Ok(listing.guardrails.keys().cloned().collect())
    }

    /// Looks in a guardrail's listing, and in the account's if the key or member is not there.
    async fn look_up(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
        listing: &CachedListing,
    ) -> Result<AssignmentLookup, Error> {
        if listing.guardrails.contains_key(id) {
            return Ok(AssignmentLookup::Found);
        }
        let account = self.listing(kind, None, |cached| cached.started >= listing.finished).await?;
        let guardrails = account.guardrails.get(id).cloned().unwrap_or_default();
        if guardrails.iter().any(|other| other.eq_ignore_ascii_case(guardrail_id)) {
            return Ok(AssignmentLookup::Found);
        }
        Ok(AssignmentLookup::AssignedElsewhere(guardrails))
    }

    /// The cached listing if it `is_fresh`, else a new one.
    async fn listing(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        is_fresh: impl Fn(&CachedListing) -> bool,
    ) -> Result<Arc<CachedListing>, Error> {
        let key = (kind, guardrail_id.map(str::to_owned));
        let listing =
            Arc::clone(lock(&self.inner.assignment_cache.listings).entry(key).or_default());
        listing.get(is_fresh, || self.fetch_listing(kind, guardrail_id)).await
    }

    async fn fetch_listing(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
    ) -> Result<CachedListing, Error> {
        let started = Instant::now();
        let rows = match self.list_assignments(kind, guardrail_id, RowRange::ALL).await {
            Ok(listing) => listing.rows,
            // Nothing is assigned to a guardrail that is gone.
            Err(error) if guardrail_id.is_some() && error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut guardrails: HashMap<String, Vec<String>> = HashMap::new();
        for row in rows {
            let of_assignee = guardrails.entry(row.assignee().to_owned()).or_default();
            of_assignee.push(row.guardrail_id().to_owned());
        }
        let (finished, answered) = (Instant::now(), AnsweredLookups::default());
        Ok(CachedListing { started, finished, guardrails, answered })
    }
}
