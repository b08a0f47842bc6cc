//! The mock seen from outside: over HTTP, through its handle, and as a program.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod account;
mod assignments;
mod client;
mod connections;
mod echo;
mod extra_fields;
mod faults;
mod guardrails;
mod lists;
mod policies;
mod program;
mod restriction;
