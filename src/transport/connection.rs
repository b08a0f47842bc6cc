//! HTTP/2 on one connection.

use std::{error::Error, io, pin::pin, sync::Arc};

use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::body::Body;

use super::error::{chain, with_causes};
use super::{listener::Stream, services::Services};

/// How much of one request, and of all of them, may be on its way unread. A plan of many megabytes
/// comes in one message, and the memory is used only while it does.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// How many requests may be cancelled before they were accepted. A run with `-parallelism=1000`
/// that is interrupted cancels them all at once, which is no attack.
const CANCELLED_REQUESTS: usize = 16 << 10;

/// Serves a connection until the host leaves it, or until the requests under way are responded to
/// once the process ends. Logs how it ended.
pub(super) async fn serve(stream: Box<dyn Stream>, services: Services) {
    let (requests, shutdown) = (Arc::clone(&services.requests), services.shutdown.clone());
    let service =
        service_fn(move |request: http::Request<_>| services.call(request.map(Body::new)));
    let mut connection = pin!(
        Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            // The host has its own limit; a lower one here would block it.
            .max_concurrent_streams(None)
            .max_pending_accept_reset_streams(CANCELLED_REQUESTS)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
    );
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    let has_calls = requests.any_under_way();
    let error = result.as_ref().err().map(|error| error as &(dyn Error + 'static));
    let reason = error.map_or_else(|| "end of stream".to_owned(), with_causes);
    if shutdown.is_cancelled() || is_normal_end(error, has_calls) {
        tracing::debug!(reason, "the host closed a connection");
    } else {
        tracing::warn!(reason, "a connection failed");
    }
}

/// Whether a connection ended because the host left. Go's gRPC closes the socket without waiting
/// for what is still on its way, so that reading or writing fails at the end of nearly every
/// connection. It is a break only while calls are under way.
fn is_normal_end(error: Option<&(dyn Error + 'static)>, has_calls: bool) -> bool {
    // What could be read, but not understood, is `InvalidData`.
    let is_closed = |error: &io::Error| error.kind() != io::ErrorKind::InvalidData;
    let has_left = |error: &(dyn Error + 'static)| error.downcast_ref().is_some_and(is_closed);
    !has_calls && error.is_none_or(|error| chain(error).any(has_left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("connection error")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_host_that_leaves_breaks_nothing_unless_a_call_is_under_way() {
        let closed = Outer(io::ErrorKind::ConnectionReset.into());
        assert!(is_normal_end(None, false) && is_normal_end(Some(&closed), false));
        assert!(!is_normal_end(None, true) && !is_normal_end(Some(&closed), true));
        assert!(!is_normal_end(Some(&Outer(io::ErrorKind::InvalidData.into())), false));
    }
}
