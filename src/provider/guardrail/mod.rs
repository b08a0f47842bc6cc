//! `openrouter_guardrail`: what the API keys and members that it is assigned to may do.
//!
//! Its attributes are in `fields`, its calls in `backend`; the rest are warnings and imports.

mod backend;
mod fields;
mod import;
mod in_use;
mod provider_slugs;

pub(super) use backend::GuardrailBackend;
pub use fields::FIELDS;
pub(super) use import::by_name;
pub(super) use provider_slugs::WarnedSlugs;
