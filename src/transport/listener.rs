//! Where the host connects: a unix socket in the first directory that can hold one, else a port of
//! the loopback interface. It knows nothing of TLS or HTTP.

use std::{io, net::Ipv4Addr, ops::RangeInclusive};

use tempfile::TempPath;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::{Environment, Network, error::StartError};
#[cfg(unix)]
use unix::bind_socket;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Where the host connects to, in the handshake's words.
pub(super) struct Address {
    pub(super) network: &'static str,
    /// The absolute path of a socket, or an IP address and a port.
    pub(super) text: String,
    /// The socket's file, which is removed with this value.
    _file: Option<TempPath>,
}

pub(super) enum Listener {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens where the environment says, or wherever it is possible.
    pub(super) async fn bind(
        network: Network,
        environment: &Environment,
    ) -> Result<(Self, Address), StartError> {
        let socket = match network {
            Network::Any => bind_socket(environment),
            Network::Tcp => None,
        };
        match socket {
            Some(bound) => Ok(bound),
            None => bind_port(ports(environment)).await,
        }
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            #[cfg(unix)]
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// The ports that the host names; any free one if it names none.
fn ports(environment: &Environment) -> RangeInclusive<u16> {
    let port = |name| environment.get(name)?.to_str()?.parse().ok();
    let first = port("PLUGIN_MIN_PORT").unwrap_or(0);
    first..=port("PLUGIN_MAX_PORT").unwrap_or(first)
}

/// Takes the first port that is free, as go-plugin does. For port 0 the system chooses one.
async fn bind_port(ports: RangeInclusive<u16>) -> Result<(Listener, Address), StartError> {
    let mut source = io::Error::from(io::ErrorKind::AddrInUse);
    for port in ports.clone() {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => {
                let text = listener.local_addr().map_err(StartError::Process)?.to_string();
                return Ok((
                    Listener::Tcp(listener),
                    Address { network: "tcp", text, _file: None },
                ));
            }
            Err(error) => source = error,
        }
    }
    Err(StartError::Ports { ports, source })
}

/// There are none that a host would connect to.
#[cfg(windows)]
fn bind_socket(_: &Environment) -> Option<(Listener, Address)> {
    None
}

#[cfg(unix)]
mod unix {
    use std::{ffi::OsStr, fs, io, os::unix::fs::PermissionsExt as _, path::Path};

    use tokio::net::UnixListener;

    use super::{Address, Environment, Listener};
    use crate::transport::error::with_causes;

    /// Listens in the first directory that can hold a socket: one that exists, can be written, and
    /// leaves room for a name in the 104 to 108 bytes of an address.
    pub(super) fn bind_socket(environment: &Environment) -> Option<(Listener, Address)> {
        let host = environment.get("PLUGIN_UNIX_SOCKET_DIR");
        let directories = [host, environment.get("TMPDIR"), Some(OsStr::new("/tmp"))];
        for directory in directories.into_iter().flatten() {
            match bind_in(Path::new(directory)) {
                Ok(bound) => return Some(bound),
                Err(error) => {
                    let error = with_causes(&error);
                    tracing::debug!(?directory, error, "cannot create a socket here");
                }
            }
        }
        None
    }

    fn bind_in(directory: &Path) -> io::Result<(Listener, Address)> {
        let directory = std::path::absolute(directory)?;
        if directory.to_str().is_none_or(|path| path.contains(['|', '\n', '\r'])) {
            let message = "its name cannot be part of the handshake line";
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, message));
        }
        let mut name = tempfile::Builder::new();
        let socket = name.prefix("plugin").make_in(directory, |path| UnixListener::bind(path))?;
        let (listener, file) = socket.into_parts();
        // Only the own user may connect.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        let text = file.display().to_string();
        Ok((Listener::Unix(listener), Address { network: "unix", text, _file: Some(file) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::server::tests::environment;

    impl Address {
        /// An address without a file.
        pub(in crate::transport) fn new(network: &'static str, text: &str) -> Self {
            Self { network, text: text.to_owned(), _file: None }
        }
    }

    #[test]
    fn the_hosts_ports_are_taken() {
        for (first, last, expected) in
            [("10000", "25000", 10000..=25000), ("10000", "", 10000..=10000), ("", "", 0..=0)]
        {
            let variables = [("PLUGIN_MIN_PORT", first), ("PLUGIN_MAX_PORT", last)];
            assert_eq!(ports(&environment(&variables)), expected);
        }
    }

    #[tokio::test]
    async fn the_first_free_port_is_listened_on() {
        let occupied = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = occupied.local_addr().unwrap().port();
        assert!(matches!(bind_port(port..=port).await, Err(StartError::Ports { .. })));

        let (listener, address) = bind_port(port..=u16::MAX).await.unwrap();
        assert_eq!(address.network, "tcp");
        let client = tokio::net::TcpStream::connect(&address.text).await;
        assert!(client.is_ok() && listener.accept().await.is_ok());
    }
}
