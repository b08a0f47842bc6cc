//! HTTP/2 on one connection.

use std::error::Error;
use std::io;
use std::pin::pin;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::body::Body;

use super::Application;
use super::dispatch::Dispatch;
use super::listener::Stream;
use super::shutdown::Shutdown;

/// How much of one request, and of all of them, may be on its way unread. A plan of many megabytes comes in one
/// message, and the memory is used only while it does.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// How many requests may be cancelled before they were looked at. A run with `-parallelism=1000` that is interrupted
/// cancels them all at once, which is no attack.
const CANCELLED_REQUESTS: usize = 16 << 10;

/// Whether a connection that ended, with an error or without, did so because the host left. Go's gRPC closes the socket without
/// waiting for what is still on its way, so that reading or writing fails at the end of nearly every connection. It is a
/// break only while calls are under way.
pub(super) fn is_normal_end(
    error: Option<&(dyn Error + 'static)>,
    shutdown_requested: bool,
    calls: usize,
) -> bool {
    let is_closed = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::NotConnected
                    | io::ErrorKind::UnexpectedEof
            )
        })
    };
    let mut causes = std::iter::successors(error, |&error| error.source());
    shutdown_requested || (calls == 0 && (error.is_none() || causes.any(is_closed)))
}

/// Serves a connection until the host leaves it, or until the requests in flight are answered once the end was asked
/// for.
pub(super) async fn serve<S: Application>(
    stream: Box<dyn Stream>,
    dispatch: Dispatch<S>,
    shutdown: &Shutdown,
) -> hyper::Result<()> {
    let service =
        service_fn(move |request: Request<Incoming>| dispatch.call(request.map(Body::new)));
    let connection = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // The host has its own limit; a lower one here would block it.
        .max_concurrent_streams(None)
        .max_pending_accept_reset_streams(CANCELLED_REQUESTS)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        result = connection.as_mut() => result,
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("connection error")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_host_that_leaves_breaks_nothing() {
        let closed = |kind| Outer(io::Error::from(kind));
        for kind in [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::UnexpectedEof,
        ] {
            let error = closed(kind);
            assert!(is_normal_end(Some(&error), false, 0), "{kind}");
            assert!(!is_normal_end(Some(&error), false, 1), "{kind}: somebody waits for an answer");
            assert!(is_normal_end(Some(&error), true, 1), "{kind}: it asked for the end");
        }
        assert!(is_normal_end(None, false, 0));
        assert!(!is_normal_end(None, false, 1));
        assert!(!is_normal_end(Some(&closed(io::ErrorKind::InvalidData)), false, 0));
    }
}
