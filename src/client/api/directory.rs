//! The lists of what the account holds besides guardrails: keys, members and workspaces, each read
//! to its end.
//!
//! Lookups of single objects share a listing (`answered.rs`). A lookup that finds nothing is
//! repeated in a listing that began after it was asked, since something else in the same run may
//! have made the object meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use super::super::http::{Error, JsonObject};
use super::answered::AnsweredLookups;
use super::keys::Key;
use super::single_flight::SingleFlight;
use super::{Client, lock};

/// One of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Directory {
    /// The API keys of a workspace.
    Keys {
        /// The workspace; without one, the account's default workspace.
        workspace_id: Option<String>,
        /// Whether disabled keys are among them.
        include_disabled: bool,
        /// Whether expired keys are among them.
        include_expired: bool,
    },
    /// The members of the organization.
    Members,
    /// The workspaces of the account.
    Workspaces,
}

/// A list as it was read once.
struct CachedDirectory {
    started: Instant,
    rows: Arc<Vec<JsonObject>>,
    answered: AnsweredLookups<String>,
}

/// The listings of one client.
#[derive(Default)]
pub(super) struct DirectoryCache {
    listings: Mutex<HashMap<Directory, Arc<SingleFlight<CachedDirectory>>>>,
}

impl Client {
    /// All rows of a list, in the API's order, as they are when this is called or later.
    pub async fn directory(&self, directory: &Directory) -> Result<Arc<Vec<JsonObject>>, Error> {
        let asked = Instant::now();
        let listing = self.directory_listing(directory, |listing| listing.started >= asked).await?;
        Ok(Arc::clone(&listing.rows))
    }

    /// The rows of a list that match. `lookup` names what is looked for: a second call with the
    /// same one belongs to another refresh.
    pub async fn find_in_directory(
        &self,
        directory: &Directory,
        lookup: &str,
        matches: impl Fn(&JsonObject) -> bool + Send + Sync,
    ) -> Result<Vec<JsonObject>, Error> {
        let asked = Instant::now();
        let is_fresh = |listing: &CachedDirectory| listing.answered.is_first(lookup.to_owned());
        let listing = self.directory_listing(directory, is_fresh).await?;
        let found = matching(&listing.rows, &matches);
        if !found.is_empty() || listing.started >= asked {
            return Ok(found);
        }
        let is_fresh = |listing: &CachedDirectory| listing.started >= asked && is_fresh(listing);
        let listing = self.directory_listing(directory, is_fresh).await?;
        Ok(matching(&listing.rows, &matches))
    }

    /// The listing that was made before if it `is_fresh`, else a new one.
    async fn directory_listing(
        &self,
        directory: &Directory,
        is_fresh: impl Fn(&CachedDirectory) -> bool,
    ) -> Result<Arc<CachedDirectory>, Error> {
        let listings = &self.inner.directories.listings;
        let listing = Arc::clone(lock(listings).entry(directory.clone()).or_default());
        listing.get(is_fresh, || self.fetch_directory(directory)).await
    }

    async fn fetch_directory(&self, directory: &Directory) -> Result<CachedDirectory, Error> {
        let started = Instant::now();
        let rows: Vec<JsonObject> = match directory {
            Directory::Keys { workspace_id, include_disabled, include_expired } => {
                let workspace = workspace_id.as_deref();
                let keys = self.list_keys(workspace, *include_disabled, *include_expired).await?;
                keys.into_iter().map(Key::into_fields).collect()
            }
            Directory::Members => {
                self.list_members().await?.into_iter().map(|member| member.fields).collect()
            }
            Directory::Workspaces => {
                let workspaces = self.list_workspaces().await?;
                workspaces.into_iter().map(|workspace| workspace.fields).collect()
            }
        };
        let (rows, answered) = (Arc::new(rows), AnsweredLookups::default());
        Ok(CachedDirectory { started, rows, answered })
    }
}

fn matching(rows: &[JsonObject], matches: impl Fn(&JsonObject) -> bool) -> Vec<JsonObject> {
    rows.iter().filter(|row| matches(row)).cloned().collect()
}
