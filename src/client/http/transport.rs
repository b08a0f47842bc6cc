//! Sending one request once and taking in its answer, within limits of time and size. Knows methods, paths, headers and
//! statuses; what an answer means is for `answer.rs` and the endpoints, and whether to send again is for `call.rs`. The
//! layers below never resend a request that may have reached the service.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, USER_AGENT,
};
use reqwest::{StatusCode, redirect, retry};
use tokio::time::{Instant, timeout};
use tracing::{Level, debug, enabled, trace};

use super::config::{BaseUrl, Config, ConfigError};
use super::error::Error;
use super::error_body;
use super::request::{Credentials, Request};
use super::response::Response;
use super::route::Call;
use super::secret::Redactor;
use super::server_clock::{self, ServerClock};

/// Bytes of an answer that are read; more than any real one has.
const BODY_LIMIT: usize = 32 << 20;

/// Bytes of an error's body that are read: enough for its message.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// Characters of a body that are logged at TRACE.
const LOGGED_LIMIT: usize = 16 << 10;

/// Characters of an identifier or address from outside that are shown.
const SHOWN_LIMIT: usize = 200;

/// The time that connecting may take. An attempt that ends here is proven to have done nothing.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How often a connection with requests under way is probed; a dead one would swallow every later request too.
const PROBE_INTERVAL: Duration = Duration::from_secs(15);

/// The headers that name a request to whoever runs the service, in order of worth.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-request-id", "x-generation-id", "cf-ray"];

/// The connections to the service, and what every request needs.
pub(super) struct HttpTransport {
    http: reqwest::Client,
    base_url: BaseUrl,
    authorization: HeaderValue,
    redactor: Arc<Redactor>,
    timeout: Duration,
    clock: ServerClock,
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
            .connect_timeout(connect_limit(config.timeout))
            .http2_keep_alive_interval(PROBE_INTERVAL)
            .http2_keep_alive_timeout(PROBE_INTERVAL);
        if config.base_url.is_loopback() {
            // A proxy cannot mean this machine by "localhost", and must not be given the key in the clear.
            builder = builder.no_proxy();
        }
        if !config.base_url.is_encrypted() {
            // Plain http needs no trust store: spare the time to load one, and the failure where there is none.
            builder = builder.tls_certs_only([]);
        }
        let http =
            builder.build().map_err(|error| ConfigError::Tls { reason: root_cause(&error) })?;
        Ok(HttpTransport {
            http,
            authorization: config.api_key.bearer(),
            redactor: Arc::new(Redactor::new(&config.api_key)),
            base_url: config.base_url,
            timeout: config.timeout,
            clock: ServerClock::default(),
        })
    }

    /// The service's clock, as its answers have shown it.
    pub(super) fn clock(&self) -> &ServerClock {
        &self.clock
    }

    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// Sends a request once and logs it.
    pub(super) async fn send_once(&self, request: &Request) -> Result<Response, Error> {
        let started = Instant::now();
        let outcome = self.exchange(request, started).await;
        let method = request.call.method().as_str();
        let path = self.redactor.redact(&request.target);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(answer) => debug!(method, path, status = answer.status, duration_ms, "request"),
            Err(error) => {
                let status = error.status();
                debug!(method, path, status, duration_ms, error = %error, "request failed");
            }
        }
        outcome
    }

    async fn exchange(&self, request: &Request, started: Instant) -> Result<Response, Error> {
        let call = &request.call;
        let late = || Error::Timeout { call: call.clone(), after: self.timeout };
        let prepared = self.prepare(request)?;
        let mut response = timeout(self.timeout, self.http.execute(prepared))
            .await
            .map_err(|_| late())?
            .map_err(|error| self.not_answered(call, &error))?;
        let left = self.timeout.saturating_sub(started.elapsed());
        if response.status().is_success() {
            if request.credentials == Credentials::Key {
                // Neither a proxy's page nor what a cache may hold tells the service's time.
                self.clock.observe(response.headers());
            }
            let taken_in = timeout(left, self.take_in(call, &mut response)).await;
            return taken_in.map_err(|_| late())?;
        }
        // The status is the news; of its explanation, what comes in time is enough.
        let mut body = Vec::new();
        let taken_in = timeout(left, read(&mut response, &mut body, ERROR_BODY_LIMIT)).await;
        self.log_body(call, "answer", &body);
        // But for a 404: only its explanation tells whether it is the service's own.
        let is_open = response.status() == StatusCode::NOT_FOUND;
        match taken_in {
            Err(_) if is_open => Err(late()),
            Ok(Err(error)) if is_open => Err(self.not_answered(call, &error)),
            _ => Err(self.refusal(call, &response, &body)),
        }
    }

    /// The answer of a success, if its body comes to an end within the limit.
    async fn take_in(
        &self,
        call: &Call,
        response: &mut reqwest::Response,
    ) -> Result<Response, Error> {
        let mut body = Vec::new();
        let outcome = read(response, &mut body, BODY_LIMIT).await;
        self.log_body(call, "answer", &body);
        let answer = Response {
            call: call.clone(),
            status: response.status().as_u16(),
            request_id: self.request_id(response.headers()),
            body,
            redactor: Arc::clone(&self.redactor),
        };
        match outcome {
            Ok(_) if let Some(encoding) = encoding(response.headers()) => {
                Err(answer
                    .unusable(format!("it is encoded as {encoding}, which was not asked for")))
            }
            Ok(Completeness::Complete) => Ok(answer),
            Ok(Completeness::Cut) => {
                Err(answer.unusable(format!("it is larger than {} MiB", BODY_LIMIT >> 20)))
            }
            Err(error) => {
                let cause = self.redactor.redact(&root_cause(&error));
                let reason = format!("it broke off after {} bytes: {cause}", answer.body.len());
                Err(Error::ConnectionLost { call: answer.call, reason })
            }
        }
    }

    fn prepare(&self, request: &Request) -> Result<reqwest::Request, Error> {
        let url = format!("{}{}", self.base_url, request.target);
        let mut builder = self.http.request(request.call.method().clone(), url);
        if request.credentials == Credentials::Key {
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

    /// The error for a request that brought no status.
    fn not_answered(&self, call: &Call, error: &reqwest::Error) -> Error {
        let call = call.clone();
        let reason = self.redactor.redact(&root_cause(error));
        if error.is_connect() {
            let host = self.base_url.authority().to_owned();
            let (refused, untrusted) = (is_refused(error), is_untrusted(error));
            return Error::Connect { call, host, refused, untrusted, reason };
        }
        Error::ConnectionLost { call, reason }
    }

    /// The error for a status that is not success.
    fn refusal(&self, call: &Call, response: &reqwest::Response, body: &[u8]) -> Error {
        let status = response.status();
        let said = if status.is_redirection() {
            self.redirection(response)
        } else {
            error_body::message(body, &self.redactor)
        };
        let message = said
            .or_else(|| status.canonical_reason().map(str::to_owned))
            .unwrap_or_else(|| "no explanation came with it".to_owned());
        let request_id = self.request_id(response.headers());
        let from_service = error_body::is_error_document(body, status.as_u16());
        let retry_after = server_clock::retry_after(response.headers());
        let (call, status) = (call.clone(), status.as_u16());
        Error::Status { call, status, message, from_service, request_id, retry_after }
    }

    fn redirection(&self, response: &reqwest::Response) -> Option<String> {
        let location = response.headers().get(LOCATION)?;
        let location = self.shown(&String::from_utf8_lossy(location.as_bytes()));
        let reason = response.status().canonical_reason().unwrap_or("a redirect");
        Some(format!("{reason}: it points to {location}, and redirects are not followed"))
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let id = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok())?;
        Some(self.shown(id)).filter(|id| !id.is_empty())
    }

    /// A text from outside, fit to show within an error.
    pub(super) fn shown(&self, text: &str) -> String {
        error_body::line(text, SHOWN_LIMIT, &self.redactor)
    }

    fn log_body(&self, call: &Call, kind: &str, body: &[u8]) {
        if enabled!(Level::TRACE) {
            // Cut before it is masked, as a body can be very long, and after: a mask can be shorter than what it hides.
            let beginning = &body[..body.len().min(2 * LOGGED_LIMIT)];
            let text = self.redactor.redact(&String::from_utf8_lossy(beginning));
            trace!(%call, body = error_body::clip(text, LOGGED_LIMIT), "{kind} body");
        }
    }
}

/// The time for connecting within an attempt. It ends before the attempt does, so that the two are told apart.
fn connect_limit(attempt: Duration) -> Duration {
    CONNECT_LIMIT.min(attempt / 10 * 9)
}

/// The headers of every request, credentials excepted.
fn common_headers(config: &Config) -> Result<HeaderMap, ConfigError> {
    let optional = [
        ("HTTP-Referer", &config.http_referer),
        ("X-OpenRouter-Title", &config.title),
        ("X-OpenRouter-Categories", &config.categories),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, header_value("User-Agent", &config.user_agent)?);
    for (name, value) in optional {
        if let Some(value) = value {
            let value = header_value(name, value)?;
            let name = HeaderName::try_from(name).map_err(|_| ConfigError::Header { name })?;
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

fn header_value(name: &'static str, value: &str) -> Result<HeaderValue, ConfigError> {
    HeaderValue::from_str(value).map_err(|_| ConfigError::Header { name })
}

/// Whether a body was read to its end.
enum Completeness {
    Complete,
    Cut,
}

/// Reads a body into `body`, at most `limit` bytes of it.
async fn read(
    response: &mut reqwest::Response,
    body: &mut Vec<u8>,
    limit: usize,
) -> reqwest::Result<Completeness> {
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok(Completeness::Cut);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Completeness::Complete)
}

/// What the innermost error says. The outer ones only say that something within them failed.
fn root_cause(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

fn is_refused(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
    })
}

/// Whether the certificate of the other side was refused, which trying again does not mend.
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

/// The coding of a body, if it is not sent as it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = headers.get(CONTENT_ENCODING)?.to_str().unwrap_or("something unreadable");
    (!encoding.trim().is_empty() && !encoding.eq_ignore_ascii_case("identity"))
        .then(|| encoding.to_owned())
}
