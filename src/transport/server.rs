//! The life of a serving process: listen, announce the address, serve every connection, end.

use std::{sync::Arc, time::Duration};

use tokio::{runtime, time};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::error::{StartError, with_causes};
use super::lifetime::{self, Connections};
use super::listener::{Listener, Stream};
use super::services::Services;
use super::{Environment, MakeApplication, Mode, Network, Plugin, connection, handshake, tls};

/// The certificate (PEM) that the host will present; set when it wants TLS.
const CLIENT_CERTIFICATE: &str = "PLUGIN_CLIENT_CERT";

/// A provider waits for the network: two threads keep many requests going, and start fast.
const WORKERS: usize = 2;

/// How long calls under way may take when the process ends: longer than an application that was
/// stopped takes to finish its work.
const LAST_CALLS: Duration = Duration::from_secs(15);

/// How long their responses may then take to be sent. Hosts wait for the exit after Shutdown.
const LAST_RESPONSES: Duration = Duration::from_millis(500);
const SHUTDOWN_RESPONSE: Duration = Duration::from_millis(20);

/// The pause after a connection could not be accepted, as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Runs [`serve`] to its end, and nothing after it.
pub(super) fn run(serving: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.map_err(StartError::Process)?;
    let result = runtime.block_on(serving);
    // Tasks that are still running must not delay the exit.
    runtime.shutdown_background();
    result
}

/// Serves until the process has to end.
pub(super) async fn serve(
    plugin: &Plugin,
    mode: Mode,
    network: Network,
    environment: &Environment,
    application: MakeApplication,
) -> Result<(), StartError> {
    // Before the handshake, so that nothing is missed.
    let signal = lifetime::signal(mode).map_err(StartError::Process)?;
    let parent_gone = lifetime::parent_gone();
    // Hosts that attach to a `--debug` process have no certificate to show.
    let identity = match (mode, environment.get(CLIENT_CERTIFICATE)) {
        (Mode::Hosted, Some(pem)) => Some(tls::pinned_to(pem.as_encoded_bytes())?),
        _ => None,
    };
    let (certificate, acceptor) = identity.unzip();
    let (listener, address) = Listener::bind(network, environment).await?;
    handshake::announce(plugin, mode, environment, &address, certificate.as_ref())
        .map_err(StartError::Handshake)?;
    tracing::debug!(address = address.text, tls = acceptor.is_some(), "serving");

    let server = Arc::new(Server::new(acceptor, application));
    tokio::spawn(Arc::clone(&server).accept(listener));
    let hosted = mode == Mode::Hosted;
    let (end, reason) = tokio::select! {
        () = server.shutdown.cancelled() => (End::Shutdown, "the host requested it"),
        () = signal => (End::Signal, "a signal was received"),
        () = parent_gone, if hosted => (End::HostGone, "the parent process is gone"),
        // As when a process between the host and this one lives on.
        () = server.connections.lost(), if hosted => {
            (End::HostGone, "the host closed its connection")
        }
    };
    drop(address);
    tracing::debug!(reason, "ending");
    server.finish(end).await;
    Ok(())
}

/// How the process ends.
enum End {
    Shutdown,
    Signal,
    HostGone,
}

/// What the connections share.
struct Server {
    acceptor: Option<TlsAcceptor>,
    application: MakeApplication,
    connections: Connections,
    calls: TaskTracker,
    /// Makes the application stop.
    stop: CancellationToken,
    /// Cancelled by the controller's Shutdown, and at the end, to close connections.
    shutdown: CancellationToken,
}

impl Server {
    fn new(acceptor: Option<TlsAcceptor>, application: MakeApplication) -> Self {
        Self {
            acceptor,
            application,
            connections: Connections::new(),
            calls: TaskTracker::new(),
            stop: CancellationToken::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Serves each connection in a task of its own, so that a panic there ends no other.
    async fn accept(self: Arc<Self>, listener: Listener) {
        loop {
            match listener.accept().await {
                Ok(stream) => drop(tokio::spawn(Arc::clone(&self).serve(stream))),
                Err(error) => {
                    tracing::warn!(error = with_causes(&error), "cannot accept a connection");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection to its end, with an application of its own.
    async fn serve(self: Arc<Self>, mut stream: Box<dyn Stream>) {
        if let Some(acceptor) = &self.acceptor {
            match acceptor.accept(stream).await {
                Ok(encrypted) => stream = Box::new(encrypted),
                Err(error) => {
                    let error = with_causes(&error);
                    tracing::warn!(error, "rejected a connection that is not from the host");
                    return;
                }
            }
        }
        let _open = self.connections.open();
        // A host cannot stop its calls any more once its connection is gone.
        let stop = self.stop.child_token().drop_guard();
        let services = Services {
            application: (self.application)(self.calls.clone(), stop.token().clone()),
            requests: Arc::default(),
            shutdown: self.shutdown.clone(),
        };
        connection::serve(stream, services).await;
    }

    /// Lets work under way come to its end, as far as the reason for the end allows.
    async fn finish(&self, end: End) {
        match end {
            // The host kills the process after two seconds.
            End::Shutdown => self.close_connections(SHUTDOWN_RESPONSE).await,
            // A CI system sends SIGTERM to the whole process group. The host then stops its calls
            // in order, and has to receive what they did.
            End::Signal => {
                self.finish_calls().await;
                self.close_connections(LAST_RESPONSES).await;
            }
            // There is nobody to receive anything, but a write that was sent is finished: one that
            // is cut off may leave something that nobody knows of.
            End::HostGone => {
                self.stop.cancel();
                self.finish_calls().await;
            }
        }
    }

    /// Waits for the calls under way, until Shutdown and for a limited time.
    async fn finish_calls(&self) {
        self.calls.close();
        tokio::select! {
            () = self.calls.wait() => {}
            () = self.shutdown.cancelled() => {}
            () = time::sleep(LAST_CALLS) => tracing::warn!("calls in progress are abandoned"),
        }
    }

    /// Closes the connections once their responses are sent; after `limit` in any case.
    async fn close_connections(&self, limit: Duration) {
        self.shutdown.cancel();
        // What is not sent by then is lost.
        let _ = time::timeout(limit, self.connections.closed()).await;
    }
}

#[cfg(test)]
pub(super) mod tests;
