//! Guardrails made exactly once.
//!
//! The service has no idempotency keys: a create whose answer was lost may have made a guardrail. So one whose fate is
//! unknown is looked for before it is sent again: in the same workspace, with the same fields, made since we began by the
//! service's own clock, and not one that another create of this client got. Creates of one name take turns at looking, and
//! nothing of that name is sent meanwhile: two that ask for the same thing cannot take each other's guardrail.
//!
//! What cannot be told apart is the same create by another process within the same seconds.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::RwLock;
use tokio::time::Instant;
use tracing::{info, warn};

use super::answer::Answer;
use super::clock;
use super::error::Error;
use super::gate::Urgency;
use super::guardrails::{Guardrail, Same};
use super::request::Request;
use super::retry::Attempts;
use super::{Client, JsonObject};

/// How long a guardrail may take to show after an attempt that brought no answer.
const SETTLE: Duration = Duration::from_secs(2);

/// The wait between the first look and the second; it doubles from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// How far the clock behind `created_at` may be behind the one behind `Date`.
const SKEW: Duration = Duration::from_millis(500);

/// What a create came to.
#[derive(Debug)]
pub struct Created {
    /// The guardrail.
    pub guardrail: Guardrail,
    /// The ids of others that may have been made besides, by an attempt that was believed to have failed.
    pub twins: Vec<String>,
}

/// The creates of one client, by the name they ask for.
#[derive(Default)]
pub(super) struct Creations(Mutex<HashMap<String, Arc<Namesakes>>>);

/// Creates of one name.
#[derive(Default)]
struct Namesakes {
    /// Held for reading by whoever sends, and for writing by whoever looks.
    turn: RwLock<()>,
    open: Mutex<Open>,
}

/// What is still open among creates of one name.
#[derive(Default)]
struct Open {
    /// The ids that nobody else may have: each was given to a create, or named to the user.
    taken: HashSet<String>,
    /// How many attempts of unknown fate there are that may have made something.
    attempts: usize,
    /// How many creates look for what became of theirs.
    seeking: usize,
}

impl Client {
    /// Makes a guardrail of the fields in `body`, exactly one. `same` tells whether a guardrail is what the body asks for.
    ///
    /// # Errors
    /// After [`Error::Unconfirmed`] and [`Error::Ambiguous`], and wherever [`Error::may_have_happened`] holds, there may be
    /// a guardrail that nobody knows; after any other error there is none.
    pub async fn create_guardrail(&self, body: &JsonObject, same: &Same<'_>) -> Result<Created, Error> {
        let text = |name: &str| body.get(name).and_then(serde_json::Value::as_str);
        let request = self.creating(body)?;
        let mut creation = Creation {
            client: self,
            same,
            workspace_id: text("workspace_id"),
            namesakes: self.inner.creations.of(text("name").unwrap_or_default()),
            begun: Instant::now(),
            attempts: self.attempts(&request),
            unknown: 0,
            request,
        };
        creation.run().await
    }
}

/// One create.
struct Creation<'a> {
    client: &'a Client,
    same: &'a Same<'a>,
    workspace_id: Option<&'a str>,
    namesakes: Arc<Namesakes>,
    begun: Instant,
    attempts: Attempts,
    /// How many attempts of unknown fate were made.
    unknown: usize,
    request: Request,
}

impl Creation<'_> {
    async fn run(&mut self) -> Result<Created, Error> {
        loop {
            let error = match self.send().await {
                Ok(guardrail) => return Ok(self.made(guardrail).await),
                Err(error) => error,
            };
            if error.may_have_happened()
                && let Some(guardrail) = self.trace(&error).await?
            {
                info!(id = guardrail.id(), reason = %error, "found what an attempt without an answer has made");
                return Ok(self.made(guardrail).await);
            }
            let again = match self.client.wait_after(&mut self.attempts, &error) {
                Some(wait) => self.client.pause(&self.request, wait, &error).await.is_ok(),
                None => false,
            };
            if !again {
                return Err(self.attempts.give_up(error, Instant::now()));
            }
        }
    }

    /// Sends the request once, while nobody looks for something of this name.
    async fn send(&mut self) -> Result<Guardrail, Error> {
        let namesakes = Arc::clone(&self.namesakes);
        let _turn = namesakes.turn.read().await;
        let read = |answer: Answer| {
            let repeated = answer.unusable("data.id: it is that of another guardrail made before");
            let guardrail: Guardrail = answer.entity()?;
            if namesakes.open().taken.insert(guardrail.id().to_owned()) {
                Ok(guardrail)
            } else {
                Err(repeated)
            }
        };
        let outcome = self.client.attempt(&mut self.attempts, &self.request, read).await;
        if outcome.as_ref().is_err_and(Error::may_have_happened) {
            let mut open = namesakes.open();
            open.attempts += 1;
            open.seeking += usize::from(self.unknown == 0);
            self.unknown += 1;
        }
        outcome
    }

    /// Looks for what an attempt of unknown fate has made, for as long as it may take to show.
    async fn trace(&mut self, error: &Error) -> Result<Option<Guardrail>, Error> {
        let namesakes = Arc::clone(&self.namesakes);
        let _turn = namesakes.turn.write().await;
        let settle = match error {
            // What takes longer than an attempt may take as long again.
            Error::Timeout { .. } => SETTLE.max(self.client.inner.wire.timeout()),
            _ => SETTLE,
        };
        let last = || Box::new(error.clone());
        let seen = self.look(Instant::now() + settle, |found| !found.is_empty()).await;
        let found = seen.map_err(|search| Error::Unconfirmed { last: last(), search: Box::new(search) })?;
        let mut open = namesakes.open();
        if found.len() > open.attempts {
            let ids = found.iter().map(|guardrail| guardrail.id().to_owned()).collect();
            return Err(Error::Ambiguous { last: last(), ids });
        }
        let Some(guardrail) = found.into_iter().next() else { return Ok(None) };
        open.taken.insert(guardrail.id().to_owned());
        open.attempts -= 1;
        self.unknown -= 1;
        open.seeking -= usize::from(self.unknown == 0);
        Ok(Some(guardrail))
    }

    /// What a success comes to. An attempt that was given up may have made a guardrail after all, too late to be found:
    /// nobody else should have it, and somebody should know.
    async fn made(&mut self, guardrail: Guardrail) -> Created {
        if self.unknown == 0 {
            return Created { guardrail, twins: Vec::new() };
        }
        let namesakes = Arc::clone(&self.namesakes);
        let _turn = namesakes.turn.write().await;
        let seen = self.look(Instant::now() + SETTLE, |_| false).await;
        let found = seen.inspect_err(|error| warn!(%error, "cannot look for twins")).unwrap_or_default();
        let mut open = namesakes.open();
        // Each of the others who are looking may have one of these.
        let others = open.seeking - 1;
        let twins: Vec<_> = found.iter().skip(others).map(|twin| twin.id().to_owned()).collect();
        open.taken.extend(twins.iter().cloned());
        Created { guardrail, twins }
    }

    /// Looks until `end`, and once more then; no longer once `enough` was found. At the time to stop, once more.
    async fn look(
        &self,
        end: Instant,
        enough: impl Fn(&[Guardrail]) -> bool,
    ) -> Result<Vec<Guardrail>, Error> {
        let gate = &self.client.inner.gate;
        let mut pause = FIRST_LOOK;
        loop {
            let is_last = gate.is_stopped() || Instant::now() >= end;
            let found = self.candidates().await?;
            if is_last || enough(&found) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            // A stop ends the wait, and shows in the next round.
            let _ = gate.pause(pause.min(left), Urgency::OnceBegun).await;
            pause *= 2;
        }
    }

    /// The guardrails that an attempt of this create may have made, oldest first.
    async fn candidates(&self) -> Result<Vec<Guardrail>, Error> {
        let deadline = self.attempts.end(Instant::now());
        let listed = self.client.list_guardrails_to_finish(self.workspace_id, Some(deadline)).await?;
        let begun = self.client.inner.wire.clock().at(self.begun);
        let mut found = Vec::new();
        for guardrail in listed {
            let is_free = !self.namesakes.open().taken.contains(guardrail.id());
            if is_free && is_since(&guardrail, begun) && self.client.is_same(&guardrail, self.same).await? {
                found.push(guardrail);
            }
        }
        found.sort_by_key(|guardrail| clock::parse_time(guardrail.created_at()));
        Ok(found)
    }
}

impl Drop for Creation<'_> {
    fn drop(&mut self) {
        let mut open = self.namesakes.open();
        open.attempts -= self.unknown;
        open.seeking -= usize::from(self.unknown > 0);
    }
}

impl Creations {
    fn of(&self, name: &str) -> Arc<Namesakes> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(name.to_owned()).or_default())
    }
}

impl Namesakes {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a guardrail may have been made since a moment. One that does not tell may have been.
fn is_since(guardrail: &Guardrail, moment: SystemTime) -> bool {
    let Some(created) = clock::parse_time(guardrail.created_at()) else { return true };
    let has_fractions = guardrail.created_at().contains('.');
    let rounding = if has_fractions { Duration::ZERO } else { Duration::from_secs(1) };
    created + SKEW + rounding >= moment
}
