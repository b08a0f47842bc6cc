//! What went wrong with a call, told to the user: the one place where an error of the client becomes a diagnostic.

use std::fmt::Write;

use crate::{
    client::{Error, RetryEnd},
    cty::Path,
    protocol::diagnostics::Diagnostic,
    table::field::Field,
};

/// An error of the client, for an `act` such as `create guardrail "ci"`: names the act, the call, the status and the
/// service's message, and what to do next.
pub(super) fn error_diagnostic(act: &str, error: &Error) -> Diagnostic {
    let told = error.to_string();
    let mut detail = format!("{}.\n\n{}", told.trim_end_matches('.'), next_step(error));
    if is_create(error) && error.may_have_happened() && !is_unsettled(error) {
        detail += " It was looked for after each attempt, and was not there; it can still appear, if the service is only late.";
    }
    detail += &ending(error);
    if let Some(request_id) = error.request_id() {
        let _ = write!(detail, " The service knows this request as {request_id}.");
    }
    Diagnostic::error(format!("Could not {act}"), detail)
}

/// The same for a call that depends on what an attribute names, a workspace or a guardrail: at that attribute, if the
/// service answered 403 or 404. None where the attribute is not set.
pub(super) fn error_diagnostic_at(
    act: &str,
    error: &Error,
    attribute: Option<&'static str>,
) -> Diagnostic {
    let diagnostic = error_diagnostic(act, error);
    match attribute.filter(|_| is_about_what_is_named(error)) {
        Some(name) => {
            let detail = format!("{} Check `{name}`.", diagnostic.detail);
            Diagnostic { detail, ..diagnostic }.at(Path::attribute(name))
        }
        None => diagnostic,
    }
}

/// The same for a call that sent the fields of a table: at the attribute, if the service's message names one.
pub(super) fn body_error_diagnostic(
    act: &str,
    error: &Error,
    fields: &[Field],
    named: Option<&'static str>,
) -> Diagnostic {
    if let Error::Status { message, .. } = error.cause()
        && let Some(name) = attribute_in(message, fields)
    {
        return error_diagnostic(act, error).at(Path::attribute(name));
    }
    error_diagnostic_at(act, error, named)
}

/// Whether the service refuses access to what was named, or does not know it. A refusal of the key as such is about nothing
/// that was named.
fn is_about_what_is_named(error: &Error) -> bool {
    match error.cause() {
        Error::Status { status: 404, from_service, .. } => *from_service,
        Error::Status { status: 403, from_service, message, .. } => {
            *from_service && !message.to_ascii_lowercase().contains("management key")
        }
        _ => false,
    }
}

/// The longest attribute name that stands in a message as a word. CanonicalNames that are common words do not count.
fn attribute_in(message: &str, fields: &[Field]) -> Option<&'static str> {
    let words: Vec<_> = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let named = fields
        .iter()
        .map(|field| field.name)
        .filter(|name| name.contains('_') && words.contains(name));
    named.max_by_key(|name| name.len())
}

const UNCERTAIN: &str = "The service may or may not have done it: look at what it holds, then run Terraform again. A slow \
                         service may need a longer `timeout_ms`.";

/// Why it was not tried again, if that is for the user to change.
fn ending(error: &Error) -> String {
    match error {
        Error::RetriesExhausted { end: RetryEnd::Stopped, .. } => " Run Terraform again to go on.".to_owned(),
        Error::RetriesExhausted { end: RetryEnd::Unreached, .. } => {
            " Until it has answered once in a run, it is tried for 30 s, or for `max_elapsed_time_ms` of `retry` in the provider \
             block if that is less."
                .to_owned()
        }
        Error::RetriesExhausted { end: RetryEnd::OutOfTime, last, .. } => {
            match last.retry_after().filter(|wait| !wait.is_zero()) {
                Some(wait) => format!(
                    " The service asks to wait {} s, for which `retry` in the provider block has no time left.",
                    wait.as_secs_f64().ceil()
                ),
                None => " How long to try is set by `retry` in the provider block.".to_owned(),
            }
        }
        _ => String::new(),
    }
}

fn next_step(error: &Error) -> &'static str {
    match error {
        Error::Unconfirmed { .. } => {
            "Look at what the service holds before you run Terraform again: what is there already can be imported."
        }
        Error::Ambiguous { .. } => {
            "They were made since this create began, but are more than this run can have made, or have other fields. Look at them: \
             import the one that is yours, or delete those that nobody uses, then run Terraform again."
        }
        Error::RetriesExhausted { last, .. }
            if error.may_have_happened() && !last.may_have_happened() =>
        {
            UNCERTAIN
        }
        Error::RetriesExhausted { last, .. } => next_step(last),
        Error::RateLimited { .. } => {
            "Nothing was done. Run Terraform again when that time is over, or give the provider's `retry` a longer \
             `max_elapsed_time_ms`."
        }
        Error::Stopped { sent: false, .. } => "Nothing was done. Run Terraform again to go on.",
        Error::Skipped { noun: "member", .. } => {
            "Nothing was done for it. Take the user id of a member of the organization, as the API lists it."
        }
        Error::Skipped { .. } => {
            "Nothing was done for it. Take the hash of a key that exists, as the API lists it; not the key itself."
        }
        Error::Request { .. } => {
            "Nothing was sent. Correct the value in the configuration or the state."
        }
        Error::Connect { .. } => {
            "Nothing was sent. Check `server_url`, the network and the proxy settings (HTTPS_PROXY, NO_PROXY), and try \
             again."
        }
        Error::ConnectionLost { .. } | Error::Timeout { .. } if is_read(error) => {
            "Nothing was changed. Run Terraform again. A slow service may need a longer `timeout_ms`."
        }
        Error::Status { status: 408 | 499 | 500..=599, .. } if is_read(error) => {
            "The service, or a proxy before it, failed. Nothing was changed. Run Terraform again."
        }
        Error::ConnectionLost { .. } | Error::Timeout { .. } | Error::Stopped { .. } => UNCERTAIN,
        Error::Decode { .. } => {
            "What answered may not be the OpenRouter API: check `server_url` and any proxy in between. If it is, please \
             report this."
        }
        Error::Status { status: 404, from_service: false, .. } => {
            "This is not an answer of the OpenRouter API: check `server_url` (or OPENROUTER_BASE_URL) and any proxy in between."
        }
        Error::Status { status, .. } => next_step_after_status(*status),
    }
}

/// Whether it is the call that must not be made twice.
fn is_create(error: &Error) -> bool {
    error.call().method() == http::Method::POST && error.call().template() == "/guardrails"
}

/// Whether looking for what was made came to nothing.
fn is_unsettled(error: &Error) -> bool {
    matches!(error, Error::Unconfirmed { .. } | Error::Ambiguous { .. })
}

fn is_read(error: &Error) -> bool {
    error.call().method() == http::Method::GET
}

fn next_step_after_status(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "Redirects are not followed, so that the key stays with the host it is for. Correct `server_url`."
        }
        400 | 422 => "Correct the configuration as the message says, and apply again.",
        401 => {
            "Check `api_key` (or OPENROUTER_MANAGEMENT_KEY, else OPENROUTER_API_KEY): it must be a management key that \
             has not been revoked."
        }
        402 => "The account's credits or plan do not cover this.",
        403 => {
            "The key must be a management key of the account that owns the workspace, and the account must allow this. A \
             management key may be bound to one workspace: the service then refuses it in all others."
        }
        404 => {
            "It does not exist, or the key cannot see it. Check the id, and that `server_url` is the API's base URL."
        }
        425 | 429 => {
            "The service asks for patience. Wait a little and apply again, or lower `max_concurrent_requests`."
        }
        409 => {
            "Another object stands in the way, most often one of the same name. Rename one of the two."
        }
        408 | 499 | 500..=599 => {
            "The service, or a proxy before it, failed. Whether the work was done is not certain: look at what it holds, \
             then run Terraform again."
        }
        _ => "Run Terraform again; if it stays, look at the message above.",
    }
}
