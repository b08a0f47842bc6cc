//! What a plan that deletes a guardrail says of the keys and members that it is assigned to.
//!
//! Core plans resources side by side and in no promised order, so that what becomes of the assignments may be planned before
//! the guardrail or after it. The warning waits a moment for the plans that are still to come.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::{
    client::{AssigneeKind, Error},
    cty::Value,
    protocol::diagnostics::Diagnostic,
};

use super::{Api, Departure, id};

/// How long no other assignment must have been planned before those that remain are taken to stay.
const QUIET: Duration = Duration::from_millis(100);

/// How long a plan waits at most, however many assignments are planned meanwhile.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The warning, if there is reason for one. That the assignments cannot be listed is no reason to fail.
pub(super) async fn warn_if_in_use(api: &Api, guardrail: &Value) -> Option<Diagnostic> {
    let client = api.client().ok()?;
    let keys = client.assigned_to(AssigneeKind::Key, id(guardrail)).await;
    let members = client.assigned_to(AssigneeKind::Member, id(guardrail)).await;
    let mut departures = api.planned().departures();
    let end = Instant::now() + MAX_WAIT;
    loop {
        let keys = Assigned::of(api, AssigneeKind::Key, id(guardrail), &keys);
        let members = Assigned::of(api, AssigneeKind::Member, id(guardrail), &members);
        if keys.may_stay() || members.may_stay() {
            if Instant::now() < end
                && matches!(timeout(QUIET, departures.changed()).await, Ok(Ok(())))
            {
                continue;
            }
            return Some(still_in_use(guardrail, &keys, &members));
        }
        return (keys.moved + members.moved > 0)
            .then(|| moved_away_from(guardrail, &keys, &members));
    }
}

/// The keys or the members that a guardrail is assigned to, by what the plans have said of them so far.
struct Assigned<'a> {
    noun: &'static str,
    moved: usize,
    staying: Result<usize, &'a Error>,
}

impl<'a> Assigned<'a> {
    fn of(
        api: &Api,
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
                Some(Departure::Removed) => {}
                Some(Departure::Moved) => moved += 1,
                None => staying += 1,
            }
        }
        Self { noun, moved, staying: Ok(staying) }
    }

    fn may_stay(&self) -> bool {
        !matches!(self.staying, Ok(0))
    }

    fn told_staying(&self) -> String {
        match self.staying {
            Ok(count) => counted(count, self.noun),
            Err(error) => format!("an unknown number of {}s ({error})", self.noun),
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn still_in_use(guardrail: &Value, keys: &Assigned, members: &Assigned) -> Diagnostic {
    let detail = format!(
        "Under it now: {} and {}, of which nothing planned so far says that they are moved or removed. Check that the rest of \
         the plan does: deleting the guardrail leaves all others without it. Terraform deletes a guardrail before it moves its \
         keys and members to another one, unless the guardrail has `lifecycle {{ create_before_destroy = true }}`.",
        keys.told_staying(),
        members.told_staying()
    );
    Diagnostic::warning(format!("Guardrail \"{}\" is still in use", name(guardrail)), detail)
}

/// They all move. Whether that comes first is decided by an argument that providers are not told.
fn moved_away_from(guardrail: &Value, keys: &Assigned, members: &Assigned) -> Diagnostic {
    let detail = format!(
        "This plan moves {} and {} from it to other guardrails. If it has `lifecycle {{ create_before_destroy = true }}`, they \
         are moved first, and all is well. Else Terraform deletes it first, and they are without a guardrail of their own until \
         they are moved.",
        counted(keys.moved, keys.noun),
        counted(members.moved, members.noun)
    );
    let summary = format!("Check that guardrail \"{}\" is deleted last", name(guardrail));
    Diagnostic::warning(summary, detail)
}

fn name(guardrail: &Value) -> &str {
    guardrail.attribute("name").as_str().unwrap_or_default()
}
