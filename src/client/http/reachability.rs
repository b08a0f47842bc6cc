//! Whether a client has ever reached the API: any HTTP response counts, whatever its status, and so
//! does a connection on which no response came in time. It owns that memory and how often the log
//! says that the API was not reached yet; for how long to try is in `retry.rs`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::error::Error;
use super::route::Call;

/// The time between two warnings of a client, however many of its calls wait.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);

/// A failure longer ago says nothing about the next attempt.
const FAILURE_LIFETIME: Duration = Duration::from_secs(30);

/// One for all requests of a client.
#[derive(Default)]
pub(super) struct Reachability(Mutex<State>);

#[derive(Default)]
struct State {
    reached: bool,
    /// When the first attempt that failed to connect started.
    unreached_since: Option<Instant>,
    /// When and how the last one failed.
    last_failure: Option<(Instant, Error)>,
    last_warning: Option<Instant>,
}

impl Reachability {
    /// Notes how an attempt ended that started at that moment.
    pub(super) fn note<T>(&self, outcome: &Result<T, Error>, started: Instant) {
        let mut state = self.lock();
        match outcome {
            Err(error @ Error::Connect { .. }) => {
                state.unreached_since.get_or_insert(started);
                state.last_failure = Some((Instant::now(), error.clone()));
            }
            // These say nothing about the connection.
            Err(Error::Request { .. } | Error::Stopped { .. }) => {}
            // A late or incomplete response shows that there was a connection at least.
            _ => state.reached = true,
        }
    }

    /// Since when the API has been tried without ever being reached; none once it was reached.
    pub(super) fn unreached_since(&self) -> Option<Instant> {
        let state = self.lock();
        if state.reached { None } else { state.unreached_since }
    }

    /// The last failure to connect, as the failure of this call; none if it is long ago.
    pub(super) fn recent_failure(&self, call: &Call) -> Option<Error> {
        let (failed_at, mut error) = self.lock().last_failure.clone()?;
        if failed_at.elapsed() > FAILURE_LIFETIME {
            return None;
        }
        if let Error::Connect { call: failed, .. } = &mut error {
            *failed = call.clone();
        }
        Some(error)
    }

    /// Says in the log why nothing happens, unless it was said a moment ago.
    pub(super) fn warn(&self, reason: &Error, now: Instant) {
        let mut state = self.lock();
        if state.last_warning.is_some_and(|last| now < last + WARNING_INTERVAL) {
            return;
        }
        state.last_warning = Some(now);
        warn!(%reason, "the API has not been reached yet; retrying");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::route::Route;
    use super::*;

    static ROUTE: Route = Route { method: Method::GET, template: "/guardrails" };

    fn call(path: &str) -> Call {
        Call::new(&ROUTE, path.to_owned())
    }

    fn refused() -> Result<(), Error> {
        let (host, reason) = ("h".to_owned(), "why".to_owned());
        let call = call("/guardrails");
        Err(Error::Connect { call, host, untrusted: false, reason })
    }

    #[test]
    fn any_response_shows_that_the_api_was_reached() {
        let (start, later) = (Instant::now(), Instant::now() + Duration::from_secs(9));
        let status = Error::Status {
            call: call("/guardrails"),
            status: 503,
            message: "no".to_owned(),
            from_service: false,
            request_id: None,
            retry_after: None,
        };
        let late = Error::Timeout { call: call("/guardrails"), after: Duration::from_secs(1) };
        for outcome in [Ok(()), Err(status), Err(late)] {
            let reachability = Reachability::default();
            reachability.note(&refused(), start);
            reachability.note(&refused(), later);
            assert_eq!(reachability.unreached_since(), Some(start), "the first attempt counts");
            reachability.note(&outcome, later);
            reachability.note(&refused(), later);
            assert_eq!(reachability.unreached_since(), None, "{outcome:?}");
        }
        let reachability = Reachability::default();
        let stopped = Error::Stopped { call: call("/guardrails"), sent: true };
        reachability.note::<()>(&Err(stopped), start);
        assert_eq!(reachability.unreached_since(), None);
        reachability.note(&refused(), later);
        assert_eq!(reachability.unreached_since(), Some(later));
        let failure = reachability.recent_failure(&call("/guardrails/g")).unwrap();
        assert_eq!(failure.to_string(), "GET /guardrails/g: cannot connect to h: why");
    }
}
