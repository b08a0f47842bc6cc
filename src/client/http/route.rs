//! What a request is called: an endpoint, and one call of it. The ground floor of the client, which knows no other module.

use std::fmt;

use reqwest::Method;

/// An endpoint: a method and a path below the base URL, in which `{id}` stands for one segment.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) struct Route {
    /// The HTTP method.
    pub(in crate::client) method: Method,
    /// The path as the API's documentation writes it: `/guardrails/{id}`.
    pub(in crate::client) template: &'static str,
}

/// A call as people name it: `PATCH /guardrails/<id>`. Without base URL and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    route: &'static Route,
    path: Box<str>,
}

impl Call {
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

    /// The path as it was sent, below the base URL, fit to show.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route.method, self.path)
    }
}
