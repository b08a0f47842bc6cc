//! The proxy variables of the environment, checked before they are used. The HTTP library reads
//! them itself, and ignores one that it cannot parse: requests would then bypass the proxy. This
//! module owns what is refused and what is warned of; which proxy is used stays the library's
//! decision, and its own matcher is asked wherever there is a choice.
//!
//! Only `https` is checked. Plain http is for this machine, to which no proxy is used, so
//! `HTTP_PROXY` never matters.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use tracing::warn;

use super::config::BaseUrl;
use super::error::ConfigError;

/// The variables that name a proxy for https: of each pair the first one that is set counts, and
/// the second pair only where the first names none.
const PROXY_VARIABLES: [[&str; 2]; 2] =
    [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// The variables that list hosts without a proxy: the first one that is set counts.
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Set where the process serves a CGI request, whose headers can set variables. The library uses no
/// proxy then.
const CGI_VARIABLE: &str = "REQUEST_METHOD";

/// The schemes that the library takes for a proxy. On their own they name no host.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Checks the variables that decide on a proxy for this address. Entries of `NO_PROXY` that match
/// nothing are logged at WARN.
///
/// # Errors
/// When the variable that should name the proxy cannot be parsed. The error does not repeat its
/// value.
pub fn check_proxy(
    environment: &BTreeMap<String, String>,
    base_url: &BaseUrl,
) -> Result<(), ConfigError> {
    if base_url.is_loopback() || environment.contains_key(CGI_VARIABLE) {
        return Ok(());
    }
    let mut set = PROXY_VARIABLES.iter().filter_map(|names| first_set(environment, names));
    let Some((variable, proxy)) = set.find(|(_, value)| !value.trim().is_empty()) else {
        return Ok(());
    };
    let (no_proxy_variable, no_proxy) =
        first_set(environment, &NO_PROXY_VARIABLES).unwrap_or((NO_PROXY_VARIABLES[0], ""));
    if is_excluded(base_url, no_proxy) {
        return Ok(());
    }
    if !is_usable(proxy) {
        return Err(ConfigError::Proxy { variable });
    }
    for (index, entry) in meaningless_entries(no_proxy) {
        warn!(
            variable = no_proxy_variable,
            position = index + 1,
            entry = if may_be_secret(entry) { "(not shown)" } else { entry },
            "an entry matches no host: it must be a host name, a domain, an IP address, a CIDR block \
             or *"
        );
    }
    Ok(())
}

/// The first of these variables that is set, even if it is empty.
fn first_set<'a>(
    environment: &'a BTreeMap<String, String>,
    names: &[&'static str],
) -> Option<(&'static str, &'a str)> {
    names.iter().find_map(|name| Some((*name, environment.get(*name)?.as_str())))
}

/// Whether requests to this address use no proxy, by a list of exceptions.
fn is_excluded(base_url: &BaseUrl, no_proxy: &str) -> bool {
    let Ok(address) = base_url.as_str().parse::<Uri>() else { return false };
    let matcher = Matcher::builder().all("http://proxy.invalid").no(no_proxy).build();
    matcher.intercept(&address).is_none()
}

/// Whether the library takes all of this for a proxy, and it names a host.
fn is_usable(proxy: &str) -> bool {
    let matcher = Matcher::builder().https(proxy).build();
    let Some(used) = matcher.intercept(&Uri::from_static("https://api.invalid")) else {
        return false;
    };
    // The library drops what follows the host, and a port that is no number. With a raw `/`, `?` or
    // `#` in the password it would connect to a host by the user's name.
    let after_scheme = proxy.split_once("://").map_or(proxy, |(_, rest)| rest);
    let host_end = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    !after_scheme[host_end..].contains('@')
        && !is_bare_scheme(proxy)
        && has_host_and_port(used.uri())
}

/// Whether this is a scheme without a host, such as `http:`, which the library takes for a host.
fn is_bare_scheme(proxy: &str) -> bool {
    SCHEMES.contains(&proxy.trim_end_matches([':', '/']).to_ascii_lowercase().as_str())
}

/// Whether the host is not empty, and the port absent or a number.
fn has_host_and_port(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    let port = authority.as_str().trim_start_matches(authority.host());
    !authority.host().is_empty() && (matches!(port, "" | ":") || authority.port_u16().is_some())
}

/// The entries of a list of exceptions that match no host at all, with their positions.
fn meaningless_entries(no_proxy: &str) -> impl Iterator<Item = (usize, &str)> {
    let entries = no_proxy.split(',').map(str::trim).enumerate();
    entries.filter(|(_, entry)| !entry.is_empty() && !can_match(entry))
}

fn can_match(entry: &str) -> bool {
    let is_domain_byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    entry == "*"
        || entry.bytes().all(is_domain_byte)
        || entry.parse::<IpAddr>().is_ok()
        || is_cidr_block(entry)
}

fn is_cidr_block(entry: &str) -> bool {
    let Some((address, length)) = entry.split_once('/') else { return false };
    let max_length = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= max_length)
}

/// Whether an entry could hold a password or a key.
fn may_be_secret(entry: &str) -> bool {
    entry.contains(['@', '?', '#', '=', '%']) || entry.to_ascii_lowercase().contains("sk-or-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base_url: &str, variables: &[(&str, &str)]) -> Result<(), ConfigError> {
        let environment = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        check_proxy(&environment, &BaseUrl::parse(base_url).unwrap())
    }

    const API: &str = "https://openrouter.ai/api/v1";

    #[test]
    fn what_the_library_uses_is_accepted() {
        for value in [
            "http://proxy:3128",
            "HTTP://proxy:3128",
            "https://proxy.example",
            "proxy:3128",
            "proxy",
            "10.0.0.1:3128",
            "http://[::1]:3128/",
            "http://proxy:3128/path?query",
            "http://proxy:",
            "http://user@proxy",
            "http://user:p%2Fss%20%23%3F%40@proxy:3128",
            "user:password@proxy:3128",
            "socks5://proxy:1080",
            "socks5h://user:password@proxy:1080",
            "",
            " ",
        ] {
            for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                assert_eq!(check(API, &[(variable, value)]), Ok(()), "{variable}={value}");
            }
        }
    }

    #[test]
    fn what_the_library_cannot_parse_is_refused_by_the_variables_name() {
        for value in [
            "http://user:hun/ter2@proxy:3128",
            "http://user:12/hunter2@proxy:3128",
            "http://user:hun ter2@proxy:3128",
            "http://user:hun#ter2@proxy:3128",
            "http://user:hun?ter2@proxy:3128",
            "user:hun/ter2@proxy:3128",
            "htp://user:hunter2@proxy",
            "https//proxy:3128",
            "http:/proxy:3128",
            "http://proxy:99999",
            "http://proxy:port",
            "http://",
            "http://proxy:3128\n",
            "http://[::1:3128",
            "http:",
            "HTTPS:",
            "socks5:",
            ":3128",
            "http://:3128",
            "http://user:hunter2@:3128",
            "user:hunter2@:3128",
            "http://user:hunter2@",
        ] {
            for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                let error = check(API, &[(variable, value)]).unwrap_err();
                assert_eq!(error, ConfigError::Proxy { variable }, "{value}");
                let text = error.to_string();
                assert!(
                    text.contains(variable) && !text.contains("ter2") && !text.contains("proxy:"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn only_the_variable_that_decides_matters() {
        let (good, bad) = ("http://proxy:3128", "htp://proxy");
        let refused = |variable| Err(ConfigError::Proxy { variable });
        for (variables, expected) in [
            (vec![("HTTPS_PROXY", good), ("https_proxy", bad), ("ALL_PROXY", bad)], Ok(())),
            (vec![("HTTPS_PROXY", bad), ("https_proxy", good)], refused("HTTPS_PROXY")),
            (vec![("HTTPS_PROXY", bad), ("ALL_PROXY", good)], refused("HTTPS_PROXY")),
            (vec![("HTTPS_PROXY", ""), ("https_proxy", bad)], Ok(())),
            (vec![("HTTPS_PROXY", ""), ("ALL_PROXY", bad)], refused("ALL_PROXY")),
            (vec![("ALL_PROXY", good), ("all_proxy", bad)], Ok(())),
            (vec![("HTTP_PROXY", bad), ("http_proxy", bad)], Ok(())),
            (vec![("HTTPS_PROXY", bad), ("REQUEST_METHOD", "GET")], Ok(())),
            (vec![("HTTPS_PROXY", bad), ("NO_PROXY", "openrouter.ai")], Ok(())),
            (vec![("HTTPS_PROXY", bad), ("no_proxy", "x, .ai")], Ok(())),
            (vec![("HTTPS_PROXY", bad), ("NO_PROXY", "*")], Ok(())),
            (
                vec![("HTTPS_PROXY", bad), ("NO_PROXY", ""), ("no_proxy", "*")],
                refused("HTTPS_PROXY"),
            ),
            (
                vec![("HTTPS_PROXY", bad), ("NO_PROXY", "https://openrouter.ai")],
                refused("HTTPS_PROXY"),
            ),
        ] {
            assert_eq!(check(API, &variables), expected, "{variables:?}");
        }
        for this_machine in ["http://127.0.0.1:8080", "https://localhost", "http://[::1]"] {
            assert_eq!(check(this_machine, &[("HTTPS_PROXY", bad), ("HTTP_PROXY", bad)]), Ok(()));
        }
    }

    #[test]
    fn entries_that_match_no_host_are_found() {
        let list = "example.com,.example.com, 10.0.0.0/8,10.0.0.1,::1,fd00::/8,*,_x-y,,localhost";
        assert_eq!(meaningless_entries(list).count(), 0);
        let list = "ok,https://a.example,a.example/path,10.0.0.0/33,fd00::/129,10.0.0/8,\
                    *.a.example,a.example:443,[::1],a b";
        let found: Vec<_> = meaningless_entries(list).map(|(index, _)| index).collect();
        assert_eq!(found, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn the_library_agrees_on_meaningless_entries() {
        for (host, entry) in [
            ("https://a.example", "https://a.example"),
            ("https://a.example", "a.example/path"),
            ("https://a.example", "*.example"),
            ("https://a.example:444", "a.example:444"),
            ("https://10.0.0.1", "10.0.0.0/33"),
            ("https://[fd00::1]", "[fd00::1]"),
            ("https://a.example", "a.example b.example"),
        ] {
            assert!(!is_excluded(&BaseUrl::parse(host).unwrap(), entry), "{entry}");
        }
    }

    #[test]
    fn an_entry_that_may_hold_a_secret_is_not_shown() {
        assert!(may_be_secret("http://user:hunter2@a.example") && may_be_secret("a/SK-or-v1-x"));
        assert!(!may_be_secret("https://a.example/path"));
    }
}
