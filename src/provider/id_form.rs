//! Ids of another form than the API gives them.
//!
//! A warning, and only when planning: a mocked provider makes up ids of any form, and core
//! validates the configurations that refer to them, but does not have them planned by us. Whether
//! such an id exists is for the API to say.

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::Diagnostic,
    table::validate::is_uuid,
};

/// A warning if a plan sets an id, that of a `noun`, which is not a UUID.
pub(super) fn warn_unless_uuid(
    prior: &Value,
    planned: &Value,
    attribute: &str,
    noun: &str,
) -> Option<Diagnostic> {
    let id = planned.attribute(attribute);
    let text = id.as_str().filter(|text| !is_uuid(text))?;
    if prior.attribute(attribute) == id {
        return None;
    }
    let detail = format!(
        "\"{text}\" is not a UUID, but the ids of {noun}s are. If it is a name or a slug, use the \
         id of the {noun} instead: the API rejects unknown ids."
    );
    let summary = format!("`{attribute}` may not be the id of a {noun}");
    Some(Diagnostic::warning(summary, detail).at(Path::attribute(attribute)))
}
