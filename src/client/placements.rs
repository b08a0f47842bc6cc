//! Where single keys and members are, read from listings that many reads share.
//!
//! The first read of a guardrail's assignments lists them all, and later ones look there. Nothing is missing because one
//! listing does not have it: a listing of the whole account, begun after that, must say so too, and tells where the key or
//! member is instead. Whatever writes assignments makes the client forget the listings.

use std::collections::HashMap;
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
}

/// A listing, read or not.
type Shelf = Arc<Shared<Placements>>;

/// The listings of one client, of a guardrail or of the account.
#[derive(Default)]
pub(super) struct Listings {
    shelves: Mutex<HashMap<(Subjects, Option<String>), Shelf>>,
}

impl Client {
    /// Where a key or member is, seen from a guardrail, which may be gone.
    pub async fn find_assignment(
        &self,
        subjects: Subjects,
        guardrail_id: &str,
        id: &str,
    ) -> Result<Placement, Error> {
        let listed = self.placements(subjects, Some(guardrail_id), None).await?;
        if listed.guardrails.contains_key(id) {
            return Ok(Placement::Here);
        }
        let account = self.placements(subjects, None, Some(listed.ended)).await?;
        let guardrails = account.guardrails.get(id).cloned().unwrap_or_default();
        if guardrails.iter().any(|other| other == guardrail_id) {
            return Ok(Placement::Here);
        }
        Ok(Placement::Elsewhere(guardrails))
    }

    /// How many keys or members are under a guardrail. None for one that is gone.
    pub async fn count_assignments(&self, subjects: Subjects, guardrail_id: &str) -> Result<usize, Error> {
        Ok(self.placements(subjects, Some(guardrail_id), None).await?.guardrails.len())
    }

    /// A listing, as it was read before unless that was before `since`.
    async fn placements(
        &self,
        subjects: Subjects,
        guardrail_id: Option<&str>,
        since: Option<Instant>,
    ) -> Result<Arc<Placements>, Error> {
        let listing = self.inner.listings.shelf(subjects, guardrail_id);
        let recent = |listed: &Placements| since.is_none_or(|since| listed.begun >= since);
        listing.get(recent, || self.read_placements(subjects, guardrail_id)).await
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
        Ok(Placements { begun, ended: Instant::now(), guardrails })
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
