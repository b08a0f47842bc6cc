//! What every go-plugin host calls beside Terraform's own protocol.

use std::time::Duration;

use terraform_provider_openrouter::pb::health::health_check_response::ServingStatus;
use terraform_provider_openrouter::pb::health::health_client::HealthClient;
use terraform_provider_openrouter::pb::health::{HealthCheckRequest, HealthCheckResponse};
use terraform_provider_openrouter::pb::plugin::Empty;
use terraform_provider_openrouter::pb::plugin::grpc_broker_client::GrpcBrokerClient;
use terraform_provider_openrouter::pb::plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_openrouter::pb::plugin::grpc_stdio_client::GrpcStdioClient;
use tokio::time::timeout;
use tonic::{Code, Streaming};

use crate::harness::{Provider, TIMEOUT};

/// How long a stream is watched for what must not come.
const SILENCE: Duration = Duration::from_millis(200);

fn service(name: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: name.to_owned() }
}

const SERVING: HealthCheckResponse = HealthCheckResponse { status: ServingStatus::Serving as i32 };

/// Whether a stream stays open and says nothing.
async fn is_silent<T>(stream: &mut Streaming<T>) -> bool {
    timeout(SILENCE, stream.message()).await.is_err()
}

/// Whether a stream is ended in order.
async fn has_ended<T>(stream: &mut Streaming<T>) -> bool {
    matches!(timeout(TIMEOUT, stream.message()).await, Ok(Ok(None)))
}

#[tokio::test]
async fn the_plugin_is_healthy_and_nothing_else_is_known() {
    let provider = Provider::start().await;
    let mut health = HealthClient::new(provider.channel().await);
    for name in ["plugin", ""] {
        assert_eq!(health.check(service(name)).await.unwrap().into_inner(), SERVING);
    }
    assert_eq!(health.check(service("other")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn broker_and_output_stay_open_and_silent_until_shutdown() {
    let mut provider = Provider::start().await;
    let channel = provider.channel().await;
    let (_keep, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut broker =
        GrpcBrokerClient::new(channel.clone()).start_stream(requests).await.unwrap().into_inner();
    let mut output =
        GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    assert!(is_silent(&mut broker).await);
    assert!(is_silent(&mut output).await);

    let response = GrpcControllerClient::new(channel).shutdown(Empty {}).await;
    assert!(response.is_ok(), "{response:?}");
    assert!(has_ended(&mut broker).await);
    assert!(has_ended(&mut output).await);
    assert_eq!(provider.process.end().await.0.code(), Some(0));
}

#[tokio::test]
async fn what_nobody_serves_is_unimplemented() {
    let provider = Provider::start().await;
    let mut grpc = tonic::client::Grpc::new(provider.channel().await);
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/no.Such/Service");
    let codec = tonic_prost::ProstCodec::<Empty, Empty>::default();
    let response = grpc.unary(tonic::Request::new(Empty {}), path, codec).await;
    assert_eq!(response.unwrap_err().code(), Code::Unimplemented);
}
