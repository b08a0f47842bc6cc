//! Mutual TLS as go-plugin's hosts do it: both sides make a certificate for this one process, and
//! certificates are compared byte for byte. There is no authority and no chain to validate.

use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error};
use rustls::{ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

use super::error::StartError;

/// Makes a certificate for this process, and TLS that presents it and accepts only the client whose
/// certificate is `client_pem`.
pub(super) fn pinned_to(
    client_pem: &[u8],
) -> Result<(CertificateDer<'static>, TlsAcceptor), StartError> {
    let client = CertificateDer::from_pem_slice(client_pem).map_err(StartError::Pem)?;
    ParsedCertificate::try_from(&client).map_err(StartError::ClientCertificate)?;
    // Hosts verify this name.
    let server_names = ["localhost".to_owned()];
    // A P-256 key, and a validity of centuries, which suits any clock.
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(server_names)?;
    let certificate = CertificateDer::from(cert);
    let key = PrivateKeyDer::Pkcs8(signing_key.into());
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Pinned { client, algorithms: provider.signature_verification_algorithms };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate.clone()], key)?;
    // gRPC clients give up without it.
    config.alpn_protocols = vec![b"h2".to_vec()];
    // There is one connection per process: a ticket would never be used.
    config.send_tls13_tickets = 0;
    Ok((certificate, Arc::new(config).into()))
}

/// Accepts one certificate, from a client that can sign with its key. It is not validated: that
/// would fail, because hosts present an authority's (CA:TRUE) as an end entity.
#[derive(Debug)]
struct Pinned {
    client: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity == self.client {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
