//! The services that go-plugin's hosts call beside the plugin's own: a broker and a stream of output that are opened
//! and stay idle, the standard health check, and the controller that ends the process.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::shutdown::Shutdown;
use crate::pb::health::health_check_response::ServingStatus;
use crate::pb::health::health_server::Health;
use crate::pb::health::{HealthCheckRequest, HealthCheckResponse};
use crate::pb::plugin::grpc_broker_server::GrpcBroker;
use crate::pb::plugin::grpc_controller_server::GrpcController;
use crate::pb::plugin::grpc_stdio_server::GrpcStdio;
use crate::pb::plugin::{ConnInfo, Empty, StdioData};

/// The name under which go-plugin asks for the plugin's health; the empty name asks for the whole server's.
const HEALTH_NAMES: [&str; 2] = ["plugin", ""];

/// The host's services, of which only the wish to end has a state.
#[derive(Clone)]
pub(super) struct HostServices {
    /// Set by the controller; ends the open streams.
    pub(super) shutdown: Shutdown,
}

/// A stream that yields at most one message and then stays open until the server ends.
pub(super) struct Held<T> {
    first: Option<T>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Dropping what the host sends would reset the stream.
    _incoming: Option<Streaming<ConnInfo>>,
}

impl<T> Held<T> {
    fn until(shutdown: &Shutdown, first: Option<T>) -> Self {
        Self { first, end: Box::pin(shutdown.requested()), _incoming: None }
    }
}

impl<T: Unpin> Stream for Held<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(message) = self.first.take() {
            return Poll::Ready(Some(Ok(message)));
        }
        ready!(self.end.as_mut().poll(context));
        Poll::Ready(None)
    }
}

#[tonic::async_trait]
impl GrpcBroker for HostServices {
    type StartStreamStream = Held<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Held<ConnInfo>>, Status> {
        let stream =
            Held { _incoming: Some(request.into_inner()), ..Held::until(&self.shutdown, None) };
        Ok(Response::new(stream))
    }
}

#[tonic::async_trait]
impl GrpcStdio for HostServices {
    type StreamStdioStream = Held<StdioData>;

    async fn stream_stdio(
        &self,
        _request: Request<()>,
    ) -> Result<Response<Held<StdioData>>, Status> {
        Ok(Response::new(Held::until(&self.shutdown, None)))
    }
}

#[tonic::async_trait]
impl GrpcController for HostServices {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.shutdown.request();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl Health for HostServices {
    type WatchStream = Held<HealthCheckResponse>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match status(&request.into_inner().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("there is no such service")),
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Held<HealthCheckResponse>>, Status> {
        let status = status(&request.into_inner().service).into();
        Ok(Response::new(Held::until(&self.shutdown, Some(HealthCheckResponse { status }))))
    }
}

/// A process that answers is healthy.
fn status(service: &str) -> ServingStatus {
    if HEALTH_NAMES.contains(&service) {
        ServingStatus::Serving
    } else {
        ServingStatus::ServiceUnknown
    }
}
