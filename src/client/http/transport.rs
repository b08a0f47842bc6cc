//! Sending one request once and reading its response, within limits of time and size. It knows
//! methods, paths, headers and statuses; what a body means is for `response.rs` and its callers,
//! and whether to send again is for `http_client.rs`. The HTTP library must not resend a request on
//! its own.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION,
};
use reqwest::{StatusCode, redirect, retry};
use tokio::time::{Instant, timeout};
use tracing::{Level, debug, enabled, trace};

use super::config::{BaseUrl, Config};
use super::error::{ConfigError, Error};
use super::error_body;
use super::request::Request;
use super::response::Response;
use super::route::Call;
use super::secret::Redactor;
use super::server_clock::{self, ServerClock};

/// The bytes of a body that are read; more than any real one has.
const BODY_LIMIT: usize = 32 << 20;

/// The bytes of an error's body that are read: enough for its message.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// The characters of a body that are logged at TRACE.
const LOGGED_LIMIT: usize = 16 << 10;

/// The time that connecting may take. An attempt that ends here is proven to have done nothing.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How often a connection with requests under way is probed; on a dead one all later requests would
/// hang.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);

/// The headers by which a request can be found in the API's logs, the best one first.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-request-id", "x-generation-id", "cf-ray"];

/// The connections to the API, and what every request needs.
pub(super) struct HttpTransport {
    http: reqwest::Client,
    authorization: HeaderValue,
    timeout: Duration,
    pub(super) base_url: BaseUrl,
    pub(super) clock: ServerClock,
    pub(super) redactor: Arc<Redactor>,
}

impl HttpTransport {
    pub(super) fn new(config: Config) -> Result<HttpTransport, ConfigError> {
        if config.timeout.is_zero() {
            return Err(ConfigError::Timeout);
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(common_headers(&config)?)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // Connecting ends before the attempt does, so that the two failures are told apart.
            .connect_timeout(CONNECT_LIMIT.min(config.timeout / 10 * 9))
            .http2_keep_alive_interval(PROBE_INTERVAL)
            .http2_keep_alive_timeout(PROBE_INTERVAL);
        if config.base_url.is_loopback() {
            // To a proxy, "localhost" is another machine, and it would see the key in the clear.
            builder = builder.no_proxy();
        }
        if !config.base_url.is_encrypted() {
            // Plain http needs no trust store: spare the time to load one, and the failure where
            // there is none.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| no_tls(&error))?;
        Ok(HttpTransport {
            http,
            authorization: config.api_key.bearer(),
            redactor: Arc::new(Redactor::new(&config.api_key)),
            base_url: config.base_url,
            timeout: config.timeout,
            clock: ServerClock::default(),
        })
    }

    /// Sends a request once and logs it.
    pub(super) async fn send_once(&self, request: &Request) -> Result<Response, Error> {
        let started = Instant::now();
        let outcome = self.exchange(request, started).await;
        let method = request.call.method().as_str();
        let path = self.redactor.redact(&request.target);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(response) => debug!(method, path, status = response.status, duration_ms, "request"),
            Err(error) => {
                let status = error.status();
                debug!(method, path, status, duration_ms, error = %error, "request failed");
            }
        }
        outcome
    }

    async fn exchange(&self, request: &Request, started: Instant) -> Result<Response, Error> {
        let call = &request.call;
        let prepared = self.prepare(request)?;
        let response = timeout(self.timeout, self.http.execute(prepared)).await;
        let mut response = match response.map_err(|_| self.timed_out(call))? {
            Ok(response) => response,
            Err(error) => return Err(self.no_response(call, &error)),
        };
        let status = response.status();
        if status.is_success() && request.authorized {
            // Any other response can come from a proxy or a cache, with a `Date` of its own.
            self.clock.observe(response.headers());
        }
        let limit = if status.is_success() { BODY_LIMIT } else { ERROR_BODY_LIMIT };
        let mut body = Vec::new();
        let time_left = self.timeout.saturating_sub(started.elapsed());
        let outcome = timeout(time_left, read_body(&mut response, &mut body, limit)).await;
        self.log_body(call, "response", &body);
        // The status alone is an error, whatever came of the body. But for a 404: only its complete
        // body shows whether it is the API's own.
        if !status.is_success() && status != StatusCode::NOT_FOUND {
            return Err(self.status_error(call, &response, &body));
        }
        let is_complete = outcome.map_err(|_| self.timed_out(call))?.map_err(|error| {
            let cause = self.redactor.redact(&root_cause(&error));
            let reason = format!("it ended after {} bytes: {cause}", body.len());
            Error::ConnectionLost { call: call.clone(), reason }
        })?;
        if !status.is_success() {
            return Err(self.status_error(call, &response, &body));
        }
        self.success(call, &response, body, is_complete)
    }

    /// The response of a success, if its body is complete and sent as it is.
    fn success(
        &self,
        call: &Call,
        response: &reqwest::Response,
        body: Vec<u8>,
        is_complete: bool,
    ) -> Result<Response, Error> {
        let success = Response {
            call: call.clone(),
            status: response.status().as_u16(),
            request_id: self.request_id(response.headers()),
            body,
            redactor: Arc::clone(&self.redactor),
        };
        if let Some(encoding) = encoding(response.headers()) {
            let reason = format!("it has the encoding {encoding}, which was not requested");
            return Err(success.unusable(reason));
        }
        if !is_complete {
            return Err(success.unusable(format!("it is larger than {} MiB", BODY_LIMIT >> 20)));
        }
        Ok(success)
    }

    fn prepare(&self, request: &Request) -> Result<reqwest::Request, Error> {
        let url = format!("{}{}", self.base_url.as_str(), request.target);
        let mut builder = self.http.request(request.call.method().clone(), url);
        if request.authorized {
            builder = builder.header(AUTHORIZATION, self.authorization.clone());
        }
        if let Some(body) = &request.body {
            self.log_body(&request.call, "request", body);
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        builder.build().map_err(|error| Error::Request {
            call: request.call.clone(),
            reason: self.redactor.redact(&root_cause(&error)),
        })
    }

    /// The error for a status that is not success.
    fn status_error(&self, call: &Call, response: &reqwest::Response, body: &[u8]) -> Error {
        let status = response.status();
        let reason = status.canonical_reason();
        let message = if status.is_redirection() {
            self.redirection(response)
        } else {
            error_body::message(body, &self.redactor)
        };
        Error::Status {
            call: call.clone(),
            status: status.as_u16(),
            message: message.unwrap_or_else(|| reason.unwrap_or("no explanation").to_owned()),
            from_service: error_body::is_error_document(body, status.as_u16()),
            request_id: self.request_id(response.headers()),
            retry_after: server_clock::retry_after(response.headers()),
        }
    }

    fn redirection(&self, response: &reqwest::Response) -> Option<String> {
        let location = response.headers().get(LOCATION)?;
        let location = String::from_utf8_lossy(location.as_bytes());
        let location = error_body::shown(&location, &self.redactor);
        let reason = response.status().canonical_reason().unwrap_or("a redirect");
        Some(format!("{reason}: it points to {location}, and redirects are not followed"))
    }

    /// The error for a request without a response.
    fn no_response(&self, call: &Call, error: &reqwest::Error) -> Error {
        let reason = self.redactor.redact(&root_cause(error));
        if !error.is_connect() {
            return Error::ConnectionLost { call: call.clone(), reason };
        }
        Error::Connect {
            call: call.clone(),
            host: self.base_url.authority().to_owned(),
            untrusted: is_untrusted(error),
            reason,
        }
    }

    fn timed_out(&self, call: &Call) -> Error {
        Error::Timeout { call: call.clone(), after: self.timeout }
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let id = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
        Some(error_body::shown(id, &self.redactor)).filter(|id| !id.is_empty())
    }

    fn log_body(&self, call: &Call, kind: &str, body: &[u8]) {
        if enabled!(Level::TRACE) {
            let text = String::from_utf8_lossy(body);
            let body = self.redactor.redact_and_cut(&text, LOGGED_LIMIT);
            trace!(%call, body, "{kind} body");
        }
    }
}

/// The headers of every request, except the key.
fn common_headers(config: &Config) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in [
        ("User-Agent", Some(&config.user_agent)),
        ("HTTP-Referer", config.http_referer.as_ref()),
        ("X-OpenRouter-Title", config.title.as_ref()),
        ("X-OpenRouter-Categories", config.categories.as_ref()),
    ] {
        if let Some(value) = value {
            let header = HeaderName::try_from(name).expect("each of these names is valid");
            let value = HeaderValue::from_str(value).map_err(|_| ConfigError::Header { name })?;
            headers.insert(header, value);
        }
    }
    Ok(headers)
}

/// Reads a body up to a limit, and tells whether it ends there. When that fails, `body` has what
/// came before.
async fn read_body(
    response: &mut reqwest::Response,
    body: &mut Vec<u8>,
    limit: usize,
) -> reqwest::Result<bool> {
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What keeps HTTPS from being set up. The HTTP library has only a text for a trust store that is
/// missing or empty.
fn no_tls(error: &reqwest::Error) -> ConfigError {
    let reason = root_cause(error);
    if reason.contains("No CA certificates") {
        return ConfigError::NoTrustStore;
    }
    ConfigError::Tls { reason }
}

/// The text of the innermost error. The outer ones only say that something within them failed.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether the server's certificate was refused, which a retry does not change.
fn is_untrusted(error: &reqwest::Error) -> bool {
    causes(error)
        .any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))))
}

/// What an error came from, outermost first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        // An I/O error that wraps another one gives that one's source for its own.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as _).or_else(|| cause.source())
    })
}

/// The encoding of a body, if it is not sent as it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = headers.get(CONTENT_ENCODING)?.to_str().unwrap_or("something unreadable");
    let is_identity = encoding.trim().is_empty() || encoding.eq_ignore_ascii_case("identity");
    (!is_identity).then(|| encoding.to_owned())
}
