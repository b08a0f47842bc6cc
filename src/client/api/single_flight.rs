//! Something that is fetched once for all who want it at the same time, and kept for those who come later. A failure is
//! shared among those who waited for it, since each of them would only meet it again, one after another; it is not kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::super::http::Error;

type Fetched<T> = OnceCell<Result<Arc<T>, Error>>;

/// One thing, fetched or not.
pub(super) struct SingleFlight<T>(Mutex<Arc<Fetched<T>>>);

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        SingleFlight(Mutex::default())
    }
}

impl<T> SingleFlight<T> {
    /// The thing as it was fetched before, if it is `good` enough still, else as `fetch` brings it, which must be good.
    pub(super) async fn get<F>(
        &self,
        good: impl Fn(&T) -> bool,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            let fetched = Arc::clone(&self.current());
            match fetched.get_or_init(|| async { fetch().await.map(Arc::new) }).await {
                Ok(thing) if good(thing) => return Ok(Arc::clone(thing)),
                Ok(_) => self.forget(&fetched),
                Err(error) => {
                    self.forget(&fetched);
                    return Err(error.clone());
                }
            }
        }
    }

    /// Makes way for another, unless somebody else has.
    fn forget(&self, fetched: &Arc<Fetched<T>>) {
        let mut current = self.current();
        if Arc::ptr_eq(&current, fetched) {
            *current = Arc::default();
        }
    }

    fn current(&self) -> MutexGuard<'_, Arc<Fetched<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
