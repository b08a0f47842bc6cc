//! The warning about keys and members that a guardrail is assigned to when a plan deletes it.
//!
//! Core plans resources concurrently and in no promised order, so that the plans of the assignments
//! may come before that of the guardrail or after it. The warning waits a moment for them.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::{
    client::{AssigneeKind, Error},
    cty::Value,
    protocol::diagnostics::Diagnostic,
};

use super::super::{assignment::RowExit, config::ProviderData};

/// How long no assignment must have been planned before those that remain are taken to stay. Longer
/// than a busy machine takes between two plans; the plan of a guardrail that is in use waits as long.
const QUIET_PERIOD: Duration = Duration::from_millis(250);

/// How long a plan waits at most, however many assignments are planned meanwhile.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The warning, if there is reason for one. That the assignments cannot be listed is no error.
pub(super) async fn warn_if_in_use(api: &ProviderData, guardrail: &Value) -> Option<Diagnostic> {
    let client = api.client().ok()?;
    let id = guardrail.attribute("id").as_str().unwrap_or_default();
    let keys = client.assigned_to(AssigneeKind::Key, id).await;
    let members = client.assigned_to(AssigneeKind::Member, id).await;
    let mut departures = api.planned().departures();
    let end = Instant::now() + MAX_WAIT;
    loop {
        let keys = Assigned::count(api, AssigneeKind::Key, id, &keys);
        let members = Assigned::count(api, AssigneeKind::Member, id, &members);
        if !keys.may_stay() && !members.may_stay() {
            let any_moved = keys.moved + members.moved > 0;
            return any_moved.then(|| all_move(guardrail, &keys, &members));
        }
        let may_change = Instant::now() < end
            && matches!(timeout(QUIET_PERIOD, departures.changed()).await, Ok(Ok(())));
        if !may_change {
            return Some(still_in_use(guardrail, &keys, &members));
        }
    }
}

/// The keys or the members that a guardrail is assigned to, by the plans made so far.
struct Assigned<'a> {
    noun: &'static str,
    /// How many are moved to another guardrail.
    moved: usize,
    /// How many are neither moved nor removed; an error if they could not be listed.
    staying: Result<usize, &'a Error>,
}

impl<'a> Assigned<'a> {
    fn count(
        api: &ProviderData,
        kind: AssigneeKind,
        guardrail_id: &str,
        listed: &'a Result<Vec<String>, Error>,
    ) -> Self {
        let noun = if kind == AssigneeKind::Key { "key" } else { "member" };
        let (mut moved, mut staying) = (0, 0);
        let assigned = match listed {
            Ok(assigned) => assigned,
            Err(error) => return Self { noun, moved, staying: Err(error) },
        };
        for assignee in assigned {
            match api.planned().departure(&(kind, assignee.clone()), guardrail_id) {
                Some(RowExit::Removed) => {}
                Some(RowExit::Moved) => moved += 1,
                None => staying += 1,
            }
        }
        Self { noun, moved, staying: Ok(staying) }
    }

    fn may_stay(&self) -> bool {
        !matches!(self.staying, Ok(0))
    }

    fn staying_text(&self) -> String {
        match self.staying {
            Ok(count) => count_of(count, self.noun),
            Err(error) => format!("an unknown number of {}s ({error})", self.noun),
        }
    }
}

fn count_of(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn still_in_use(guardrail: &Value, keys: &Assigned, members: &Assigned) -> Diagnostic {
    let detail = format!(
        "It is assigned to {} and {} that the plan, as far as it is known, does not move to \
         another guardrail. Deleting the guardrail deletes these assignments: check that the rest \
         of the plan moves or removes them. Terraform deletes a guardrail before it moves its keys \
         and members to another one, unless the guardrail has `lifecycle {{ create_before_destroy \
         = true }}`.",
        keys.staying_text(),
        members.staying_text()
    );
    Diagnostic::warning(format!("Guardrail \"{}\" is still in use", name(guardrail)), detail)
}

/// They all move. Whether that comes first depends on an argument that providers are not given.
fn all_move(guardrail: &Value, keys: &Assigned, members: &Assigned) -> Diagnostic {
    let detail = format!(
        "This plan moves {} and {} from it to other guardrails. If the guardrail has `lifecycle {{ \
         create_before_destroy = true }}`, they are moved before it is deleted. Otherwise, \
         Terraform deletes it first, and they have no guardrail of their own until they are moved.",
        count_of(keys.moved, keys.noun),
        count_of(members.moved, members.noun)
    );
    let summary = format!("Check that guardrail \"{}\" is deleted last", name(guardrail));
    Diagnostic::warning(summary, detail)
}

fn name(guardrail: &Value) -> &str {
    guardrail.attribute("name").as_str().unwrap_or_default()
}
