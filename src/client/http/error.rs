//! The errors of the client: why none can be made, and what can go wrong with a call, by stage. The
//! stage decides whether the API may have done the work. Every text in here is redacted already.

use std::time::Duration;

use super::route::Call;

/// Why no client can be made. No message repeats a configured value, which may be a misplaced
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the messages say")]
pub enum ConfigError {
    /// The key cannot be one; `reason` continues "the API key".
    #[error("the API key {reason}")]
    ApiKey { reason: &'static str },
    /// The key may not be sent to this address; `reason` continues "the base URL".
    #[error("the base URL {reason}")]
    BaseUrl { reason: &'static str },
    /// A header's value holds what no header can carry.
    #[error(
        "the value for {name} cannot be sent as an HTTP header: only printable ASCII characters \
         are allowed"
    )]
    Header { name: &'static str },
    /// A variable that should name the proxy cannot be parsed.
    #[error(
        "the environment variable {variable}, which sets the proxy for requests to the API, cannot \
         be parsed. Requests would bypass the proxy. The value must have the form \
         http://user:password@host:port. In the user name and password, percent-encode special \
         characters (/ as %2F, @ as %40, # as %23, ? as %3F, a space as %20). To use no proxy, \
         unset the variable, or add the host of the API to NO_PROXY"
    )]
    Proxy { variable: &'static str },
    /// Every attempt would time out.
    #[error("the timeout must be greater than zero")]
    Timeout,
    /// No certificate authority is known, so that no server can be trusted.
    #[error(
        "HTTPS could not be set up: no certificates of authorities were found, and without them no \
         server can be trusted. Set the environment variable SSL_CERT_FILE to a readable file of \
         them in PEM form, or SSL_CERT_DIR to a directory of such files, or install the system's \
         own, which most distributions package as ca-certificates"
    )]
    NoTrustStore,
    /// Something else that HTTPS needs is not usable.
    #[error("HTTPS could not be set up: {reason}")]
    Tls { reason: String },
}

/// Why a call failed. `last` is how its last attempt failed; by `request_id`, OpenRouter's support
/// can find the request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the docs of the variants, and the messages, say what they hold")]
pub enum Error {
    /// No request can be made of the arguments; nothing was sent.
    #[error("{call} cannot be sent: {reason}")]
    Request { call: Call, reason: String },
    /// There was no connection, so nothing was sent: name resolution, TCP, proxy, or TLS failed.
    /// `untrusted` where the server's certificate was refused.
    #[error("{call}: cannot connect to {host}: {reason}")]
    Connect { call: Call, host: String, untrusted: bool, reason: String },
    /// The connection failed after sending began, and before the response was complete.
    #[error("{call}: the connection was lost before the response was complete: {reason}")]
    ConnectionLost { call: Call, reason: String },
    /// No complete response came in the time one attempt may take.
    #[error("{call}: no complete response within {} s", after.as_secs_f64())]
    Timeout { call: Call, after: Duration },
    /// The API, or a proxy before it, responded with a status that is not success.
    #[error("{call} returned {status}: {message}")]
    Status {
        call: Call,
        status: u16,
        /// The API's own message if there was one, else what can be said of the response; one line.
        message: String,
        /// Whether the body is an error document of the API, and not a page of a proxy or of a
        /// server that is not the API.
        from_service: bool,
        request_id: Option<String>,
        /// The wait that the response asks for, by `Retry-After` or `retry-after-ms`.
        retry_after: Option<Duration>,
    },
    /// A bulk request succeeded, but did nothing for this row: the API silently skips what it does
    /// not know. `noun` is what was skipped: `key` or `member`.
    #[error("{call} skipped it: the API does not know this {noun}")]
    Skipped { call: Call, noun: &'static str },
    /// The status is success, but the body is no JSON, too large, or not of the promised shape.
    #[error("{call} returned {status}, but the response cannot be used: {reason}")]
    Decode { call: Call, status: u16, reason: String, request_id: Option<String> },
    /// A 429, to any call, asked for a longer wait than there is time for; nothing was sent.
    #[error("{call} was not sent: the API accepts no requests for another {} s", ceil(*wait))]
    RateLimited { call: Call, wait: Duration },
    /// The client was stopped, before the request was `sent` or after it.
    #[error("{call} {}", stopped_text(*sent))]
    Stopped { call: Call, sent: bool },
    /// The retries ended without a success, after no attempt at all if the API was given up before.
    /// `open` tells whether one of the attempts may have been carried out; `elapsed` counts from
    /// the first attempt to the end of the last.
    #[error("{last}; {}", exhausted_text(*attempts, *end, *elapsed))]
    RetriesExhausted {
        attempts: u32,
        open: bool,
        end: RetryEnd,
        elapsed: Duration,
        last: Box<Error>,
    },
    /// It is not known whether a guardrail was created, and looking for it failed.
    #[error("{last}. Whether the guardrail was created could not be determined: {search}")]
    Unconfirmed { last: Box<Error>, search: Box<Error> },
    /// It is not known whether a guardrail was created, and those that could be it, by their
    /// redacted ids, cannot be told from the work of others.
    #[error("{last}. Any of these could be the guardrail: {}", ids.join(", "))]
    Ambiguous { last: Box<Error>, ids: Vec<String> },
}

fn ceil(wait: Duration) -> f64 {
    wait.as_secs_f64().ceil()
}

fn stopped_text(sent: bool) -> &'static str {
    if sent {
        "was abandoned without a response, because the run was interrupted"
    } else {
        "was not sent, because the run was interrupted"
    }
}

fn exhausted_text(attempts: u32, end: RetryEnd, elapsed: Duration) -> String {
    if attempts == 0 {
        return "no attempt was made, since the API was never reached in this run".to_owned();
    }
    let gave_up = if end == RetryEnd::Final { "" } else { "gave up after " };
    let plural = if attempts == 1 { "" } else { "s" };
    let reason = match end {
        RetryEnd::Stopped => ", because the run was interrupted",
        RetryEnd::Unreached => ": the API was never reached in this run",
        RetryEnd::OutOfTime | RetryEnd::Final | RetryEnd::Enough => "",
    };
    let seconds = elapsed.as_secs_f64();
    format!("{gave_up}{attempts} attempt{plural} in {seconds:.1} s{reason}")
}

/// Why a call that failed was not retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryEnd {
    /// There was no time left.
    OutOfTime,
    /// No attempt of this client has ever reached the API, and the time for that is over.
    Unreached,
    /// The failure is not temporary.
    Final,
    /// It came so often that it is taken for permanent.
    Enough,
    /// The run was interrupted.
    Stopped,
}

impl Error {
    /// The call that failed.
    pub fn call(&self) -> &Call {
        match self {
            Error::Request { call, .. }
            | Error::Connect { call, .. }
            | Error::ConnectionLost { call, .. }
            | Error::Timeout { call, .. }
            | Error::Status { call, .. }
            | Error::Skipped { call, .. }
            | Error::Decode { call, .. }
            | Error::RateLimited { call, .. }
            | Error::Stopped { call, .. } => call,
            Error::RetriesExhausted { last, .. }
            | Error::Unconfirmed { last, .. }
            | Error::Ambiguous { last, .. } => last.call(),
        }
    }

    /// How the last attempt failed: this error, without its earlier attempts and a later search.
    pub fn cause(&self) -> &Error {
        match self {
            Error::RetriesExhausted { last, .. }
            | Error::Unconfirmed { last, .. }
            | Error::Ambiguous { last, .. } => last.cause(),
            _ => self,
        }
    }

    /// The HTTP status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Error::Status { status, .. } | Error::Decode { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the response named for OpenRouter's support to find the request by.
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Error::Status { request_id, .. } | Error::Decode { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    /// The wait that the response asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause() {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the API itself says that the object does not exist. A 404 of a proxy proves nothing.
    pub fn is_not_found(&self) -> bool {
        matches!(self.cause(), Error::Status { status: 404, from_service: true, .. })
    }

    /// Whether the API itself says that the key has no right to what was asked for.
    pub fn is_refused(&self) -> bool {
        matches!(self.cause(), Error::Status { status: 403, from_service: true, .. })
    }

    /// Whether the API may have done what was asked. False only where the opposite is proven:
    /// nothing was sent, or the response is a refusal (4XX) or a redirect. A 303 is a redirect
    /// after the work, and 408 and 499 are what gateways respond after waiting in vain, so these
    /// prove nothing.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Error::RetriesExhausted { open, last, .. } => *open || last.may_have_happened(),
            Error::Unconfirmed { last, .. } | Error::Ambiguous { last, .. } => {
                last.may_have_happened()
            }
            Error::Status { status, .. } => {
                matches!(status, 303 | 408 | 499) || !(300..500).contains(status)
            }
            Error::Stopped { sent, .. } => *sent,
            Error::ConnectionLost { .. } | Error::Timeout { .. } | Error::Decode { .. } => true,
            Error::Request { .. }
            | Error::Connect { .. }
            | Error::Skipped { .. }
            | Error::RateLimited { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::route::Route;
    use super::*;

    static PATCH: Route = Route { method: Method::PATCH, template: "/guardrails/{id}" };

    fn call() -> Call {
        Call::new(&PATCH, "/guardrails/g-1".to_owned())
    }

    fn status(status: u16) -> Error {
        let message = "no".to_owned();
        Error::Status {
            call: call(),
            status,
            message,
            from_service: true,
            request_id: None,
            retry_after: None,
        }
    }

    #[test]
    fn each_stage_tells_whether_the_work_may_be_done() {
        let reason = || "why".to_owned();
        let host = || "openrouter.ai".to_owned();
        let after = Duration::from_millis(1500);
        let cases = [
            (Error::Request { call: call(), reason: reason() }, false),
            (
                Error::Connect { call: call(), host: host(), untrusted: false, reason: reason() },
                false,
            ),
            (
                Error::Connect { call: call(), host: host(), untrusted: true, reason: reason() },
                false,
            ),
            (Error::ConnectionLost { call: call(), reason: reason() }, true),
            (Error::Timeout { call: call(), after }, true),
            (Error::Decode { call: call(), status: 201, reason: reason(), request_id: None }, true),
            (status(302), false),
            (status(303), true),
            (status(408), true),
            (status(499), true),
            (status(400), false),
            (status(429), false),
            (status(500), true),
            (status(524), true),
            (Error::RateLimited { call: call(), wait: after }, false),
            (Error::Stopped { call: call(), sent: false }, false),
            (Error::Stopped { call: call(), sent: true }, true),
        ];
        for (error, expected) in cases {
            assert_eq!(error.may_have_happened(), expected, "{error}");
        }
    }

    #[test]
    fn an_error_names_the_call_and_what_came() {
        assert_eq!(status(409).to_string(), "PATCH /guardrails/g-1 returned 409: no");
        let late = Error::Timeout { call: call(), after: Duration::from_millis(1500) };
        assert_eq!(late.to_string(), "PATCH /guardrails/g-1: no complete response within 1.5 s");
        assert_eq!(late.call().template(), "/guardrails/{id}");
        assert!(status(404).is_not_found());
        assert!(
            !Error::Decode { call: call(), status: 404, reason: String::new(), request_id: None }
                .is_not_found()
        );
    }

    #[test]
    fn an_error_is_small_enough_to_return() {
        assert!(size_of::<Error>() <= 128);
    }
}
