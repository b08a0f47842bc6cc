//! The life of a serving process: listen, tell the host, serve every connection, end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::connection;
use super::dispatch::{Calls, Dispatch};
use super::lifetime::{Connections, End, Lifetime};
use super::listener::{ListenError, Listener, Stream};
use super::shutdown::Shutdown;
use super::tls::{Identity, TlsError};
use super::{Application, Environment, Mode, Plugin, environment, handshake};

/// A provider waits for the network; two threads are enough to keep many requests going, and cheap to start.
const WORKERS: usize = 2;

/// How long the answer to the host's last request may take to leave. Hosts wait for the exit, so it is short.
const LAST_ANSWERS: Duration = Duration::from_millis(20);

/// How long calls under way may take after a signal asked for the end; longer than an application takes, which was told to
/// stop, for what it finishes.
const LAST_CALLS: Duration = Duration::from_secs(15);

/// How long to wait when no connection can be accepted, as when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the process cannot serve.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    /// The runtime or the signals cannot be set up.
    #[error("the process cannot be set up")]
    Process(#[source] io::Error),
    /// TLS cannot be served.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is nothing to connect to.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The host is gone before it could be told.
    #[error("the handshake line cannot be written to standard output")]
    Handshake(#[source] io::Error),
}

/// Serves until the process has to end.
pub(super) fn run<F, S>(
    plugin: &'static Plugin,
    mode: Mode,
    environment: &Environment,
    application: F,
) -> Result<(), ServeError>
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(ServeError::Process)?;
    let result = runtime.block_on(serve(plugin, mode, environment, application));
    // Requests that are still being worked on must not delay the exit.
    runtime.shutdown_background();
    result
}

async fn serve<F, S>(
    plugin: &'static Plugin,
    mode: Mode,
    environment: &Environment,
    application: F,
) -> Result<(), ServeError>
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    let mut lifetime = Lifetime::begin(mode).map_err(ServeError::Process)?;
    let identity = identity(mode, environment)?;
    let mut listener = Listener::bind(environment)?;
    let announced = match mode {
        Mode::Hosted => {
            let certificate = identity.as_ref().map(|identity| &identity.certificate);
            handshake::announce(plugin, environment, &listener.address, certificate)
        }
        Mode::ByHand => handshake::announce_by_hand(plugin, environment, &listener.address),
    };
    announced.map_err(ServeError::Handshake)?;
    tracing::debug!(address = %listener.address, tls = identity.is_some(), "serving");

    let socket_file = listener.file.take();
    let server = Arc::new(Server::new(identity, application));
    tokio::spawn(accept(Arc::clone(&server), listener));
    let end = lifetime.end(&server.shutdown, &server.connections).await;
    drop(socket_file);
    tracing::debug!(reason = %end, "ending");
    if end == End::Signal {
        server.let_calls_finish().await;
    }
    if matches!(end, End::Shutdown | End::Signal) {
        server.let_answers_leave().await;
    }
    Ok(())
}

/// The certificate for this host, if it wants TLS. Whoever attaches by hand has none to show.
fn identity(mode: Mode, environment: &Environment) -> Result<Option<Identity>, TlsError> {
    let wanted = environment.get(environment::CLIENT_CERTIFICATE).filter(|_| mode == Mode::Hosted);
    wanted.map(|pem| Identity::pinned_to(pem.as_encoded_bytes())).transpose()
}

/// What the connections share.
struct Server<F> {
    acceptor: Option<TlsAcceptor>,
    application: F,
    connections: Connections,
    shutdown: Shutdown,
    calls: Calls,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl<F, S> Server<F>
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    fn new(identity: Option<Identity>, application: F) -> Self {
        Self {
            acceptor: identity.map(|identity| TlsAcceptor::from(identity.config)),
            application,
            connections: Connections::new(),
            shutdown: Shutdown::new(),
            calls: Calls::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Whoever sends SIGTERM to a whole process group, as a CI system does, makes the host stop in order: what was begun
    /// is finished, so that the host hears of it.
    async fn let_calls_finish(&self) {
        let _ = time::timeout(LAST_CALLS, self.calls.finished()).await;
    }

    /// Gives the answers that are ready a moment to leave; what is still being worked on is given up.
    async fn let_answers_leave(&self) {
        let _ = time::timeout(LAST_ANSWERS, self.connections.closed()).await;
    }

    /// Serves one connection to its end, with an application of its own.
    async fn serve(&self, stream: Box<dyn Stream>) {
        let stream = match &self.acceptor {
            None => stream,
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(stream) => Box::new(stream),
                Err(error) => {
                    tracing::warn!(%error, "refused a connection that is not the host's");
                    return;
                }
            },
        };
        let _open = self.connections.open();
        let calls = Calls::new();
        let counted = [self.calls.clone(), calls.clone()];
        let dispatch = Dispatch::new(
            (self.application)(self.tasks.clone(), self.stop.clone()),
            self.shutdown.clone(),
            counted,
        );
        let ended = connection::serve(stream, dispatch, &self.shutdown).await;
        // Before the calls hear of it and end, too.
        let calls = calls.count();
        let reason = match &ended {
            Ok(()) => "end of stream".to_owned(),
            Err(error) => super::with_causes(error),
        };
        let error = ended.as_ref().err().map(|error| error as _);
        if connection::is_normal_end(error, self.shutdown.is_requested(), calls) {
            tracing::debug!(reason, "the host closed a connection");
        } else {
            tracing::warn!(reason, calls, "a connection broke");
        }
    }
}

/// Serves each connection in a task of its own, so that a panic there ends that connection only.
async fn accept<F, S>(server: Arc<Server<F>>, listener: Listener)
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move { server.serve(stream).await });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
