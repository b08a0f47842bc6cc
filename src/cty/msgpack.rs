//! Values in msgpack, the form in which they are sent both ways.

mod decode;
mod encode;

pub use self::decode::decode;
pub use self::encode::encode;

/// The extension code of an unknown value about which something is known. Any other code is a plain
/// unknown.
const REFINED: i8 = 12;

#[cfg(test)]
mod tests;
