//! The one door to the service: every request of every endpoint goes through [`Client::call`], or through
//! [`Client::attempt`] where sending twice is not harmless. Owns how attempts follow each other; how one is sent is in
//! `http.rs`, how long to wait in `retry.rs`, who may send in `gate.rs`.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::Client;
use super::answer::Answer;
use super::error::Error;
use super::gate::Closed;
use super::request::Request;
use super::retry::Attempts;

/// A wait longer than this is announced where people look first.
const LONG_WAIT: Duration = Duration::from_secs(5);

impl Client {
    /// Sends a request that may be sent again, until there is an answer that `read` can make something of, or no sense
    /// in trying.
    pub(super) async fn call<T>(
        &self,
        request: &Request,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = self.attempts(request);
        loop {
            let error = match self.attempt(&mut attempts, request, &read).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            let Some(wait) = self.wait_after(&mut attempts, &error) else {
                return Err(attempts.give_up(error, Instant::now()));
            };
            if self.pause(request, wait, &error).await.is_err() {
                return Err(attempts.give_up(error, Instant::now()));
            }
        }
    }

    /// The attempts at a request, none made yet.
    pub(super) fn attempts(&self, request: &Request) -> Attempts {
        Attempts::new(self.inner.retry, request.deadline)
    }

    /// Sends a request once, when its turn comes, and reads the answer.
    pub(super) async fn attempt<T>(
        &self,
        attempts: &mut Attempts,
        request: &Request,
        read: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let gate = &self.inner.gate;
        let call = &request.call;
        if let Some(wait) = gate.held_for().filter(|wait| *wait > LONG_WAIT) {
            warn!(%call, wait_s = wait.as_secs(), "waiting, as the service has asked every caller to");
        }
        let entered = gate.enter(request.urgency, attempts.end(Instant::now())).await;
        let _place = entered.map_err(|closed| match closed {
            Closed::Stopped => Error::Stopped { call: call.clone(), sent: false },
            Closed::Held(wait) => Error::HeldBack { call: call.clone(), wait },
        })?;
        attempts.begin(Instant::now());
        let answer = tokio::select! {
            biased;
            answer = self.inner.wire.send_once(request) => answer?,
            () = gate.ended(request.urgency) => {
                return Err(Error::Stopped { call: call.clone(), sent: true });
            }
        };
        read(answer)
    }

    /// How long to wait after an attempt that failed so; none if there is to be no other. A 429 holds back every call.
    pub(super) fn wait_after(&self, attempts: &mut Attempts, error: &Error) -> Option<Duration> {
        let wait = attempts.next_wait(error, Instant::now());
        if error.status() == Some(429)
            && let Some(hold) = wait.or(error.retry_after())
        {
            self.inner.gate.hold_back(hold);
        }
        wait
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// When it is time to stop.
    pub(super) async fn pause(
        &self,
        request: &Request,
        wait: Duration,
        reason: &Error,
    ) -> Result<(), Closed> {
        let (call, wait_ms) = (&request.call, wait.as_millis());
        if wait > LONG_WAIT {
            warn!(%call, wait_s = wait.as_secs(), %reason, "waiting before the next attempt");
        } else {
            debug!(%call, wait_ms, %reason, "waiting before the next attempt");
        }
        self.inner.gate.pause(wait, request.urgency).await
    }
}
