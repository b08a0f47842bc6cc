//! One way to send a request: attempts, retries, the limit of requests at a time, the stop, redaction, and errors by stage.
//!
//! Knows HTTP and how the API reports errors, and no operation of it. Every request goes through [`HttpClient::call`], or
//! through [`HttpClient::attempt`] where sending twice is not harmless.

mod call;
mod config;
mod error;
mod error_body;
mod lenient_json;
mod limiter;
mod proxy;
mod reachability;
mod request;
mod response;
mod retry;
mod route;
mod secret;
mod server_clock;
mod transport;

pub use config::{BaseUrl, Config, ConfigError, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT};
pub use error::{Error, RetryEnd};
pub(super) use limiter::{CancelPolicy, Closed, Limiter};
pub use proxy::check_proxy;
pub(super) use request::Request;
pub(super) use response::Response;
pub(super) use retry::Attempts;
pub use retry::Retry;
pub use route::Call;
pub(super) use route::Route;
pub use secret::ApiKey;
pub(super) use server_clock::{ServerClock, parse_time};

/// A JSON object. Its numbers keep their decimal text, in requests and in responses.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// The connections to the API, and the rules by which requests are sent on them.
pub(super) struct HttpClient {
    transport: transport::HttpTransport,
    limiter: Limiter,
    reachability: reachability::Reachability,
    retry: Retry,
}

impl HttpClient {
    /// Prepares to send; nothing is sent yet.
    pub(super) fn new(config: Config) -> Result<HttpClient, ConfigError> {
        let (retry, limiter) = (config.retry, Limiter::new(config.max_concurrent_requests));
        let transport = transport::HttpTransport::new(config)?;
        Ok(HttpClient {
            transport,
            limiter,
            reachability: reachability::Reachability::default(),
            retry,
        })
    }

    /// Where the API is.
    pub(super) fn base_url(&self) -> &BaseUrl {
        self.transport.base_url()
    }

    /// What limits and stops requests.
    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The API's clock, as its responses have shown it.
    pub(super) fn server_clock(&self) -> &ServerClock {
        self.transport.clock()
    }

    /// A text with the client's key, and whatever looks like a key, masked.
    pub(super) fn redact(&self, text: &str) -> String {
        self.transport.redact(text)
    }

    /// A text from outside, fit to show within an error: masked, one printable line, of bounded length.
    pub(super) fn shown(&self, text: &str) -> String {
        self.transport.shown(text)
    }

    /// A request of a route without a segment to fill in.
    pub(super) fn request(&self, route: &'static Route) -> Request {
        Request::new(route, route.template.to_owned(), |target| self.shown(target))
    }

    /// A request of a route with its `{id}` filled in. Whatever the id holds, it stays one segment of the path; an id
    /// that no path can carry is an error.
    pub(super) fn request_with_id(
        &self,
        route: &'static Route,
        id: &str,
    ) -> Result<Request, Error> {
        Request::with_id(route, id, |target| self.shown(target))
    }
}
