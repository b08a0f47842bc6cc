//! Messages to users: errors and warnings with a title, a paragraph and the attribute they are about.
//!
//! Owns the shape of a message and the rule that none is repeated. Must not know where they come from.

use std::collections::HashSet;

use crate::cty::Path;

/// Error or warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Nothing further is done with the object in question.
    Error,
    /// Shown only.
    Warning,
}

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A title: one line, no final dot.
    pub summary: String,
    /// What happened, and what to do next.
    pub detail: String,
    /// The attribute it is about; `None` for the whole block.
    pub path: Option<Path>,
}

/// Messages in the order in which they were found, without repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    messages: Vec<Diagnostic>,
    /// The same messages, for look-ups: a configuration can have as many errors as elements.
    seen: HashSet<Diagnostic>,
}

impl Diagnostic {
    /// An error about the whole block.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            path: None,
        }
    }

    /// A warning about the whole block.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// The same message about one attribute.
    pub fn at(self, path: Path) -> Self {
        Self { path: Some(path), ..self }
    }
}

impl Diagnostics {
    /// Adds a message, unless it is there already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert(diagnostic.clone()) {
            self.messages.push(diagnostic);
        }
    }

    /// The messages in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.messages.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::from_iter([diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: T) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.messages.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(diagnostics: T) -> Self {
        let mut all = Self::default();
        all.extend(diagnostics);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_is_repeated_among_many() {
        let message =
            |index: usize| Diagnostic::error("Invalid value", format!("It is {}.", index / 2));
        let diagnostics: Diagnostics = (0..200_000).map(message).collect();
        let kept: Vec<_> = diagnostics.into_iter().collect();
        assert_eq!(kept, (0..200_000).step_by(2).map(message).collect::<Vec<_>>());
    }
}
