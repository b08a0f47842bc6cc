//! A function: arguments in, a value out. It needs no configuration and no API.

use crate::cty::{Type, Value};

/// A function that configurations can call.
///
/// The same arguments must always give the same result: core calls it again in each walk, and compares.
pub trait Function: Send + Sync + 'static {
    /// What it takes and gives.
    fn signature(&self) -> Signature;

    /// Calls it, with one argument for each parameter, of its type. None is null or holds anything
    /// unknown unless its parameter allows that. May take long, but must not wait.
    ///
    /// # Errors
    /// What is wrong, and with which argument.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// In the order of the arguments.
    pub parameters: Vec<Parameter>,
    /// The type of its results.
    pub returns: Type,
    /// One short sentence without Markdown.
    pub summary: &'static str,
    /// Markdown.
    pub description: &'static str,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// An identifier, unlike those of the other parameters.
    pub name: &'static str,
    /// What it takes. Core converts arguments to it.
    pub ty: Type,
    /// Markdown.
    pub description: &'static str,
    /// Whether it can be null; else a null argument is an error.
    pub allows_null: bool,
    /// Whether it can hold something unknown; else the result is then unknown too.
    pub allows_unknown: bool,
}

/// Why a call gives no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Sentences.
    pub text: String,
    /// The argument it is about, counted from zero.
    pub argument: Option<usize>,
}

impl Parameter {
    /// A parameter that takes neither null nor anything unknown.
    pub const fn new(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { name, ty, description, allows_null: false, allows_unknown: false }
    }

    /// The same parameter, where null is allowed.
    #[must_use]
    pub fn or_null(self) -> Self {
        Self { allows_null: true, ..self }
    }
}

impl FunctionError {
    /// An error about an argument.
    pub fn at(argument: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(argument) }
    }
}
