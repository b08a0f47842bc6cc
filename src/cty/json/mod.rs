//! Values in JSON: the form of stored state, and the second form that a request may use.

mod decode;
mod encode;

pub use self::decode::{decode, decode_stored};
pub use self::encode::encode;

use super::error::Error;

/// The two members of a value of a `dynamic` attribute.
const TYPE: &str = "type";
const VALUE: &str = "value";

/// The parser takes an object for a number whose first member has this name, which is how it hands over the digits of
/// numbers to whoever keeps them. What is read must not depend on the order of members, so it is nobody's name.
const RESERVED: &str = "$serde_json::private::Number";

/// Refuses the one name that no member of a JSON object can have.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name == RESERVED { Err(Error::here("a name is reserved")) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
