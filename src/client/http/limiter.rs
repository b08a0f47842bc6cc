//! Who may send, and when: how many requests are under way at a time, how long a 429 has asked all
//! requests to wait, and whether the client was stopped. It must not know what a request is.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// How long after the stop a write that is under way may take.
const WRITE_GRACE: Duration = Duration::from_secs(10);

/// How much longer the requests may take that find out what became of it.
const CONFIRMATION_GRACE: Duration = Duration::from_secs(2);

/// What a stop does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum StopPolicy {
    /// It ends at once, as reads can.
    Abort,
    /// It does not start any more; once started it may finish, as writes should.
    FinishIfStarted,
    /// It may even start, since it finds out what became of a write.
    Finish,
}

/// Why a request may not start.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) enum NotStarted {
    /// The client was stopped.
    Stopped,
    /// A 429 has asked for this wait, and there is not as much time.
    RateLimited(Duration),
}

/// One for all requests of a client.
pub(in crate::client) struct Limiter {
    permits: Semaphore,
    rate_limited_until: watch::Sender<Option<Instant>>,
    stopped_at: watch::Sender<Option<Instant>>,
}

impl Limiter {
    /// A limiter for so many requests at a time.
    pub(super) fn new(max_concurrent: NonZeroUsize) -> Limiter {
        Limiter {
            permits: Semaphore::new(max_concurrent.get().min(Semaphore::MAX_PERMITS)),
            rate_limited_until: watch::Sender::new(None),
            stopped_at: watch::Sender::new(None),
        }
    }

    /// Waits until the request may start: for the end of the wait that a 429 has asked for, if that
    /// is before `deadline`, and for a permit, which counts the request until it is dropped.
    pub(super) async fn acquire(
        &self,
        stop_policy: StopPolicy,
        deadline: Instant,
    ) -> Result<SemaphorePermit<'_>, NotStarted> {
        loop {
            if let Some(wait) = self.rate_limited_for() {
                if Instant::now() + wait > deadline {
                    return Err(NotStarted::RateLimited(wait));
                }
                self.pause(wait, stop_policy).await?;
            }
            let permit = tokio::select! {
                biased;
                () = self.closed(stop_policy) => return Err(NotStarted::Stopped),
                permit = self.permits.acquire() => permit.expect("nothing closes the semaphore"),
            };
            // A 429 can have come while this request waited for its permit.
            if self.rate_limited_for().is_none() {
                return Ok(permit);
            }
        }
    }

    /// Sleeps, unless the client is stopped.
    pub(in crate::client) async fn pause(
        &self,
        wait: Duration,
        stop_policy: StopPolicy,
    ) -> Result<(), NotStarted> {
        tokio::select! {
            biased;
            () = self.closed(stop_policy) => Err(NotStarted::Stopped),
            () = sleep(wait) => Ok(()),
        }
    }

    /// Lets no request start for that long, as a 429 has asked.
    pub(super) fn rate_limit(&self, wait: Duration) {
        let until = Some(Instant::now() + wait);
        self.rate_limited_until.send_modify(|current| *current = until.max(*current));
    }

    /// How much longer no request may start because of a 429.
    pub(super) fn rate_limited_for(&self) -> Option<Duration> {
        let until = (*self.rate_limited_until.borrow())?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Ends waits, and lets no further request start. For good.
    pub(in crate::client) fn stop(&self) {
        self.stopped_at.send_modify(|stopped_at| {
            stopped_at.get_or_insert_with(Instant::now);
        });
    }

    /// Waits until requests of that policy may not start any more.
    async fn closed(&self, stop_policy: StopPolicy) {
        match stop_policy {
            StopPolicy::Abort | StopPolicy::FinishIfStarted => {
                self.ended(StopPolicy::Abort).await;
            }
            StopPolicy::Finish => self.ended(stop_policy).await,
        }
    }

    /// Waits until a request of that policy that has started must end.
    pub(in crate::client) async fn ended(&self, stop_policy: StopPolicy) {
        let mut receiver = self.stopped_at.subscribe();
        let stopped_at = *receiver.wait_for(Option::is_some).await.expect("the sender is borrowed");
        let stopped_at = stopped_at.unwrap_or_else(Instant::now);
        match stop_policy {
            StopPolicy::Abort => {}
            StopPolicy::FinishIfStarted => sleep_until(stopped_at + WRITE_GRACE).await,
            StopPolicy::Finish => {
                sleep_until(stopped_at + WRITE_GRACE + CONFIRMATION_GRACE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(max_concurrent: usize) -> Limiter {
        Limiter::new(NonZeroUsize::new(max_concurrent).unwrap())
    }

    fn later() -> Instant {
        Instant::now() + 100 * SECOND
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_limited_to_a_number_at_a_time() {
        let limiter = limiter(2);
        let first = limiter.acquire(StopPolicy::Abort, later()).await.unwrap();
        let _second = limiter.acquire(StopPolicy::Abort, later()).await.unwrap();
        let third = tokio::time::timeout(SECOND, limiter.acquire(StopPolicy::Abort, later()));
        assert!(third.await.is_err());
        drop(first);
        assert!(limiter.acquire(StopPolicy::Abort, later()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_holds_back_every_request() {
        let limiter = limiter(2);
        let started = Instant::now();
        limiter.rate_limit(5 * SECOND);
        limiter.rate_limit(SECOND);
        let (first, second) = tokio::join!(
            limiter.acquire(StopPolicy::Abort, later()),
            limiter.acquire(StopPolicy::Finish, later())
        );
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(started.elapsed(), 5 * SECOND, "the longer one counts");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_time_to_wait_fails_at_once() {
        let limiter = limiter(1);
        limiter.rate_limit(5 * SECOND);
        let started = Instant::now();
        let refused = limiter.acquire(StopPolicy::Abort, started + SECOND).await;
        assert_eq!(refused.err(), Some(NotStarted::RateLimited(5 * SECOND)));
        assert!(started.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_that_comes_while_waiting_for_a_permit_counts() {
        let limiter = limiter(1);
        let permit = limiter.acquire(StopPolicy::Abort, later()).await.unwrap();
        let started = Instant::now();
        let waiting = limiter.acquire(StopPolicy::Abort, later());
        let limiting = async {
            sleep(SECOND).await;
            limiter.rate_limit(5 * SECOND);
            drop(permit);
        };
        let (acquired, ()) = tokio::join!(waiting, limiting);
        assert!(acquired.is_ok());
        assert_eq!(started.elapsed(), 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_waits_and_lets_only_finishing_requests_start() {
        let limiter = limiter(1);
        let permit = limiter.acquire(StopPolicy::FinishIfStarted, later()).await.unwrap();
        let (waiting, pause) = (
            limiter.acquire(StopPolicy::Abort, later()),
            limiter.pause(50 * SECOND, StopPolicy::FinishIfStarted),
        );
        let started = Instant::now();
        let stop = async { limiter.stop() };
        let (waiting, pause, ()) = tokio::join!(waiting, pause, stop);
        assert_eq!(
            (waiting.err(), pause.err()),
            (Some(NotStarted::Stopped), Some(NotStarted::Stopped))
        );
        assert!(started.elapsed().is_zero());
        drop(permit);
        assert!(limiter.acquire(StopPolicy::FinishIfStarted, later()).await.is_err());
        assert!(limiter.acquire(StopPolicy::Finish, later()).await.is_ok());
        limiter.ended(StopPolicy::Abort).await;
        assert!(started.elapsed().is_zero());
        limiter.ended(StopPolicy::FinishIfStarted).await;
        assert_eq!(started.elapsed(), WRITE_GRACE);
        assert!(limiter.acquire(StopPolicy::Finish, later()).await.is_ok());
        limiter.ended(StopPolicy::Finish).await;
        assert!(limiter.acquire(StopPolicy::Finish, later()).await.is_err());
    }
}
