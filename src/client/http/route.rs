//! What a request is called: an endpoint, and one call of it. It must know no other module of the
//! client.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use reqwest::Method;

/// What is percent-encoded in a path or a query: every character that RFC 3986 does not call
/// unreserved.
pub(super) const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An endpoint: a method and a path below the base URL, in which `{id}` stands for one segment.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) struct Route {
    /// The HTTP method.
    pub(in crate::client) method: Method,
    /// The path as the API's documentation writes it: `/guardrails/{id}`.
    pub(in crate::client) template: &'static str,
}

/// A call as messages name it: `PATCH /guardrails/<id>`, without base URL and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    route: &'static Route,
    path: Box<str>,
}

impl Call {
    /// A call of a route. `path` must be redacted already.
    pub(super) fn new(route: &'static Route, path: String) -> Call {
        Call { route, path: path.into_boxed_str() }
    }

    /// The HTTP method.
    pub fn method(&self) -> &'static Method {
        &self.route.method
    }

    /// The path as the API's documentation writes it: `/guardrails/{id}`.
    pub fn template(&self) -> &'static str {
        self.route.template
    }

    /// The path as it was sent, below the base URL, redacted.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route.method, self.path)
    }
}
