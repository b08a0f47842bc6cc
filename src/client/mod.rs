//! The REST client: guardrails, assignments, workspaces and the model catalogue, in the API's words.
//!
//! It owns what goes over the wire to the service and what comes back: requests, time limits, paging, the shape of
//! answers, and errors by stage. It must not know of Terraform. Every request of every endpoint goes through
//! `Client::call` in `http.rs`. The API key lives in `secret.rs` and never reaches an error, a log or `Debug`.

mod answer;
mod assignments;
mod batch;
mod config;
mod error;
mod excerpt;
mod guardrails;
mod http;
mod models;
mod pace;
mod pages;
mod placements;
mod request;
mod retry;
mod secret;
mod workspaces;

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use assignments::{Assignment, Subjects};
pub use config::{BaseUrl, Config, ConfigError, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT};
pub use error::{Call, Error};
pub use guardrails::Guardrail;
pub use models::ModelCatalog;
pub use pages::{Listing, Window};
pub use placements::Placement;
pub use retry::Retry;
pub use secret::ApiKey;
pub use workspaces::Workspace;

/// A JSON object. Its numbers keep their decimal text, in requests and in answers.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// A connection to one account of the service. A clone is cheap and shares connections and the model catalogue.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    wire: http::Wire,
    models: OnceCell<Arc<ModelCatalog>>,
    batches: batch::Batches,
    listings: placements::Listings,
    workspaces: guardrails::Workspaces,
    stopped: tokio::sync::watch::Sender<bool>,
}

impl Client {
    /// Prepares a client; nothing is sent yet.
    pub fn new(config: Config) -> Result<Client, ConfigError> {
        let wire = http::Wire::new(config)?;
        Ok(Client {
            inner: Arc::new(Inner {
                wire,
                models: OnceCell::new(),
                batches: batch::Batches::default(),
                listings: placements::Listings::default(),
                workspaces: guardrails::Workspaces::default(),
                stopped: tokio::sync::watch::Sender::new(false),
            }),
        })
    }
}

impl Client {
    /// A text with this client's key, and whatever looks like a key, masked. For what the service answers and people see.
    pub fn redact(&self, text: &str) -> String {
        self.inner.wire.redact(text)
    }

    /// Ends what this client and its clones do, for good: waits and reads end at once, a write that is under way may
    /// take some seconds more, and nothing is begun any more.
    pub fn stop(&self) {
        self.inner.stopped.send_replace(true);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.inner.wire.base_url()).finish_non_exhaustive()
    }
}
