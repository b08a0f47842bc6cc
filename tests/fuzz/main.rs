//! Hostile input for the decoders and for every call of the protocol. Whatever the bytes are, there
//! is a response: no panic, no stack overflow, no hang, and no more memory than a bounded multiple
//! of the input.
//!
//! `cargo test --test fuzz` tries a fixed number of inputs, always the same. `cargo xtask fuzz
//! --seconds N` tries new ones for that long, and prints the seed of one that fails; with `--seed`
//! that input is tried first.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a long run shows its figures")]

mod bounds;
mod calls;
mod codecs;
mod connection;
mod documents;
mod mutate;
mod random;
mod requests;
mod run;
mod types;
mod values;

/// How many inputs a target tries in a short run, and its share of the time of a long one, in
/// percent.
struct Effort {
    inputs: u64,
    share: u32,
}

#[test]
fn values() {
    run::run("values", &Effort { inputs: 1_000, share: 10 }, || codecs::Values);
}

#[test]
fn msgpack() {
    run::run("msgpack", &Effort { inputs: 6_000, share: 20 }, || codecs::MSGPACK);
}

#[test]
fn json() {
    run::run("json", &Effort { inputs: 3_000, share: 15 }, || codecs::JSON);
}

#[test]
fn types() {
    run::run("types", &Effort { inputs: 3_000, share: 5 }, || codecs::Types);
}

#[test]
fn frames() {
    run::run("frames", &Effort { inputs: 3_000, share: 15 }, calls::frames);
}

#[test]
fn requests() {
    run::run("requests", &Effort { inputs: 1_000, share: 35 }, calls::requests);
}
