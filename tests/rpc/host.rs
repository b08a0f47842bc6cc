//! The host's side of mutual TLS, as go-plugin does it for Terraform.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P521_SHA512,
};
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::Stream;

/// The protocol that gRPC asks for in the TLS handshake.
pub(crate) const HTTP2: &[u8] = b"h2";

/// A host with a certificate as Terraform makes one for each provider: P-521, and an authority's,
/// used as an end entity.
pub(crate) struct Host {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    pem: String,
}

impl Host {
    /// A host with a new certificate.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, "localhost");
        parameters.distinguished_name.push(DnType::OrganizationName, "HashiCorp");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            certificate: certificate.into(),
            key: PrivateKeyDer::Pkcs8(key.into()),
        }
    }

    /// The same key with the certificate of another.
    pub(crate) fn with_certificate_of(self, other: &Self) -> Self {
        Self { certificate: other.certificate.clone(), ..self }
    }

    /// The certificate, as the host passes it to the provider.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS handshake, in which only `provider` is trusted.
    pub(crate) async fn connect(
        &self,
        stream: Box<dyn Stream>,
        provider: CertificateDer<'static>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        self.connect_for(&[HTTP2], stream, provider).await
    }

    /// The same, for other protocols.
    pub(crate) async fn connect_for(
        &self,
        protocols: &[&[u8]],
        stream: Box<dyn Stream>,
        provider: CertificateDer<'static>,
    ) -> io::Result<TlsStream<Box<dyn Stream>>> {
        // A key that does not belong to the certificate is passed on for the provider to judge.
        let key = aws_lc_rs::sign::any_supported_type(&self.key).unwrap();
        let identity =
            SingleCertAndKey::from(CertifiedKey::new(vec![self.certificate.clone()], key));
        let config = trusting(provider).with_client_cert_resolver(Arc::new(identity));
        handshake(config, protocols, stream).await
    }
}

/// The TLS handshake by a client that has no certificate.
pub(crate) async fn connect_anonymously(
    stream: Box<dyn Stream>,
    provider: CertificateDer<'static>,
) -> io::Result<TlsStream<Box<dyn Stream>>> {
    handshake(trusting(provider).with_no_client_auth(), &[HTTP2], stream).await
}

/// The provider's certificate is the only root. It must be valid for the name and the time.
fn trusting(provider: CertificateDer<'static>) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(provider).expect("the host can read the provider's certificate");
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
}

async fn handshake(
    mut config: ClientConfig,
    protocols: &[&[u8]],
    stream: Box<dyn Stream>,
) -> io::Result<TlsStream<Box<dyn Stream>>> {
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}
