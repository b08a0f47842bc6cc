//! Where the host connects: a unix socket in the first directory that can hold one, else a port of the loopback
//! interface. It knows nothing of TLS or HTTP.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use tempfile::TempPath;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::{Environment, environment};

/// A connection's bytes, whatever carries them.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Where the host connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The absolute path of a socket.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no unix sockets"))]
    Unix(String),
    /// An address of the loopback interface.
    Tcp(SocketAddr),
}

impl Address {
    /// The network's name in the handshake.
    pub(super) fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => formatter.write_str(path),
            Self::Tcp(address) => address.fmt(formatter),
        }
    }
}

/// Why there is nothing to connect to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListenError {
    /// The variables for ports say nothing that can be followed.
    #[error("PLUGIN_MIN_PORT and PLUGIN_MAX_PORT must be ports from low to high")]
    Range,
    /// Every port is taken, or may not be listened on.
    #[error("no port between {0} and {1} can be listened on", range.start(), range.end())]
    Ports {
        /// The ports tried.
        range: RangeInclusive<u16>,
        /// What was wrong with the last one.
        source: io::Error,
    },
    /// The socket cannot be given to the group that the host names.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no unix sockets"))]
    #[error("the socket cannot be given to the group {group} of PLUGIN_UNIX_SOCKET_GROUP")]
    Group {
        /// The group's name or number.
        group: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// The runtime does not take the socket.
    #[error("the socket cannot be used")]
    Socket(#[from] io::Error),
}

/// Something that listens.
pub(super) struct Listener {
    kind: Kind,
    /// Where it listens.
    pub(super) address: Address,
    /// The socket's file, which vanishes with this value.
    pub(super) file: Option<TempPath>,
}

enum Kind {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens where the environment says, or wherever it is possible. Must be called within a runtime.
    pub(super) fn bind(environment: &Environment) -> Result<Self, ListenError> {
        #[cfg(unix)]
        if let Some(listener) = unix::bind(environment)? {
            return Ok(listener);
        }
        bind_port(ports(environment)?)
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match &self.kind {
            #[cfg(unix)]
            Kind::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
            Kind::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// The ports the host names; any free one if it names none.
fn ports(environment: &Environment) -> Result<RangeInclusive<u16>, ListenError> {
    let port = |name, default| match environment.get(name) {
        None => Ok(default),
        Some(value) => {
            value.to_str().and_then(|value| value.parse().ok()).ok_or(ListenError::Range)
        }
    };
    let first = port(environment::MIN_PORT, 0)?;
    let range = first..=port(environment::MAX_PORT, first)?;
    if range.is_empty() { Err(ListenError::Range) } else { Ok(range) }
}

/// Takes the first port that is free, as go-plugin does. Port 0 is whichever the system gives.
fn bind_port(range: RangeInclusive<u16>) -> Result<Listener, ListenError> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in range.clone() {
        match std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => {
                listener.set_nonblocking(true)?;
                let address = Address::Tcp(listener.local_addr()?);
                let kind = Kind::Tcp(TcpListener::from_std(listener)?);
                return Ok(Listener { kind, address, file: None });
            }
            Err(error) => last = error,
        }
    }
    Err(ListenError::Ports { range, source: last })
}

#[cfg(unix)]
mod unix {
    //! Sockets in the file system.

    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::net::UnixListener;
    use std::path::{self, Path};

    use super::{Address, Environment, Kind, ListenError, Listener, environment};

    /// Where temporary files go when nothing is said, and when what is said cannot be used.
    const TEMPORARY: &str = "/tmp";

    /// Listens in the first directory that can hold a socket: one that exists, can be written, leaves room for a name
    /// in the 104 to 108 bytes of an address, and whose name fits into the handshake line. `None` where there is none.
    pub(super) fn bind(environment: &Environment) -> Result<Option<Listener>, ListenError> {
        let asked = [environment::SOCKET_DIRECTORY, environment::TEMPORARY_DIRECTORY];
        let asked = asked.iter().filter_map(|name| environment.get(name)).map(Path::new);
        for directory in asked.chain([Path::new(TEMPORARY)]) {
            match bind_in(directory) {
                Ok(listener) => {
                    restrict(&listener.address, environment.text(environment::SOCKET_GROUP))?;
                    return Ok(Some(listener));
                }
                Err(error) => {
                    tracing::debug!(directory = %directory.display(), %error, "no socket can be made here");
                }
            }
        }
        Ok(None)
    }

    fn bind_in(directory: &Path) -> io::Result<Listener> {
        let directory = path::absolute(directory)?;
        if directory.to_str().is_none_or(|path| path.contains(['|', '\n', '\r'])) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidFilename,
                "its name does not fit into the handshake line",
            ));
        }
        let mut name = tempfile::Builder::new();
        let (socket, file) =
            name.prefix("plugin").make_in(directory, |path| UnixListener::bind(path))?.into_parts();
        socket.set_nonblocking(true)?;
        let kind = Kind::Unix(tokio::net::UnixListener::from_std(socket)?);
        Ok(Listener { kind, address: Address::Unix(file.display().to_string()), file: Some(file) })
    }

    /// Lets nobody connect but the own user, and the group if the host names one.
    fn restrict(address: &Address, group: Option<&str>) -> Result<(), ListenError> {
        let Address::Unix(path) = address else { return Ok(()) };
        let Some(group) = group else {
            return Ok(fs::set_permissions(path, Permissions::from_mode(0o600))?);
        };
        let give = || {
            chown(
                path,
                None,
                Some(group_id(group, &fs::read_to_string("/etc/group").unwrap_or_default())?),
            )?;
            fs::set_permissions(path, Permissions::from_mode(0o660))
        };
        give().map_err(|source| ListenError::Group { group: group.to_owned(), source })
    }

    /// The number of a group: itself, or what the group file (`name:password:number:members`) says.
    fn group_id(group: &str, file: &str) -> io::Result<u32> {
        let named = |line: &str| {
            let mut fields = line.split(':');
            (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok())?
        };
        let number = group.parse().ok().or_else(|| file.lines().find_map(named));
        number.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no such group"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_group_is_given_by_number_or_by_name() {
            let file = "root:x:0:\nbroken\nplugdev:x:46:me,you\n";
            assert_eq!(group_id("1000", file).unwrap(), 1000);
            assert_eq!(group_id("plugdev", file).unwrap(), 46);
            assert!(group_id("broken", file).is_err());
            assert!(group_id("nobody", file).is_err());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> Result<RangeInclusive<u16>, ListenError> {
        ports(&Environment::of(&[(environment::MIN_PORT, first), (environment::MAX_PORT, last)]))
    }

    #[test]
    fn the_hosts_ports_are_taken_as_they_are_or_not_at_all() {
        assert_eq!(range("10000", "25000").unwrap(), 10000..=25000);
        assert_eq!(range("", "").unwrap(), 0..=0);
        for (first, last) in [("25000", "10000"), ("many", ""), ("1", "65536")] {
            assert!(matches!(range(first, last), Err(ListenError::Range)), "{first} to {last}");
        }
    }

    #[tokio::test]
    async fn the_first_free_port_is_listened_on() {
        let Address::Tcp(taken) = bind_port(0..=0).unwrap().address else {
            panic!("a port was asked for")
        };
        let occupied = std::net::TcpListener::bind(taken).unwrap();
        let port = occupied.local_addr().unwrap().port();
        let full = bind_port(port..=port).err().expect("the only port is taken");
        assert!(matches!(full, ListenError::Ports { .. }));

        let listener = bind_port(port..=u16::MAX).unwrap();
        assert_eq!(listener.address.network(), "tcp");
        let client = tokio::net::TcpStream::connect(listener.address.to_string()).await;
        assert!(client.is_ok() && listener.accept().await.is_ok());
    }
}
