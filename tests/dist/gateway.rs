//! HTTPS in front of the mock, which speaks plain HTTP: a certificate of its own, and everything behind it passed on.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Takes connections until it is dropped.
pub(crate) struct Gateway {
    /// Where it listens.
    pub(crate) port: u16,
    /// Its certificate, which signs itself.
    pub(crate) certificate: String,
    _runtime: Runtime,
}

impl Gateway {
    /// A gateway of that name before the server at this address.
    pub(crate) fn start(name: &str, server: SocketAddr) -> Self {
        let pair = rcgen::generate_simple_self_signed([name.to_owned()]).expect("it is a name");
        let certificate = pair.cert.pem();
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![pair.cert.into()], pair.signing_key.into())
            .expect("the key is that of the certificate");
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let runtime = Runtime::new().expect("threads can be started");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), stream, server));
            }
        });
        Self { port, certificate, _runtime: runtime }
    }
}

/// A client that does not trust the certificate gets nothing, and says so itself.
async fn pass_on(acceptor: TlsAcceptor, stream: TcpStream, server: SocketAddr) {
    let Ok(mut client) = acceptor.accept(stream).await else { return };
    if let Ok(mut server) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
