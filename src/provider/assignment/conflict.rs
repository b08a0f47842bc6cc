//! Two resources of one plan that put the same key or member under different guardrails. Each apply would undo the other,
//! so the plan refuses.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use crate::{
    client::Subjects,
    cty::{Path, Value},
    framework::diagnostics::{Diagnostic, Diagnostics},
};

use super::{Api, Assignment};

/// Under which guardrails the plans of one connection put each key or member.
#[derive(Default)]
pub(in crate::provider) struct Claims(Mutex<HashMap<(Subjects, String), BTreeSet<String>>>);

impl Claims {
    /// Notes a claim; gives the other guardrails that the same key or member was claimed for.
    fn add(&self, subjects: Subjects, subject: &str, guardrail_id: &str) -> Vec<String> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let guardrails = claims.entry((subjects, subject.to_owned())).or_default();
        guardrails.insert(guardrail_id.to_owned());
        guardrails.iter().filter(|other| *other != guardrail_id).cloned().collect()
    }
}

impl Assignment {
    /// Claims what a plan assigns, as far as it is known.
    ///
    /// # Errors
    /// When another plan has claimed it for a guardrail that it cannot be under at the same time.
    pub(super) async fn claim(&self, api: &Api, planned: &Value) -> Result<(), Diagnostics> {
        let (guardrail_id, subject) = self.names(planned);
        if guardrail_id.is_empty() || subject.is_empty() {
            return Ok(());
        }
        for other in api.claims().add(self.subjects, subject, guardrail_id) {
            if self.exclude(api, guardrail_id, &other).await? {
                return Err(self.conflict(subject, guardrail_id, &other).into());
            }
        }
        Ok(())
    }

    /// Whether nobody can be under both guardrails: always for keys, for members if they are of one workspace.
    async fn exclude(&self, api: &Api, one: &str, other: &str) -> Result<bool, Diagnostics> {
        match self.subjects {
            Subjects::Keys => Ok(true),
            Subjects::Members => {
                Ok(self.workspace_of(api, one).await? == self.workspace_of(api, other).await?)
            }
        }
    }

    fn conflict(&self, subject: &str, one: &str, other: &str) -> Diagnostic {
        let noun = self.noun;
        let detail = format!(
            "The {noun} {subject} is put under guardrail {one} here, and under guardrail {other} by another resource of \
             this configuration. It can only be under one of them. Remove one of the two resources."
        );
        Diagnostic::error(format!("One {noun} under two guardrails"), detail)
            .at(Path::attribute(self.subject))
    }
}
