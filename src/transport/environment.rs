//! The environment as a value, so that nothing below `main` reads the process's own.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

/// Environment variables. Not printable, since credentials are among them.
pub struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// Takes pairs of name and value, as [`std::env::vars_os`] yields them.
    pub fn from_vars(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The value of a variable. An empty one counts as unset, as it does for the hosts.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        let value = self.0.get(OsStr::new(name))?;
        if value.is_empty() { None } else { Some(value) }
    }
}
