//! Real Terraform drives the real binary over real gRPC, and the binary drives the mock API.
//!
//! Run it with `cargo xtask test`, which hands over each Terraform in turn.

#[allow(dead_code, reason = "the harness is whole; not every test file needs all of it")]
mod harness;

mod smoke;
