//! The field table, and all that follows from it: schema, validation, plans, request bodies, state from answers, and when two
//! values mean the same.
//!
//! Knows neither the wire nor which API it serves: rules of one API come in as functions in the table.

pub mod body;
pub mod canonical_names;
mod display;
pub mod equality;
pub mod field;
pub mod plan;
pub mod schema;
pub mod state;
#[cfg(test)]
mod tests;
pub mod validate;
