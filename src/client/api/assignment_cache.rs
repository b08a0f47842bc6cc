//! Where single keys and members are, read from listings that many reads share.
//!
//! The first read of a guardrail's assignments lists them all, and later ones look there. Nothing is missing because one
//! listing does not have it: a listing of the whole account, begun after that, must say so too, and tells where the key or
//! member is instead.
//!
//! A listing is good for one refresh, and nothing says where one ends: a client can live through many. But a refresh reads a
//! row once. So a listing answers [`Client::read_assignment`] once for each row, and being asked again means another refresh,
//! and another listing. Whatever writes assignments makes the client forget all listings.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use super::super::http::Error;
use super::Client;
use super::assignments::AssigneeKind;
use super::pages::Window;
use super::single_flight::SingleFlight;

/// Where a key or member is, seen from one guardrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignmentLookup {
    /// Under that guardrail.
    Found,
    /// Not there, but under these: none, or one of each workspace for a member.
    AssignedElsewhere(Vec<String>),
}

/// A listing, by assignee: the guardrails it is under.
struct AssignmentListing {
    begun: Instant,
    ended: Instant,
    guardrails: HashMap<String, Vec<String>>,
    /// What this listing was asked for by those who may ask once.
    answered: Mutex<HashSet<Question>>,
}

/// What a listing can be asked once in a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    /// Where one key or member is.
    Row(String),
    /// Everybody who is there.
    All,
}

impl AssignmentListing {
    /// Notes a question. False if it was asked before.
    fn answers(&self, question: &Question) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(question.clone())
    }
}

/// A listing, read or not.
type CachedListing = Arc<SingleFlight<AssignmentListing>>;

/// The listings of one client, of a guardrail or of the account.
#[derive(Default)]
pub(super) struct AssignmentCache {
    listings: Mutex<HashMap<(AssigneeKind, Option<String>), CachedListing>>,
}

impl Client {
    /// Where a key or member is for a refresh, seen from a guardrail, which may be gone. Being asked for the same again means
    /// that another refresh has begun.
    pub async fn read_assignment(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> Result<AssignmentLookup, Error> {
        let question = Question::Row(id.to_owned());
        let is_fresh = |listed: &AssignmentListing| listed.answers(&question);
        let listed = self.placements(kind, Some(guardrail_id), is_fresh).await?;
        self.place(kind, guardrail_id, id, &listed).await
    }

    /// The same for an import, which a refresh of what it brings follows.
    pub async fn find_assignment(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> Result<AssignmentLookup, Error> {
        let listed = self.placements(kind, Some(guardrail_id), |_| true).await?;
        self.place(kind, guardrail_id, id, &listed).await
    }

    /// The keys or members that are under a guardrail. None for one that is gone.
    pub async fn assigned_to(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<Vec<String>, Error> {
        let is_fresh = |listed: &AssignmentListing| listed.answers(&Question::All);
        let listed = self.placements(kind, Some(guardrail_id), is_fresh).await?;
        Ok(listed.guardrails.keys().cloned().collect())
    }

    /// Where a key or member is by a guardrail's listing, and by the account's where that does not have it.
    async fn place(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
        listed: &AssignmentListing,
    ) -> Result<AssignmentLookup, Error> {
        if listed.guardrails.contains_key(id) {
            return Ok(AssignmentLookup::Found);
        }
        let since = listed.ended;
        let account = self.placements(kind, None, |account| account.begun >= since).await?;
        let guardrails = account.guardrails.get(id).cloned().unwrap_or_default();
        if guardrails.iter().any(|other| other == guardrail_id) {
            return Ok(AssignmentLookup::Found);
        }
        Ok(AssignmentLookup::AssignedElsewhere(guardrails))
    }

    /// A listing as it was read before, if it is `good` still.
    async fn placements(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        good: impl Fn(&AssignmentListing) -> bool,
    ) -> Result<Arc<AssignmentListing>, Error> {
        let listing = self.inner.listings.listing(kind, guardrail_id);
        listing.get(good, || self.read_placements(kind, guardrail_id)).await
    }

    async fn read_placements(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
    ) -> Result<AssignmentListing, Error> {
        let begun = Instant::now();
        let listed = match self.list_assignments(kind, guardrail_id, Window::ALL).await {
            Ok(listing) => listing.rows,
            // A guardrail that is gone has nobody under it.
            Err(error) if guardrail_id.is_some() && error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut guardrails: HashMap<_, Vec<_>> = HashMap::new();
        for row in listed {
            guardrails
                .entry(row.assignee().to_owned())
                .or_default()
                .push(row.guardrail_id().to_owned());
        }
        Ok(AssignmentListing {
            begun,
            ended: Instant::now(),
            guardrails,
            answered: Mutex::default(),
        })
    }
}

impl AssignmentCache {
    fn listing(&self, kind: AssigneeKind, guardrail_id: Option<&str>) -> CachedListing {
        let mut listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(listings.entry((kind, guardrail_id.map(str::to_owned))).or_default())
    }

    /// Forgets all listings. One that is being read just now is still used by those who wait for it, and by nobody else.
    pub(super) fn forget(&self) {
        self.listings.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
