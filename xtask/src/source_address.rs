//! The provider's source address, as `source-address.txt` at the repository's root sets it: its parts, and what is refused.
//!
//! build.rs and tests/acceptance compile this file too, so it uses the standard library only. It knows no path and no
//! product's layout.

use std::fmt;
use std::str::FromStr;

/// The registries that an address without a host belongs to: Terraform's, and `OpenTofu`'s.
const DEFAULT_HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// What the types of the resources begin with, and the file name of the binary ends with.
const TYPE: &str = "openrouter";

/// `HOST/NAMESPACE/openrouter`, or `NAMESPACE/openrouter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceAddress {
    host: Option<String>,
    namespace: String,
}

/// Why a text is no source address of this provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(String);

impl SourceAddress {
    /// The address with its host. Without one in the setting, each product has its own: there is one address for each.
    pub(crate) fn with_hosts(&self) -> Vec<String> {
        let hosts = match &self.host {
            Some(host) => vec![host.as_str()],
            None => DEFAULT_HOSTS.to_vec(),
        };
        hosts.iter().map(|host| format!("{host}/{}/{TYPE}", self.namespace)).collect()
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        write!(f, "{}/{TYPE}", self.namespace)
    }
}

impl FromStr for SourceAddress {
    type Err = Malformed;

    /// Reads the text of the file: one line, with or without its end.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let refuse = |why: &str| Err(Malformed(format!("{text:?} {why}")));
        let parts: Vec<_> = text.split('/').collect();
        let (host, namespace, kind) = match parts[..] {
            [namespace, kind] => (None, namespace, kind),
            [host, namespace, kind] => (Some(host), namespace, kind),
            _ => return refuse("is neither HOST/NAMESPACE/openrouter nor NAMESPACE/openrouter"),
        };
        if kind != TYPE {
            return refuse(
                "does not end in /openrouter, as the names of the binary and the resources demand",
            );
        }
        if !is_label(namespace) {
            return refuse(
                "has a namespace that is not of a-z, 0-9 and single dashes between them",
            );
        }
        match host {
            Some(host) if DEFAULT_HOSTS.contains(&host) => {
                return refuse(
                    "names a default host: leave it out, since Terraform and OpenTofu have different ones",
                );
            }
            Some(host) if !is_host(host) => {
                return refuse("has a host that is no lower-case host name such as example.com");
            }
            _ => {}
        }
        Ok(Self { host: host.map(str::to_owned), namespace: namespace.to_owned() })
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// A name with a dot: Terraform takes a name without one for a namespace.
fn is_host(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('-').all(|part| !part.is_empty() && part.chars().all(allowed))
}
