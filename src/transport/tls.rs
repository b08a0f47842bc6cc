//! Mutual TLS as go-plugin's hosts do it: both sides make a certificate for this one process and know each other's
//! bytes. There is no authority and no chain, so certificates are compared, not validated.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{self, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};

/// The name by which hosts verify the certificate.
const SERVER_NAME: &str = "localhost";

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// What the host passed is no PEM with a certificate in it.
    #[error("PLUGIN_CLIENT_CERT is not a certificate in PEM form")]
    Pem(#[source] pem::Error),
    /// What is in the PEM is no certificate.
    #[error("PLUGIN_CLIENT_CERT cannot be read as a certificate")]
    ClientCertificate(#[source] Error),
    /// No certificate could be made.
    #[error("no certificate could be made for this process")]
    Generate(#[from] rcgen::Error),
    /// rustls does not take what was made.
    #[error("TLS could not be set up")]
    Configure(#[from] Error),
}

/// What this process is to one host: the certificate it presents, and TLS that only this host can talk to.
pub(super) struct Identity {
    /// The certificate that the host has to be told.
    pub(super) certificate: CertificateDer<'static>,
    /// TLS with that certificate, for connections of that host alone.
    pub(super) config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a key and a certificate for this process, to be used with the client whose certificate is `client_pem`.
    pub(super) fn pinned_to(client_pem: &[u8]) -> Result<Self, TlsError> {
        let client = CertificateDer::from_pem_slice(client_pem).map_err(TlsError::Pem)?;
        ParsedCertificate::try_from(&client).map_err(TlsError::ClientCertificate)?;
        let (certificate, key) = self_signed()?;
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
        Ok(Self { certificate, config: Arc::new(config) })
    }
}

/// A P-256 key and its certificate. rcgen's default validity, some 100 years back and 2,000 ahead, suits any clock.
fn self_signed() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), TlsError> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new([SERVER_NAME.to_owned()])?;
    parameters.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.into(), PrivateKeyDer::Pkcs8(key.into())))
}

/// Accepts one certificate, byte for byte, and whoever can sign with its key.
///
/// Path validation must not be asked: the host's certificate is an authority's (CA:TRUE) that is used as an end entity.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pem: &str) -> TlsError {
        Identity::pinned_to(pem.as_bytes()).err().expect("it is refused")
    }

    #[test]
    fn what_is_no_certificate_is_refused_at_once() {
        for pem in ["garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            assert!(matches!(refusal(pem), TlsError::Pem(_)), "{pem}");
        }
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(refusal(nonsense), TlsError::ClientCertificate(_)));
    }

    #[test]
    fn the_signatures_of_a_p521_key_can_be_verified() {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        assert!(algorithms.supported_schemes().contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
    }
}
