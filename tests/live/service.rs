//! Requests to the API without the provider in between: to compare what the two services answer,
//! and to clean up.

use std::time::Duration;

use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest page that the API gives.
const PAGE: u64 = 100;

/// A management key. It has no text form, so that no message can hold it by mistake.
pub(crate) struct ManagementKey(String);

impl ManagementKey {
    pub(crate) fn new(key: String) -> Self {
        Self(key)
    }

    /// The key itself, for a request or for the environment of Terraform.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// A text without the key in it.
    fn hide_in(&self, text: &str) -> String {
        text.replace(&self.0, "<management key>")
    }
}

/// A service to run against, and what of the account the run may use.
pub(crate) struct Target {
    pub(crate) base_url: String,
    pub(crate) key: ManagementKey,
    pub(crate) workspace: String,
    /// The key that may be assigned.
    pub(crate) key_hash: Option<String>,
    /// The member who may be assigned.
    pub(crate) user_id: Option<String>,
}

/// A connection to a target.
pub(crate) struct Service {
    pub(crate) target: Target,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

/// What the API answered. The body is null where it is no JSON.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Response {
    /// The id of the object in the body.
    pub(crate) fn id(&self) -> Option<&str> {
        self.body["data"]["id"].as_str()
    }
}

impl Service {
    pub(crate) fn new(target: Target) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // The key goes to that address alone, and not by way of a proxy to this machine.
        let mut client = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none());
        if target.base_url.starts_with("http://") {
            client = client.no_proxy();
        }
        let client = client.build();
        Ok(Self {
            target,
            client: client.map_err(|error| error.to_string())?,
            runtime: runtime.map_err(|error| error.to_string())?,
        })
    }

    /// Sends one request, once.
    pub(crate) fn call(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, String> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.target.base_url))
            .bearer_auth(self.target.key.expose());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answered = self.runtime.block_on(async {
            let response = request.send().await?;
            Ok((response.status().as_u16(), response.text().await?))
        });
        let (status, text) = answered.map_err(|error: reqwest::Error| {
            format!(
                "{method} {path} got no response: {}",
                self.target.key.hide_in(&error.to_string())
            )
        })?;
        Ok(Response { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }

    /// Sends a request that the run cannot do without, and fails unless it succeeds.
    pub(crate) fn expect(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, String> {
        let response = self.call(method, path, body)?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        Err(format!("{method} {path} was answered with {}", self.described(&response)))
    }

    /// Status and message, for a person.
    pub(crate) fn described(&self, response: &Response) -> String {
        let message = response.body["error"]["message"].as_str().unwrap_or("no message");
        format!("{}: {}", response.status, self.target.key.hide_in(message))
    }

    /// All rows of a list that is read in pages of `offset` and `limit`; `query` goes before these
    /// two and ends with `&`, or is empty. Rows of deleted keys count but are not listed, so that a
    /// short page is not the end.
    pub(crate) fn list(&self, path: &str, query: &str) -> Result<Vec<Value>, String> {
        let mut rows = Vec::new();
        let mut offset = 0;
        loop {
            let path = format!("{path}?{query}offset={offset}&limit={PAGE}");
            let page = self.expect(&Method::GET, &path, None)?.body;
            let (Value::Array(more), Some(total)) = (&page["data"], page["total_count"].as_u64())
            else {
                return Err(format!("GET {path} was not answered with `data` and `total_count`"));
            };
            rows.extend(more.iter().cloned());
            offset += PAGE;
            if total <= offset {
                return Ok(rows);
            }
        }
    }
}

/// The body of a request that assigns or unassigns.
pub(crate) fn bulk(field: &str, subject: &str) -> Value {
    json!({ field: [subject] })
}
