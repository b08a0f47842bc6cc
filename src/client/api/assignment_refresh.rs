//! From which listing a refresh reads an assignment: that of its guardrail, or that of the account.
//!
//! Terraform asks for one assignment at a time. Where they are spread over many guardrails, a listing
//! of each costs more than one of the account, which shows all. So guardrails are listed until as many
//! requests were spent as the account's listing costs, and then that is read: never more than twice
//! the cheaper of the two ways. What it costs is known from its first page, which is requested for
//! the second guardrail.
//!
//! As for guardrails (`guardrail_refresh.rs`), a refresh ends with the second read of an assignment,
//! after a pause (`answered.rs`), or with a write of assignments.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;
use tokio::time::Instant;
use tracing::debug;

use super::super::http::Error;
use super::answered::{AnsweredLookups, IDLE};
use super::assignment_cache::CachedListing;
use super::assignments::{AssigneeKind, Assignment};
use super::pages::Pages;
use super::{Client, lock};

/// The current refresh of each kind of assignments.
#[derive(Default)]
pub(super) struct AssignmentRefreshes(Mutex<HashMap<AssigneeKind, Arc<Refresh>>>);

/// One refresh of the assignments of keys, or of members.
pub(super) struct Refresh {
    begun: Instant,
    /// The assignments that were asked for: guardrail, and key or member.
    reads: AnsweredLookups<(String, String)>,
    progress: Mutex<Progress>,
    /// Set when the first page of the account's listing was read; none if it cannot be had.
    first_page: OnceCell<Option<FirstPage>>,
    account: OnceCell<Arc<CachedListing>>,
}

#[derive(Default)]
struct Progress {
    /// How many requests were spent on listings of guardrails.
    spent: u64,
    /// Whether a second guardrail was asked for, so that the account's listing may be the cheaper.
    has_second: bool,
}

/// The beginning of the account's listing.
struct FirstPage {
    started: Instant,
    /// How many pages the whole listing has.
    pages: u64,
    /// Its rows and what follows, until that is read.
    rest: Mutex<Option<(Vec<Assignment>, Pages<'static, Assignment>)>>,
}

impl AssignmentRefreshes {
    /// Begins anew: what was read before a write is not what is there now.
    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// The refresh that a read of an assignment belongs to, and whether it has just begun after another
    /// one.
    fn current(&self, kind: AssigneeKind, guardrail_id: &str, id: &str) -> (Arc<Refresh>, bool) {
        let mut refreshes = lock(&self.0);
        let refresh = refreshes.entry(kind).or_insert_with(|| Arc::new(Refresh::new()));
        let row = (guardrail_id.to_owned(), id.to_owned());
        let is_next = !refresh.reads.is_first(row.clone());
        if is_next {
            *refresh = Arc::new(Refresh::new());
            refresh.reads.is_first(row);
        }
        (Arc::clone(refresh), is_next)
    }
}

impl Refresh {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            reads: AnsweredLookups::default(),
            progress: Mutex::default(),
            first_page: OnceCell::new(),
            account: OnceCell::new(),
        }
    }

    /// Whether these requests for a guardrail's listing are to be sent, where the account's listing has
    /// so many pages, if that is known. Counts them.
    fn spend(&self, requests: u64, pages: Option<u64>) -> bool {
        let mut progress = lock(&self.progress);
        let is_cheaper = pages.is_none_or(|pages| progress.spent + requests <= pages);
        progress.spent += if is_cheaper { requests } else { 0 };
        is_cheaper
    }

    /// Whether this is the very first guardrail, whose listing is requested before anything else is
    /// known. Counts that.
    fn is_first(&self) -> bool {
        let mut progress = lock(&self.progress);
        let is_first = progress.spent == 0;
        progress.spent += u64::from(is_first);
        progress.has_second |= !is_first;
        is_first
    }

    /// Whether these requests are to be sent because no second guardrail was asked for. Counts them.
    fn spend_on_only(&self, requests: u64) -> bool {
        let mut progress = lock(&self.progress);
        progress.spent += if progress.has_second { 0 } else { requests };
        !progress.has_second
    }
}

impl Client {
    /// Drops what was read of assignments, since some are written.
    pub(super) fn forget_assignments(&self) {
        self.inner.assignment_cache.clear();
        self.inner.assignment_refreshes.clear();
    }

    /// The listing in which a refresh finds an assignment, if there is one.
    pub(super) async fn listing_of_row(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> Result<Arc<CachedListing>, Error> {
        let refreshes = &self.inner.assignment_refreshes;
        let (refresh, is_next) = refreshes.current(kind, guardrail_id, id);
        if is_next {
            self.inner.assignment_cache.drop_kind(kind);
        }
        let listing = self.listing_in(&refresh, kind, guardrail_id).await;
        refresh.reads.note_use();
        listing
    }

    async fn listing_in(
        &self,
        refresh: &Refresh,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<Arc<CachedListing>, Error> {
        let is_known = self.inner.assignment_cache.has(kind, guardrail_id);
        if !is_known && !refresh.is_first() {
            let pages = self.account_pages(refresh, kind).await;
            if !refresh.spend(1, pages) {
                return self.account_listing(refresh, kind).await;
            }
        }
        let fetch = || self.fetch_for_refresh(refresh, kind, guardrail_id);
        // An import or a plan may have listed the assignments just before.
        let is_fresh =
            |cached: &CachedListing| cached.was_read_since(refresh.begun.checked_sub(IDLE));
        let listing = self.shared_listing(kind, Some(guardrail_id), is_fresh, fetch).await?;
        if listing.is_whole() { Ok(listing) } else { self.account_listing(refresh, kind).await }
    }

    /// A guardrail's listing, or only the beginning of it if the rest would cost too much.
    async fn fetch_for_refresh(
        &self,
        refresh: &Refresh,
        kind: AssigneeKind,
        guardrail_id: &str,
    ) -> Result<CachedListing, Error> {
        let read = async {
            let started = Instant::now();
            let mut pages = self.assignment_pages(kind, Some(guardrail_id))?;
            let first = pages.next().await?.unwrap_or_default();
            let left = pages.left();
            if !refresh.spend_on_only(left)
                && !refresh.spend(left, self.account_pages(refresh, kind).await)
            {
                return Ok(CachedListing::beginning(started, &first));
            }
            Ok(CachedListing::new(started, &pages.rest(first).await?.rows))
        };
        CachedListing::or_gone(read.await)
    }

    /// How many pages the account's listing has. None if it cannot be had.
    async fn account_pages(&self, refresh: &Refresh, kind: AssigneeKind) -> Option<u64> {
        let first_page = refresh.first_page.get_or_init(|| self.first_account_page(kind)).await;
        first_page.as_ref().map(|first| first.pages)
    }

    async fn first_account_page(&self, kind: AssigneeKind) -> Option<FirstPage> {
        let started = Instant::now();
        let mut list = self.assignment_pages(kind, None).ok()?;
        let rows = list.next().await;
        let rows = rows
            .inspect_err(
                |error| debug!(%error, "the assignments of the account could not be listed"),
            )
            .ok()?;
        let pages = 1 + list.left();
        Some(FirstPage { started, pages, rest: Mutex::new(Some((rows.unwrap_or_default(), list))) })
    }

    /// The account's listing, of which the first page was read.
    async fn account_listing(
        &self,
        refresh: &Refresh,
        kind: AssigneeKind,
    ) -> Result<Arc<CachedListing>, Error> {
        let fetch = || async {
            let first_page = refresh.first_page.get().and_then(Option::as_ref);
            let rest =
                first_page.and_then(|first| Some((first.started, lock(&first.rest).take()?)));
            let listing = match rest {
                Some((started, (rows, list))) => {
                    CachedListing::new(started, &list.rest(rows).await?.rows)
                }
                // It was read before, and failed then.
                None => self.fetch_listing(kind, None).await?,
            };
            Ok(Arc::new(listing))
        };
        refresh.account.get_or_try_init(fetch).await.cloned()
    }
}
