//! HTTP/2 on one connection.

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

/// Serves a connection until the host leaves it, or until the requests in flight are answered once the end was asked
/// for.
pub(super) async fn serve<S: Application>(
    stream: Box<dyn Stream>,
    dispatch: Dispatch<S>,
    shutdown: &Shutdown,
) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| dispatch.call(request.map(Body::new)));
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
