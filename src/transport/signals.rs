//! Which signals end the process.

use std::io;

use super::Mode;

#[cfg(not(unix))]
pub(super) use self::other::Signals;
#[cfg(unix)]
pub(super) use self::unix::Signals;

#[cfg(unix)]
mod unix {
    //! Ctrl-C, Ctrl-\ and the end of a terminal reach the host and its plugins alike. The host then stops its work in
    //! order, for which it still needs the plugin; and when it dies of the signal, the plugin sees that it is gone.

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Mode, io};

    /// The signals that were taken over.
    pub(in super::super) struct Signals {
        terminate: Signal,
        interrupt: Signal,
        mode: Mode,
        /// Swallowed while they are held.
        _ignored: Vec<Signal>,
    }

    impl Signals {
        /// Takes over from the default, which is to die at once with the socket left behind.
        pub(in super::super) fn subscribe(mode: Mode) -> io::Result<Self> {
            let ignored = match mode {
                Mode::Hosted => vec![signal(SignalKind::hangup())?, signal(SignalKind::quit())?],
                Mode::ByHand => Vec::new(),
            };
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                mode,
                _ignored: ignored,
            })
        }

        /// Waits for a signal that ends the process.
        pub(in super::super) async fn end(&mut self) {
            match self.mode {
                Mode::Hosted => {
                    self.terminate.recv().await;
                }
                Mode::ByHand => {
                    tokio::select! {
                        _ = self.terminate.recv() => {}
                        _ = self.interrupt.recv() => {}
                    }
                }
            }
        }
    }
}

#[cfg(not(unix))]
mod other {
    //! Ctrl-C alone, which reaches the host and its plugins alike.

    use std::future;

    use super::{Mode, io};

    /// How Ctrl-C is taken.
    pub(in super::super) struct Signals {
        mode: Mode,
    }

    impl Signals {
        /// Takes over from the default when it is waited for.
        pub(in super::super) fn subscribe(mode: Mode) -> io::Result<Self> {
            Ok(Self { mode })
        }

        /// Waits for what ends the process.
        pub(in super::super) async fn end(&mut self) {
            loop {
                match (tokio::signal::ctrl_c().await, self.mode) {
                    (Ok(()), Mode::Hosted) => {}
                    (Ok(()), Mode::ByHand) => return,
                    (Err(_), _) => future::pending().await,
                }
            }
        }
    }
}
