//! The REST client: guardrails, assignments, workspaces and the model catalogue, in the API's words.
//!
//! It owns what goes over the wire to the service and what comes back: requests, time limits, paging, the shape of
//! answers, and errors by stage. It must not know of Terraform. Every request of every endpoint goes through
//! `call.rs`. The API key lives in `secret.rs` and never reaches an error, a log or `Debug`.

mod answer;
mod assignments;
mod batch;
mod call;
mod clock;
mod config;
mod creation;
mod error;
mod excerpt;
mod gate;
mod guardrails;
mod http;
mod json;
mod models;
mod pace;
mod pages;
mod placements;
mod providers;
mod proxy;
mod reach;
mod request;
mod retry;
mod secret;
mod shared;
mod workspaces;

use std::fmt;
use std::sync::Arc;

pub use assignments::{Assignment, Subjects};
pub use config::{BaseUrl, Config, ConfigError, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT};
pub use creation::{Accounts, Created};
pub use error::{Call, End, Error};
pub use guardrails::{Guardrail, Same};
pub use models::ModelCatalog;
pub use pages::{Listing, Window};
pub use placements::Placement;
pub use proxy::check_proxy;
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
    gate: gate::Gate,
    reach: reach::Reach,
    retry: Retry,
    creations: Arc<creation::Creations>,
    models: shared::Shared<ModelCatalog>,
    /// None inside if they cannot be had.
    providers: tokio::sync::OnceCell<Option<std::collections::HashSet<String>>>,
    batches: batch::Batches,
    listings: placements::Listings,
    workspaces: guardrails::Workspaces,
}

impl Client {
    /// Prepares a client that has nothing in common with others; nothing is sent yet.
    pub fn new(config: Config) -> Result<Client, ConfigError> {
        Client::of_account(config, &Accounts::default())
    }

    /// Prepares a client that shares with others of its account what is known of creates; nothing is sent yet.
    pub fn of_account(config: Config, accounts: &Accounts) -> Result<Client, ConfigError> {
        let creations = accounts.creations(&config);
        let (retry, gate) = (config.retry, gate::Gate::new(config.max_concurrent_requests));
        let wire = http::Wire::new(config)?;
        Ok(Client {
            inner: Arc::new(Inner {
                wire,
                gate,
                reach: reach::Reach::default(),
                retry,
                creations,
                models: shared::Shared::default(),
                providers: tokio::sync::OnceCell::new(),
                batches: batch::Batches::default(),
                listings: placements::Listings::default(),
                workspaces: guardrails::Workspaces::default(),
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
        self.inner.gate.stop();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", self.inner.wire.base_url()).finish_non_exhaustive()
    }
}
