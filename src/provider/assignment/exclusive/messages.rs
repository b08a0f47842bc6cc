//! What users are told about all assignments of a guardrail.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    client::{Error, FailedAssignments},
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics, Severity},
};

use super::{
    ExclusiveAssignments, GUARDRAIL_ID, Kept, ProviderData, error_diagnostic_at, moves::Exclusions,
};

/// How many keys or members a message names.
const NAMED: usize = 10;

/// How long a plan waits to learn which assignments a new resource removes. Only a warning depends
/// on it.
const TAKEOVER_LOOKUP: Duration = Duration::from_secs(10);

impl ExclusiveAssignments {
    /// The errors for assignments that could not be made.
    pub(super) fn not_assigned(
        &self,
        guardrail_id: &str,
        failed: &FailedAssignments,
    ) -> Diagnostics {
        self.failures(failed, |what| format!("assign guardrail {guardrail_id} to {what}"))
    }

    /// The errors for assignments that are still there.
    pub(super) fn not_removed(&self, guardrail_id: &str, kept: &Kept) -> Diagnostics {
        let action =
            |what: &str| format!("remove the assignment of guardrail {guardrail_id} to {what}");
        let mut errors = self.failures(&kept.not_removed, action);
        if !kept.not_moved.is_empty() {
            errors.push(self.not_moved(guardrail_id, &kept.not_moved));
        }
        errors
    }

    /// The error for keys or members to which another resource should have assigned its guardrail.
    pub(super) fn not_moved(
        &self,
        guardrail_id: &str,
        failed: &BTreeMap<String, String>,
    ) -> Diagnostic {
        let ids = failed.keys().cloned().collect();
        let others: BTreeSet<_> = failed.values().cloned().collect();
        let count = self.count_of(failed.len());
        let detail = format!(
            "Another resource of this configuration assigns guardrail {} to them, but this has not \
             succeeded. Guardrail {guardrail_id} stays assigned until then, so that they are not \
             left without one: {}. Resolve the failure of the other resource, then apply again.",
            named(&others),
            named(&ids)
        );
        let summary = format!("{count} could not be moved from guardrail {guardrail_id}");
        Diagnostic::error(summary, detail).at(Path::attribute(self.assignees))
    }

    /// The errors of a create that was done in part. It is not in the state: Terraform would mark it
    /// as tainted there.
    pub(super) fn created_in_part(&self, errors: &Diagnostics, done: usize) -> Diagnostics {
        let note = format!(
            " The guardrail was assigned to the other {} in `{}`. The next apply makes only the \
             missing assignments.",
            self.count_of(done),
            self.assignees
        );
        let add_note = |error: &Diagnostic| Diagnostic {
            detail: format!("{}{}", error.detail, if done > 0 { &note } else { "" }),
            ..error.clone()
        };
        errors.iter().map(add_note).collect()
    }

    /// One error for each reason.
    fn failures(&self, failed: &FailedAssignments, action: impl Fn(&str) -> String) -> Diagnostics {
        let mut by_reason: BTreeMap<String, (&Error, BTreeSet<String>)> = BTreeMap::new();
        for (id, error) in failed {
            let of_reason = by_reason.entry(error.to_string()).or_insert((error, BTreeSet::new()));
            of_reason.1.insert(id.clone());
        }
        let diagnostic = |(error, ids): (&Error, BTreeSet<String>)| {
            let what = match ids.first() {
                Some(only) if ids.len() == 1 => format!("{} {only}", self.noun()),
                _ => self.count_of(ids.len()),
            };
            let diagnostic = error_diagnostic_at(&action(&what), error, Some(GUARDRAIL_ID));
            let path = diagnostic.path.clone().unwrap_or(Path::attribute(self.assignees));
            let detail = match ids.len() {
                1 => diagnostic.detail,
                _ => format!("{} It failed for {}.", diagnostic.detail, named(&ids)),
            };
            Diagnostic { detail, ..diagnostic }.at(path)
        };
        by_reason.into_values().map(diagnostic).collect()
    }

    /// The warning about assignments that a new resource removes. That they cannot be listed is no
    /// error yet: whatever prevents it prevents the apply as well.
    pub(super) async fn takeover_warning(
        &self,
        api: &ProviderData,
        planned: &Value,
    ) -> Option<Diagnostic> {
        let (guardrail_id, wanted) = self.parts(planned);
        if guardrail_id.is_empty() || !planned.attribute(self.assignees).is_wholly_known() {
            return None;
        }
        let none = BTreeSet::new();
        let lookup = api.client().ok()?.read_assignees(self.kind(), guardrail_id, &none);
        let assigned = match timeout(TAKEOVER_LOOKUP, lookup).await {
            Ok(Ok(found)) => found?.assigned,
            Ok(Err(error)) => {
                let action = format!("list the {}s of guardrail {guardrail_id}", self.noun());
                let error = error_diagnostic_at(&action, &error, Some(GUARDRAIL_ID));
                return Some(Diagnostic { severity: Severity::Warning, ..error });
            }
            Err(_) => return Some(self.unknown_takeover(guardrail_id)),
        };
        let (mut others, mut known) = (BTreeSet::new(), Exclusions::default());
        for id in assigned.difference(&wanted) {
            if self.planned_elsewhere(api, guardrail_id, id, &mut known).await.is_none() {
                others.insert(id.clone());
            }
        }
        let redacted = api.client().ok()?.redact(&named(&others));
        let is_any = !others.is_empty();
        is_any.then(|| self.removed_by_takeover(guardrail_id, others.len(), &redacted))
    }

    fn removed_by_takeover(&self, guardrail_id: &str, count: usize, others: &str) -> Diagnostic {
        let (count, attribute) = (self.count_of(count), self.assignees);
        let detail = format!(
            "Guardrail {guardrail_id} is also assigned to {others}, which `{attribute}` does not \
             contain. The apply removes this. To review it as a diff first, import this resource \
             by the id of the guardrail before you apply."
        );
        let summary = format!("The guardrail will be removed from {count}");
        Diagnostic::warning(summary, detail).at(Path::attribute(self.assignees))
    }

    fn unknown_takeover(&self, guardrail_id: &str) -> Diagnostic {
        let noun = self.noun();
        let summary = format!("The {noun}s of guardrail {guardrail_id} could not be listed");
        let detail = format!(
            "The API took too long to respond. The apply removes the assignment of the guardrail \
             to every {noun} that `{}` does not contain. Plan again to see which these are.",
            self.assignees
        );
        Diagnostic::warning(summary, detail).at(Path::attribute(self.assignees))
    }

    /// The warning that a destroy removes nothing.
    pub(super) fn assignments_stay(&self, prior: &Value) -> Option<Diagnostic> {
        let (guardrail_id, held) = self.parts(prior);
        if held.is_empty() {
            return None;
        }
        let (count, attribute) = (self.count_of(held.len()), self.assignees);
        let detail = format!(
            "Destroying this resource only removes it from the state: guardrail {guardrail_id} \
             stays assigned to {count}, unless the guardrail is deleted too. To remove the \
             assignments, set `{attribute} = []` and apply before you destroy the resource."
        );
        let summary = format!("No assignment of guardrail {guardrail_id} is removed");
        Some(Diagnostic::warning(summary, detail))
    }

    /// The warning about keys or members that keep the former guardrail of a resource.
    pub(super) fn left_behind(
        &self,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
    ) -> Option<Diagnostic> {
        let (count, attribute) = (self.count_of(ids.len()), self.assignees);
        let detail = format!(
            "The change of `{GUARDRAIL_ID}` moves what is in `{attribute}` to the new guardrail. \
             Guardrail {guardrail_id} stays assigned to what this plan takes out of `{attribute}`: \
             {}. To remove these assignments too, apply the change of `{attribute}` first.",
            named(ids)
        );
        let summary = format!("Guardrail {guardrail_id} stays assigned to {count}");
        let warning = Diagnostic::warning(summary, detail).at(Path::attribute(GUARDRAIL_ID));
        (!ids.is_empty()).then_some(warning)
    }

    /// The warning about keys or members that leave one set and join another.
    pub(super) fn moving(&self, ids: &BTreeSet<String>) -> Option<Diagnostic> {
        let (count, noun) = (self.count_of(ids.len()), self.noun());
        let detail = format!(
            "This plan takes the following out of one resource and assigns the guardrail of \
             another: {}. Terraform does not order the two resources. The resource that a {noun} \
             leaves waits some seconds for the other one. If the other one is applied later, or \
             depends on something that fails, the {noun} has no guardrail of its own until then. \
             To rule this out, first apply the resource that it joins with `-target`, or add a \
             `depends_on` for it to the resource that the {noun} leaves.",
            named(ids)
        );
        let summary = format!("Another resource assigns its guardrail to {count}");
        let warning = Diagnostic::warning(summary, detail).at(Path::attribute(self.assignees));
        (!ids.is_empty()).then_some(warning)
    }

    /// The warning about keys or members that have another guardrail than the state says.
    pub(super) async fn moved_outside(
        &self,
        api: &ProviderData,
        guardrail_id: &str,
        elsewhere: BTreeMap<String, Vec<String>>,
    ) -> Option<Diagnostic> {
        let (mut moved, mut known) = (BTreeSet::new(), Exclusions::default());
        for (id, guardrails) in elsewhere {
            for now in guardrails {
                if self.excludes(api, guardrail_id, &now, &mut known).await {
                    moved.insert(format!("{id} (now guardrail {now})"));
                }
            }
        }
        let count = self.count_of(moved.len());
        let detail = format!(
            "Another guardrail was assigned to {}. If the configuration still has them in `{}`, \
             the next apply assigns guardrail {guardrail_id} to them again. To keep the other \
             guardrail, remove them from the configuration.",
            api.client().ok()?.redact(&named(&moved)),
            self.assignees
        );
        let summary = format!("Guardrail {guardrail_id} is no longer assigned to {count}");
        (!moved.is_empty()).then(|| Diagnostic::warning(summary, detail))
    }

    /// The warning about other resources of this guardrail.
    pub(super) fn set_contradiction(
        &self,
        guardrail_id: Option<&str>,
        contradicting: &BTreeSet<String>,
    ) -> Option<Diagnostic> {
        if contradicting.is_empty() {
            return None;
        }
        let (attribute, guardrail_id) = (self.assignees, guardrail_id.unwrap_or_default());
        let detail = format!(
            "Other resources of this configuration also assign guardrail {guardrail_id}, and \
             differ from `{attribute}` in {}. Each resource would undo the changes of the others. \
             Keep only one of them, or make them agree.",
            named(contradicting)
        );
        Some(self.contradiction(detail))
    }

    /// The warning about resources of other guardrails.
    pub(super) fn guardrail_contradiction(
        &self,
        elsewhere: &BTreeSet<String>,
    ) -> Option<Diagnostic> {
        if elsewhere.is_empty() {
            return None;
        }
        let detail = format!(
            "Other resources of this configuration assign another guardrail to {}. A {noun} can \
             have only one of them: each resource would undo the changes of the other. Remove the \
             {noun} from one of the two.",
            named(elsewhere),
            noun = self.noun()
        );
        Some(self.contradiction(detail))
    }

    fn contradiction(&self, detail: String) -> Diagnostic {
        let summary = format!("Resources disagree about the {}s of a guardrail", self.noun());
        Diagnostic::warning(summary, detail).at(Path::attribute(self.assignees))
    }

    pub(super) fn import_action(&self, guardrail_id: &str) -> String {
        format!("import the {}s that guardrail {guardrail_id} is assigned to", self.noun())
    }

    pub(super) fn no_such_guardrail(&self, guardrail_id: &str) -> Diagnostic {
        let summary = format!("Could not {}", self.import_action(guardrail_id));
        let detail =
            "The guardrail does not exist, or the management key cannot access it. Check the id.";
        Diagnostic::error(summary, detail)
    }

    /// `1 key`, `12 members`.
    pub(super) fn count_of(&self, count: usize) -> String {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {}{plural}", self.noun())
    }
}

/// The first of these, and how many others there are.
fn named(ids: &BTreeSet<String>) -> String {
    let shown: Vec<_> = ids.iter().take(NAMED).map(String::as_str).collect();
    let shown = shown.join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The error for an import by something that is no id of a guardrail.
pub(super) fn no_guardrail_id(given: &str) -> Diagnostic {
    let detail = format!("\"{given}\" is not the id of a guardrail: it is not a UUID.");
    Diagnostic::error("Cannot import by this id", detail)
}
