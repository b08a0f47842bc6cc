//! What can go wrong with a call, by stage: not sent, not connected, lost on the way, too late, refused, unreadable.
//! The stage decides whether the service may have done the work, and with the method whether a call may be sent
//! again. Every text in here has been through the redactor before it gets here.

use std::time::Duration;

use super::route::Call;

/// Why a call did not bring what it was made for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No request can be made of the arguments; nothing was sent.
    #[error("{call} cannot be sent: {reason}")]
    Request {
        /// What was to be done.
        call: Call,
        /// What is wrong with the arguments.
        reason: String,
    },
    /// There was no connection, so nothing was sent: name resolution, TCP, proxy, or TLS failed.
    #[error("{call}: cannot connect to {host}: {reason}")]
    Connect {
        /// What was to be done.
        call: Call,
        /// Host and port of the base URL.
        host: String,
        /// Whether the other side actively refused the connection, as where nothing listens.
        refused: bool,
        /// Whether the other side could not show that it is who it should be: its certificate was refused.
        untrusted: bool,
        /// The cause as the network tells it.
        reason: String,
    },
    /// The connection failed after the request, or part of it, was sent, and before the answer was complete.
    #[error("{call}: the connection was lost before the answer was complete: {reason}")]
    ConnectionLost {
        /// What was to be done.
        call: Call,
        /// The cause as the network tells it.
        reason: String,
    },
    /// No complete answer came in the time one attempt may take.
    #[error("{call}: no complete answer within {} s", after.as_secs_f64())]
    Timeout {
        /// What was to be done.
        call: Call,
        /// The time it was given.
        after: Duration,
    },
    /// The service, or something before it, answered with a status that is not success.
    #[error("{call} answered {status}: {message}")]
    Status {
        /// What was to be done.
        call: Call,
        /// The HTTP status, outside 200-299.
        status: u16,
        /// The service's own message where there was one, else what can be said of the answer; one line.
        message: String,
        /// Whether the answer is one of the service's own: JSON with an `error` in it. A proxy's page is not, nor that of a
        /// server that is not the API.
        from_service: bool,
        /// What the service's support can find the request by.
        request_id: Option<String>,
        /// The patience that the answer asks for, by `Retry-After` or `retry-after-ms`.
        retry_after: Option<Duration>,
    },
    /// The service did the rest of what was asked, and nothing for this one, in silence: it knows no such key.
    #[error("{call} passed it over: the service knows no such {noun}")]
    Skipped {
        /// What was to be done.
        call: Call,
        /// What was skipped: `key` or `member`.
        noun: &'static str,
    },
    /// The answer says success, but it cannot be read: no JSON, too large, or not of the promised shape.
    #[error("{call} answered {status}, but the answer cannot be used: {reason}")]
    Decode {
        /// What was to be done.
        call: Call,
        /// The HTTP status, 200-299.
        status: u16,
        /// What is wrong with the answer, with the field where it is one.
        reason: String,
        /// What the service's support can find the request by.
        request_id: Option<String>,
    },
    /// The service has asked for more patience, by a 429 to whichever call, than there is time for; nothing was sent.
    #[error("{call} was not sent: the service has asked not to be called for another {} s", wait.as_secs_f64().ceil())]
    RateLimited {
        /// What was to be done.
        call: Call,
        /// How long it would have had to wait.
        wait: Duration,
    },
    /// The client was told to stop.
    #[error("{call} {}", if *sent { "was given up, without an answer, because the run was interrupted" } else {
        "was not sent, because the run was interrupted"
    })]
    Stopped {
        /// What was to be done.
        call: Call,
        /// Whether it had been sent by then.
        sent: bool,
    },
    /// It was tried again until there was no more time, or no more sense in it.
    #[error("{last}; {}{attempts} attempt{} in {:.1} s{}", if *end == RetryEnd::Final { "" } else { "gave up after " },
        if *attempts == 1 { "" } else { "s" }, elapsed.as_secs_f64(),
        match end {
            RetryEnd::Stopped => ", as the run was interrupted",
            RetryEnd::Unreached => ": the service was never reached in this run",
            _ => "",
        })]
    RetriesExhausted {
        /// How many attempts were made; 1 or more.
        attempts: u32,
        /// Whether one of them may have been carried out.
        open: bool,
        /// Why there was no other.
        end: RetryEnd,
        /// From the first attempt to the end of the last.
        elapsed: Duration,
        /// How the last one failed.
        last: Box<Error>,
    },
    /// Whether something was made is not known, and it could not be looked for either.
    #[error("{last}. Whether the guardrail was made could not be found out: {search}")]
    Unconfirmed {
        /// How the attempt to make it ended.
        last: Box<Error>,
        /// Why it could not be looked for.
        search: Box<Error>,
    },
    /// Whether something was made is not known, and there is what could be it, but cannot be told from the work of others:
    /// more than we can have made, or with other fields.
    #[error("{last}. Any of these could be the guardrail: {}", ids.join(", "))]
    Ambiguous {
        /// How the attempt to make it ended.
        last: Box<Error>,
        /// The ids of those that could be it, fit to show.
        ids: Vec<String>,
    },
}

/// Why a call that failed was not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryEnd {
    /// There was no time left.
    OutOfTime,
    /// No attempt of this client has ever reached the service, and there was no time left for that.
    Unreached,
    /// The failure is not one that passes.
    Final,
    /// It came often enough to be taken for one that does not pass.
    Enough,
    /// The run was interrupted.
    Stopped,
}

impl Error {
    /// The call that failed.
    pub fn call(&self) -> &Call {
        match self.cause() {
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

    /// How the last attempt failed: this error, without what was tried before and what was looked for afterwards.
    pub fn cause(&self) -> &Error {
        match self {
            Error::RetriesExhausted { last, .. }
            | Error::Unconfirmed { last, .. }
            | Error::Ambiguous { last, .. } => last.cause(),
            _ => self,
        }
    }

    /// The HTTP status, if an answer came that far.
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Error::Status { status, .. } | Error::Decode { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the service's support can find the request by, if the answer named it.
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Error::Status { request_id, .. } | Error::Decode { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    /// The patience that the answer asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause() {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the service itself says that the thing does not exist. A 404 of anything else on the way proves nothing.
    pub fn is_not_found(&self) -> bool {
        matches!(self.cause(), Error::Status { status: 404, from_service: true, .. })
    }

    /// Whether the service may have done what was asked. False only where that is proven: nothing was sent, or the
    /// answer is a refusal (4XX) or a redirect. A 303 is a redirect after the work, and 408 and 499 are what gateways answer
    /// when they have waited long enough, so these prove nothing.
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
            _ => false,
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
                Error::Connect {
                    call: call(),
                    host: host(),
                    refused: true,
                    untrusted: false,
                    reason: reason(),
                },
                false,
            ),
            (
                Error::Connect {
                    call: call(),
                    host: host(),
                    refused: false,
                    untrusted: true,
                    reason: reason(),
                },
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
        assert_eq!(status(409).to_string(), "PATCH /guardrails/g-1 answered 409: no");
        let late = Error::Timeout { call: call(), after: Duration::from_millis(1500) };
        assert_eq!(late.to_string(), "PATCH /guardrails/g-1: no complete answer within 1.5 s");
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
