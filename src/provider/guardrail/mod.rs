//! `openrouter_guardrail` and `openrouter_workspace_default_guardrail`: what the API keys and members
//! that a guardrail is assigned to may do, and what all of a workspace may.
//!
//! Their attributes are in `fields`, the calls of each in its backend, `guardrail_backend` and
//! `workspace_default`; the rest are warnings and imports.

mod calls;
mod fields;
mod guardrail_backend;
mod import;
mod in_use;
mod policies;
mod provider_slugs;
mod workspace_default;

pub use fields::FIELDS;
pub(super) use fields::{CONTENT_FILTER, CONTENT_FILTER_PATTERN, SETTINGS};
pub(super) use guardrail_backend::GuardrailBackend;
pub(super) use import::by_name;
pub(super) use policies::warn_of_parts_not_in_force;
pub(super) use provider_slugs::WarnedSlugs;
pub(super) use workspace_default::{PlannedDefaults, WorkspaceDefaultBackend, default_guardrail};

use crate::{
    cty::Value,
    protocol::diagnostics::Diagnostics,
    table::{JsonObject, field::Field, imported_state},
};

use super::error_diagnostics::malformed_response;

/// The state of a guardrail that was listed.
pub(super) fn listed(fields: &[Field], guardrail: &JsonObject) -> Result<Value, Diagnostics> {
    imported_state(fields, guardrail).map_err(|error| malformed_response(&error))
}
