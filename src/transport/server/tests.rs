//! The server in this process, over a real socket: what does not need a process of its own.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::{Barrier, Notify};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt as _;

use super::*;
use crate::pb::plugin::Empty;
use crate::pb::plugin::grpc_controller_client::GrpcControllerClient;

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

type Answer =
    Pin<Box<dyn Future<Output = Result<Response<Body>, std::convert::Infallible>> + Send>>;

/// An application made of a function from request to answer.
#[derive(Clone)]
struct Answers<F>(F);

impl<F> tower_service::Service<Request<Body>> for Answers<F>
where
    F: Fn(Request<Body>) -> Answer,
{
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        (self.0)(request)
    }
}

/// Serves an application on a socket, which stays as long as the directory.
fn start<F, S>(application: F) -> (tempfile::TempDir, String)
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    let (directory, address, _) = start_server(application);
    (directory, address)
}

/// The same, with what the connections share.
fn start_server<F, S>(application: F) -> (tempfile::TempDir, String, Arc<Server<F>>)
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::of(&[("TMPDIR", directory.path().to_str().unwrap())]);
    let listener = Listener::bind(&environment).unwrap();
    let address = listener.address.to_string();
    let server = Arc::new(Server::new(None, application));
    tokio::spawn(accept(Arc::clone(&server), listener));
    (directory, address, server)
}

async fn connect(address: &str) -> Channel {
    let connect =
        |address: String| async move { UnixStream::connect(address).await.map(TokioIo::new) };
    let address = address.to_owned();
    Endpoint::from_static("http://localhost")
        .connect_with_connector(tower::service_fn(move |_| connect(address.clone())))
        .await
        .unwrap()
}

async fn call(channel: &Channel, body: Vec<u8>) -> Result<Response<Body>, tonic::transport::Error> {
    let request = Request::post("http://localhost/some.Service/Method");
    channel.clone().oneshot(request.body(Body::new(Full::from(body))).unwrap()).await
}

/// The text of an answer.
async fn text(answer: Response<Body>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn answer(text: &str) -> Response<Body> {
    Response::new(Body::new(Full::from(text.to_owned())))
}

#[tokio::test]
async fn every_connection_has_an_application_of_its_own() {
    let made = Arc::new(AtomicUsize::new(0));
    let (_directory, address) = start(move |_, _| {
        let number = made.fetch_add(1, Ordering::Relaxed).to_string();
        Answers(move |_| -> Answer {
            let number = number.clone();
            Box::pin(async move { Ok(answer(&number)) })
        })
    });
    let (first, second) = (connect(&address).await, connect(&address).await);
    let mut seen = Vec::new();
    for channel in [&first, &first, &second, &second] {
        seen.push(text(call(channel, Vec::new()).await.unwrap()).await);
    }
    assert_eq!((&seen[0], &seen[2]), (&seen[1], &seen[3]));
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_large_message_arrives() {
    const LENGTH: usize = 20 << 20;
    let (_directory, address) = start(|_, _| {
        Answers(|request: Request<Body>| -> Answer {
            Box::pin(async move {
                let length = request.into_body().collect().await.unwrap().to_bytes().len();
                Ok(answer(&length.to_string()))
            })
        })
    });
    let channel = connect(&address).await;
    let answered = call(&channel, vec![0; LENGTH]).await.unwrap();
    assert_eq!(text(answered).await, LENGTH.to_string());
}

/// Terraform waits for none of the others when `-parallelism=1000` makes it send that many.
#[tokio::test]
async fn a_thousand_requests_are_served_at_once() {
    const REQUESTS: usize = 1000;
    let everybody = Arc::new(Barrier::new(REQUESTS));
    let (_directory, address) = start(move |_, _| {
        let everybody = Arc::clone(&everybody);
        Answers(move |_| -> Answer {
            let everybody = Arc::clone(&everybody);
            Box::pin(async move {
                everybody.wait().await;
                Ok(answer("here"))
            })
        })
    });
    let channel = connect(&address).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..REQUESTS {
        let channel = channel.clone();
        requests.spawn(async move { call(&channel, Vec::new()).await.is_ok() });
    }
    let answered = time::timeout(Duration::from_secs(30), requests.join_all()).await;
    assert!(
        answered.expect("no request waits for another to end").into_iter().all(|answered| answered)
    );
}

#[tokio::test]
async fn a_panic_ends_one_request_or_one_connection_and_nothing_else() {
    let made = Arc::new(AtomicUsize::new(0));
    let (_directory, address) = start(move |_, _| {
        assert_ne!(made.fetch_add(1, Ordering::Relaxed), 0, "the first connection is unlucky");
        Answers(|request: Request<Body>| -> Answer {
            Box::pin(async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                assert!(body.is_empty(), "this request is unlucky");
                Ok(answer("well"))
            })
        })
    });
    let unlucky = connect(&address).await;
    assert!(call(&unlucky, Vec::new()).await.is_err());
    let lucky = connect(&address).await;
    assert!(call(&lucky, vec![1]).await.is_err());
    assert_eq!(text(call(&lucky, Vec::new()).await.unwrap()).await, "well");
}

#[tokio::test]
async fn a_request_that_takes_forever_does_not_hold_up_shutdown() {
    let begun = Arc::new(Notify::new());
    let has_begun = Arc::clone(&begun);
    let (_directory, address, server) = start_server(move |_, _| {
        let begun = Arc::clone(&begun);
        Answers(move |_| -> Answer {
            begun.notify_one();
            Box::pin(std::future::pending())
        })
    });
    let channel = connect(&address).await;
    let stuck = channel.clone();
    tokio::spawn(async move { call(&stuck, Vec::new()).await.is_ok() });
    has_begun.notified().await;

    let answer = GrpcControllerClient::new(channel).shutdown(Empty {}).await;
    assert!(answer.is_ok(), "{answer:?}");
    // On a clock that moves only when there is nothing else to do.
    time::pause();
    let asked = time::Instant::now();
    server.let_answers_leave().await;
    assert!(asked.elapsed() <= LAST_ANSWERS + Duration::from_millis(1), "{:?}", asked.elapsed());
}
