//! OpenRouter's operations, one function each, and what makes them cheap and safe: paging, bulk
//! requests, shared listings, and creation exactly once. Knows nothing of Terraform.

mod answered;
mod assignment_cache;
mod assignment_refresh;
mod assignments;
mod batch;
mod batch_window;
mod create;
mod directory;
mod envelope;
mod exclusive_assignments;
mod guardrail_refresh;
mod guardrails;
mod keys;
mod members;
mod models;
mod page_position;
mod pages;
mod policies;
mod providers;
mod shared_reads;
mod single_flight;
mod workspaces;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::http::{Config, ConfigError, HttpClient, StopPolicy};

pub use assignment_cache::{Assignees, AssignmentLookup};
pub use assignments::{AssigneeKind, Assignment};
pub use batch::AssignmentProgress;
pub use create::CreateRegistry;
pub use directory::Directory;
pub use exclusive_assignments::{FailedAssignments, TakenOver};
pub use guardrails::{Created, Guardrail, Matches};
pub use keys::Key;
pub use members::Member;
pub use models::ModelCatalog;
pub use pages::{Listing, Pages, RowRange};
pub use policies::Policy;
pub use workspaces::Workspace;

/// A connection to one account of the API. A clone is cheap and shares connections and caches.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: HttpClient,
    pending_creates: Arc<create::CreateLedger>,
    models: single_flight::SingleFlight<ModelCatalog>,
    /// None inside if they cannot be had.
    providers: OnceCell<Option<HashSet<String>>>,
    policies: policies::PolicyCache,
    directories: directory::DirectoryCache,
    shared_objects: shared_reads::SharedObjects,
    batches: batch::Batches,
    assignment_cache: assignment_cache::AssignmentCache,
    assignment_refreshes: assignment_refresh::AssignmentRefreshes,
    known_guardrails: Mutex<guardrails::SeenGuardrails>,
    guardrail_refreshes: guardrail_refresh::GuardrailRefreshes,
}

impl Client {
    /// Prepares a client that shares nothing with others; nothing is sent yet.
    pub fn new(config: Config) -> Result<Client, ConfigError> {
        Client::of_account(config, &CreateRegistry::default())
    }

    /// Prepares a client that shares with others of its account what is known of creates; nothing
    /// is sent yet.
    pub fn of_account(config: Config, accounts: &CreateRegistry) -> Result<Client, ConfigError> {
        let pending_creates = accounts.pending_creates(&config);
        let inner = Inner {
            http: HttpClient::new(config)?,
            pending_creates,
            models: single_flight::SingleFlight::default(),
            providers: OnceCell::new(),
            policies: policies::PolicyCache::default(),
            directories: directory::DirectoryCache::default(),
            shared_objects: shared_reads::SharedObjects::default(),
            batches: batch::Batches::default(),
            assignment_cache: assignment_cache::AssignmentCache::default(),
            assignment_refreshes: assignment_refresh::AssignmentRefreshes::default(),
            known_guardrails: Mutex::default(),
            guardrail_refreshes: guardrail_refresh::GuardrailRefreshes::default(),
        };
        Ok(Client { inner: Arc::new(inner) })
    }

    /// A text from outside with this client's key, and whatever looks like a key, masked.
    pub fn redact(&self, text: &str) -> String {
        self.http().redact(text)
    }

    /// Ends what this client and its clones do, for good: waits and reads end at once, a write in
    /// progress may take some seconds more, and nothing new is started.
    pub fn stop(&self) {
        self.http().limiter().stop();
    }

    /// Whether no call is in progress, none that waits for another attempt or for more rows either.
    pub fn is_idle(&self) -> bool {
        self.http().is_idle() && !self.inner.batches.is_collecting()
    }

    /// Sleeps; false, at once, if the client is stopped.
    pub async fn sleep(&self, wait: Duration) -> bool {
        self.http().limiter().pause(wait, StopPolicy::Abort).await.is_ok()
    }

    fn http(&self) -> &HttpClient {
        &self.inner.http
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.http().base_url()).finish_non_exhaustive()
    }
}

/// Locks what is valid between any two statements, so that a panic elsewhere does no harm to it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
