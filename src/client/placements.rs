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

use super::Client;
use super::assignments::Subjects;
use super::error::Error;
use super::pages::Window;
use super::shared::Shared;

/// Where a key or member is, seen from one guardrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// Under that guardrail.
    Here,
    /// Not there, but under these: none, or one of each workspace for a member.
    Elsewhere(Vec<String>),
}

/// A listing, by subject: the guardrails it is under.
struct Placements {
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

impl Placements {
    /// Notes a question. False if it was asked before.
    fn answers(&self, question: &Question) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(question.clone())
    }
}

/// A listing, read or not.
type Shelf = Arc<Shared<Placements>>;

/// The listings of one client, of a guardrail or of the account.
#[derive(Default)]
pub(super) struct Listings {
    shelves: Mutex<HashMap<(Subjects, Option<String>), Shelf>>,
}

impl Client {
    /// Where a key or member is for a refresh, seen from a guardrail, which may be gone. Being asked for the same again means
    /// that another refresh has begun.
    pub async fn read_assignment(
        &self,
        subjects: Subjects,
        guardrail_id: &str,
        id: &str,
    ) -> Result<Placement, Error> {
        let question = Question::Row(id.to_owned());
        let is_fresh = |listed: &Placements| listed.answers(&question);
        let listed = self.placements(subjects, Some(guardrail_id), is_fresh).await?;
        self.place(subjects, guardrail_id, id, &listed).await
    }

    /// The same for an import, which a refresh of what it brings follows.
    pub async fn find_assignment(
        &self,
        subjects: Subjects,
        guardrail_id: &str,
        id: &str,
    ) -> Result<Placement, Error> {
        let listed = self.placements(subjects, Some(guardrail_id), |_| true).await?;
        self.place(subjects, guardrail_id, id, &listed).await
    }

    /// The keys or members that are under a guardrail. None for one that is gone.
    pub async fn assigned_to(&self, subjects: Subjects, guardrail_id: &str) -> Result<Vec<String>, Error> {
        let is_fresh = |listed: &Placements| listed.answers(&Question::All);
        let listed = self.placements(subjects, Some(guardrail_id), is_fresh).await?;
        Ok(listed.guardrails.keys().cloned().collect())
    }

    /// Where a key or member is by a guardrail's listing, and by the account's where that does not have it.
    async fn place(
        &self,
        subjects: Subjects,
        guardrail_id: &str,
        id: &str,
        listed: &Placements,
    ) -> Result<Placement, Error> {
        if listed.guardrails.contains_key(id) {
            return Ok(Placement::Here);
        }
        let since = listed.ended;
        let account = self.placements(subjects, None, |account| account.begun >= since).await?;
        let guardrails = account.guardrails.get(id).cloned().unwrap_or_default();
        if guardrails.iter().any(|other| other == guardrail_id) {
            return Ok(Placement::Here);
        }
        Ok(Placement::Elsewhere(guardrails))
    }

    /// A listing as it was read before, if it is `good` still.
    async fn placements(
        &self,
        subjects: Subjects,
        guardrail_id: Option<&str>,
        good: impl Fn(&Placements) -> bool,
    ) -> Result<Arc<Placements>, Error> {
        let listing = self.inner.listings.shelf(subjects, guardrail_id);
        listing.get(good, || self.read_placements(subjects, guardrail_id)).await
    }

    async fn read_placements(
        &self,
        subjects: Subjects,
        guardrail_id: Option<&str>,
    ) -> Result<Placements, Error> {
        let begun = Instant::now();
        let listed = match self.list_assignments(subjects, guardrail_id, Window::ALL).await {
            Ok(listing) => listing.rows,
            // A guardrail that is gone has nobody under it.
            Err(error) if guardrail_id.is_some() && error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut guardrails: HashMap<_, Vec<_>> = HashMap::new();
        for row in listed {
            guardrails.entry(row.subject().to_owned()).or_default().push(row.guardrail_id().to_owned());
        }
        Ok(Placements { begun, ended: Instant::now(), guardrails, answered: Mutex::default() })
    }
}

impl Listings {
    fn shelf(&self, subjects: Subjects, guardrail_id: Option<&str>) -> Shelf {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shelves.entry((subjects, guardrail_id.map(str::to_owned))).or_default())
    }

    /// Forgets all listings. One that is being read just now is still used by those who wait for it, and by nobody else.
    pub(super) fn forget(&self) {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
