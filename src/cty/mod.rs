//! Terraform's types and values, their paths, and the two encodings that cross the wire or lie in a state file.
//!
//! Pure: no I/O, no protocol messages, nothing of OpenRouter. Values carry no types of their own; every encoding and
//! check is given the [`Type`] beside the [`Value`]. Bytes from outside never panic, never recurse deeper than
//! [`MAX_DEPTH`] and never make us allocate more than a small multiple of their own length: they give an [`Error`]
//! with the [`Path`] of the first thing that is wrong.

mod conform;
mod equality;
mod error;
pub mod json;
pub mod msgpack;
mod number;
mod path;
mod ty;
mod value;

pub use self::error::Error;
pub use self::number::Number;
pub use self::path::{Path, Step};
pub use self::ty::{ObjectType, Type};
pub use self::value::{Bound, Dynamic, Refinement, Value};

/// How deep types and values may nest, a `dynamic` wrapper counted as one level.
///
/// No schema comes near it; it keeps hostile nesting off the stack.
pub const MAX_DEPTH: usize = 64;
