//! When the process has to end: when it is told to, and when its host is gone. A host that was killed tells nobody, so
//! that is seen from the parent process and from the connections.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time;

use super::Mode;
use super::shutdown::Shutdown;
use super::signals::Signals;

/// How often to look whether the parent process is still the same.
#[cfg(unix)]
const PARENT_POLL: Duration = Duration::from_millis(250);

/// How long a host may be without a connection after it had one. None makes a second one on purpose.
const RECONNECT: Duration = Duration::from_secs(1);

/// As long as a host waits for a plugin to start.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The host asked for it.
    Shutdown,
    /// A signal asked for it.
    Signal,
    /// The process that started this one is gone.
    ParentGone,
    /// The host closed its connection, or died while a process in between lives on.
    Disconnected,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Shutdown => "the host asked for it",
            Self::Signal => "a signal asked for it",
            Self::ParentGone => "the parent process is gone",
            Self::Disconnected => "the host closed its connection",
        })
    }
}

/// What can end the process, to be taken up before the host hears of it.
pub(super) struct Lifetime {
    mode: Mode,
    signals: Signals,
    parent: Parent,
}

impl Lifetime {
    /// Looks around: at the parent, and for signals.
    pub(super) fn begin(mode: Mode) -> std::io::Result<Self> {
        Ok(Self { mode, parent: Parent::now(), signals: Signals::subscribe(mode)? })
    }

    /// Waits until the process has to end. By hand, neither the parent nor a connection matters.
    pub(super) async fn end(&mut self, shutdown: &Shutdown, connections: &Connections) -> End {
        let hosted = self.mode == Mode::Hosted;
        tokio::select! {
            () = shutdown.requested() => End::Shutdown,
            () = self.signals.end() => End::Signal,
            () = self.parent.gone(), if hosted => End::ParentGone,
            () = connections.lost(), if hosted => End::Disconnected,
        }
    }
}

/// The process that started this one.
struct Parent {
    #[cfg(unix)]
    id: u32,
}

impl Parent {
    #[cfg(unix)]
    fn now() -> Self {
        Self { id: std::os::unix::process::parent_id() }
    }

    /// An orphan gets another parent.
    #[cfg(unix)]
    async fn gone(&self) {
        while std::os::unix::process::parent_id() == self.id {
            time::sleep(PARENT_POLL).await;
        }
    }

    #[cfg(not(unix))]
    fn now() -> Self {
        Self {}
    }

    /// The connections tell.
    #[cfg(not(unix))]
    async fn gone(&self) {
        std::future::pending().await
    }
}

/// Counts the connections of hosts that proved who they are.
pub(super) struct Connections(watch::Sender<Count>);

#[derive(Clone, Copy, Default)]
struct Count {
    ever: usize,
    open: usize,
}

/// A connection that counts as open until this is dropped.
pub(super) struct Open<'a>(&'a Connections);

impl Connections {
    /// None so far.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Count::default()))
    }

    /// Counts one more.
    pub(super) fn open(&self) -> Open<'_> {
        self.0.send_modify(|count| {
            count.ever += 1;
            count.open += 1;
        });
        Open(self)
    }

    /// Waits until none is open.
    pub(super) async fn closed(&self) {
        self.until(|count| count.open == 0).await;
    }

    /// Waits until there were connections and none came back, or none came in the first place.
    async fn lost(&self) {
        if time::timeout(FIRST_CONNECTION, self.until(|count| count.ever > 0)).await.is_err() {
            return;
        }
        loop {
            self.closed().await;
            if time::timeout(RECONNECT, self.until(|count| count.open > 0)).await.is_err() {
                return;
            }
        }
    }

    async fn until(&self, condition: impl FnMut(&Count) -> bool) {
        // The sender is borrowed, so the channel cannot be closed meanwhile.
        let _ = self.0.subscribe().wait_for(condition).await;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.open -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `lost` is ready by now, on a clock that only moves when it is told to.
    async fn is_lost(connections: &Connections, after: Duration) -> bool {
        time::timeout(after, connections.lost()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_waited_for_as_long_as_it_would_wait_itself() {
        assert!(!is_lost(&Connections::new(), FIRST_CONNECTION / 2).await);
        assert!(is_lost(&Connections::new(), FIRST_CONNECTION * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_lost_when_its_last_connection_stays_closed() {
        let connections = Connections::new();
        let (first, second) = (connections.open(), connections.open());
        drop(first);
        assert!(!is_lost(&connections, RECONNECT * 100).await);
        drop(second);
        assert!(!is_lost(&connections, RECONNECT / 2).await);
        assert!(is_lost(&connections, RECONNECT * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_comes_back_in_time_is_not_lost() {
        let connections = Connections::new();
        drop(connections.open());
        let again = async {
            time::sleep(RECONNECT / 2).await;
            connections.open()
        };
        let (lost, _open) = tokio::join!(is_lost(&connections, RECONNECT * 100), again);
        assert!(!lost);
    }
}
