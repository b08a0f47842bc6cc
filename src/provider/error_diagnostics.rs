//! The one place where an error of the client becomes a diagnostic.

use std::fmt::Write;

use crate::{
    client::{Error, RetryEnd},
    cty::{self, Path},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::field::Field,
};

/// An error of the client in an `action` such as `create guardrail "ci"`: names the action, the
/// call, the status and the API's message, and what to do next.
pub(super) fn error_diagnostic(action: &str, error: &Error) -> Diagnostic {
    let message = error.to_string();
    let mut detail = format!("{}.\n\n{}", message.trim_end_matches('.'), next_step(error));
    let was_looked_for = !matches!(error, Error::Unconfirmed { .. } | Error::Ambiguous { .. });
    if is_create(error) && error.may_have_happened() && was_looked_for {
        detail += " The provider looked for it after each attempt and did not find it. It may \
                   still appear later.";
    }
    if let Some(hint) = retry_hint(error) {
        detail += &hint;
    }
    if let Some(request_id) = error.request_id() {
        let _ = write!(detail, " The request id is {request_id}.");
    }
    Diagnostic::error(format!("Could not {action}"), detail)
}

/// The error for a response that a table cannot read.
pub(super) fn malformed_response(error: &cty::Error) -> Diagnostics {
    let detail = format!("The response does not have the documented form: {error}.");
    Diagnostic::error("Could not read the API's response", detail).into()
}

/// The same for a call that depends on what an attribute names, a workspace or a guardrail: at that
/// attribute, if the API returned 403 or 404. None where the attribute is not set.
pub(super) fn error_diagnostic_at(
    action: &str,
    error: &Error,
    attribute: Option<&'static str>,
) -> Diagnostic {
    let diagnostic = error_diagnostic(action, error);
    match attribute {
        Some(name) if is_about_the_named_object(error) => {
            let detail = format!("{} Check `{name}`.", diagnostic.detail);
            Diagnostic { detail, ..diagnostic }.at(Path::attribute(name))
        }
        _ => diagnostic,
    }
}

/// The same for a call that sent the fields of a table: at the attribute that the API's message
/// names.
pub(super) fn body_error_diagnostic(
    action: &str,
    error: &Error,
    fields: &[Field],
    attribute: Option<&'static str>,
) -> Diagnostic {
    if let Error::Status { message, .. } = error.cause()
        && let Some(name) = attribute_in(message, fields)
    {
        return error_diagnostic(action, error).at(Path::attribute(name));
    }
    error_diagnostic_at(action, error, attribute)
}

/// The same with the workspace that a refused call was about; none for the account's default one. A
/// management key may be bound to another.
pub(super) fn naming_workspace(
    diagnostic: Diagnostic,
    error: &Error,
    workspace: Option<&str>,
) -> Diagnostic {
    match error.cause() {
        Error::Status { status: 403, message, .. } if !is_no_management_key(message) => {}
        _ => return diagnostic,
    }
    let workspace = match workspace {
        Some(id) => format!("workspace {id}"),
        None => "the account's default workspace".to_owned(),
    };
    let detail = format!("{} This call was for {workspace}.", diagnostic.detail);
    Diagnostic { detail, ..diagnostic }
}

/// Whether the API does not know what was named, or refuses access to it, and not the key as such.
fn is_about_the_named_object(error: &Error) -> bool {
    match error.cause() {
        Error::Status { status: 404, from_service, .. } => *from_service,
        Error::Status { status: 403, from_service, message, .. } => {
            *from_service && !is_no_management_key(message)
        }
        _ => false,
    }
}

/// Whether the message of a 403 is about the key as such.
fn is_no_management_key(message: &str) -> bool {
    message.to_ascii_lowercase().contains("only management keys")
}

/// The longest attribute name that is a word of a message. Names that are common words do not
/// count.
fn attribute_in(message: &str, fields: &[Field]) -> Option<&'static str> {
    let words: Vec<_> = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let names = fields.iter().map(|field| field.name);
    names.filter(|name| name.contains('_') && words.contains(name)).max_by_key(|name| name.len())
}

const OUTCOME_UNKNOWN: &str = "The change may or may not have been made: check at OpenRouter, then \
                               run Terraform again. If the API is slow, increase `timeout_ms`.";

/// Why it was not retried, if that is for the user to change.
fn retry_hint(error: &Error) -> Option<String> {
    let Error::RetriesExhausted { end, last, .. } = error else { return None };
    match end {
        RetryEnd::Unreached => Some(
            " Until the API has responded once in a run, requests are retried for 30 s, or for \
             `max_elapsed_time_ms` of `retry` in the provider block if that is less."
                .to_owned(),
        ),
        RetryEnd::OutOfTime => Some(match last.retry_after().filter(|wait| !wait.is_zero()) {
            Some(wait) => format!(
                " The API asks to wait {} s, which is longer than `retry` in the provider block \
                 allows.",
                wait.as_secs_f64().ceil()
            ),
            None => " `retry` in the provider block sets how long requests are retried.".to_owned(),
        }),
        _ => None,
    }
}

fn next_step(error: &Error) -> &'static str {
    let is_read = error.call().method() == http::Method::GET;
    match error {
        Error::RetriesExhausted { last, .. }
            if error.may_have_happened() && !last.may_have_happened() =>
        {
            OUTCOME_UNKNOWN
        }
        Error::RetriesExhausted { last, .. } => next_step(last),
        Error::ConnectionLost { .. } | Error::Timeout { .. } if is_read => {
            "Nothing was changed. Run Terraform again. If the API is slow, increase `timeout_ms`."
        }
        Error::ConnectionLost { .. }
        | Error::Timeout { .. }
        | Error::Stopped { sent: true, .. } => OUTCOME_UNKNOWN,
        Error::Stopped { .. } => "Nothing was changed. Run Terraform again to continue.",
        Error::Status { status: 404, from_service: false, .. } | Error::Decode { .. } => {
            "This may not be a response of the OpenRouter API: check `server_url` (or \
             OPENROUTER_BASE_URL) and any proxy in between. If it is one, please report this."
        }
        Error::Status { status: 404, call, .. } if !call.template().contains("{id}") => {
            "The object does not exist, the API key cannot access it, or this is not the \
             OpenRouter API: check `server_url` (or OPENROUTER_BASE_URL)."
        }
        Error::Status { status: 408 | 499 | 500..=599, .. } if is_read => {
            "The API, or a proxy in front of it, failed. Nothing was changed. Run Terraform again."
        }
        Error::Status { status: 403, message, .. } if is_no_management_key(message) => {
            "Check `api_key` (or OPENROUTER_MANAGEMENT_KEY, else OPENROUTER_API_KEY): it must be a \
             management key."
        }
        Error::Status { status, .. } => next_step_after_status(*status),
        _ => next_step_without_response(error),
    }
}

fn next_step_without_response(error: &Error) -> &'static str {
    match error {
        Error::Unconfirmed { .. } => {
            "Check at OpenRouter whether it exists before you run Terraform again. If it does, \
             import it."
        }
        Error::Ambiguous { .. } => {
            "They seem to be new, but are more than this run can have created, or have different \
             settings. Check them at OpenRouter: import the one that is yours, or delete those \
             that are not used, then run Terraform again."
        }
        Error::RateLimited { .. } => {
            "Nothing was changed. Run Terraform again after that time, or increase \
             `max_elapsed_time_ms` of `retry` in the provider block."
        }
        Error::Skipped { noun: "member", .. } => {
            "No assignment was made. Use the user id of a member of the organization; the data \
             source `openrouter_organization_members` lists them."
        }
        Error::Skipped { .. } => {
            "No assignment was made. Use the hash of an existing API key, not the key itself; the \
             data source `openrouter_api_keys` lists the hashes."
        }
        Error::Connect { .. } => {
            "Nothing was sent. Check `server_url` (or OPENROUTER_BASE_URL), the network and the \
             proxy settings (HTTPS_PROXY, NO_PROXY), and run Terraform again."
        }
        _ => "Nothing was sent. Correct the value in the configuration or the state.",
    }
}

/// Whether it is the call that must not be made twice.
fn is_create(error: &Error) -> bool {
    error.call().method() == http::Method::POST && error.call().template() == "/guardrails"
}

fn next_step_after_status(status: u16) -> &'static str {
    match status {
        300..=399 => {
            "Redirects are not followed, so that the API key is not sent to another host. Correct \
             `server_url`."
        }
        400 | 422 => "Correct the configuration as the message says, and apply again.",
        401 => {
            "Check `api_key` (or OPENROUTER_MANAGEMENT_KEY, else OPENROUTER_API_KEY): it must be a \
             management key that has not been revoked."
        }
        402 => "The account's credits or plan do not cover this.",
        403 => {
            "Possible reasons: the API key belongs to another account than the workspace; it is \
             restricted to one workspace, and this call was for another; the account does not \
             permit this."
        }
        404 => {
            "It does not exist, or the API key cannot access it. Check the id, and that \
             `server_url` (or OPENROUTER_BASE_URL) is the base URL of the API."
        }
        409 => {
            "It conflicts with another object, most likely one with the same name. Rename one of \
             the two."
        }
        425 | 429 => {
            "The API limits the rate of requests. Wait and apply again, or decrease \
             `max_concurrent_requests`."
        }
        408 | 499 | 500..=599 => {
            "The API, or a proxy in front of it, failed. The change may or may not have been made: \
             check at OpenRouter, then run Terraform again."
        }
        _ => "Run Terraform again. If the error persists, see the message above.",
    }
}
