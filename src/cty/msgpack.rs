//! Values in msgpack, the form in which they are sent both ways.

mod decode;
mod encode;

pub use self::decode::decode;
pub use self::encode::encode;

#[cfg(test)]
mod tests;
