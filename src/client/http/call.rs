//! The one door to the service: every request of every endpoint goes through [`Client::call`], or through
//! [`Client::attempt`] where sending twice is not harmless. Owns how attempts follow each other; how one is sent is in
//! `http.rs`, how long to wait in `retry.rs`, who may send in `limiter.rs`.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::HttpClient;
use super::error::{Error, RetryEnd};
use super::limiter::Closed;
use super::request::Request;
use super::response::Response;
use super::retry::Attempts;

/// A wait longer than this is announced where people look first.
const LONG_WAIT: Duration = Duration::from_secs(5);

impl HttpClient {
    /// Sends a request that may be sent again, until there is an answer that `read` can make something of, or no sense
    /// in trying.
    pub(in crate::client) async fn call<T>(
        &self,
        request: &Request,
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = self.attempts(request);
        loop {
            let error = match self.attempt(&mut attempts, request, &read).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            self.wait_for_another(request, &mut attempts, error).await?;
        }
    }

    /// The attempts at a request, none made yet.
    pub(in crate::client) fn attempts(&self, request: &Request) -> Attempts {
        Attempts::new(self.retry, request.deadline)
    }

    /// Sends a request once, when its turn comes, and reads the answer.
    pub(in crate::client) async fn attempt<T>(
        &self,
        attempts: &mut Attempts,
        request: &Request,
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limiter = &self.limiter;
        let call = &request.call;
        if let Some(wait) = limiter.held_for().filter(|wait| *wait > LONG_WAIT) {
            warn!(%call, wait_s = wait.as_secs(), "waiting, as the service has asked every caller to");
        }
        let entered = limiter.enter(request.cancel_policy, attempts.patience(Instant::now())).await;
        let _place = entered.map_err(|closed| match closed {
            Closed::Stopped => Error::Stopped { call: call.clone(), sent: false },
            Closed::Held(wait) => Error::RateLimited { call: call.clone(), wait },
        })?;
        let begun = Instant::now();
        attempts.begin(begun);
        let outcome = tokio::select! {
            biased;
            outcome = self.transport.send_once(request) => outcome,
            () = limiter.ended(request.cancel_policy) => {
                return Err(Error::Stopped { call: call.clone(), sent: true });
            }
        };
        attempts.note_unreached(self.reachability.note(&outcome, begun));
        read(outcome?)
    }

    /// Waits after an attempt that failed, if there is to be another one. A 429 holds back every call.
    ///
    /// # Errors
    /// The error to end with, if there is to be none.
    pub(in crate::client) async fn wait_for_another(
        &self,
        request: &Request,
        attempts: &mut Attempts,
        error: Error,
    ) -> Result<(), Error> {
        let wait = attempts.next_wait(&error, Instant::now());
        if error.status() == Some(429)
            && let Some(hold) = wait.ok().or(error.retry_after())
        {
            self.limiter.hold_back(hold);
        }
        let end = match wait {
            Err(end) => end,
            Ok(wait) => {
                if attempts.is_unreached() {
                    self.reachability.announce(&error, Instant::now());
                } else {
                    announce(request, wait, &error);
                }
                match self.limiter.pause(wait, request.cancel_policy).await {
                    Ok(()) => return Ok(()),
                    Err(_) => RetryEnd::Stopped,
                }
            }
        };
        Err(attempts.give_up(error, Instant::now(), end))
    }
}

fn announce(request: &Request, wait: Duration, reason: &Error) {
    let (call, wait_ms) = (&request.call, wait.as_millis());
    if wait > LONG_WAIT {
        warn!(%call, wait_s = wait.as_secs(), %reason, "waiting before the next attempt");
    } else {
        debug!(%call, wait_ms, %reason, "waiting before the next attempt");
    }
}
