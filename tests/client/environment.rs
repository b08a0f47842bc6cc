//! What the environment decides: the trust store and proxies. As no test may change its own environment, each of these
//! runs this program again, for the same test, in an environment made for it.

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use terraform_provider_openrouter::client::{Client, ConfigError, Error};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::{Reply, Server};
use crate::{config, create, guardrail, object};

/// The base URL for the second process; absent in the first.
const BASE_URL: &str = "CLIENT_TEST_BASE_URL";

/// What decides about trust and proxies, all of it taken from the second process.
const DECISIVE: [&str; 10] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// The client of the second process; none in the first.
fn second_client() -> Option<Client> {
    let base_url = std::env::var(BASE_URL).ok()?;
    Some(Client::new(config(&base_url)).unwrap())
}

/// Runs a test of this module again, with a base URL and these variables, and requires it to pass.
async fn run_again(test: &str, base_url: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("environment::{test}")]);
    for name in DECISIVE {
        command.env_remove(name);
    }
    command.env(BASE_URL, base_url).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Serves HTTP/2 alone, with this certificate: the same guardrail to every request.
fn serve_http2(
    listener: TcpListener,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) {
    let mut tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate, or does not offer HTTP/2, ends here.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let answer = |_: hyper::Request<Incoming>| async {
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from(guardrail("g")))))
            };
            let connection = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
}

#[tokio::test]
async fn the_trust_store_can_be_named_and_http2_is_offered() {
    if let Some(client) = second_client() {
        return assert_eq!(client.get_guardrail("g").await.unwrap().id(), "g");
    }
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trusted.pem");
    std::fs::write(&file, pair.cert.pem()).unwrap();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let base_url = format!("https://localhost:{}/api/v1", listener.local_addr().unwrap().port());
    serve_http2(listener, pair.cert.der().clone(), pair.signing_key.into());

    let test = "the_trust_store_can_be_named_and_http2_is_offered";
    run_again(test, &base_url, &[("SSL_CERT_FILE", file.to_str().unwrap())]).await;
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_nothing() {
    if let Some(client) = second_client() {
        let error = create(&client, &object("{}")).await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
        return;
    }
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trusted.pem");
    std::fs::write(&file, other.cert.pem()).unwrap();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let base_url = format!("https://localhost:{}/api/v1", listener.local_addr().unwrap().port());
    serve_http2(listener, pair.cert.der().clone(), pair.signing_key.into());

    let test = "a_certificate_that_is_not_trusted_gets_nothing";
    run_again(test, &base_url, &[("SSL_CERT_FILE", file.to_str().unwrap())]).await;
}

#[tokio::test]
async fn a_trust_store_that_is_not_there_is_told_before_any_call() {
    if let Ok(base_url) = std::env::var(BASE_URL) {
        let error = Client::new(config(&base_url)).unwrap_err();
        assert_eq!(error, ConfigError::NoTrustStore);
        return assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    }
    let test = "a_trust_store_that_is_not_there_is_told_before_any_call";
    run_again(test, "https://service.example", &[("SSL_CERT_FILE", "/nonexistent")]).await;
}

#[tokio::test]
async fn a_proxy_is_used_and_is_not_shown_the_key() {
    if let Some(client) = second_client() {
        let error = create(&client, &object("{}")).await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        return;
    }
    let proxy = Server::always(Reply::json(403, "")).await;
    let address = proxy.url().replace("http://", "http://user:hunter2@").replace("/api/v1", "");
    let test = "a_proxy_is_used_and_is_not_shown_the_key";
    run_again(test, "https://service.example/api/v1", &[("HTTPS_PROXY", &address)]).await;
    let seen = proxy.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("CONNECT", "service.example:443"));
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test]
async fn what_is_said_to_this_machine_goes_through_no_proxy() {
    if let Some(client) = second_client() {
        return assert_eq!(client.get_guardrail("g").await.unwrap().id(), "g");
    }
    let (proxy, server) = (
        Server::always(Reply::json(502, "")).await,
        Server::always(Reply::json(200, guardrail("g"))).await,
    );
    let proxy_url = proxy.url();
    let test = "what_is_said_to_this_machine_goes_through_no_proxy";
    run_again(test, &server.url(), &[("HTTP_PROXY", &proxy_url), ("ALL_PROXY", &proxy_url)]).await;
    server.only();
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn plain_http_needs_no_trust_store() {
    if let Some(client) = second_client() {
        return assert_eq!(client.get_guardrail("g").await.unwrap().id(), "g");
    }
    let server = Server::always(Reply::json(200, guardrail("g"))).await;
    run_again(
        "plain_http_needs_no_trust_store",
        &server.url(),
        &[("SSL_CERT_FILE", "/nonexistent")],
    )
    .await;
}
