//! Gives each request of a connection to the service it names.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower_service::Service as _;

use super::Application;
use super::services::HostServices;
use super::shutdown::Shutdown;
use crate::pb::health::health_server::{self, HealthServer};
use crate::pb::plugin::grpc_broker_server::{self, GrpcBrokerServer};
use crate::pb::plugin::grpc_controller_server::{self, GrpcControllerServer};
use crate::pb::plugin::grpc_stdio_server::{self, GrpcStdioServer};

/// The services of one connection.
pub(super) struct Dispatch<S> {
    broker: GrpcBrokerServer<HostServices>,
    stdio: GrpcStdioServer<HostServices>,
    controller: GrpcControllerServer<HostServices>,
    health: HealthServer<HostServices>,
    application: S,
    /// The calls under way on all connections, and on this one.
    calls: [Calls; 2],
}

/// Counts the application's calls under way.
#[derive(Clone)]
pub(super) struct Calls(Arc<watch::Sender<usize>>);

/// A call that counts until this is dropped.
struct UnderWay(Calls);

impl Calls {
    /// None so far.
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Waits until none is under way.
    pub(super) async fn finished(&self) {
        // The sender is borrowed, so the channel cannot be closed meanwhile.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| *count += 1);
        UnderWay(self.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

impl<S: Application> Dispatch<S> {
    /// Serves `application` beside what every host expects. A call is counted in each of `calls`.
    pub(super) fn new(application: S, shutdown: Shutdown, calls: [Calls; 2]) -> Self {
        let services = HostServices { shutdown };
        Self {
            broker: GrpcBrokerServer::new(services.clone()),
            stdio: GrpcStdioServer::new(services.clone()),
            controller: GrpcControllerServer::new(services.clone()),
            health: HealthServer::new(services),
            application,
            calls,
        }
    }

    /// Answers one request. What is not the host's is the application's, which also refuses what nobody knows.
    pub(super) fn call(&self, request: Request<Body>) -> BoxFuture<Response<Body>, Infallible> {
        match service_name(request.uri().path()) {
            grpc_broker_server::SERVICE_NAME => self.broker.clone().call(request),
            grpc_stdio_server::SERVICE_NAME => self.stdio.clone().call(request),
            grpc_controller_server::SERVICE_NAME => self.controller.clone().call(request),
            health_server::SERVICE_NAME => self.health.clone().call(request),
            _ => {
                let mut application = self.application.clone();
                let under_way = self.calls.each_ref().map(Calls::begin);
                Box::pin(async move {
                    poll_fn(|context| application.poll_ready(context)).await?;
                    let answer = application.call(request).await;
                    drop(under_way);
                    answer
                })
            }
        }
    }
}

/// The service in a gRPC path, `/package.Service/Method`.
fn service_name(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}
