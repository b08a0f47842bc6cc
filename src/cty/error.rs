//! The one error of this layer: what is wrong with a type, a value or its bytes, and where.
//!
//! A message never repeats the value it complains about, which may be a secret.

use super::path::{Path, Step};
use super::ty::Type;

/// What is wrong, and at which path below the value that was being read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_root() { String::new() } else { format!("{path}: ") })]
pub struct Error {
    path: Path,
    message: String,
}

impl Error {
    /// A complaint about the value at `path`. The message is lower case, without a final dot.
    pub fn new(path: Path, message: impl Into<String>) -> Self {
        Self { path, message: message.into() }
    }

    /// A complaint about the whole value; [`Error::under`] moves it down while the recursion unwinds.
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

    /// The same complaint, seen from one step further up.
    pub(super) fn under(mut self, step: Step) -> Self {
        self.path.prepend(step);
        self
    }

    /// The same complaint, seen from the set that holds the element. Terraform cannot address an element of a set,
    /// so the path ends at the set and what was below it goes into the message.
    pub(super) fn in_set(self) -> Self {
        if self.path.is_root() { self } else { Self::here(format!("in an element, {self}")) }
    }

    /// Where it is, from the root of the value.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong, without the path.
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_path_unless_it_is_the_root() {
        let error = Error::required(&Type::String);
        assert_eq!(error.to_string(), "a string is required");
        let error = error
            .under(Step::Attribute("action".into()))
            .under(Step::Index(0))
            .under(Step::Attribute("content_filters".into()));
        assert_eq!(error.to_string(), "content_filters[0].action: a string is required");
        assert_eq!(error.message(), "a string is required");
        assert_eq!(error.path().steps().len(), 3);
    }

    #[test]
    fn a_path_never_leads_into_a_set() {
        let error = Error::required(&Type::Bool).under(Step::Attribute("b".into())).in_set();
        assert!(error.path().is_root());
        assert_eq!(error.message(), "in an element, b: a bool is required");
        assert_eq!(Error::required(&Type::Bool).in_set().message(), "a bool is required");
    }
}
