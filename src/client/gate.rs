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
pub(super) enum Urgency {
    /// It can end at any moment, as reads can.
    None,
    /// Once begun it should come to its end, as writes should; but it need not begin.
    OnceBegun,
    /// It tells what became of a write, and should even begin.
    ToFinish,
}

/// Why a request may not begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// We were told to stop.
    Stopped,
    /// The service asked for this much more patience, which is more than there is.
    Held(Duration),
}

/// A place among the requests under way, until it is dropped.
pub(super) type Place<'a> = SemaphorePermit<'a>;

/// One for all requests of a client.
pub(super) struct Gate {
    places: Semaphore,
    held_until: Mutex<Option<Instant>>,
    stopped: watch::Sender<Option<Instant>>,
}

impl Gate {
    /// A gate for so many requests at a time.
    pub(super) fn new(most: NonZeroUsize) -> Gate {
        Gate {
            places: Semaphore::new(most.get().min(Semaphore::MAX_PERMITS)),
            held_until: Mutex::default(),
            stopped: watch::Sender::new(None),
        }
    }

    /// Waits for a place, and until the service wants to be called again, if that is before `end`.
    pub(super) async fn enter(&self, urgency: Urgency, end: Instant) -> Result<Place<'_>, Closed> {
        loop {
            if let Some(wait) = self.held_for() {
                if Instant::now() + wait > end {
                    return Err(Closed::Held(wait));
                }
                self.pause(wait, urgency).await?;
            }
            let place = tokio::select! {
                biased;
                () = self.closed(urgency) => return Err(Closed::Stopped),
                place = self.places.acquire() => place.expect("nobody closes the semaphore"),
            };
            if self.held_for().is_none() {
                return Ok(place);
            }
        }
    }

    /// Sleeps, unless it is time to stop.
    pub(super) async fn pause(&self, wait: Duration, urgency: Urgency) -> Result<(), Closed> {
        tokio::select! {
            biased;
            () = self.closed(urgency) => Err(Closed::Stopped),
            () = sleep(wait) => Ok(()),
        }
    }

    /// Lets nobody enter for that long.
    pub(super) fn hold_back(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut held_until = self.held();
        *held_until = Some(held_until.map_or(until, |held| held.max(until)));
    }

    /// How much longer nobody may enter.
    pub(super) fn held_for(&self) -> Option<Duration> {
        let wait = (*self.held())?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Ends waits, and lets nothing more begin. For good.
    pub(super) fn stop(&self) {
        self.stopped.send_if_modified(|stopped| {
            let first = stopped.is_none();
            stopped.get_or_insert_with(Instant::now);
            first
        });
    }

    /// Waits until requests of that urgency may not begin any more.
    async fn closed(&self, urgency: Urgency) {
        match urgency {
            Urgency::None | Urgency::OnceBegun => drop(self.told_to_stop().await),
            Urgency::ToFinish => self.ended(urgency).await,
        }
    }

    /// Waits until a request of that urgency, which has begun, must end.
    pub(super) async fn ended(&self, urgency: Urgency) {
        let stopped = self.told_to_stop().await;
        match urgency {
            Urgency::None => {}
            Urgency::OnceBegun => sleep_until(stopped + LAST_WRITES).await,
            Urgency::ToFinish => sleep_until(stopped + LAST_WRITES + LAST_READS).await,
        }
    }

    async fn told_to_stop(&self) -> Instant {
        let mut stopped = self.stopped.subscribe();
        let told = stopped.wait_for(Option::is_some).await.expect("the sender is borrowed, so it lives");
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

    fn gate(most: usize) -> Gate {
        Gate::new(NonZeroUsize::new(most).unwrap())
    }

    fn soon() -> Instant {
        Instant::now() + 100 * SECOND
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_enter_at_a_time() {
        let gate = gate(2);
        let first = gate.enter(Urgency::None, soon()).await.unwrap();
        let _second = gate.enter(Urgency::None, soon()).await.unwrap();
        let third = tokio::time::timeout(SECOND, gate.enter(Urgency::None, soon()));
        assert!(third.await.is_err());
        drop(first);
        assert!(gate.enter(Urgency::None, soon()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_is_held_back() {
        let gate = gate(2);
        let begun = Instant::now();
        gate.hold_back(5 * SECOND);
        gate.hold_back(SECOND);
        let (first, second) =
            tokio::join!(gate.enter(Urgency::None, soon()), gate.enter(Urgency::ToFinish, soon()));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(begun.elapsed(), 5 * SECOND, "the longer one counts");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_time_to_wait_is_told_at_once() {
        let gate = gate(1);
        gate.hold_back(5 * SECOND);
        let begun = Instant::now();
        let refused = gate.enter(Urgency::None, begun + SECOND).await;
        assert_eq!(refused.err(), Some(Closed::Held(5 * SECOND)));
        assert!(begun.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_that_comes_while_waiting_for_a_place_counts() {
        let gate = gate(1);
        let place = gate.enter(Urgency::None, soon()).await.unwrap();
        let begun = Instant::now();
        let waiting = gate.enter(Urgency::None, soon());
        let holding = async {
            sleep(SECOND).await;
            gate.hold_back(5 * SECOND);
            drop(place);
        };
        let (entered, ()) = tokio::join!(waiting, holding);
        assert!(entered.is_ok());
        assert_eq!(begun.elapsed(), 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_waits_and_lets_only_what_finishes_a_write_begin() {
        let gate = gate(1);
        let place = gate.enter(Urgency::OnceBegun, soon()).await.unwrap();
        let (waiting, pause) =
            (gate.enter(Urgency::None, soon()), gate.pause(50 * SECOND, Urgency::OnceBegun));
        let begun = Instant::now();
        let stop = async { gate.stop() };
        let (waiting, pause, ()) = tokio::join!(waiting, pause, stop);
        assert_eq!((waiting.err(), pause.err()), (Some(Closed::Stopped), Some(Closed::Stopped)));
        assert!(begun.elapsed().is_zero());
        drop(place);
        assert!(gate.enter(Urgency::OnceBegun, soon()).await.is_err());
        assert!(gate.enter(Urgency::ToFinish, soon()).await.is_ok());
        gate.ended(Urgency::None).await;
        assert!(begun.elapsed().is_zero());
        gate.ended(Urgency::OnceBegun).await;
        assert_eq!(begun.elapsed(), LAST_WRITES);
        assert!(gate.enter(Urgency::ToFinish, soon()).await.is_ok());
        gate.ended(Urgency::ToFinish).await;
        assert!(gate.enter(Urgency::ToFinish, soon()).await.is_err());
    }
}
