//! The REST client against a server that speaks HTTP by hand, so that it can misbehave in every way.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod answers;
mod assignments;
mod creation;
mod directory;
mod environment;
mod failures;
mod hostile;
mod log;
mod models;
mod pages;
mod placements;
mod policies;
mod refresh;
mod requests;
mod retry;
mod secrecy;
mod server;
mod stop;
mod whose_answer;

use std::time::Duration;

use server::Server;
use terraform_provider_openrouter::client::{
    ApiKey, BaseUrl, Client, Config, Error, Guardrail, JsonObject, ModelCatalog, RetryPolicy,
};

/// The key of every client here. Its characters are written differently in URLs and in JSON, as not every key is hex.
pub(crate) const KEY: &str = "mgmt/key+\"0123456789\"";

/// How long anything here may take before it counts as stuck.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration with which nothing is sent twice.
pub(crate) fn config(base_url: &str) -> Config {
    log::install();
    let config =
        Config::new(ApiKey::new(KEY).unwrap(), BaseUrl::parse(base_url).unwrap(), "tests/1");
    let retry = RetryPolicy { max_elapsed_time: Duration::ZERO, ..RetryPolicy::default() };
    Config { timeout: PATIENCE, retry, ..config }
}

pub(crate) fn client(server: &Server) -> Client {
    Client::new(config(&server.url())).unwrap()
}

/// No guardrail is what is wanted.
pub(crate) const DIFFERENT: fn(&Guardrail, Option<&ModelCatalog>) -> Option<bool> =
    |_, _| Some(false);

/// Makes a guardrail from whatever answer. Should it get lost, it is not recognised.
pub(crate) async fn create(client: &Client, body: &JsonObject) -> Result<Guardrail, Error> {
    client.create_guardrail(body, &|_, _| None).await.map(|created| created.guardrail)
}

/// A JSON object from its text.
pub(crate) fn object(text: &str) -> JsonObject {
    serde_json::from_str(text).unwrap()
}

/// The answer that describes a guardrail of this id.
pub(crate) fn guardrail(id: &str) -> String {
    format!(r#"{{"data":{}}}"#, row(id))
}

/// A guardrail as it stands in an answer.
pub(crate) fn row(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"of {id}","created_at":"2026-01-02T03:04:05Z","workspace_id":"w"}}"#
    )
}
