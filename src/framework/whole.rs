//! Requests are taken off the connection whole before anybody believes the lengths they announce.
//!
//! tonic reserves what the header of a frame announces, up to the limit for messages, when five bytes are there. So a
//! request that announces more than it brings must not reach it. Knows gRPC's frames, and nothing of what is in them.

use std::convert::Infallible;
use std::error::Error;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use tonic::{Status, body::Body, codegen::BoxFuture};
use tower_service::Service;

use super::MAX_MESSAGE_BYTES;

/// The header of a frame: a byte for the compression, and the length of the message, four bytes, the highest first.
const HEADER: usize = 5;

/// A service whose requests are whole. Every call of protocol 5 has a request of one message, so nothing is lost by waiting
/// for the end of it.
#[derive(Clone)]
pub struct Whole<S>(pub(super) S);

impl<S> Service<Request<Body>> for Whole<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready is used, and its clone stays.
        let clone = self.0.clone();
        let mut service = std::mem::replace(&mut self.0, clone);
        Box::pin(async move {
            match whole(request).await {
                Ok(request) => service.call(request).await,
                Err(status) => Ok(status.into_http()),
            }
        })
    }
}

/// The request with all of its body, the frames of which are as long as they announce.
async fn whole(request: Request<Body>) -> Result<Request<Body>, Status> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, HEADER + MAX_MESSAGE_BYTES).collect().await;
    let body = body.map_err(broken)?.to_bytes();
    if !is_complete(&body) {
        return Err(Status::internal("the request ends in the middle of a message"));
    }
    Ok(Request::from_parts(head, Body::new(Full::new(body))))
}

fn broken(error: Box<dyn Error + Send + Sync>) -> Status {
    if error.is::<LengthLimitError>() {
        return Status::out_of_range(format!("the request is longer than {MAX_MESSAGE_BYTES} bytes"));
    }
    Status::from_error(error)
}

/// Whether the last frame ends where the bytes end.
fn is_complete(mut frames: &[u8]) -> bool {
    while let Some((header, rest)) = frames.split_first_chunk::<HEADER>() {
        let [_, length @ ..] = *header;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        let Some(next) = rest.get(length..) else { return false };
        frames = next;
    }
    frames.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_complete_when_each_frame_is_as_long_as_it_says() {
        for complete in [&[][..], &[0; 5], &[1, 0, 0, 0, 2, 7, 7], &[0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0]] {
            assert!(is_complete(complete), "{complete:?}");
        }
        let announced = [0, 0x0f, 0xff, 0xff, 0xff];
        for incomplete in [
            &[0; 4][..],
            &announced,
            &[0xff; 5],
            &[0, 0, 0, 0, 2, 7],
            &[0, 0, 0, 0, 0, 0],
            &[[0; 5], announced].concat(),
        ] {
            assert!(!is_complete(incomplete), "{incomplete:?}");
        }
    }
}
