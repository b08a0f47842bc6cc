//! The handshake line as go-plugin's client reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;

/// The longest field six that go-plugin takes for no certificate.
const NO_CERTIFICATE: usize = 50;

/// Where a provider listens, and who it is.
#[derive(Debug)]
pub(crate) struct HandshakeLine {
    pub(crate) network: String,
    pub(crate) address: String,
    pub(crate) certificate: Option<CertificateDer<'static>>,
    /// The fields as they are, for tests of the line itself.
    pub(crate) fields: Vec<String>,
}

impl HandshakeLine {
    /// Reads a line with its end.
    pub(crate) fn parse(line: &str) -> Self {
        let text = line.strip_suffix('\n').unwrap_or_else(|| panic!("the line is whole: {line:?}"));
        let fields: Vec<String> = text.split('|').map(str::to_owned).collect();
        assert!(fields.len() >= 6, "{line:?}");
        assert_eq!((&*fields[0], &*fields[1], &*fields[4]), ("1", "5", "grpc"), "{line:?}");
        let certificate = (fields[5].len() > NO_CERTIFICATE)
            .then(|| CertificateDer::from(STANDARD_NO_PAD.decode(&fields[5]).unwrap()));
        Self { network: fields[2].clone(), address: fields[3].clone(), certificate, fields }
    }
}
