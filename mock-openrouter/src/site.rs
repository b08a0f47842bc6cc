//! All that the parts of a running mock share: the store, the faults, the log and the clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::faults::Faults;
use crate::log::RequestLog;
use crate::routes::{self, Credentials, Exchange, Reply};
use crate::store::{Kept, Refusal, Seed, Store};

/// The shared state of one mock. Each lock is held for one step only, and never two at once.
pub(crate) struct Site {
    pub(crate) credentials: Credentials,
    pub(crate) clock: Clock,
    pub(crate) seed: Seed,
    /// Whether answers repeat the key of their request.
    pub(crate) echo_key: bool,
    kept: Mutex<Kept>,
    faults: Mutex<Faults>,
    log: Mutex<RequestLog>,
    latency_ms: AtomicU64,
    started: Instant,
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Site {
    pub(crate) fn new(
        credentials: Credentials,
        clock: Clock,
        seed: Seed,
        kept: Kept,
        latency: Duration,
        echo_key: bool,
    ) -> Self {
        let site = Self {
            credentials,
            clock,
            seed,
            echo_key,
            kept: Mutex::new(kept),
            faults: Mutex::default(),
            log: Mutex::default(),
            latency_ms: AtomicU64::new(0),
            started: Instant::now(),
            changes: Mutex::new(0),
            changed: Condvar::new(),
        };
        site.set_latency(latency);
        site
    }

    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.latency_ms.store(ms, Ordering::Relaxed);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        lock(&self.log)
    }

    /// Looks at the store.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(lock(&self.kept).store())
    }

    /// Changes the store, out of band.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut Store) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let result = lock(&self.kept).write(change);
        self.notify();
        result
    }

    /// Restricts the management key to a workspace, named by its id or slug, or to none.
    pub(crate) fn restrict_key(&self, workspace: Option<&str>) -> Result<(), Refusal> {
        let id = match workspace {
            Some(name) => Some(self.read(|store| store.workspace(name).map(|it| it.id.clone()))?),
            None => None,
        };
        self.credentials.restrict(id);
        Ok(())
    }

    /// Forgets requests, faults and gaps, and the state too if that is wanted.
    pub(crate) fn reset(&self, state: bool) -> Result<(), Refusal> {
        self.log().reset();
        self.faults().clear();
        self.write(|store| {
            if state {
                store.start_over(self.seed, self.clock);
            }
            store.forget_gaps();
            Ok(())
        })
    }

    /// Enters a request into the log and returns its number.
    pub(crate) fn log_arrival(&self, exchange: &Exchange) -> u64 {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let sequence = self.log().begin(exchange, self.clock.timestamp(), at_ms);
        self.notify();
        sequence
    }

    /// Does the work of a request and logs its outcome.
    pub(crate) fn work(&self, exchange: &Exchange, sequence: u64) -> Reply {
        let reply = routes::answer(&self.kept, &self.credentials, exchange);
        self.log().amend(sequence, |entry| entry.work_status = Some(reply.status));
        self.notify();
        reply
    }

    /// Wakes those who wait for a change.
    pub(crate) fn notify(&self) {
        *lock(&self.changes) += 1;
        self.changed.notify_all();
    }

    /// Waits until `condition` holds, which is asked again after each change. Answers whether it came to hold in time.
    pub(crate) fn wait_until(
        &self,
        timeout: Duration,
        mut condition: impl FnMut() -> bool,
    ) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            let seen = *lock(&self.changes);
            if condition() {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let unchanged = |count: &mut u64| *count == seen;
            let waited = self.changed.wait_timeout_while(lock(&self.changes), left, unchanged);
            if waited.unwrap_or_else(PoisonError::into_inner).1.timed_out() {
                return condition();
            }
        }
    }
}

/// A panic elsewhere is reported where it happened; the data behind the lock stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
