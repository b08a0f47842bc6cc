//! Guardrails as a refresh reads them: one by one, or many from a listing of their workspace.
//!
//! Terraform asks for one guardrail at a time, and does not say how many it will ask for. So guardrails
//! are read one by one until as many were asked for as a listing has pages, and then listed. That is
//! never more than twice the cheaper of the two ways. What a listing costs is known from its first
//! page, which the second read requests.
//!
//! A listing only saves requests: a guardrail that it does not show, or shows in part or twice, is
//! read by itself, and so is everything when it cannot be had.
//!
//! Nothing in the protocol says where a refresh begins or ends, and a client can live through many. But
//! a refresh reads a guardrail once. So a second read of one belongs to the next refresh, which begins
//! with nothing, and so does a read after a pause (`answered.rs`). A guardrail that this client has written since is
//! read by itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, debug};

use super::super::http::{Error, Response};
use super::answered::AnsweredLookups;
use super::envelope::Page;
use super::guardrails::{self, Guardrail};
use super::pages::{MAX_LIST_ROWS, PAGE};
use super::{Client, lock};

/// For how long a page is retried. Without it, its guardrails are read by themselves.
const PAGE_RETRIES: Duration = Duration::from_secs(10);

/// The current refresh of each workspace, by its id.
#[derive(Default)]
pub(super) struct GuardrailRefreshes {
    by_workspace: Mutex<HashMap<String, Arc<Refresh>>>,
    /// The fields that guardrails had when they were read by themselves.
    fields: Mutex<HashSet<String>>,
}

/// One refresh of the guardrails of a workspace.
#[derive(Default)]
struct Refresh {
    /// The guardrails that were asked for, by their ids.
    reads: AnsweredLookups<String>,
    progress: Mutex<Progress>,
    /// Set when the first guardrail was read, by itself: that tells which fields guardrails have.
    first_read: OnceCell<()>,
    /// Set when the first page was read: how many pages the listing has. None if it cannot be had.
    pages: OnceCell<Option<u64>>,
    /// Set when the other pages were read.
    others: OnceCell<()>,
}

#[derive(Default)]
struct Progress {
    /// The rows that no read has taken yet; none for one that was listed twice.
    rows: HashMap<String, Option<Guardrail>>,
    /// The guardrails that were written since this refresh began.
    written: HashSet<String>,
}

impl GuardrailRefreshes {
    /// The refresh that a read of this guardrail belongs to.
    fn current(&self, workspace_id: &str, id: &str) -> Arc<Refresh> {
        let mut refreshes = lock(&self.by_workspace);
        let refresh = refreshes.entry(workspace_id.to_owned()).or_default();
        let id = id.to_ascii_lowercase();
        if !refresh.reads.is_first(id.clone()) {
            *refresh = Arc::default();
            refresh.reads.is_first(id);
        }
        Arc::clone(refresh)
    }

    /// Notes that a guardrail is written.
    pub(super) fn note_written(&self, id: &str) {
        for refresh in lock(&self.by_workspace).values() {
            lock(&refresh.progress).written.insert(id.to_ascii_lowercase());
        }
    }

    /// Notes which fields a guardrail has that was read by itself.
    pub(super) fn note_fields(&self, guardrail: &Guardrail) {
        let mut fields = lock(&self.fields);
        for name in guardrail.fields().keys() {
            if !fields.contains(name) {
                fields.insert(name.clone());
            }
        }
    }

    /// Whether a row has every field that it should. A list may leave out those that are null.
    fn is_complete(&self, row: &Guardrail) -> bool {
        let fields = lock(&self.fields);
        !fields.is_empty() && fields.iter().all(|name| row.fields().contains_key(name))
    }
}

impl Refresh {
    /// Takes the row of a guardrail from the pages that were read.
    fn take_row(&self, id: &str) -> Option<Guardrail> {
        let mut progress = lock(&self.progress);
        let id = id.to_ascii_lowercase();
        let row = progress.rows.remove(&id).flatten();
        row.filter(|_| !progress.written.contains(&id))
    }

    /// Adds rows. One that was listed before has moved meanwhile, so that it is not known which of the
    /// two is the newer.
    fn add_rows(&self, rows: Vec<Guardrail>) {
        let mut progress = lock(&self.progress);
        for row in rows {
            let id = row.id().to_ascii_lowercase();
            let is_repeated = progress.rows.contains_key(&id);
            progress.rows.insert(id, (!is_repeated).then_some(row));
        }
    }

    /// Whether so few guardrails were asked for that single reads are cheaper than a listing of so many
    /// pages.
    fn is_cheaper_alone(&self, pages: Option<u64>) -> bool {
        let asked = self.reads.count() as u64;
        pages.is_none_or(|pages| asked < pages)
    }
}

impl Client {
    /// A guardrail as a refresh finds it; `workspace_id` is the workspace that it is known to be in. A
    /// second call for the same one belongs to another refresh.
    pub async fn refresh_guardrail(
        &self,
        id: &str,
        workspace_id: Option<&str>,
    ) -> Result<Guardrail, Error> {
        let Some(workspace_id) = workspace_id else { return self.get_guardrail(id).await };
        let refresh = self.inner.guardrail_refreshes.current(workspace_id, id);
        let found = self.refresh_guardrail_in(&refresh, id, workspace_id).await;
        refresh.reads.note_use();
        found
    }

    async fn refresh_guardrail_in(
        &self,
        refresh: &Refresh,
        id: &str,
        workspace_id: &str,
    ) -> Result<Guardrail, Error> {
        // After one that is gone, the next one is the first.
        let mut own = None;
        let first = async {
            let found = own.insert(self.get_guardrail(id).await);
            if found.as_ref().is_err_and(Error::is_not_found) { Err(()) } else { Ok(()) }
        };
        let first_read = refresh.first_read.get_or_try_init(|| first);
        // Only a read that is not the first needs the listing.
        let first_page = async {
            if refresh.reads.count() < 2 {
                return None;
            }
            *refresh.pages.get_or_init(|| self.first_page(refresh, workspace_id)).await
        };
        let (_, pages) = tokio::join!(first_read, first_page);
        if let Some(found) = own {
            return found;
        }
        if let Some(row) = self.complete_row(refresh, id) {
            return Ok(row);
        }
        if !refresh.is_cheaper_alone(pages) {
            let others = || self.other_pages(refresh, workspace_id, pages.unwrap_or_default());
            refresh.others.get_or_init(others).await;
            if let Some(row) = self.complete_row(refresh, id) {
                return Ok(row);
            }
        }
        self.get_guardrail(id).await
    }

    fn complete_row(&self, refresh: &Refresh, id: &str) -> Option<Guardrail> {
        refresh.take_row(id).filter(|row| self.inner.guardrail_refreshes.is_complete(row))
    }

    /// Reads the first page of a listing; gives how many pages there are.
    async fn first_page(&self, refresh: &Refresh, workspace_id: &str) -> Option<u64> {
        let Page { rows, total_count } = self.listed_page(workspace_id, 0).await?;
        // An API that ignores the limit has shown all: other pages would only repeat that.
        let pages = if rows.len() as u64 >= total_count { 1 } else { total_count.div_ceil(PAGE) };
        refresh.add_rows(rows);
        (total_count <= MAX_LIST_ROWS).then_some(pages)
    }

    /// Reads the other pages of a listing, all at the same time. No row is taken before all are there,
    /// since any page can repeat it.
    async fn other_pages(&self, refresh: &Refresh, workspace_id: &str, pages: u64) {
        let mut requests = JoinSet::new();
        for page in 1..pages {
            let (client, workspace_id) = (self.clone(), workspace_id.to_owned());
            let request = async move { client.listed_page(&workspace_id, page * PAGE).await };
            requests.spawn(request.in_current_span());
        }
        let pages = requests.join_all().await.into_iter().flatten();
        refresh.add_rows(pages.flat_map(|page| page.rows).collect());
    }

    /// One page of the guardrails of a workspace, if it can be had.
    async fn listed_page(&self, workspace_id: &str, offset: u64) -> Option<Page<Guardrail>> {
        let request = guardrails::list_request(self, Some(workspace_id));
        let (offset, limit) = (offset.to_string(), PAGE.to_string());
        let request = request.query(&[("offset", Some(&offset)), ("limit", Some(&limit))]);
        let request = request.retried_until(Instant::now() + PAGE_RETRIES);
        let belongs = guardrails::is_in(Some(workspace_id));
        let read = |response: Response| response.page(&belongs);
        let page = self.http().call(&request, read).await;
        let page = page
            .inspect_err(|error| debug!(workspace_id, %error, "the guardrails could not be listed"))
            .ok()?;
        page.rows.iter().for_each(|guardrail| self.learn(guardrail));
        Some(page)
    }
}
