//! Why the process cannot serve, and the text of any error with its causes.

use std::{error::Error, io, ops::RangeInclusive};

use rustls::pki_types::pem;

#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("the process cannot be set up")]
    Process(#[source] io::Error),
    #[error("PLUGIN_CLIENT_CERT is not a certificate in PEM form")]
    Pem(#[source] pem::Error),
    #[error("PLUGIN_CLIENT_CERT cannot be read as a certificate")]
    ClientCertificate(#[source] rustls::Error),
    #[error("no certificate could be created for this process")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
    #[error("cannot listen on any port between {} and {}", ports.start(), ports.end())]
    Ports { ports: RangeInclusive<u16>, source: io::Error },
    #[error("the handshake line cannot be written to standard output")]
    Handshake(#[source] io::Error),
}

/// The message of an error and of what caused it, on one line.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let messages: Vec<String> = chain(error).map(ToString::to_string).collect();
    messages.join(": ")
}

/// An error, what caused it, what caused that, and so on.
pub(super) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
