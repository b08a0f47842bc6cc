//! Values in msgpack, the form in which they cross the wire both ways.
//!
//! Decoding accepts every msgpack form of a value and is strict about its shape; encoding writes the form that
//! Terraform core itself writes.

mod decode;
mod encode;
mod refinement;

pub use self::decode::decode;
pub use self::encode::encode;

/// The extension code of an unknown value about which something is known. Any other code is a plain unknown.
const REFINED: i8 = 12;

/// The longest description of an unknown value that core reads.
const MAX_REFINEMENT: usize = 1024;

#[cfg(test)]
mod tests;
