//! Who is let in: the host that started the process, and nobody else.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::harness::{Provider, Start, Stream, TIMEOUT};
use crate::host::{HTTP2, Host, connect_anonymously};

/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What the provider says to a client that begins with HTTP/2; nothing if it ends the connection instead.
async fn first_words(mut stream: impl Stream) -> Vec<u8> {
    let mut words = vec![0; 64];
    let _ = stream.write_all(PREFACE).await;
    let read =
        timeout(TIMEOUT, stream.read(&mut words)).await.expect("the provider answers or hangs up");
    words.truncate(read.unwrap_or_default());
    words
}

/// Whether a connection is ended without a byte of HTTP/2. A client learns only from what it reads that its
/// certificate was refused.
async fn is_turned_away(stream: std::io::Result<impl Stream>) -> bool {
    match stream {
        Ok(stream) => first_words(stream).await.is_empty(),
        Err(_) => true,
    }
}

#[tokio::test]
async fn the_host_is_let_in_and_speaks_http2() {
    let provider = Provider::start().await;
    let certificate = provider.handshake.certificate.clone().unwrap();
    let stream = provider.host().connect(provider.stream().await, certificate).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP2));
    assert!(provider.serves().await);
}

#[tokio::test]
async fn another_certificate_is_refused() {
    let provider = Provider::start().await;
    let certificate = provider.handshake.certificate.clone().unwrap();
    let stranger = Host::new().connect(provider.stream().await, certificate).await;
    assert!(is_turned_away(stranger).await);
    assert!(provider.serves().await);
}

/// The certificate is public; its key is what proves who has it.
#[tokio::test]
async fn the_right_certificate_with_another_key_is_refused() {
    let provider = Provider::start().await;
    let certificate = provider.handshake.certificate.clone().unwrap();
    let thief = Host::new().with_certificate_of(provider.host());
    let stranger = thief.connect(provider.stream().await, certificate).await;
    assert!(is_turned_away(stranger).await);
    assert!(provider.serves().await);
}

#[tokio::test]
async fn a_client_without_certificate_is_refused() {
    let provider = Provider::start().await;
    let certificate = provider.handshake.certificate.clone().unwrap();
    let stranger = connect_anonymously(provider.stream().await, certificate).await;
    assert!(is_turned_away(stranger).await);
    assert!(provider.serves().await);
}

#[tokio::test]
async fn plain_text_is_refused() {
    let provider = Provider::start().await;
    let answer = first_words(provider.stream().await).await;
    // At most a TLS alert (record type 21), and no frame of HTTP/2.
    assert!(matches!(answer.first(), None | Some(21)), "{answer:?}");
    assert!(provider.serves().await);
}

#[tokio::test]
async fn another_protocol_is_refused() {
    let provider = Provider::start().await;
    let certificate = provider.handshake.certificate.clone().unwrap();
    let protocols: [&[u8]; 1] = [b"http/1.1"];
    let stranger =
        provider.host().connect_for(&protocols, provider.stream().await, certificate).await;
    assert!(is_turned_away(stranger).await);
}

#[tokio::test]
async fn a_certificate_that_is_none_ends_the_process_with_the_reason() {
    for pem in ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let mut process = Start::new().variable("PLUGIN_CLIENT_CERT", pem).process();
        assert_eq!(process.rest_of_stdout().await, "");
        let (status, stderr) = process.end().await;
        assert_eq!(status.code(), Some(1));
        assert!(stderr.contains("PLUGIN_CLIENT_CERT"), "{stderr}");
        assert!(process.temporary_files().is_empty());
    }
}
