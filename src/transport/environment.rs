//! The environment as a value, so that nothing below `main` reads or changes the process's own, and the names of the
//! variables that go-plugin defines.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

/// Where the host wants unix sockets.
#[cfg(unix)]
pub(super) const SOCKET_DIRECTORY: &str = "PLUGIN_UNIX_SOCKET_DIR";
/// The group, by name or number, that may connect to the socket.
#[cfg(unix)]
pub(super) const SOCKET_GROUP: &str = "PLUGIN_UNIX_SOCKET_GROUP";
/// The first port the host would have a plugin listen on.
pub(super) const MIN_PORT: &str = "PLUGIN_MIN_PORT";
/// The last port the host would have a plugin listen on.
pub(super) const MAX_PORT: &str = "PLUGIN_MAX_PORT";
/// The certificate (PEM) that the host will present; set when it wants TLS.
pub(super) const CLIENT_CERTIFICATE: &str = "PLUGIN_CLIENT_CERT";
/// Set by a host that understands the seventh field of the handshake line.
pub(super) const MULTIPLEX: &str = "PLUGIN_MULTIPLEX_GRPC";
/// The directory for temporary files.
#[cfg(unix)]
pub(super) const TEMPORARY_DIRECTORY: &str = "TMPDIR";

/// Environment variables, as they were when the process started.
///
/// It is not printable: credentials are among them.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<OsString, OsString>,
}

impl Environment {
    /// Takes pairs of name and value, as [`std::env::vars_os`] yields them.
    pub fn from_vars(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { variables: variables.into_iter().collect() }
    }

    /// The value of a variable. An empty one counts as unset, as it does for the hosts.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a variable, if it is set and is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }
}

#[cfg(test)]
impl Environment {
    /// An environment of exactly these variables.
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        Self::from_vars(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }
}
