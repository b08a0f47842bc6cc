//! The field table, and all that follows from it: schema, validation, plans, request bodies, state
//! from responses, when two values mean the same, and a resource made of a table and a backend.
//!
//! Knows neither the wire nor which API it serves: rules of one API come in as functions in the
//! table, its calls as the backend.

mod body;
mod canonical_names;
mod display;
mod equality;
mod extra_fields;
pub mod field;
mod generated_config;
mod json;
pub mod plan;
pub mod resource;
pub mod schema;
mod state;
#[cfg(test)]
mod tests;
pub mod validate;

pub use canonical_names::{CanonicalNames, NameCatalog};
pub use generated_config::generated_config;
pub use json::{JsonObject, decode, defaults};
pub use state::imported_state;
