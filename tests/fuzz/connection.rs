//! Connections to the provider without a network: the gRPC service that `transport` would give
//! requests to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use prost::Message as _;
use terraform_provider_openrouter::cty::{Number, ObjectType, Type, Value, msgpack};
use terraform_provider_openrouter::pb::tfplugin5::provider_server::ProviderServer;
use terraform_provider_openrouter::pb::tfplugin5::{DynamicValue, configure};
use terraform_provider_openrouter::protocol::{self, Service};
use terraform_provider_openrouter::provider::OpenRouter;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower_service::Service as _;

use crate::requests::framed;
use crate::types::SCHEMAS;

/// The response to a call.
pub(crate) struct Response {
    /// The gRPC status, 0 for success.
    pub(crate) status: u32,
    /// The message, in its frame.
    pub(crate) body: Bytes,
}

/// A connection, on a runtime with one thread, so that no other work is measured.
pub(crate) struct Connection {
    runtime: Runtime,
    service: ProviderServer<Service<OpenRouter>>,
    /// The address of an API that does not listen. It reserves the port.
    closed: TcpSocket,
}

impl Connection {
    /// A new connection that is not configured.
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let provider = Arc::new(OpenRouter::new(BTreeMap::new()));
        let context = runtime.enter();
        let service = protocol::serve(&provider, TaskTracker::new(), CancellationToken::new());
        drop(context);
        Self { runtime, service, closed }
    }

    /// A new connection that is configured for an API that cannot be reached.
    pub(crate) fn configured() -> Self {
        let connection = Self::new();
        let url = format!("http://{}/api/v1", connection.closed.local_addr().unwrap());
        let config = Some(configuration(&url));
        let request = configure::Request {
            terraform_version: "1.15.5".to_owned(),
            config,
            ..Default::default()
        };
        let body = framed(&request.encode_to_vec());
        let Response { status, body } = connection.call("Configure", vec![body]).unwrap();
        assert_eq!((status, &body[..]), (0, &[0; 5][..]), "the configuration is accepted");
        connection
    }

    /// Calls a method with a body that comes in these parts.
    pub(crate) fn call(&self, method: &str, parts: Vec<Vec<u8>>) -> Result<Response, String> {
        let parts = parts
            .into_iter()
            .map(|part| Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(part))));
        let body = Body::new(StreamBody::new(tokio_stream::iter(parts)));
        let request = Request::post(format!("http://localhost/tfplugin5.Provider/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(body)
            .unwrap();
        let mut service = self.service.clone();
        self.runtime.block_on(async move {
            let response = service.call(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| format!("the response breaks off: {error}"))?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            let status = status(&head.headers).or_else(|| status(&trailers));
            let status =
                status.ok_or_else(|| format!("a response without a status, {}", head.status))?;
            Ok(Response { status, body: body.to_bytes() })
        })
    }
}

fn status(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// The provider block for an API at `url`: a key, and no attempt after the first. All other
/// attributes are null.
fn configuration(url: &str) -> DynamicValue {
    let ty = &SCHEMAS.provider;
    let object = ty.as_object().unwrap();
    let mut config = Value::null_object(object)
        .with_attribute("api_key", "sk-or-v1-fuzz")
        .with_attribute("server_url", url);
    if let Some(Type::Object(retry)) = object.attributes.get("retry") {
        config = config.with_attribute("retry", without_retries(retry));
    }
    DynamicValue { msgpack: msgpack::encode(&config, ty).unwrap(), json: Vec::new() }
}

fn without_retries(retry: &ObjectType) -> Value {
    let name = "max_elapsed_time_ms";
    assert_eq!(retry.attributes.get(name), Some(&Type::Number), "this limits the attempts");
    Value::null_object(retry).with_attribute(name, Number::from(0_i64))
}
