//! Requests before they are sent: which endpoint, which query, which body. What comes from outside,
//! an id or a query value, can change neither the path nor another part of the query.

use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use tokio::time::Instant;

use super::error::Error;
use super::json::JsonObject;
use super::limiter::StopPolicy;
use super::route::{Call, ENCODED, Route};

/// One request, complete but for the base URL and the key.
#[derive(Clone)]
pub(in crate::client) struct Request {
    pub(in crate::client) call: Call,
    /// Path, below the base URL, and query as they are sent.
    pub(super) target: String,
    /// Whether the key is sent along.
    pub(super) authorized: bool,
    pub(super) body: Option<Vec<u8>>,
    pub(super) stop_policy: StopPolicy,
    /// After which it is not sent again.
    pub(super) deadline: Option<Instant>,
    /// Whether a 429 to it holds back no other call.
    pub(super) is_optional: bool,
}

impl Request {
    /// A request of a route, its path filled in. `shown` is the path for messages.
    pub(super) fn new(route: &'static Route, path: String, shown: String) -> Request {
        let is_read = route.method == Method::GET;
        Request {
            call: Call::new(route, shown),
            target: path,
            authorized: true,
            body: None,
            stop_policy: if is_read { StopPolicy::Abort } else { StopPolicy::FinishIfStarted },
            deadline: None,
            is_optional: false,
        }
    }

    /// Sends no key along.
    pub(in crate::client) fn anonymous(mut self) -> Request {
        self.authorized = false;
        self
    }

    /// Sends it once, without retries.
    pub(in crate::client) fn once(self) -> Request {
        self.retried_until(Instant::now())
    }

    /// Sends it again until then at most.
    pub(in crate::client) fn retried_until(self, deadline: Instant) -> Request {
        Request { deadline: Some(deadline), ..self }
    }

    /// Sends it once, and lets no other call wait for it, whatever the response: it is about
    /// something that the caller can do without.
    pub(in crate::client) fn optional(self) -> Request {
        Request { is_optional: true, ..self.once() }
    }

    /// Sends it even after a stop, since it finds out what became of a write, and not again after
    /// `deadline`, if there is one.
    pub(in crate::client) fn finishing(mut self, deadline: Option<Instant>) -> Request {
        self.stop_policy = StopPolicy::Finish;
        self.deadline = deadline;
        self
    }

    /// Adds to the query; an absent value leaves its name out too.
    pub(in crate::client) fn query(mut self, pairs: &[(&str, Option<&str>)]) -> Request {
        for (name, value) in pairs {
            if let Some(value) = value {
                let separator = if self.target.contains('?') { '&' } else { '?' };
                self.target.push(separator);
                self.target.push_str(name);
                self.target.push('=');
                self.target.extend(utf8_percent_encode(value, ENCODED));
            }
        }
        self
    }

    /// Adds a JSON body.
    pub(in crate::client) fn json(mut self, body: &JsonObject) -> Result<Request, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Request {
            call: self.call.clone(),
            reason: error.to_string(),
        })?;
        self.body = Some(body);
        Ok(self)
    }
}
