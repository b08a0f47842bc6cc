//! The mock seen from outside: over HTTP, through its handle, and as a program.

mod account;
mod assignments;
mod client;
mod faults;
mod guardrails;
mod program;
