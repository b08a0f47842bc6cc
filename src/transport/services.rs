//! The services of one connection: the application, and beside it what go-plugin's hosts call: a
//! broker and a stream of output, which stay idle, the standard health check, and the controller.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::codegen::{Service as _, http};
use tonic::{Request, Response, Status, Streaming, body::Body};

use super::{Application, ResponseFuture};
use crate::pb::health::health_check_response::ServingStatus;
use crate::pb::health::health_server::{self, Health, HealthServer};
use crate::pb::health::{HealthCheckRequest, HealthCheckResponse};
use crate::pb::plugin::grpc_broker_server::{self, GrpcBroker, GrpcBrokerServer};
use crate::pb::plugin::grpc_controller_server::{self, GrpcController, GrpcControllerServer};
use crate::pb::plugin::grpc_stdio_server::{self, GrpcStdio, GrpcStdioServer};
use crate::pb::plugin::{ConnInfo, Empty, StdioData};

pub(super) struct Services {
    pub(super) application: Application,
    /// The application's requests on this connection.
    pub(super) requests: Arc<Requests>,
    pub(super) shutdown: CancellationToken,
}

impl Services {
    /// Responds to a request. The application also refuses services that nobody has.
    pub(super) fn call(&self, request: http::Request<Body>) -> ResponseFuture {
        let host = HostServices(self.shutdown.clone());
        // A gRPC path is `/package.Service/Method`.
        match request.uri().path().split('/').nth(1).unwrap_or_default() {
            grpc_broker_server::SERVICE_NAME => GrpcBrokerServer::new(host).call(request),
            grpc_stdio_server::SERVICE_NAME => GrpcStdioServer::new(host).call(request),
            grpc_controller_server::SERVICE_NAME => GrpcControllerServer::new(host).call(request),
            health_server::SERVICE_NAME => HealthServer::new(host).call(request),
            _ => {
                let under_way = Requests::begin(&self.requests);
                let response = (self.application)(request);
                Box::pin(async move {
                    let response = response.await;
                    under_way.finish();
                    response
                })
            }
        }
    }
}

/// The end of a connection and the drop of its requests are seen on different threads, in either
/// order: a request that was dropped this recently counts as under way. So does one that the host
/// cancelled just before it left.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// The requests of a connection that have no response yet.
#[derive(Default)]
pub(super) struct Requests(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    under_way: usize,
    last_abandoned: Option<Instant>,
}

impl Requests {
    fn begin(requests: &Arc<Self>) -> UnderWay {
        requests.counts().under_way += 1;
        UnderWay { requests: Arc::clone(requests), is_finished: false }
    }

    /// Whether there are any, or were when the connection ended just now.
    pub(super) fn any_under_way(&self) -> bool {
        let counts = self.counts();
        let just_now = |at: Instant| at.elapsed() < NOTICED_WITHIN;
        counts.under_way > 0 || counts.last_abandoned.is_some_and(just_now)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request. Dropped unfinished, it was abandoned: its caller, or the connection, is gone.
struct UnderWay {
    requests: Arc<Requests>,
    is_finished: bool,
}

impl UnderWay {
    fn finish(mut self) {
        self.is_finished = true;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut counts = self.requests.counts();
        counts.under_way -= 1;
        if !self.is_finished {
            counts.last_abandoned = Some(Instant::now());
        }
    }
}

/// go-plugin's own services. The token is cancelled when the process ends.
#[derive(Clone)]
struct HostServices(CancellationToken);

type Reply<T> = Result<Response<T>, Status>;
type Idle<T> = ReceiverStream<Result<T, Status>>;

impl HostServices {
    /// A stream without messages, open until the process ends or the host closes it. What the host
    /// sends is kept as long: dropping it would reset the stream.
    fn idle<T: Send + 'static>(&self, incoming: impl Send + 'static) -> Response<Idle<T>> {
        let (sender, receiver) = mpsc::channel(1);
        let end = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = sender.closed() => {}
            }
            drop(incoming);
        });
        Response::new(ReceiverStream::new(receiver))
    }
}

#[tonic::async_trait]
impl GrpcBroker for HostServices {
    type StartStreamStream = Idle<ConnInfo>;

    async fn start_stream(&self, sent: Request<Streaming<ConnInfo>>) -> Reply<Idle<ConnInfo>> {
        Ok(self.idle(sent))
    }
}

#[tonic::async_trait]
impl GrpcStdio for HostServices {
    type StreamStdioStream = Idle<StdioData>;

    async fn stream_stdio(&self, request: Request<()>) -> Reply<Idle<StdioData>> {
        Ok(self.idle(request))
    }
}

#[tonic::async_trait]
impl GrpcController for HostServices {
    async fn shutdown(&self, _: Request<Empty>) -> Reply<Empty> {
        self.0.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl Health for HostServices {
    type WatchStream = Idle<HealthCheckResponse>;

    /// A process that responds is healthy: the plugin, as go-plugin calls it, and the whole server.
    async fn check(&self, request: Request<HealthCheckRequest>) -> Reply<HealthCheckResponse> {
        match request.get_ref().service.as_str() {
            "plugin" | "" => {
                let status = ServingStatus::Serving.into();
                Ok(Response::new(HealthCheckResponse { status }))
            }
            _ => Err(Status::not_found("unknown service")),
        }
    }

    /// No host watches: the end of the process says more.
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Reply<Self::WatchStream> {
        Err(Status::unimplemented("watching the health is not supported"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of a connection drops its requests, which can come before that end is noticed.
    #[test]
    fn a_request_without_a_response_is_under_way_when_its_connection_ends() {
        let requests = Arc::new(Requests::default());
        Requests::begin(&requests).finish();
        assert!(!requests.any_under_way());
        let second = Requests::begin(&requests);
        assert!(requests.any_under_way());
        drop(second);
        assert!(requests.any_under_way());
        requests.counts().last_abandoned = Instant::now().checked_sub(NOTICED_WITHIN);
        assert!(!requests.any_under_way(), "it was cancelled long before");
    }
}
