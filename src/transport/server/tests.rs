//! The server in this process, over a real socket: what does not need a process of its own.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Barrier, Notify};
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt as _;

use super::*;
use crate::pb::plugin::Empty;
use crate::pb::plugin::grpc_controller_client::GrpcControllerClient;
use crate::transport::{Application, listener::Address};

/// Some plugin.
pub(in crate::transport) const PLUGIN: Plugin = Plugin {
    name: "terraform-provider-test",
    version: "1.2.3",
    introduction: "This is a test.\n",
    cookie_key: "COOKIE",
    cookie_value: "right",
    protocol_version: 5,
    reattach_variable: "REATTACH",
    address: "test/test",
    log_variables: &["LOG_TEST", "LOG"],
    log_module: "test",
};

/// An environment of exactly these variables.
pub(in crate::transport) fn environment<V: AsRef<OsStr>>(variables: &[(&str, V)]) -> Environment {
    let owned = |(name, value): &(&str, V)| (name.into(), value.as_ref().to_owned());
    Environment::from_vars(variables.iter().map(owned))
}

/// An application that responds as this function does.
fn application<F>(respond: impl Fn(Request<Body>) -> F + Send + 'static) -> Application
where
    F: Future<Output = String> + Send + 'static,
{
    Box::new(move |request| {
        let text = respond(request);
        Box::pin(async move { Ok(Response::new(Body::new(Full::from(text.await)))) })
    })
}

/// A server on a port, which every system has.
async fn start(
    application: impl Fn(TaskTracker, CancellationToken) -> Application + Send + Sync + 'static,
) -> (Address, Arc<Server>) {
    let anywhere = environment::<&str>(&[]);
    let (listener, address) = Listener::bind(Network::Tcp, &anywhere).await.unwrap();
    let server = Arc::new(Server::new(None, Box::new(application)));
    tokio::spawn(Arc::clone(&server).accept(listener));
    (address, server)
}

async fn connect(address: &Address) -> Channel {
    let place = address.text.clone();
    let connect = move |_| {
        let place = place.clone();
        async move { TcpStream::connect(place).await.map(TokioIo::new) }
    };
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(tower::service_fn(connect)).await.unwrap()
}

/// The text of the response, if there is one.
async fn call(channel: &Channel, body: &'static str) -> Option<String> {
    let request = Request::post("http://localhost/some.Service/Method");
    let request = request.body(Body::new(Full::from(body))).unwrap();
    let response = channel.clone().oneshot(request).await.ok()?;
    let bytes = response.into_body().collect().await.ok()?.to_bytes();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn every_connection_has_an_application_of_its_own() {
    let made = AtomicUsize::new(0);
    let (address, _) = start(move |_, _| {
        let number = made.fetch_add(1, Ordering::Relaxed);
        application(move |_| async move { number.to_string() })
    })
    .await;
    let (first, second) = (connect(&address).await, connect(&address).await);
    let mut responses = Vec::new();
    for channel in [&first, &first, &second, &second] {
        responses.push(call(channel, "").await.unwrap());
    }
    assert_eq!((&responses[0], &responses[2]), (&responses[1], &responses[3]));
    assert_ne!(responses[0], responses[2]);
}

/// Terraform waits for none of the others when `-parallelism=1000` makes it send that many.
#[tokio::test]
async fn a_thousand_requests_are_served_at_once() {
    const REQUESTS: usize = 1000;
    let all = Arc::new(Barrier::new(REQUESTS));
    let (address, _) = start(move |_, _| {
        let all = Arc::clone(&all);
        application(move |_| {
            let all = Arc::clone(&all);
            async move {
                all.wait().await;
                "here".to_owned()
            }
        })
    })
    .await;
    let channel = connect(&address).await;
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS {
        let channel = channel.clone();
        requests.spawn(async move { call(&channel, "").await });
    }
    let responses = time::timeout(Duration::from_secs(60), requests.join_all()).await;
    assert!(responses.expect("no request waits for another to end").iter().all(Option::is_some));
}

#[tokio::test]
async fn a_panic_ends_one_request_or_one_connection_and_nothing_else() {
    let made = AtomicUsize::new(0);
    let (address, _) = start(move |_, _| {
        assert_ne!(made.fetch_add(1, Ordering::Relaxed), 0, "the first connection fails");
        application(|request| async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            assert!(body.is_empty(), "this request fails");
            "well".to_owned()
        })
    })
    .await;
    assert_eq!(call(&connect(&address).await, "").await, None);
    let channel = connect(&address).await;
    assert_eq!(call(&channel, "panic").await, None);
    assert_eq!(call(&channel, "").await.as_deref(), Some("well"));
}

/// A server, and a host with a call under way, whose task ends when it is stopped, or never.
async fn with_call_under_way(
    ends_when_stopped: bool,
) -> (Address, Arc<Server>, Channel, JoinSet<()>) {
    let started = Arc::new(Notify::new());
    let notify = Arc::clone(&started);
    let (address, server) = start(move |calls, stop| {
        let notify = Arc::clone(&notify);
        application(move |_| {
            let stop = stop.clone();
            let task = calls.spawn(async move {
                stop.cancelled().await;
                if !ends_when_stopped {
                    std::future::pending::<()>().await;
                }
            });
            notify.notify_one();
            async move { format!("{:?}", task.await) }
        })
    })
    .await;
    let channel = connect(&address).await;
    let (caller, mut calls) = (channel.clone(), JoinSet::new());
    calls.spawn(async move { drop(call(&caller, "").await) });
    started.notified().await;
    (address, server, channel, calls)
}

/// How long the end takes, on a clock that skips all waits.
async fn time_to_finish(server: &Server, end: End) -> Duration {
    time::pause();
    let start = time::Instant::now();
    server.finish(end).await;
    start.elapsed()
}

#[tokio::test]
async fn a_call_that_takes_forever_does_not_hold_up_shutdown() {
    let (_address, server, channel, _calls) = with_call_under_way(false).await;
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.expect("Shutdown is responded to");
    let taken = time_to_finish(&server, End::Shutdown).await;
    assert!(taken <= SHUTDOWN_RESPONSE + Duration::from_millis(1), "{taken:?}");
}

#[tokio::test]
async fn calls_of_a_host_that_is_gone_are_stopped() {
    let (_address, server, _channel, _calls) = with_call_under_way(true).await;
    assert_eq!(time_to_finish(&server, End::HostGone).await, Duration::ZERO);
}

#[tokio::test]
async fn calls_of_a_host_that_is_gone_have_a_limited_time() {
    let (_address, server, _channel, _calls) = with_call_under_way(false).await;
    let taken = time_to_finish(&server, End::HostGone).await;
    assert!(taken.abs_diff(LAST_CALLS) < Duration::from_secs(1), "{taken:?}");
}

#[tokio::test]
async fn calls_are_stopped_when_their_connection_is_gone() {
    let (_address, server, channel, mut calls) = with_call_under_way(true).await;
    calls.shutdown().await;
    drop(channel);
    server.calls.close();
    time::timeout(Duration::from_secs(60), server.calls.wait()).await.expect("the call is stopped");
}
