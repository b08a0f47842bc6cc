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

use serde_json::Value;
use tokio::sync::RwLock;
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use super::answer::Answer;
use super::clock;
use super::error::{End, Error};
use super::gate::{Closed, Urgency};
use super::guardrails::{Guardrail, Same};
use super::request::Request;
use super::retry::Attempts;
use super::{Client, JsonObject};

/// How long a guardrail may take to show after an attempt that brought no answer; longer if the attempt took longer.
const SETTLE: Duration = Duration::from_secs(2);

/// The wait between the first look and the second; it doubles from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// How far the clock behind `created_at` may be behind the one behind `Date`.
const SKEW: Duration = Duration::from_millis(500);

/// How far it may be behind for what is only named as a possible twin.
const DOUBT: Duration = Duration::from_secs(10);

/// How many ids a message names.
const NAMED: usize = 10;

/// What a create came to.
#[derive(Debug)]
pub struct Created {
    /// The guardrail.
    pub guardrail: Guardrail,
    /// The ids, fit to show, of others that may have been made besides, by an attempt that was believed to have failed.
    pub twins: Vec<String>,
}

/// The creates of one client. What it knows of names and ids is kept for as long as the client lives.
#[derive(Default)]
pub(super) struct Creations(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Held for reading by whoever sends, and for writing by whoever looks.
    turns: HashMap<Name, Arc<RwLock<()>>>,
    /// What is still open, by name and then by body.
    open: HashMap<Name, HashMap<Vec<u8>, Open>>,
    /// The ids that nobody else may have: each was given to a create, or named to the user as a twin.
    taken: HashSet<String>,
}

/// The name that is asked for, in its workspace; none for the default one.
type Name = (Option<String>, String);

/// What is still open among creates of one body.
#[derive(Default)]
struct Open {
    /// How many attempts of unknown fate there are that may have made something.
    attempts: usize,
    /// How many creates look for what became of theirs.
    seeking: usize,
}

impl Client {
    /// Makes a guardrail of the fields in `body`, exactly one. `same` tells whether a guardrail is what the body asks for.
    ///
    /// # Errors
    /// Where [`Error::may_have_happened`] holds, there may be a guardrail that nobody knows; after any other error there is
    /// none.
    pub async fn create_guardrail(&self, body: &JsonObject, same: &Same<'_>) -> Result<Created, Error> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let request = self.creating(body)?;
        let mut creation = Creation {
            client: self,
            same,
            name: (text("workspace_id"), text("name").unwrap_or_default()),
            begun: Instant::now(),
            attempts: self.attempts(&request),
            unknown: 0,
            request,
        };
        let created = creation.run().await?;
        self.learn(&created.guardrail);
        Ok(created)
    }
}

/// One create.
struct Creation<'a> {
    client: &'a Client,
    same: &'a Same<'a>,
    name: Name,
    begun: Instant,
    attempts: Attempts,
    /// How many attempts of unknown fate were made.
    unknown: usize,
    request: Request,
}

/// What a search has found, oldest first.
#[derive(Default)]
struct Found {
    /// Those with all of the fields that are asked for.
    same: Vec<Guardrail>,
    /// Those of the name alone: made by somebody else, or by us, if the service has changed a field.
    namesakes: Vec<Guardrail>,
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
                let id = self.client.inner.wire.shown(guardrail.id());
                info!(id, reason = %error, "found what an attempt without an answer has made");
                return Ok(self.made(guardrail).await);
            }
            self.client.wait_for_another(&self.request, &mut self.attempts, error).await?;
        }
    }

    /// Sends the request once, while nobody looks for something of this name.
    async fn send(&mut self) -> Result<Guardrail, Error> {
        let turn = self.turn();
        let _turn = tokio::select! {
            turn = turn.read() => turn,
            () = self.client.inner.gate.ended(Urgency::None) => {
                return Err(Error::Stopped { call: self.request.call.clone(), sent: false });
            }
        };
        let known = &self.client.inner.creations;
        let read = |answer: Answer| {
            let repeated = answer.unusable("data.id: it is that of another guardrail made before");
            let guardrail: Guardrail = answer.entity()?;
            let is_new = known.lock().taken.insert(guardrail.id().to_owned());
            if is_new { Ok(guardrail) } else { Err(repeated) }
        };
        let outcome = self.client.attempt(&mut self.attempts, &self.request, read).await;
        if outcome.as_ref().is_err_and(Error::may_have_happened) {
            let is_first = self.unknown == 0;
            self.unknown += 1;
            self.with_open(|open| {
                open.attempts += 1;
                open.seeking += usize::from(is_first);
            });
        }
        outcome
    }

    /// Looks for what an attempt of unknown fate has made, for as long as it may take to show. A search that has begun is
    /// brought to its end also after a stop, as long as there is time.
    async fn trace(&mut self, error: &Error) -> Result<Option<Guardrail>, Error> {
        let turn = self.turn();
        let _turn = turn.write().await;
        let settle = SETTLE.max(self.attempts.last_took(Instant::now()));
        debug!(call = %self.request.call, settle_ms = settle.as_millis(), "looking for what may have been made");
        let last = || Box::new(self.attempts.give_up(error.clone(), Instant::now(), End::Final));
        let seen = self.look(settle, SKEW, Urgency::ToFinish, |found| !found.same.is_empty()).await;
        let found = seen.map_err(|search| Error::Unconfirmed { last: last(), search: Box::new(search) })?;
        let (ours, others) = self.attempts_in_the_dark();
        let unexplained =
            if found.same.is_empty() { found.namesakes.len() > others } else { found.same.len() > ours };
        if unexplained {
            let could_be = if found.same.is_empty() { found.namesakes } else { found.same };
            return Err(Error::Ambiguous { last: last(), ids: self.shown(could_be.iter()) });
        }
        let Some(guardrail) = found.same.into_iter().next() else { return Ok(None) };
        self.client.inner.creations.lock().taken.insert(guardrail.id().to_owned());
        self.unknown -= 1;
        let is_settled = self.unknown == 0;
        self.with_open(|open| {
            open.attempts -= 1;
            open.seeking -= usize::from(is_settled);
        });
        Ok(Some(guardrail))
    }

    /// What a success comes to. An attempt that was given up may have made a guardrail after all, too late to be found:
    /// nobody else should have it, and somebody should know.
    async fn made(&mut self, guardrail: Guardrail) -> Created {
        let alone = Created { guardrail, twins: Vec::new() };
        if self.unknown == 0 {
            return alone;
        }
        let turn = self.turn();
        // What is made must not wait long to be known.
        let Ok(_turn) = timeout(SETTLE, turn.write()).await else { return alone };
        let seen = self.look(SETTLE, DOUBT, Urgency::OnceBegun, |_| false).await;
        let found = seen.inspect_err(|error| warn!(%error, "cannot look for twins")).unwrap_or_default();
        // Each of the others who are looking may have one of these.
        let same_for_others = self.with_open(|open| open.seeking - 1);
        let (_, others) = self.attempts_in_the_dark();
        let same = found.same.iter().skip(same_for_others);
        let twins: Vec<_> = same.chain(found.namesakes.iter().skip(others)).collect();
        let ids = twins.iter().map(|twin| twin.id().to_owned());
        self.client.inner.creations.lock().taken.extend(ids);
        Created { twins: self.shown(twins.into_iter()), ..alone }
    }

    /// Looks for so long, and once more then; no longer once `enough` was found, and once more at the time to stop.
    async fn look(
        &self,
        time: Duration,
        skew: Duration,
        urgency: Urgency,
        enough: impl Fn(&Found) -> bool,
    ) -> Result<Found, Error> {
        let end = Instant::now() + time;
        let mut pause = FIRST_LOOK;
        let mut is_last = false;
        loop {
            let found = self.candidates(skew).await?;
            if is_last || enough(&found) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            let paused = self.client.inner.gate.pause(pause.min(left), urgency).await;
            is_last = paused == Err(Closed::Stopped) || Instant::now() >= end;
            pause *= 2;
        }
    }

    /// The guardrails that an attempt of this create may have made, if the service's clocks differ by `skew` at most.
    async fn candidates(&self, skew: Duration) -> Result<Found, Error> {
        let deadline = self.attempts.end(Instant::now());
        let (workspace_id, name) = &self.name;
        let mut listed =
            self.client.list_guardrails_to_finish(workspace_id.as_deref(), Some(deadline)).await?;
        listed.sort_by_key(|guardrail| clock::parse_time(guardrail.created_at()));
        let begun = self.client.inner.wire.clock().at(self.begun) - skew;
        let mut found = Found::default();
        for guardrail in listed {
            let is_free = !self.client.inner.creations.lock().taken.contains(guardrail.id());
            if !is_free || !is_since(&guardrail, begun) {
                continue;
            }
            if self.client.is_same(&guardrail, self.same, Some(deadline)).await? {
                found.same.push(guardrail);
            } else if guardrail.name() == *name {
                found.namesakes.push(guardrail);
            }
        }
        Ok(found)
    }

    fn turn(&self) -> Arc<RwLock<()>> {
        Arc::clone(self.client.inner.creations.lock().turns.entry(self.name.clone()).or_default())
    }

    /// How many attempts of unknown fate there are for this body, and for other bodies of this name.
    fn attempts_in_the_dark(&self) -> (usize, usize) {
        let ours = self.with_open(|open| open.attempts);
        let known = self.client.inner.creations.lock();
        let bodies = known.open.get(&self.name).into_iter().flat_map(HashMap::values);
        (ours, bodies.map(|open| open.attempts).sum::<usize>() - ours)
    }

    fn with_open<T>(&self, act: impl FnOnce(&mut Open) -> T) -> T {
        let body = self.request.body.clone().unwrap_or_default();
        let mut known = self.client.inner.creations.lock();
        act(known.open.entry(self.name.clone()).or_default().entry(body).or_default())
    }

    /// Ids from outside, fit to show.
    fn shown<'b>(&self, guardrails: impl ExactSizeIterator<Item = &'b Guardrail>) -> Vec<String> {
        let more = guardrails.len().saturating_sub(NAMED);
        let ids = guardrails.take(NAMED).map(|guardrail| self.client.inner.wire.shown(guardrail.id()));
        ids.chain((more > 0).then(|| format!("{more} more"))).collect()
    }
}

impl Drop for Creation<'_> {
    fn drop(&mut self) {
        if self.unknown > 0 {
            self.with_open(|open| {
                open.attempts -= self.unknown;
                open.seeking -= 1;
            });
        }
    }
}

impl Creations {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a guardrail may have been made since a moment. One that does not tell may have been.
fn is_since(guardrail: &Guardrail, moment: SystemTime) -> bool {
    let Some(created) = clock::parse_time(guardrail.created_at()) else { return true };
    let has_fractions = guardrail.created_at().contains('.');
    let rounding = if has_fractions { Duration::ZERO } else { Duration::from_secs(1) };
    created + rounding >= moment
}
