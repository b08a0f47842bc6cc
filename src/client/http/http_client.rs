//! How a call is made: its attempts, the waits between them, and what ends it. How one request is
//! sent is in `transport.rs`, how long to wait in `retry.rs`, who may send in `limiter.rs`.

use std::time::Duration;

use percent_encoding::utf8_percent_encode;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::config::{BaseUrl, Config};
use super::error::{ConfigError, Error, RetryEnd};
use super::error_body;
use super::limiter::{Limiter, NotStarted};
use super::reachability::Reachability;
use super::request::Request;
use super::response::Response;
use super::retry::{Attempts, RetryPolicy};
use super::route::{Call, ENCODED, Route};
use super::server_clock::ServerClock;
use super::transport::HttpTransport;

/// A longer wait is logged at WARN.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// The connections to the API, and the rules by which requests are sent on them.
pub(in crate::client) struct HttpClient {
    transport: HttpTransport,
    limiter: Limiter,
    reachability: Reachability,
    retry: RetryPolicy,
    /// Each call in progress holds a reference.
    calls_in_progress: Arc<()>,
}

impl HttpClient {
    /// Prepares to send; nothing is sent yet.
    pub(in crate::client) fn new(config: Config) -> Result<HttpClient, ConfigError> {
        Ok(HttpClient {
            limiter: Limiter::new(config.max_concurrent_requests),
            reachability: Reachability::default(),
            retry: config.retry,
            transport: HttpTransport::new(config)?,
            calls_in_progress: Arc::default(),
        })
    }

    /// Where the API is.
    pub(in crate::client) fn base_url(&self) -> &BaseUrl {
        &self.transport.base_url
    }

    /// What limits and stops requests.
    pub(in crate::client) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The server's clock, as its responses have shown it.
    pub(in crate::client) fn server_clock(&self) -> &ServerClock {
        &self.transport.clock
    }

    /// The text with the client's key, and whatever looks like a key, masked.
    pub(in crate::client) fn redact(&self, text: &str) -> String {
        self.transport.redactor.redact(text)
    }

    /// A text from outside, fit to show within an error: redacted, one printable line, of bounded
    /// length.
    pub(in crate::client) fn shown(&self, text: &str) -> String {
        error_body::shown(text, &self.transport.redactor)
    }

    /// A request of a route without a segment to fill in.
    pub(in crate::client) fn request(&self, route: &'static Route) -> Request {
        self.request_to(route, route.template.to_owned())
    }

    /// A request of a route with its `{id}` filled in. Whatever the id holds, it stays one segment
    /// of the path; an id that no path can carry is an error.
    pub(in crate::client) fn request_with_id(
        &self,
        route: &'static Route,
        id: &str,
    ) -> Result<Request, Error> {
        if matches!(id, "" | "." | "..") {
            let call = Call::new(route, route.template.to_owned());
            return Err(Error::Request { call, reason: format!("{id:?} is not an id") });
        }
        let segment = utf8_percent_encode(id, ENCODED).to_string();
        Ok(self.request_to(route, route.template.replace("{id}", &segment)))
    }

    fn request_to(&self, route: &'static Route, path: String) -> Request {
        let shown = self.shown(&path);
        Request::new(route, path, shown)
    }

    /// Sends a request that may be sent more than once, with retries, until `read` accepts a
    /// response or a failure is final.
    pub(in crate::client) async fn call<T>(
        &self,
        request: &Request,
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = self.attempts(request);
        loop {
            match self.attempt(&mut attempts, request, &read).await {
                Ok(result) => return Ok(result),
                Err(error) => self.wait_before_retry(request, &mut attempts, error).await?,
            }
        }
    }

    /// The attempts at a request, none made yet.
    pub(in crate::client) fn attempts(&self, request: &Request) -> Attempts {
        Attempts::new(self.retry, request.deadline).holding(&self.calls_in_progress)
    }

    /// Whether no call is in progress; one that waits for another attempt is.
    pub(in crate::client) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.calls_in_progress) == 1
    }

    /// Sends a request once, as soon as the limiter lets it, and reads the response. Nothing is
    /// sent if the API was never reached and the time for that is over.
    pub(in crate::client) async fn attempt<T>(
        &self,
        attempts: &mut Attempts,
        request: &Request,
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let call = &request.call;
        if let Some(wait) = self.limiter.rate_limited_for().filter(|wait| *wait > LONG_WAIT) {
            warn!(%call, wait_s = wait.as_secs(), "waiting, because a response with status 429 \
                                                   asks all requests to wait");
        }
        let deadline = attempts.rate_limit_deadline(Instant::now());
        let acquired = self.limiter.acquire(request.stop_policy, deadline).await;
        let _permit = acquired.map_err(|closed| match closed {
            NotStarted::Stopped => Error::Stopped { call: call.clone(), sent: false },
            NotStarted::RateLimited(wait) => Error::RateLimited { call: call.clone(), wait },
        })?;
        let started = Instant::now();
        attempts.unreached_since = self.reachability.unreached_since();
        if attempts.is_given_up(started)
            && let Some(failure) = self.reachability.recent_failure(call)
        {
            return Err(failure);
        }
        attempts.start(started);
        let outcome = tokio::select! {
            biased;
            outcome = self.transport.send_once(request) => outcome,
            () = self.limiter.ended(request.stop_policy) => {
                return Err(Error::Stopped { call: call.clone(), sent: true });
            }
        };
        self.reachability.note(&outcome, started);
        attempts.unreached_since = self.reachability.unreached_since();
        read(outcome?)
    }

    /// Waits after an attempt that failed, if there is to be another one. A 429 holds back every
    /// call.
    ///
    /// # Errors
    /// The error to end with, if there is to be none.
    pub(in crate::client) async fn wait_before_retry(
        &self,
        request: &Request,
        attempts: &mut Attempts,
        error: Error,
    ) -> Result<(), Error> {
        let wait = attempts.next_wait(&error, Instant::now());
        if error.status() == Some(429)
            && !request.is_optional
            && let Some(wait) = wait.ok().or(error.retry_after())
        {
            self.limiter.rate_limit(wait);
        }
        let end = match wait {
            Ok(wait) => {
                if attempts.unreached_since.is_some() {
                    self.reachability.warn(&error, Instant::now());
                } else {
                    log_wait(request, wait, &error);
                }
                if self.limiter.pause(wait, request.stop_policy).await.is_ok() {
                    return Ok(());
                }
                RetryEnd::Stopped
            }
            Err(end) => end,
        };
        Err(attempts.give_up(error, Instant::now(), end))
    }
}

fn log_wait(request: &Request, wait: Duration, reason: &Error) {
    let (call, wait_ms) = (&request.call, wait.as_millis());
    if wait > LONG_WAIT {
        warn!(%call, wait_s = wait.as_secs(), %reason, "waiting before the next attempt");
    } else {
        debug!(%call, wait_ms, %reason, "waiting before the next attempt");
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;

    use reqwest::Method;
    use tokio::task::JoinSet;

    use super::super::secret::ApiKey;
    use super::*;

    static ROUTE: Route = Route { method: Method::GET, template: "/guardrails" };

    /// A server that never completes the TLS handshake, and more calls than may be under way at a
    /// time: those that wait for a permit do not each wait for a connection of their own. The
    /// paused clock runs on whenever nothing else does; should it end an attempt early, that is a
    /// failure to connect too.
    #[tokio::test(start_paused = true)]
    async fn calls_that_wait_for_a_permit_share_the_time_to_reach_the_api() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let key = ApiKey::new("sk-or-mgmt-x").unwrap();
        let config = Config::new(key, BaseUrl::parse(&url).unwrap(), "tests/1");
        let client = Arc::new(HttpClient::new(config).unwrap());
        let start = Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..80 {
            let client = Arc::clone(&client);
            calls.spawn(async move { client.call(&client.request(&ROUTE), |_| Ok(())).await });
        }
        while let Some(outcome) = calls.join_next().await {
            let error = outcome.unwrap().unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("GET /guardrails: cannot connect to 127.0.0.1:"), "{text}");
            assert!(text.ends_with("the API was never reached in this run"), "{text}");
        }
        // An attempt that starts just before the 30 seconds are over has 10 seconds to connect.
        assert!(start.elapsed() <= Duration::from_secs(41), "{:?}", start.elapsed());
    }
}
