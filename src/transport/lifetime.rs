//! What ends the process besides Shutdown: signals, and the end of the host. A host that is killed
//! sends nothing, so its end is seen from the parent process and from the connections.

#[cfg(unix)]
use std::os::unix::process::parent_id;
use std::{io, time::Duration};

use tokio::sync::Notify;
use tokio::time;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

use super::Mode;

/// How often to look whether the parent process is still the same.
const PARENT_POLL: Duration = Duration::from_millis(250);

/// How long a host may be without a connection after it had one. Hosts do not reconnect on purpose.
const RECONNECT: Duration = Duration::from_secs(1);

/// As long as a host waits for a plugin to start.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);

/// Replaces the default of the signals, which is to die at once and leave the socket behind, and
/// waits for one that ends the process. Ctrl-C, Ctrl-\ and the end of a terminal reach the host and
/// its plugins alike. The host needs the plugin to stop in order, so a hosted one ignores them.
#[cfg(unix)]
pub(super) fn signal(mode: Mode) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    if mode == Mode::Hosted {
        // The default stays replaced though nobody waits for them.
        let _ = (signal(SignalKind::hangup())?, signal(SignalKind::quit())?);
    }
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv(), if mode == Mode::Debug => {}
        }
    })
}

/// The same where there is Ctrl-C instead of signals.
#[cfg(windows)]
pub(super) fn signal(mode: Mode) -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        if mode == Mode::Hosted {
            // The default stays replaced though nobody waits.
            std::future::pending().await
        }
        // There is no end of them.
        let _ = interrupt.recv().await;
    })
}

/// Notes the parent process, then waits until there is another one, as an orphan gets.
pub(super) fn parent_gone() -> impl Future<Output = ()> {
    let parent = parent_id();
    async move {
        while parent_id() == parent {
            time::sleep(PARENT_POLL).await;
        }
    }
}

/// Always the same: only the connections show that the host is gone.
#[cfg(windows)]
fn parent_id() -> u32 {
    0
}

/// The open connections of hosts that proved who they are.
pub(super) struct Connections {
    open: TaskTracker,
    opened: Notify,
}

impl Connections {
    pub(super) fn new() -> Self {
        let open = TaskTracker::new();
        // Otherwise there is no waiting for it. It can still be added to.
        open.close();
        Self { open, opened: Notify::new() }
    }

    /// Counts a connection as open until the token is dropped.
    pub(super) fn open(&self) -> TaskTrackerToken {
        let token = self.open.token();
        self.opened.notify_one();
        token
    }

    /// Waits until none is open.
    pub(super) async fn closed(&self) {
        self.open.wait().await;
    }

    /// Waits until no host came at all, or until the last connection was closed and none followed.
    pub(super) async fn lost(&self) {
        let mut limit = FIRST_CONNECTION;
        while time::timeout(limit, self.opened.notified()).await.is_ok() {
            self.closed().await;
            limit = RECONNECT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expects that the host counts as lost after this time, on a clock that skips all waits.
    async fn is_lost_after(connections: &Connections, expected: Duration) {
        let start = time::Instant::now();
        connections.lost().await;
        let taken = start.elapsed();
        assert!(taken.abs_diff(expected) < Duration::from_millis(10), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_waited_for_as_long_as_it_would_wait_itself() {
        is_lost_after(&Connections::new(), FIRST_CONNECTION).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_lost_when_its_last_connection_stays_closed() {
        let connections = Connections::new();
        let (first, second) = (connections.open(), connections.open());
        let close = async {
            drop(first);
            time::sleep(RECONNECT * 10).await;
            drop(second);
        };
        tokio::join!(is_lost_after(&connections, RECONNECT * 11), close);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_comes_back_in_time_is_not_lost() {
        let connections = Connections::new();
        drop(connections.open());
        let reconnect = async {
            time::sleep(RECONNECT / 2).await;
            let _open = connections.open();
            time::sleep(RECONNECT * 10).await;
        };
        tokio::join!(is_lost_after(&connections, RECONNECT * 23 / 2), reconnect);
    }
}
