//! Guardrails made exactly once.
//!
//! The service has no idempotency keys: a create whose answer was lost may have made a guardrail. So one whose outcome is
//! unknown is looked for before it is sent again: in the same workspace, with the same fields, made since we began by the
//! service's own clock, and not one that another create of this account got. Creates of one name exclude each other while one
//! of them looks: two that ask for the same thing cannot take each other's guardrail.
//!
//! An answer is believed only if it says what was asked for: a cache or a proxy can answer with another guardrail's body. Where
//! it says something else, or is about something old, the service is asked what it holds.
//!
//! What is known of creates is shared by all clients of an account in this process ([`Accounts`]), and ends with the last of
//! them. What cannot be told apart is the same create by another process within the same seconds.

mod pending;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use super::super::http::{
    Attempts, CancelPolicy, Closed, Error, JsonObject, Request, Response, RetryEnd, parse_time,
};
use super::Client;
use super::guardrails::{Guardrail, Matches};

pub use pending::Accounts;
pub(super) use pending::Creations;
use pending::Wanted;

/// How long a guardrail may take to show after an attempt that brought no answer; longer if the attempt took longer.
const SETTLE: Duration = Duration::from_secs(2);

/// The wait between the first look and the second; it doubles from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// How far the clock behind `created_at` may be behind the one behind `Date`.
const SKEW: Duration = Duration::from_millis(500);

/// How far it may be behind where that only makes for a doubt: about what may be a duplicate, or about an answer.
const DOUBT: Duration = Duration::from_secs(10);

/// How many ids a message names.
const NAMED: usize = 10;

/// What a create came to.
#[derive(Debug)]
pub struct Created {
    /// The guardrail.
    pub guardrail: Guardrail,
    /// The ids, fit to show, of others that may have been made besides, by an attempt that was believed to have failed.
    pub duplicates: Vec<String>,
}

impl Client {
    /// Makes a guardrail of the fields in `body`, exactly one. `same` tells whether a guardrail is what the body asks for.
    ///
    /// # Errors
    /// Where [`Error::may_have_happened`] holds, there may be a guardrail that nobody knows; after any other error there is
    /// none.
    pub async fn create_guardrail(
        &self,
        body: &JsonObject,
        same: &Matches<'_>,
    ) -> Result<Created, Error> {
        let request = self.creating(body)?;
        let mut fields = body.clone();
        let workspace_id =
            fields.remove("workspace_id").and_then(|id| id.as_str().map(str::to_owned));
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut creation = Creation {
            client: self,
            same,
            name,
            wanted: Wanted { workspace_id, fields },
            started: Instant::now(),
            attempts: self.http().attempts(&request),
            unknown: 0,
            request,
        };
        let created = creation.run().await?;
        if creation.wanted.workspace_id.is_none() {
            self.inner.creations.learn_default(&created.guardrail);
        }
        self.learn(&created.guardrail);
        Ok(created)
    }
}

/// One create.
struct Creation<'a> {
    client: &'a Client,
    same: &'a Matches<'a>,
    name: String,
    wanted: Wanted,
    started: Instant,
    attempts: Attempts,
    /// How many attempts of unknown outcome were made.
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
    /// The ids of all others that are new and free.
    unrelated: Vec<String>,
}

impl Found {
    /// Whether it was seen at all, as something new that nobody has.
    fn is_new(&self, id: &str) -> bool {
        let found = self.same.iter().chain(&self.namesakes).map(Guardrail::id);
        found.chain(self.unrelated.iter().map(String::as_str)).any(|found| found == id)
    }
}

impl Creation<'_> {
    async fn run(&mut self) -> Result<Created, Error> {
        loop {
            let (error, guardrail) = match self.send().await {
                Ok(answered) => (self.doubt(&answered), self.checked(&answered).await?),
                Err(error) if error.may_have_happened() => {
                    let found = self.find_lost(&error).await?;
                    (error, found)
                }
                Err(error) => (error, None),
            };
            if let Some(guardrail) = guardrail {
                return Ok(self.made(guardrail).await);
            }
            self.client.http().wait_before_retry(&self.request, &mut self.attempts, error).await?;
        }
    }

    /// Sends the request once, while nobody looks for something of this name.
    async fn send(&mut self) -> Result<Guardrail, Error> {
        let lock = self.creations().lock_of(&self.name);
        let _guard = tokio::select! {
            guard = lock.read() => guard,
            () = self.client.http().limiter().ended(CancelPolicy::Abort) => {
                return Err(Error::Stopped { call: self.request.call.clone(), sent: false });
            }
        };
        let creations = Arc::clone(&self.client.inner.creations);
        let read = |answer: Response| {
            let repeated = answer.unusable("data.id: it is that of another guardrail made before");
            let guardrail: Guardrail = answer.entity()?;
            let is_new = creations.take(guardrail.id());
            if is_new { Ok(guardrail) } else { Err(repeated) }
        };
        let outcome = self.client.http().attempt(&mut self.attempts, &self.request, read).await;
        if outcome.as_ref().is_err_and(Error::may_have_happened) {
            self.note_unknown();
        }
        outcome
    }

    /// The guardrail that was made, going by an answer. Where that leaves a doubt, the service is asked what it holds. None if
    /// nothing was made, as far as can be seen, and the answer is about something else.
    ///
    /// # Errors
    /// When what was made cannot be told from the work of others.
    async fn checked(&mut self, answered: &Guardrail) -> Result<Option<Guardrail>, Error> {
        let is_old = self.is_old(answered);
        // Which names mean the same model is no reason for a doubt.
        let differs = (self.same)(answered, None) == Some(false);
        if !is_old && !differs {
            return Ok(Some(answered.clone()));
        }
        debug!(
            is_old,
            differs, "the answer may be about another guardrail: looking for what was made"
        );
        self.creations().give_back(answered.id());
        self.note_unknown();
        let lock = self.creations().lock_of(&self.name);
        let _guard = lock.write().await;
        let enough = |found: &Found| !found.same.is_empty() || found.is_new(answered.id());
        let guardrail = match self.poll(SETTLE, SKEW, CancelPolicy::Finish, enough).await {
            Ok(found) => self.choose(answered, is_old, differs, found)?,
            // It was made, by the only word there is.
            Err(error) if !is_old && answered.name() == self.name => {
                warn!(%error, "cannot look for what was made");
                Some(answered.clone())
            }
            Err(error) => {
                let last = Box::new(self.doubt(answered));
                return Err(Error::Unconfirmed { last, search: Box::new(error) });
            }
        };
        if let Some(guardrail) = &guardrail {
            self.resolve(guardrail);
        }
        Ok(guardrail)
    }

    /// What was made, of what the service holds, after a doubtful answer.
    fn choose(
        &self,
        answered: &Guardrail,
        is_old: bool,
        differs: bool,
        mut found: Found,
    ) -> Result<Option<Guardrail>, Error> {
        let (ours, others) = self.creations().unresolved(&self.name, &self.wanted);
        let is_new = !is_old && found.is_new(answered.id());
        if found.same.iter().any(|same| same.id() == answered.id()) {
            return Ok(Some(answered.clone()));
        }
        if !found.same.is_empty() && found.same.len() <= ours {
            return Ok(Some(found.same.remove(0)));
        }
        if found.same.is_empty() && differs {
            if !is_new || !is_alike(answered.name(), &self.name) {
                return Ok(None);
            }
            // The service may have changed a field.
            if answered.name() == self.name && others == 0 {
                return Ok(Some(answered.clone()));
            }
        }
        let ids = self.shown(found.same.iter().chain([answered]).collect());
        Err(Error::Ambiguous { last: Box::new(self.doubt(answered)), ids })
    }

    /// Looks for what an attempt of unknown outcome has made, for as long as it may take to show. A search that has begun is
    /// brought to its end also after a stop, as long as there is time.
    async fn find_lost(&mut self, error: &Error) -> Result<Option<Guardrail>, Error> {
        let lock = self.creations().lock_of(&self.name);
        let _guard = lock.write().await;
        let settle = SETTLE.max(self.attempts.time_since_last_start(Instant::now()));
        debug!(call = %self.request.call, settle_ms = settle.as_millis(), "looking for what may have been made");
        let last =
            || Box::new(self.attempts.give_up(error.clone(), Instant::now(), RetryEnd::Final));
        let seen =
            self.poll(settle, SKEW, CancelPolicy::Finish, |found| !found.same.is_empty()).await;
        let found =
            seen.map_err(|search| Error::Unconfirmed { last: last(), search: Box::new(search) })?;
        let (ours, others) = self.creations().unresolved(&self.name, &self.wanted);
        let unexplained = if found.same.is_empty() {
            found.namesakes.len() > others
        } else {
            found.same.len() > ours
        };
        if unexplained {
            let could_be = if found.same.is_empty() { found.namesakes } else { found.same };
            return Err(Error::Ambiguous {
                last: last(),
                ids: self.shown(could_be.iter().collect()),
            });
        }
        let Some(guardrail) = found.same.into_iter().next() else { return Ok(None) };
        let id = self.client.http().shown(guardrail.id());
        info!(id, reason = %error, "found what an attempt without an answer has made");
        self.resolve(&guardrail);
        Ok(Some(guardrail))
    }

    /// What a success comes to. An attempt that was given up may have made a guardrail after all, too late to be found:
    /// nobody else should have it, and somebody should know.
    async fn made(&mut self, guardrail: Guardrail) -> Created {
        let alone = Created { guardrail, duplicates: Vec::new() };
        if self.unknown == 0 {
            return alone;
        }
        let lock = self.creations().lock_of(&self.name);
        // What is made must not wait long to be known.
        let Ok(_guard) = timeout(SETTLE, lock.write()).await else { return alone };
        let seen = self.poll(SETTLE, DOUBT, CancelPolicy::FinishIfStarted, |_| false).await;
        let found = seen
            .inspect_err(|error| warn!(%error, "cannot look for duplicates"))
            .unwrap_or_default();
        // Each of the others who are looking may have one of these.
        let same_for_others = self.creations().seeking(&self.name, &self.wanted) - 1;
        let (_, others) = self.creations().unresolved(&self.name, &self.wanted);
        let same = found.same.iter().skip(same_for_others);
        let duplicates: Vec<_> = same.chain(found.namesakes.iter().skip(others)).collect();
        for duplicate in &duplicates {
            self.creations().take(duplicate.id());
        }
        Created { duplicates: self.shown(duplicates), ..alone }
    }

    /// Whether something is older than this create, by far, and by the service's own clock. Nothing is, as long as no answer
    /// has told what that shows.
    fn is_old(&self, guardrail: &Guardrail) -> bool {
        let started = self.client.http().server_clock().shown_at(self.started);
        started.is_some_and(|started| !is_since(guardrail, started - DOUBT))
    }

    /// The error for an answer that may be about another guardrail.
    fn doubt(&self, answered: &Guardrail) -> Error {
        let (http, call) = (self.client.http(), self.request.call.clone());
        let (id, name) = (http.shown(answered.id()), http.shown(answered.name()));
        let reason =
            format!("it is about guardrail {id} (\"{name}\"), which is not what was to be made");
        Error::Decode { call, status: 201, reason, request_id: None }
    }

    /// Looks for so long, and once more then; no longer once `enough` was found, and once more at the time to stop.
    async fn poll(
        &self,
        time: Duration,
        skew: Duration,
        cancel_policy: CancelPolicy,
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
            let paused = self.client.http().limiter().pause(pause.min(left), cancel_policy).await;
            is_last = paused == Err(Closed::Stopped) || Instant::now() >= end;
            pause *= 2;
        }
    }

    /// The guardrails that an attempt of this create may have made, if the service's clocks differ by `skew` at most.
    async fn candidates(&self, skew: Duration) -> Result<Found, Error> {
        let deadline = self.attempts.retry_deadline(Instant::now());
        let mut listed = self.list(self.wanted.workspace_id.as_deref(), deadline).await?;
        if !listed.is_empty() && self.creations().has_unknown_place(&self.name, &self.wanted) {
            // Its rows tell which workspace the default one is.
            self.list(None, deadline).await?;
        }
        listed.sort_by_key(|guardrail| parse_time(guardrail.created_at()));
        let started = self.client.http().server_clock().at(self.started) - skew;
        let mut found = Found::default();
        for guardrail in listed {
            let is_free = !self.creations().is_taken(guardrail.id());
            if !is_free || !is_since(&guardrail, started) {
                continue;
            }
            if self.client.is_same(&guardrail, self.same, Some(deadline)).await? {
                found.same.push(guardrail);
            } else if guardrail.name() == self.name {
                found.namesakes.push(guardrail);
            } else {
                found.unrelated.push(guardrail.id().to_owned());
            }
        }
        Ok(found)
    }

    async fn list(
        &self,
        workspace_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Guardrail>, Error> {
        let listed = self.client.list_guardrails_to_finish(workspace_id, Some(deadline)).await?;
        if workspace_id.is_none() {
            for guardrail in &listed {
                self.creations().learn_default(guardrail);
            }
        }
        Ok(listed)
    }

    fn creations(&self) -> &Creations {
        &self.client.inner.creations
    }

    /// Notes that an attempt has an unknown outcome.
    fn note_unknown(&mut self) {
        self.creations().begin(&self.name, &self.wanted, self.unknown == 0);
        self.unknown += 1;
    }

    /// Notes that one attempt of unknown outcome has made this guardrail, which nobody else may have.
    fn resolve(&mut self, guardrail: &Guardrail) {
        self.creations().take(guardrail.id());
        self.unknown -= 1;
        self.creations().end(&self.name, &self.wanted, 1, self.unknown == 0);
    }

    /// Ids from outside, fit to show.
    fn shown(&self, guardrails: Vec<&Guardrail>) -> Vec<String> {
        let more = guardrails.len().saturating_sub(NAMED);
        let named = guardrails.into_iter().take(NAMED);
        let mut ids: Vec<_> =
            named.map(|guardrail| self.client.http().shown(guardrail.id())).collect();
        if more > 0 {
            ids.push(format!("{more} more"));
        }
        ids
    }
}

impl Drop for Creation<'_> {
    fn drop(&mut self) {
        if self.unknown > 0 {
            self.creations().end(&self.name, &self.wanted, self.unknown, true);
        }
    }
}

/// Whether a service that changes names may have made one of the other: trimmed it, or added a number.
fn is_alike(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|name| name.trim().to_lowercase());
    one.contains(&other) || other.contains(&one)
}

/// Whether a guardrail may have been made since a moment. One that does not tell may have been.
fn is_since(guardrail: &Guardrail, moment: SystemTime) -> bool {
    let Some(created) = parse_time(guardrail.created_at()) else { return true };
    let has_fractions = guardrail.created_at().contains('.');
    let rounding = if has_fractions { Duration::ZERO } else { Duration::from_secs(1) };
    created + rounding >= moment
}
