//! Whether the ids of a planned assignment look like ids. The form of a key's hash is certain, so that a wrong one is an error,
//! which spares a request that the API answers with silence; the others are only doubtful (see [`id_form`]).

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{GUARDRAIL_ID, WORKSPACE_ID, fields::KEY_HASH, id_form};

/// Hexadecimal digits of a key's hash.
const HASH_LENGTH: usize = 64;

/// Warnings about what a plan assigns anew.
///
/// # Errors
/// When what should be the hash of a key is none.
pub(super) fn check(prior: &Value, planned: &Value) -> Result<Vec<Diagnostic>, Diagnostics> {
    let hash = planned.attribute(KEY_HASH);
    if prior.attribute(KEY_HASH) != hash && hash.as_str().is_some_and(|hash| !is_hash(hash)) {
        return Err(no_hash().into());
    }
    let ids = [(GUARDRAIL_ID, "guardrail"), (WORKSPACE_ID, "workspace")];
    let doubtful =
        ids.iter().filter_map(|(name, noun)| id_form::warn_unless_uuid(prior, planned, name, noun));
    Ok(doubtful.collect())
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Without the value, which may be a secret.
fn no_hash() -> Diagnostic {
    let detail = format!(
        "`{KEY_HASH}` must be the hash of a key, {HASH_LENGTH} hexadecimal digits, as the API lists keys under `hash`. It is \
         neither the key's name nor its label."
    );
    Diagnostic::error(format!("Invalid value for `{KEY_HASH}`"), detail)
        .at(Path::attribute(KEY_HASH))
}
