//! The list of providers that serve models. Public, and asked for without credentials. Only a
//! warning depends on it.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use tokio::time::timeout;
use tracing::debug;

use super::super::http::{Response, Route};
use super::Client;

static PROVIDERS: Route = Route { method: Method::GET, template: "/providers" };

/// The time that the list may take: a plan should not wait long for a warning.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Client {
    /// The slugs of all providers; none if they cannot be had. Fetched once for a client and its
    /// clones, with a single attempt.
    pub async fn provider_slugs(&self) -> Option<&HashSet<String>> {
        self.inner.providers.get_or_init(|| self.fetch_provider_slugs()).await.as_ref()
    }

    async fn fetch_provider_slugs(&self) -> Option<HashSet<String>> {
        let request = self.http().request(&PROVIDERS).anonymous().optional();
        let call = self.http().call(&request, |response: Response| response.parse::<List>());
        let slugs: HashSet<String> = match timeout(TIMEOUT, call).await {
            Ok(Ok(list)) => list.data.into_iter().map(|provider| provider.slug).collect(),
            Ok(Err(error)) => {
                debug!(%error, "the providers could not be listed");
                return None;
            }
            Err(_) => {
                debug!("the providers could not be listed in time");
                return None;
            }
        };
        (!slugs.is_empty()).then_some(slugs)
    }
}

#[derive(Deserialize)]
struct List {
    data: Vec<Provider>,
}

#[derive(Deserialize)]
struct Provider {
    slug: String,
}
