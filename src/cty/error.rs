//! The one error of this layer: what is wrong with a type, a value or its bytes, and where.
//!
//! A message never repeats the value it complains about, which may be a secret.

use super::{Path, Step, Type};

/// What is wrong, and at which path below the value that was being read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_root() { String::new() } else { format!("{path}: ") })]
pub struct Error {
    path: Path,
    message: String,
}

impl Error {
    /// An error about the value at `path`. The message is lower case, without a final dot.
    pub fn new(path: Path, message: impl Into<String>) -> Self {
        Self { path, message: message.into() }
    }

    /// An error about the whole value. The `in_` methods extend its path as the recursion unwinds.
    pub(super) fn here(message: impl Into<String>) -> Self {
        Self::new(Path::root(), message)
    }

    /// "a string is required" and the like.
    pub(super) fn required(ty: &Type) -> Self {
        Self::here(format!("{} is required", ty.noun()))
    }

    pub(super) fn too_deep() -> Self {
        Self::here(format!("nested deeper than {} levels", super::MAX_DEPTH))
    }

    pub(super) fn missing_attribute(name: &str) -> Self {
        Self::here("this attribute is missing").in_attribute(name)
    }

    pub(super) fn unsupported_attribute(name: &str) -> Self {
        Self::here("this attribute is not supported").in_attribute(name)
    }

    /// An error in the JSON form of a dynamic value's type.
    pub(super) fn in_dynamic_type(self) -> Self {
        Self::here(format!("the type of a dynamic value cannot be read: {self}"))
    }

    /// The same error, seen from the object that has the attribute.
    pub(super) fn in_attribute(self, name: &str) -> Self {
        self.under(Step::Attribute(name.to_owned()))
    }

    /// The same error, seen from the map that has the key.
    pub(super) fn in_key(self, key: &str) -> Self {
        self.under(Step::Key(key.to_owned()))
    }

    /// The same error, seen from the list or tuple that has the element.
    pub(super) fn in_index(self, index: usize) -> Self {
        self.under(Step::index(index))
    }

    /// The same error, if the list it was seen from is a set. Terraform cannot address an element of
    /// a set: the index is dropped, and the path below it becomes part of the message.
    pub(super) fn in_set(mut self) -> Self {
        self.path.remove_first();
        if self.path.is_root() { self } else { Self::here(format!("in an element, {self}")) }
    }

    fn under(mut self, step: Step) -> Self {
        self.path.prepend(step);
        self
    }

    /// Where it is, from the root of the value.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// An error unless a tuple of these types has `given` elements.
pub(super) fn check_tuple_length(types: &[Type], given: usize) -> Result<(), Error> {
    let wanted = types.len();
    if wanted == given {
        return Ok(());
    }
    Err(Error::here(format!("a tuple of {wanted} elements is required, {given} are given")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_path_unless_it_is_the_root() {
        let error = Error::required(&Type::String);
        assert_eq!(error.to_string(), "a string is required");
        let error = error.in_attribute("action").in_index(0).in_attribute("content_filters");
        assert_eq!(error.to_string(), "content_filters[0].action: a string is required");
        assert_eq!(error.path().steps().len(), 3);
    }

    #[test]
    fn a_path_never_leads_into_a_set() {
        let error = Error::required(&Type::Bool).in_attribute("b").in_index(1).in_set();
        assert!(error.path().is_root());
        assert_eq!(error.to_string(), "in an element, b: a bool is required");
        assert_eq!(
            Error::required(&Type::Bool).in_index(1).in_set().to_string(),
            "a bool is required"
        );
    }
}
