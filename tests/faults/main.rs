//! What is promised for the case that something breaks: real Terraform drives the real binary against the mock, whose faults
//! are a network's, a service's and a user's. docs/guides/reliability.md tells the promises.

#[allow(
    dead_code,
    unused_imports,
    reason = "tests/acceptance uses the same harness, and other parts of it"
)]
#[path = "../acceptance/harness/mod.rs"]
mod harness;
mod interrupts;
mod matrix;
mod storm;
