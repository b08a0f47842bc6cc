//! Calls that bring no answer, and what is known of them.

use std::time::{Duration, Instant};

use terraform_provider_openrouter::client::{Client, Config, Error};
use tokio::net::TcpListener;

use crate::server::{Reply, Server};
use crate::{PATIENCE, client, config, create, object};

const SHORT: Duration = Duration::from_millis(200);

fn hurried(server: &Server) -> Client {
    Client::new(Config { timeout: SHORT, ..config(&server.url()) }).unwrap()
}

#[tokio::test]
async fn a_refused_connection_proves_that_nothing_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::new(config(&format!("http://{host}/api/v1"))).unwrap();
    let error = create(&client, &object("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(!error.may_have_happened());
    let expected = format!("POST /guardrails: cannot connect to {host}: Connection refused");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn an_unknown_host_proves_that_nothing_happened() {
    // The label is longer than DNS allows, so no resolver is asked.
    let client =
        Client::new(config(&format!("https://{}.invalid/api/v1", "a".repeat(64)))).unwrap();
    let error = create(&client, &object("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing() {
    let server = Server::always(Reply::json(200, "{}")).await;
    let client = Client::new(config(&server.url().replace("http:", "https:"))).unwrap();
    let error = create(&client, &object("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_proves_that_nothing_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Nobody accepts, so nobody answers the TLS handshake.
    let url = format!("https://{}/api/v1", listener.local_addr().unwrap());
    let client = Client::new(Config { timeout: SHORT, ..config(&url) }).unwrap();
    let error = create(&client, &object("{}")).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_connection_lost_after_sending_proves_nothing() {
    let server = Server::always(Reply::Bytes(Vec::new())).await;
    let error = client(&server).get_guardrail("g").await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error:?}");
    assert!(error.may_have_happened());
    let expected = "GET /guardrails/g: the connection was lost before the response was complete: ";
    assert!(error.to_string().starts_with(expected), "{error}");
    server.only();
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_no_longer_than_allowed() {
    for begun in ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"data\""] {
        let server = Server::always(Reply::Stall(begun.as_bytes().to_vec())).await;
        let started = Instant::now();
        let error = hurried(&server).get_guardrail("g").await.unwrap_err();
        assert!(
            started.elapsed() >= SHORT && started.elapsed() < PATIENCE,
            "{:?}",
            started.elapsed()
        );
        assert!(matches!(error, Error::Timeout { after: SHORT, .. }), "{error:?}");
        assert_eq!(error.to_string(), "GET /guardrails/g: no complete response within 0.2 s");
        assert!(error.may_have_happened());
        server.only();
    }
}

#[tokio::test]
async fn a_refusal_that_stalls_is_still_that_refusal() {
    let begun = b"HTTP/1.1 429 -\r\nContent-Length: 99\r\n\r\nslow down".to_vec();
    let server = Server::always(Reply::Stall(begun)).await;
    let error = create(&hurried(&server), &object("{}")).await.unwrap_err();
    assert_eq!(error.to_string(), "POST /guardrails returned 429: slow down");
    assert!(!error.may_have_happened());
}

/// What has come of it does not tell whether it is the API's own.
#[tokio::test]
async fn a_404_that_breaks_off_is_no_answer() {
    let begun = b"HTTP/1.1 404 -\r\nContent-Length: 99\r\n\r\n{\"error\":{\"code\":404,".to_vec();
    let server = Server::always(Reply::Bytes(begun.clone())).await;
    let error = client(&server).delete_guardrail("g").await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }) && !error.is_not_found(), "{error:?}");
    let server = Server::always(Reply::Stall(begun)).await;
    let error = hurried(&server).delete_guardrail("g").await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[test]
fn no_time_at_all_is_refused() {
    let config = Config { timeout: Duration::ZERO, ..config("https://openrouter.ai/api/v1") };
    assert_eq!(
        Client::new(config).unwrap_err().to_string(),
        "the timeout must be greater than zero"
    );
}

#[tokio::test]
async fn endless_patience_does_not_overflow() {
    let server = Server::always(Reply::json(200, crate::guardrail("g"))).await;
    let client = Client::new(Config { timeout: Duration::MAX, ..config(&server.url()) }).unwrap();
    assert!(client.get_guardrail("g").await.is_ok());
}
