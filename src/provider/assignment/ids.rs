//! The form of the ids of an assignment. That of a key's hash is certain: a wrong one is an error,
//! which spares a request that the API silently skips. The others are only doubtful (see
//! [`id_form`]).

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{GUARDRAIL_ID, WORKSPACE_ID, fields::KEY_HASH, id_form};

const HASH_LENGTH: usize = 64;

/// Warnings about what a plan assigns anew.
///
/// # Errors
/// When what should be the hash of a key is none.
pub(super) fn check(prior: &Value, planned: &Value) -> Result<Vec<Diagnostic>, Diagnostics> {
    let hash = planned.attribute(KEY_HASH);
    if prior.attribute(KEY_HASH) != hash && hash.as_str().is_some_and(|hash| !is_hash(hash)) {
        let detail = format!("`{KEY_HASH}` must be {}", hash_form());
        let diagnostic = Diagnostic::error(format!("Invalid value for `{KEY_HASH}`"), detail);
        return Err(diagnostic.at(Path::attribute(KEY_HASH)).into());
    }
    let ids = [(GUARDRAIL_ID, "guardrail"), (WORKSPACE_ID, "workspace")];
    let doubtful =
        ids.iter().filter_map(|(name, noun)| id_form::warn_unless_uuid(prior, planned, name, noun));
    Ok(doubtful.collect())
}

pub(super) fn is_hash(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == HASH_LENGTH && text.bytes().all(is_digit)
}

/// What a hash is, for a message. The value is not shown: it may be a secret.
pub(super) fn hash_form() -> String {
    format!(
        "the hash of an API key: {HASH_LENGTH} lowercase hexadecimal digits. The data source \
         `openrouter_api_keys` lists it as `hash`. It is neither the name nor the label of the key."
    )
}
