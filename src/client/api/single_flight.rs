//! A value that is fetched once for all who ask at the same time, and kept for later. A failure is
//! shared by those who waited for it, as each would only meet it again; it is not kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::super::http::Error;

type Flight<T> = OnceCell<Result<Arc<T>, Error>>;

/// One value, fetched or not.
pub(super) struct SingleFlight<T>(Mutex<Arc<Flight<T>>>);

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        SingleFlight(Mutex::default())
    }
}

impl<T> SingleFlight<T> {
    /// The value that was fetched before, if it `is_fresh`, else the one that `fetch` brings, which
    /// must be.
    pub(super) async fn get<F>(
        &self,
        is_fresh: impl Fn(&T) -> bool,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let flight = Arc::clone(&self.current());
            let outcome = flight.get_or_init(|| async { fetch().await.map(Arc::new) }).await;
            match outcome {
                Ok(value) if is_fresh(value) => return Ok(Arc::clone(value)),
                _ => self.forget(&flight),
            }
            if let Err(error) = outcome {
                return Err(error.clone());
            }
        }
    }

    /// Lets the next caller fetch again, unless that has happened since.
    fn forget(&self, flight: &Arc<Flight<T>>) {
        let mut current = self.current();
        if Arc::ptr_eq(&current, flight) {
            *current = Arc::default();
        }
    }

    fn current(&self) -> MutexGuard<'_, Arc<Flight<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
