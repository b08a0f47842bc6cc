//! Which signals end the process.
//!
//! Ctrl-C, Ctrl-\ and the end of a terminal reach the host and its plugins alike. The host then
//! stops its work in order, for which it still needs the plugin, so a hosted plugin ignores them.

use std::io;

use super::Mode;

/// Replaces the default of the signals, which is to die at once and leave the socket behind, and
/// waits for one that ends the process.
#[cfg(unix)]
pub(super) fn end(mode: Mode) -> io::Result<impl Future<Output = ()>> {
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

/// The same where there is only Ctrl-C.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on unix")]
pub(super) fn end(mode: Mode) -> io::Result<impl Future<Output = ()>> {
    Ok(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if mode == Mode::Debug {
                return;
            }
        }
        std::future::pending().await
    })
}
