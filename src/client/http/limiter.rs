//! Who may send, and when: how many requests are under way at a time, how long the service has asked all of us to wait,
//! and whether we were told to stop. Knows nothing of requests.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// How long after the stop a write that is under way may take.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// How much longer what tells what became of it may take.
const LAST_READS: Duration = Duration::from_secs(2);

/// What a request is, for somebody who was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum CancelPolicy {
    /// It can end at any moment, as reads can.
    Abort,
    /// Once begun it should come to its end, as writes should; but it need not begin.
    FinishIfStarted,
    /// It tells what became of a write, and should even begin.
    Finish,
}

/// Why a request may not begin.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::client) enum Closed {
    /// We were told to stop.
    Stopped,
    /// The service asked for this much more patience, which is more than there is.
    Held(Duration),
}

/// A place among the requests under way, until it is dropped.
pub(in crate::client) type Place<'a> = SemaphorePermit<'a>;

/// One for all requests of a client.
pub(in crate::client) struct Limiter {
    places: Semaphore,
    held_until: Mutex<Option<Instant>>,
    stopped: watch::Sender<Option<Instant>>,
}

impl Limiter {
    /// A limiter for so many requests at a time.
    pub(in crate::client) fn new(most: NonZeroUsize) -> Limiter {
        Limiter {
            places: Semaphore::new(most.get().min(Semaphore::MAX_PERMITS)),
            held_until: Mutex::default(),
            stopped: watch::Sender::new(None),
        }
    }

    /// Waits for a place, and until the service wants to be called again, if that is before `end`.
    pub(in crate::client) async fn enter(
        &self,
        cancel_policy: CancelPolicy,
        end: Instant,
    ) -> Result<Place<'_>, Closed> {
        loop {
            if let Some(wait) = self.held_for() {
                if Instant::now() + wait > end {
                    return Err(Closed::Held(wait));
                }
                self.pause(wait, cancel_policy).await?;
            }
            let place = tokio::select! {
                biased;
                () = self.closed(cancel_policy) => return Err(Closed::Stopped),
                place = self.places.acquire() => place.expect("nobody closes the semaphore"),
            };
            if self.held_for().is_none() {
                return Ok(place);
            }
        }
    }

    /// Sleeps, unless it is time to stop.
    pub(in crate::client) async fn pause(
        &self,
        wait: Duration,
        cancel_policy: CancelPolicy,
    ) -> Result<(), Closed> {
        tokio::select! {
            biased;
            () = self.closed(cancel_policy) => Err(Closed::Stopped),
            () = sleep(wait) => Ok(()),
        }
    }

    /// Lets nobody enter for that long.
    pub(in crate::client) fn hold_back(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut held_until = self.held();
        *held_until = Some(held_until.map_or(until, |held| held.max(until)));
    }

    /// How much longer nobody may enter.
    pub(in crate::client) fn held_for(&self) -> Option<Duration> {
        let wait = (*self.held())?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Ends waits, and lets nothing more begin. For good.
    pub(in crate::client) fn stop(&self) {
        self.stopped.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Waits until requests of that cancel_policy may not begin any more.
    async fn closed(&self, cancel_policy: CancelPolicy) {
        match cancel_policy {
            CancelPolicy::Abort | CancelPolicy::FinishIfStarted => drop(self.told_to_stop().await),
            CancelPolicy::Finish => self.ended(cancel_policy).await,
        }
    }

    /// Waits until a request of that cancel_policy, which has begun, must end.
    pub(in crate::client) async fn ended(&self, cancel_policy: CancelPolicy) {
        let stopped = self.told_to_stop().await;
        match cancel_policy {
            CancelPolicy::Abort => {}
            CancelPolicy::FinishIfStarted => sleep_until(stopped + LAST_WRITES).await,
            CancelPolicy::Finish => sleep_until(stopped + LAST_WRITES + LAST_READS).await,
        }
    }

    async fn told_to_stop(&self) -> Instant {
        let mut stopped = self.stopped.subscribe();
        let told =
            stopped.wait_for(Option::is_some).await.expect("the sender is borrowed, so it lives");
        told.unwrap_or_else(Instant::now)
    }

    fn held(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limiter(most: usize) -> Limiter {
        Limiter::new(NonZeroUsize::new(most).unwrap())
    }

    fn soon() -> Instant {
        Instant::now() + 100 * SECOND
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_enter_at_a_time() {
        let limiter = limiter(2);
        let first = limiter.enter(CancelPolicy::Abort, soon()).await.unwrap();
        let _second = limiter.enter(CancelPolicy::Abort, soon()).await.unwrap();
        let third = tokio::time::timeout(SECOND, limiter.enter(CancelPolicy::Abort, soon()));
        assert!(third.await.is_err());
        drop(first);
        assert!(limiter.enter(CancelPolicy::Abort, soon()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_is_held_back() {
        let limiter = limiter(2);
        let begun = Instant::now();
        limiter.hold_back(5 * SECOND);
        limiter.hold_back(SECOND);
        let (first, second) = tokio::join!(
            limiter.enter(CancelPolicy::Abort, soon()),
            limiter.enter(CancelPolicy::Finish, soon())
        );
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(begun.elapsed(), 5 * SECOND, "the longer one counts");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_time_to_wait_is_told_at_once() {
        let limiter = limiter(1);
        limiter.hold_back(5 * SECOND);
        let begun = Instant::now();
        let refused = limiter.enter(CancelPolicy::Abort, begun + SECOND).await;
        assert_eq!(refused.err(), Some(Closed::Held(5 * SECOND)));
        assert!(begun.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_that_comes_while_waiting_for_a_place_counts() {
        let limiter = limiter(1);
        let place = limiter.enter(CancelPolicy::Abort, soon()).await.unwrap();
        let begun = Instant::now();
        let waiting = limiter.enter(CancelPolicy::Abort, soon());
        let holding = async {
            sleep(SECOND).await;
            limiter.hold_back(5 * SECOND);
            drop(place);
        };
        let (entered, ()) = tokio::join!(waiting, holding);
        assert!(entered.is_ok());
        assert_eq!(begun.elapsed(), 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_waits_and_lets_only_what_finishes_a_write_begin() {
        let limiter = limiter(1);
        let place = limiter.enter(CancelPolicy::FinishIfStarted, soon()).await.unwrap();
        let (waiting, pause) = (
            limiter.enter(CancelPolicy::Abort, soon()),
            limiter.pause(50 * SECOND, CancelPolicy::FinishIfStarted),
        );
        let begun = Instant::now();
        let stop = async { limiter.stop() };
        let (waiting, pause, ()) = tokio::join!(waiting, pause, stop);
        assert_eq!((waiting.err(), pause.err()), (Some(Closed::Stopped), Some(Closed::Stopped)));
        assert!(begun.elapsed().is_zero());
        drop(place);
        assert!(limiter.enter(CancelPolicy::FinishIfStarted, soon()).await.is_err());
        assert!(limiter.enter(CancelPolicy::Finish, soon()).await.is_ok());
        limiter.ended(CancelPolicy::Abort).await;
        assert!(begun.elapsed().is_zero());
        limiter.ended(CancelPolicy::FinishIfStarted).await;
        assert_eq!(begun.elapsed(), LAST_WRITES);
        assert!(limiter.enter(CancelPolicy::Finish, soon()).await.is_ok());
        limiter.ended(CancelPolicy::Finish).await;
        assert!(limiter.enter(CancelPolicy::Finish, soon()).await.is_err());
    }
}
