//! The one door to the service: every request of every endpoint goes through [`Client::call`], or through
//! [`Client::attempt`] where sending twice is not harmless. Owns how attempts follow each other; how one is sent is in
//! `http.rs`, how long to wait in `retry.rs`, who may send in `gate.rs`.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, warn};

use super::Client;
use super::answer::Answer;
use super::error::{End, Error};
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
            self.wait_for_another(request, &mut attempts, error).await?;
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
        let entered = gate.enter(request.urgency, attempts.patience(Instant::now())).await;
        let _place = entered.map_err(|closed| match closed {
            Closed::Stopped => Error::Stopped { call: call.clone(), sent: false },
            Closed::Held(wait) => Error::HeldBack { call: call.clone(), wait },
        })?;
        let begun = Instant::now();
        attempts.begin(begun);
        let outcome = tokio::select! {
            biased;
            outcome = self.inner.wire.send_once(request) => outcome,
            () = gate.ended(request.urgency) => {
                return Err(Error::Stopped { call: call.clone(), sent: true });
            }
        };
        attempts.note_unreached(self.inner.reach.note(&outcome, begun));
        read(outcome?)
    }

    /// Waits after an attempt that failed, if there is to be another one. A 429 holds back every call.
    ///
    /// # Errors
    /// The error to end with, if there is to be none.
    pub(super) async fn wait_for_another(
        &self,
        request: &Request,
        attempts: &mut Attempts,
        error: Error,
    ) -> Result<(), Error> {
        let wait = attempts.next_wait(&error, Instant::now());
        if error.status() == Some(429)
            && let Some(hold) = wait.ok().or(error.retry_after())
        {
            self.inner.gate.hold_back(hold);
        }
        let end = match wait {
            Err(end) => end,
            Ok(wait) => {
                if attempts.is_unreached() {
                    self.inner.reach.announce(&error, Instant::now());
                } else {
                    announce(request, wait, &error);
                }
                match self.inner.gate.pause(wait, request.urgency).await {
                    Ok(()) => return Ok(()),
                    Err(_) => End::Stopped,
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
