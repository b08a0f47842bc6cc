//! Single guardrails and workspaces that many readers of one run want, such as the default guardrail
//! of the workspace that all of their keys are in, and which guardrails a workspace has.
//!
//! What was read answers each reader once (`answered.rs`). Each write of a guardrail drops what was
//! read of guardrails.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::super::http::Error;
use super::answered::AnsweredLookups;
use super::guardrails::Guardrail;
use super::single_flight::SingleFlight;
use super::workspaces::Workspace;
use super::{Client, lock};

/// An object as it was read once.
struct SharedRead<T> {
    /// The error where there is none.
    found: Result<T, Error>,
    answered: AnsweredLookups<String>,
}

/// Reads by what the request has named.
struct SharedReads<T>(Mutex<HashMap<String, Arc<SingleFlight<SharedRead<T>>>>>);

impl<T> Default for SharedReads<T> {
    fn default() -> Self {
        SharedReads(Mutex::default())
    }
}

impl<T: Clone> SharedReads<T> {
    async fn get<F>(&self, id: &str, reader: &str, read: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let flight = Arc::clone(lock(&self.0).entry(id.to_owned()).or_default());
        let is_fresh = |shared: &SharedRead<T>| shared.answered.is_first(reader.to_owned());
        let fetch = || async {
            match read().await {
                Err(error) if !error.is_not_found() => Err(error),
                found => Ok(SharedRead { found, answered: AnsweredLookups::default() }),
            }
        };
        flight.get(is_fresh, fetch).await?.found.clone()
    }
}

/// The shared reads of one client.
#[derive(Default)]
pub(super) struct SharedObjects {
    guardrails: SharedReads<Guardrail>,
    /// The ids of a workspace's guardrails.
    guardrail_ids: SharedReads<Arc<HashSet<String>>>,
    workspaces: SharedReads<Workspace>,
}

impl SharedObjects {
    /// Drops what was read of guardrails. A read under way is used only by those who wait for it.
    pub(super) fn clear_guardrails(&self) {
        lock(&self.guardrails.0).clear();
        lock(&self.guardrail_ids.0).clear();
    }
}

impl Client {
    /// One guardrail of any workspace, for a `reader` that shares it with others. A second call with
    /// the same arguments belongs to another refresh.
    pub async fn get_guardrail_for(&self, reader: &str, id: &str) -> Result<Guardrail, Error> {
        let read = || self.get_guardrail(id);
        self.inner.shared_objects.guardrails.get(id, reader, read).await
    }

    /// The same for the ids of all guardrails of a workspace, in lower case.
    pub async fn guardrail_ids_for(
        &self,
        reader: &str,
        workspace_id: &str,
    ) -> Result<Arc<HashSet<String>>, Error> {
        let read = || async {
            let guardrails = self.list_guardrails(Some(workspace_id)).await?;
            let ids = guardrails.iter().map(|guardrail| guardrail.id().to_ascii_lowercase());
            Ok(Arc::new(ids.collect()))
        };
        self.inner.shared_objects.guardrail_ids.get(workspace_id, reader, read).await
    }

    /// The same for a workspace, by its id or its slug.
    pub async fn get_workspace_for(
        &self,
        reader: &str,
        id_or_slug: &str,
    ) -> Result<Workspace, Error> {
        let read = || self.get_workspace(id_or_slug);
        self.inner.shared_objects.workspaces.get(id_or_slug, reader, read).await
    }
}
