//! Where single keys and members are assigned, read from listings that many reads share.
//!
//! The first read of a guardrail's assignments lists them all, and later ones look there. A row
//! that is not in that listing is confirmed to be missing by a listing of the whole account that
//! began after it, which also tells where the key or member is assigned instead.
//!
//! A listing answers [`Client::read_assignment`] once for each row, as a refresh reads a row once
//! (`answered.rs`). Each write of assignments drops all listings.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// All that a guardrail is assigned to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignees {
    /// The keys or members.
    pub assigned: BTreeSet<String>,
    /// The guardrails of those that it was known to be assigned to, and is not any more.
    pub elsewhere: BTreeMap<String, Vec<String>>,
}

/// What a listing is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Lookup {
    /// For one row, by the key or member, or by another name for what is looked for.
    Row(String),
    /// For the number of rows.
    Count,
    /// For every row.
    Every,
}

/// A listing of a guardrail or of the account.
struct CachedListing {
    started: Instant,
    finished: Instant,
    /// The guardrails of each assignee.
    guardrails: HashMap<String, Vec<String>>,
    /// Why there is no listing of a guardrail that seems to be gone; there are no rows then.
    gone: Option<Error>,
    answered: AnsweredLookups<Lookup>,
}

impl CachedListing {
    /// Whether this listing may answer a lookup.
    fn answers(&self, lookup: Lookup) -> bool {
        self.answered.is_first(lookup)
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
        let is_fresh = |cached: &CachedListing| cached.answers(Lookup::Row(id.to_owned()));
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
        let is_fresh = |cached: &CachedListing| cached.answers(Lookup::Row(row.to_owned()));
        let listing = self.listing(kind, None, is_fresh).await?;
        Ok(listing.guardrails.get(id).cloned().unwrap_or_default())
    }

    /// The keys or members that are assigned to a guardrail. None for one that is gone.
    pub async fn assigned_to(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<Vec<String>, Error> {
        let is_fresh = |cached: &CachedListing| cached.answers(Lookup::Count);
        let listing = self.listing(kind, Some(guardrail_id), is_fresh).await?;
        Ok(listing.guardrails.keys().cloned().collect())
    }

    /// All keys or members that a refresh finds a guardrail assigned to; none if the guardrail is gone.
    /// Those that are `known` and not found are looked for in a listing of the account. A second call
    /// for the same guardrail belongs to another refresh.
    pub async fn read_assignees(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        known: &BTreeSet<String>,
    ) -> Result<Option<Assignees>, Error> {
        let is_fresh = |cached: &CachedListing| cached.answers(Lookup::Every);
        let listing = self.listing(kind, Some(guardrail_id), is_fresh).await?;
        self.assignees_in(kind, guardrail_id, known, &listing).await
    }

    /// The same for an import, which the refresh of the imported resource follows.
    pub async fn find_assignees(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let listing = self.listing(kind, Some(guardrail_id), |_| true).await?;
        let found = self.assignees_in(kind, guardrail_id, &BTreeSet::new(), &listing).await?;
        Ok(found.map(|found| found.assigned))
    }

    /// What a listing shows of the keys or members that a guardrail is assigned to.
    async fn assignees_in(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        known: &BTreeSet<String>,
        listing: &CachedListing,
    ) -> Result<Option<Assignees>, Error> {
        if let Some(error) = &listing.gone {
            return match self.get_guardrail(guardrail_id).await {
                Err(gone) if gone.is_not_found() => Ok(None),
                Err(failed) => Err(failed),
                Ok(_) => Err(error.clone()),
            };
        }
        let mut assignees = Assignees::default();
        assignees.assigned.extend(listing.guardrails.keys().cloned());
        for id in known.iter().filter(|id| !listing.guardrails.contains_key(*id)) {
            match self.look_up(kind, guardrail_id, id, listing).await? {
                AssignmentLookup::Found => _ = assignees.assigned.insert(id.clone()),
                AssignmentLookup::AssignedElsewhere(guardrails) => {
                    assignees.elsewhere.insert(id.clone(), guardrails);
                }
            }
        }
        Ok(Some(assignees))
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
        let (rows, gone) = match self.list_assignments(kind, guardrail_id, RowRange::ALL).await {
            Ok(listing) => (listing.rows, None),
            // Nothing is assigned to a guardrail that is gone.
            Err(error) if guardrail_id.is_some() && error.is_not_found() => {
                (Vec::new(), Some(error))
            }
            Err(error) => return Err(error),
        };
        let mut guardrails: HashMap<String, Vec<String>> = HashMap::new();
        for row in rows {
            let of_assignee = guardrails.entry(row.assignee().to_owned()).or_default();
            of_assignee.push(row.guardrail_id().to_owned());
        }
        let (finished, answered) = (Instant::now(), AnsweredLookups::default());
        Ok(CachedListing { started, finished, guardrails, gone, answered })
    }
}
