//! Values in JSON: the form of stored state, and the second form that a request may use.

mod decode;
mod encode;

pub use self::decode::{decode, decode_stored};
pub use self::encode::encode;

/// The two members of a value of a `dynamic` attribute.
const TYPE: &str = "type";
const VALUE: &str = "value";

#[cfg(test)]
mod tests;
