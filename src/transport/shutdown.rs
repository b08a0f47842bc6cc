//! One bit that all parts of the server share: whether it was asked to end.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks for the end, and lets others wait until somebody did. Clones share the bit.
#[derive(Clone)]
pub(super) struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Nobody asked yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks for the end. There is no way back.
    pub(super) fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was asked for.
    pub(super) fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the end was asked for.
    pub(super) fn requested(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut requested = self.0.subscribe();
        async move {
            // The sender is gone only when the whole server is, which is an end too.
            let _ = requested.wait_for(|requested| *requested).await;
        }
    }
}
