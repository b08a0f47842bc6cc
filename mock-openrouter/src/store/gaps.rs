//! Intervals in which somebody who had a guardrail had none: what a provider must never cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Subject;

/// A time without a guardrail. Times are ISO 8601 with milliseconds; one that began and ended in the same
/// millisecond is still a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// `key:<hash>` or `member:<workspace id>/<user id>`.
    pub subject: String,
    /// When the guardrail was taken away.
    pub from: String,
    /// When the next one was given, if it was.
    pub to: Option<String>,
    /// The id of the guardrail that was taken away.
    pub before: String,
    /// The id of the guardrail that was given next.
    pub after: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Gaps {
    open: BTreeMap<Subject, Gap>,
    closed: Vec<Gap>,
}

impl Gaps {
    pub(super) fn open(&mut self, subject: Subject, before: &str, from: &str) {
        let gap = Gap {
            subject: subject.clone().into(),
            from: from.to_owned(),
            to: None,
            before: before.to_owned(),
            after: None,
        };
        self.open.insert(subject, gap);
    }

    pub(super) fn close(&mut self, subject: &Subject, after: &str, to: &str) {
        if let Some(gap) = self.open.remove(subject) {
            self.closed.push(Gap { to: Some(to.to_owned()), after: Some(after.to_owned()), ..gap });
        }
    }

    /// Forgets the open gap of somebody who exists no more.
    pub(super) fn forget(&mut self, subject: &Subject) {
        self.open.remove(subject);
    }

    pub(super) fn all(&self) -> Vec<Gap> {
        self.closed.iter().chain(self.open.values()).cloned().collect()
    }
}
