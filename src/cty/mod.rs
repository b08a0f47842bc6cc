//! Terraform's types and values, their paths, and the encodings in which values are sent or stored.
//!
//! Pure: no I/O, no protocol messages, nothing of any API. Values carry no types of their own;
//! every encoding is given the [`Type`] beside the [`Value`]. Bytes from outside never panic, never
//! nest deeper than [`MAX_DEPTH`], and take memory in proportion to their own length, not to the
//! lengths they declare; an [`Error`] names the first fault and its [`Path`].

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
pub use self::value::{Dynamic, Nullness, Value};

/// How deep types and values may nest, a `dynamic` wrapper counted as one level. No schema comes
/// near it; it keeps hostile nesting off the stack.
pub const MAX_DEPTH: usize = 64;
