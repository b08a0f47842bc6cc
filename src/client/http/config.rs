//! What a client is made from. Where the values come from (arguments, environment) is the caller's
//! business.

use std::num::NonZeroUsize;
use std::time::Duration;

use url::{Host, Url};

use super::error::ConfigError;
use super::retry::RetryPolicy;
use super::secret::ApiKey;

/// The time one attempt may take unless [`Config::timeout`] says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The requests under way at a time unless [`Config::max_concurrent_requests`] says otherwise.
pub const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

/// What a client is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The management key, sent as a bearer token.
    pub api_key: ApiKey,
    /// Where the API is.
    pub base_url: BaseUrl,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The `HTTP-Referer` header: the application's address.
    pub http_referer: Option<String>,
    /// The `X-OpenRouter-Title` header: the application's name.
    pub title: Option<String>,
    /// The `X-OpenRouter-Categories` header, comma-separated.
    pub categories: Option<String>,
    /// The time one attempt may take, from connecting to the last byte of the response.
    pub timeout: Duration,
    /// Whether and when an attempt that failed is followed by another.
    pub retry: RetryPolicy,
    /// How many requests may be under way at a time.
    pub max_concurrent_requests: NonZeroUsize,
}

impl Config {
    /// A configuration without application headers, with the default limits.
    pub fn new(api_key: ApiKey, base_url: BaseUrl, user_agent: impl Into<String>) -> Config {
        Config {
            api_key,
            base_url,
            user_agent: user_agent.into(),
            http_referer: None,
            title: None,
            categories: None,
            timeout: DEFAULT_TIMEOUT,
            retry: RetryPolicy::default(),
            max_concurrent_requests: DEFAULT_CONCURRENCY,
        }
    }
}

/// The address of the API: `https`, or `http` to this machine, so that the key is always encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
}

impl BaseUrl {
    /// OpenRouter itself.
    pub fn production() -> BaseUrl {
        BaseUrl::parse("https://openrouter.ai/api/v1").expect("a test parses it")
    }

    /// Reads an address. Surrounding whitespace and trailing slashes are dropped; user info, a
    /// query and a fragment are refused.
    pub fn parse(text: &str) -> Result<BaseUrl, ConfigError> {
        let refuse = |reason| Err(ConfigError::BaseUrl { reason });
        let Ok(mut url) = Url::parse(text.trim()) else {
            return refuse("is not a URL; an example is https://openrouter.ai/api/v1");
        };
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let base_url = BaseUrl { url };
        let url = &base_url.url;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return refuse(
                "must begin with https:// (or http:// for the local machine) and contain a host",
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("must not contain a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("must not contain a query or fragment");
        }
        if !base_url.is_encrypted() && !base_url.is_loopback() {
            return refuse(
                "must use https; http is allowed only for localhost, 127.0.0.0/8 and [::1]",
            );
        }
        Ok(base_url)
    }

    /// The address, normalised, without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Host and, where it is not the scheme's own, port.
    pub(super) fn authority(&self) -> &str {
        self.url.authority()
    }

    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_normalised() {
        for (given, kept, authority) in [
            ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1", "openrouter.ai"),
            (
                " https://OpenRouter.ai:443/api/v1//\n",
                "https://openrouter.ai/api/v1",
                "openrouter.ai",
            ),
            ("https://gateway.example", "https://gateway.example", "gateway.example"),
            ("http://localhost:8080/api/v1/", "http://localhost:8080/api/v1", "localhost:8080"),
            ("http://127.9.9.9/", "http://127.9.9.9", "127.9.9.9"),
            ("http://[::1]:81/v1", "http://[::1]:81/v1", "[::1]:81"),
        ] {
            let url = BaseUrl::parse(given).unwrap();
            assert_eq!((url.as_str(), url.authority()), (kept, authority), "{given}");
        }
        assert_eq!(BaseUrl::production(), BaseUrl::parse(BaseUrl::production().as_str()).unwrap());
    }

    #[test]
    fn the_key_is_never_sent_in_the_clear() {
        for given in [
            "http://openrouter.ai/api/v1",
            "http://localhost.example/",
            "http://128.0.0.1/",
            "http://[::2]/",
            "http://127.0.0.1.example/",
        ] {
            let error = BaseUrl::parse(given).unwrap_err().to_string();
            assert!(error.contains("must use https"), "{given}: {error}");
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused_without_repeating_it() {
        for (given, expected) in [
            ("", "is not a URL"),
            ("openrouter.ai/api/hunter2", "is not a URL"),
            ("localhost:8080/hunter2", "must begin with https://"),
            ("ftp://openrouter.ai/hunter2", "must begin with https://"),
            ("data:text/plain,hunter2", "must begin with https://"),
            ("https://hunter2@openrouter.ai", "user name or password"),
            ("https://user:hunter2@openrouter.ai", "user name or password"),
            ("https://openrouter.ai/?key=hunter2", "query or fragment"),
            ("https://openrouter.ai/?", "query or fragment"),
            ("https://openrouter.ai/#hunter2", "query or fragment"),
        ] {
            let error = BaseUrl::parse(given).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{given}: {error}");
        }
    }
}
