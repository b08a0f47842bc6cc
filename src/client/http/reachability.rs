//! Whether the service was ever reached by a client: any HTTP response counts, whatever its status, and a connection that
//! brought none in time. Owns that memory and how
//! often the log says that nothing was reached yet; for how long to try is in `retry.rs`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::error::Error;

/// The time between two warnings of a client, however many of its calls wait.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);

/// One for all requests of a client.
#[derive(Default)]
pub(super) struct Reachability(Mutex<Known>);

#[derive(Default)]
struct Known {
    reached: bool,
    /// When the first attempt that failed to connect began.
    unreached_since: Option<Instant>,
    warned: Option<Instant>,
}

impl Reachability {
    /// Notes how an attempt ended that began at that moment. Gives since when the service has been tried without being
    /// reached, if it never was, and this attempt did not reach it either.
    pub(super) fn note<T>(&self, outcome: &Result<T, Error>, begun: Instant) -> Option<Instant> {
        let mut known = self.lock();
        match outcome {
            Err(Error::Connect { .. }) if known.reached => None,
            Err(Error::Connect { .. }) => Some(*known.unreached_since.get_or_insert(begun)),
            Err(Error::Request { .. } | Error::Stopped { .. }) => None,
            // With an answer that is late or incomplete there was a connection at least.
            _ => {
                known.reached = true;
                None
            }
        }
    }

    /// Says in the log why nothing happens, unless it was said a moment ago.
    pub(super) fn announce(&self, reason: &Error, now: Instant) {
        let mut known = self.lock();
        if known.warned.is_some_and(|warned| now < warned + WARNING_INTERVAL) {
            return;
        }
        known.warned = Some(now);
        warn!(%reason, "the service has not been reached yet; still trying");
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::route::{Call, Route};
    use super::super::{ApiKey, BaseUrl, Config, HttpClient};
    use super::*;

    static ROUTE: Route = Route { method: Method::GET, template: "/guardrails" };

    fn call() -> Call {
        Call::new(&ROUTE, "/guardrails".to_owned())
    }

    fn refused() -> Error {
        let (host, reason) = ("h".to_owned(), "why".to_owned());
        Error::Connect { call: call(), host, refused: true, untrusted: false, reason }
    }

    #[test]
    fn whatever_answers_has_been_reached() {
        let (start, later) = (Instant::now(), Instant::now() + Duration::from_secs(9));
        let status = Error::Status {
            call: call(),
            status: 503,
            message: "no".to_owned(),
            from_service: false,
            request_id: None,
            retry_after: None,
        };
        let late = Error::Timeout { call: call(), after: Duration::from_secs(1) };
        for outcome in [Ok(()), Err(status), Err(late)] {
            let reach = Reachability::default();
            assert_eq!(reach.note::<()>(&Err(refused()), start), Some(start));
            assert_eq!(
                reach.note::<()>(&Err(refused()), later),
                Some(start),
                "the first attempt counts"
            );
            assert_eq!(reach.note(&outcome, later), None);
            assert_eq!(reach.note::<()>(&Err(refused()), later), None, "{outcome:?}");
        }
        let reach = Reachability::default();
        let stopped = Error::Stopped { call: call(), sent: true };
        assert_eq!(reach.note::<()>(&Err(stopped), start), None);
        assert_eq!(reach.note::<()>(&Err(refused()), later), Some(later));
    }

    /// Nothing listens on port 1. Should the clock, which runs as fast as it can, end an attempt first, that is a failure to
    /// connect as well.
    #[tokio::test(start_paused = true)]
    async fn the_first_calls_of_a_client_share_half_a_minute() {
        let base_url = BaseUrl::parse("http://127.0.0.1:1").unwrap();
        let client =
            HttpClient::new(Config::new(ApiKey::new("sk-or-mgmt-x").unwrap(), base_url, "tests/1"))
                .unwrap();
        let start = Instant::now();
        for call in 0..3 {
            let error = client.call(&client.request(&ROUTE), |_| Ok(())).await.unwrap_err();
            assert!(
                error.to_string().ends_with("the service was never reached in this run"),
                "{error}"
            );
            let longest = Duration::from_secs(40 + call * 10);
            assert!(start.elapsed() < longest, "call {call}: {:?}", start.elapsed());
        }
    }
}
