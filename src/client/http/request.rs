//! Requests before they are sent: which endpoint, which query, which body. What comes from outside, an id or a query
//! value, can change neither the path nor another part of the query.

use std::fmt::Write as _;

use reqwest::Method;
use tokio::time::Instant;

use super::JsonObject;
use super::error::Error;
use super::limiter::CancelPolicy;
use super::route::{Call, Route};

/// Whether a request carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Credentials {
    Key,
    None,
}

/// One request, complete but for the base URL.
#[derive(Clone)]
pub(in crate::client) struct Request {
    pub(in crate::client) call: Call,
    /// Path, below the base URL, and query as they are sent.
    pub(in crate::client) target: String,
    pub(in crate::client) credentials: Credentials,
    pub(in crate::client) body: Option<Vec<u8>>,
    pub(in crate::client) cancel_policy: CancelPolicy,
    /// After which it is not sent again.
    pub(in crate::client) deadline: Option<Instant>,
}

impl Request {
    /// A request of a route without a segment to fill in. `shown` makes a text fit to show.
    pub(in crate::client) fn new(
        route: &'static Route,
        target: String,
        shown: impl Fn(&str) -> String,
    ) -> Request {
        let call = Call::new(route, shown(&target));
        let cancel_policy = if route.method == Method::GET {
            CancelPolicy::Abort
        } else {
            CancelPolicy::FinishIfStarted
        };
        Request {
            call,
            target,
            credentials: Credentials::Key,
            body: None,
            cancel_policy,
            deadline: None,
        }
    }

    /// A request of a route with its `{id}` filled in.
    pub(in crate::client) fn with_id(
        route: &'static Route,
        id: &str,
        shown: impl Fn(&str) -> String,
    ) -> Result<Request, Error> {
        if matches!(id, "" | "." | "..") {
            let call = Call::new(route, route.template.to_owned());
            return Err(Error::Request { call, reason: format!("{id:?} is not an id") });
        }
        let mut segment = String::with_capacity(id.len());
        push_encoded(&mut segment, id);
        Ok(Request::new(route, route.template.replace("{id}", &segment), shown))
    }

    /// Sends no credentials along.
    pub(in crate::client) fn anonymous(mut self) -> Request {
        self.credentials = Credentials::None;
        self
    }

    /// Sends it once, whatever comes of it.
    pub(in crate::client) fn once(mut self) -> Request {
        self.deadline = Some(Instant::now());
        self
    }

    /// Sends it even after a stop, since it tells what became of a write, and not again after `deadline`, if
    /// there is one.
    pub(in crate::client) fn finishing(mut self, deadline: Option<Instant>) -> Request {
        self.cancel_policy = CancelPolicy::Finish;
        self.deadline = deadline;
        self
    }

    /// Adds to the query; an absent value leaves its name out too.
    pub(in crate::client) fn query(mut self, pairs: &[(&str, Option<&str>)]) -> Request {
        let mut separator = if self.target.contains('?') { '&' } else { '?' };
        for (name, value) in pairs {
            if let Some(value) = value {
                self.target.push(separator);
                self.target.push_str(name);
                self.target.push('=');
                push_encoded(&mut self.target, value);
                separator = '&';
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

/// Percent-encodes all but the characters that mean themselves everywhere in a URL (RFC 3986, unreserved).
fn push_encoded(target: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            target.push(char::from(byte));
        } else {
            write!(target, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
}
