//! Requests before they are sent: which endpoint, which query, which body. What comes from outside, an id or a query
//! value, can change neither the path nor another part of the query.

use std::fmt::Write as _;

use reqwest::Method;
use tokio::time::Instant;

use super::error::{Call, Error};
use super::gate::Urgency;
use super::http::Wire;
use super::{Client, JsonObject};

/// An endpoint: a method and a path below the base URL, in which `{id}` stands for one segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) template: &'static str,
}

/// Whether a request carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials {
    Key,
    None,
}

/// One request, complete but for the base URL.
pub(super) struct Request {
    pub(super) call: Call,
    /// Path, below the base URL, and query as they are sent.
    pub(super) target: String,
    pub(super) credentials: Credentials,
    pub(super) body: Option<Vec<u8>>,
    pub(super) urgency: Urgency,
    /// After which it is not sent again.
    pub(super) deadline: Option<Instant>,
}

impl Request {
    fn new(wire: &Wire, route: &'static Route, target: String) -> Request {
        let call = Call::new(route, wire.shown(&target));
        let urgency = if route.method == Method::GET { Urgency::None } else { Urgency::OnceBegun };
        Request { call, target, credentials: Credentials::Key, body: None, urgency, deadline: None }
    }

    /// Sends no credentials along.
    pub(super) fn anonymous(mut self) -> Request {
        self.credentials = Credentials::None;
        self
    }

    /// Sends it once, whatever comes of it.
    pub(super) fn once(mut self) -> Request {
        self.deadline = Some(Instant::now());
        self
    }

    /// Sends it even after a stop, since it tells what became of a write, and not again after `deadline`, if
    /// there is one.
    pub(super) fn finishing(mut self, deadline: Option<Instant>) -> Request {
        self.urgency = Urgency::ToFinish;
        self.deadline = deadline;
        self
    }

    /// Adds to the query; an absent value leaves its name out too.
    pub(super) fn query(mut self, pairs: &[(&str, Option<&str>)]) -> Request {
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
    pub(super) fn json(mut self, body: &JsonObject) -> Result<Request, Error> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::Request { call: self.call.clone(), reason: error.to_string() })?;
        self.body = Some(body);
        Ok(self)
    }
}

impl Client {
    /// A request of a route without a segment to fill in.
    pub(super) fn request(&self, route: &'static Route) -> Request {
        Request::new(&self.inner.wire, route, route.template.to_owned())
    }

    /// A request of a route with its `{id}` filled in. Whatever the id holds, it stays one segment of the path; an id
    /// that no path can carry is an error.
    pub(super) fn request_with_id(&self, route: &'static Route, id: &str) -> Result<Request, Error> {
        if matches!(id, "" | "." | "..") {
            let call = Call::new(route, route.template.to_owned());
            return Err(Error::Request { call, reason: format!("{id:?} is not an id") });
        }
        let mut segment = String::with_capacity(id.len());
        push_encoded(&mut segment, id);
        Ok(Request::new(&self.inner.wire, route, route.template.replace("{id}", &segment)))
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
