//! Entities that are created exactly once.
//!
//! The API has no idempotency keys: a create whose response was lost may have made something. So an
//! attempt of unknown outcome is followed by a search before the request is sent again: for an
//! entity of the same workspace, name and fields, created since this create began, that belongs to
//! no other create of this account. While one create of a name searches, no other of that name
//! sends, so that two creates that ask for the same cannot take each other's entity.
//!
//! A cache or a proxy can answer a create with the description of another entity. A response is
//! trusted only if it has the fields that were asked for, and the entity did not exist before.
//!
//! What is known of creates is shared by all clients of an account in this process ([`CreateRegistry`]).
//! The same create by another process within the same seconds cannot be told from our own.

mod pending;
mod start;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use super::super::http::{
    Attempts, Error, HttpClient, JsonObject, NotStarted, Request, Response, RetryEnd, Route,
    StopPolicy, parse_time,
};
use super::Client;
use super::envelope::Entity;
use super::models::ModelCatalog;

pub(super) use pending::CreateLedger;
pub use pending::CreateRegistry;
use pending::{CreateSpec, UnresolvedAttempts};
use start::{CreateStart, MAX_DOUBTFUL_SKEW, MAX_SKEW};

/// How long an entity may take to be listed after an attempt; longer if the attempt took longer.
const SEARCH_TIME: Duration = Duration::from_secs(2);

/// The pause between the first listing of a search and the second; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How many ids a message names.
const MAX_NAMED_IDS: usize = 10;

/// An entity that is created by a POST, and has a name and a creation time.
pub(super) trait NamedEntity: Entity + Clone + Send + Sync {
    const CREATE: &Route;

    fn name(&self) -> &str;

    /// RFC 3339.
    fn created_at(&self) -> &str;

    /// All entities of a workspace, or of the default one. Also after a stop, and without another
    /// attempt after `deadline`.
    fn list(
        client: &Client,
        workspace_id: Option<&str>,
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<Self>, Error>> + Send;

    /// Whether the client has seen or named an id before that moment.
    fn was_known_before(client: &Client, id: &str, moment: Instant) -> bool;
}

/// Whether an entity has the fields of a create's body. None if that depends on which names mean
/// the same model, and no catalogue was given.
pub(super) type Matches<'a, T> =
    dyn Fn(&T, Option<&ModelCatalog>) -> Option<bool> + Send + Sync + 'a;

/// Creates exactly one entity with the fields in `body`. Returns it with the ids, fit to show, of
/// duplicates that an earlier attempt may have made.
pub(super) async fn create<T: NamedEntity>(
    client: &Client,
    body: &JsonObject,
    matches: &Matches<'_, T>,
) -> Result<(T, Vec<String>), Error> {
    let request = client.http().request(T::CREATE).json(body)?;
    let mut create = Create {
        client,
        matches,
        attempts: client.http().attempts(&request),
        request,
        wanted: Arc::new(CreateSpec::new(body)),
        start: CreateStart::now(),
        not_ours: HashSet::new(),
    };
    let entity = create.run().await?;
    Ok((entity, create.duplicates().await))
}

/// One create.
struct Create<'a, T> {
    client: &'a Client,
    matches: &'a Matches<'a, T>,
    request: Request,
    attempts: Attempts,
    wanted: Arc<CreateSpec>,
    start: CreateStart,
    /// Ids in responses to this create that existed before it.
    not_ours: HashSet<String>,
}

/// What a search has found: an entity that belongs to no other create.
struct Candidate<T> {
    entity: T,
    /// Whether it has all the fields that are asked for.
    matches: bool,
    /// Whether it was created since this create began by all clocks, not only by one.
    is_certainly_new: bool,
}

/// How an attempt failed, with the entity of the response if that has other fields than asked for.
type Failure<T> = (Error, Option<T>);

impl<'a, T: NamedEntity> Create<'a, T> {
    async fn run(&mut self) -> Result<T, Error> {
        loop {
            let error = match self.send().await {
                Ok(entity) => return Ok(entity),
                Err((error, response)) if error.may_have_happened() => {
                    let found = self.find_lost_create(&error, response.as_ref()).await?;
                    if let Some(entity) = found {
                        return Ok(entity);
                    }
                    error
                }
                Err((error, _)) => error,
            };
            self.http().wait_before_retry(&self.request, &mut self.attempts, error).await?;
        }
    }

    /// Sends the request once, while no other create of this name searches.
    async fn send(&mut self) -> Result<T, Failure<T>> {
        let lock = self.pending().lock(&self.wanted.name);
        let _sending = tokio::select! {
            guard = lock.read() => guard,
            () = self.http().limiter().ended(StopPolicy::Abort) => {
                return Err((Error::Stopped { call: self.request.call.clone(), sent: false }, None));
            }
        };
        let read = |response: Response| Ok((response.entity()?, response));
        let outcome = match self.http().attempt(&mut self.attempts, &self.request, read).await {
            Ok((entity, response)) => self.check(entity, &response),
            Err(error) => Err((error, None)),
        };
        if outcome.as_ref().is_err_and(|(error, _)| error.may_have_happened()) {
            self.pending().note_unresolved(&self.wanted);
        }
        outcome
    }

    /// The entity of a response, if the response can be trusted.
    fn check(&mut self, entity: T, response: &Response) -> Result<T, Failure<T>> {
        let existed_before = self.start.is_long_after(&entity, self.http().server_clock())
            || T::was_known_before(self.client, entity.id(), self.start.instant)
            || self.pending().is_taken(entity.id());
        let differs = (self.matches)(&entity, None) == Some(false);
        if !existed_before && !differs && self.pending().take(entity.id()) {
            return Ok(entity);
        }
        let (id, name) = (self.http().shown(entity.id()), self.http().shown(entity.name()));
        if differs && !existed_before {
            let reason = format!("data: {id} (\"{name}\") does not have the requested fields");
            return Err((response.unusable(reason), Some(entity)));
        }
        self.not_ours.insert(entity.id().to_owned());
        let reason = format!("data.id: {id} (\"{name}\") existed before this create");
        Err((response.unusable(reason), None))
    }

    /// Searches for what an attempt of unknown outcome has made; `response` is an entity with other
    /// fields that came as its response. None if nothing was made, as far as can be seen. A search
    /// that has begun is finished also after a stop, as long as there is time.
    ///
    /// # Errors
    /// When what was made cannot be told from the work of others, or cannot be searched for.
    async fn find_lost_create(
        &mut self,
        error: &Error,
        response: Option<&T>,
    ) -> Result<Option<T>, Error> {
        let lock = self.pending().lock(&self.wanted.name);
        let _searching = lock.write().await;
        let time = SEARCH_TIME.max(self.attempts.time_since_last_start(Instant::now()));
        let (call, search_ms) = (&self.request.call, time.as_millis());
        debug!(%call, search_ms, reason = %error, "searching for what an attempt without a \
                                                   response may have created");
        let is_enough = |candidate: &Candidate<T>| {
            candidate.matches || response.is_some_and(|entity| entity.id() == candidate.entity.id())
        };
        let searched = self.poll(time, MAX_SKEW, StopPolicy::Finish, is_enough).await;
        let last =
            || Box::new(self.attempts.give_up(error.clone(), Instant::now(), RetryEnd::Final));
        let found = match searched {
            Ok(candidates) => match self.choose(candidates, response) {
                Ok(found) => found,
                Err(ids) => return Err(Error::Ambiguous { last: last(), ids }),
            },
            Err(search) => {
                let Some(entity) = response.filter(|entity| entity.name() == self.wanted.name)
                else {
                    return Err(Error::Unconfirmed { last: last(), search: Box::new(search) });
                };
                warn!(error = %search, "cannot search for what was created: trusting the \
                                        response");
                Some(entity.clone())
            }
        };
        if let Some(entity) = &found {
            info!(id = self.http().shown(entity.id()), "found what an earlier attempt has created");
            self.pending().take(entity.id());
            self.pending().resolve_attempt(&self.wanted);
        }
        Ok(found)
    }

    /// The candidate that an attempt of this create has made, if there is one. The error has the
    /// ids of those that could be it, if that cannot be decided.
    fn choose(
        &self,
        candidates: Vec<Candidate<T>>,
        response: Option<&T>,
    ) -> Result<Option<T>, Vec<String>> {
        let UnresolvedAttempts { attempts, other_attempts, .. } =
            self.pending().unresolved(&self.wanted);
        let is_listed = |id: &str| candidates.iter().any(|candidate| candidate.entity.id() == id);
        let response = response.filter(|entity| is_listed(entity.id()));
        let (matching, namesakes) = self.split(candidates);
        if let Some(first) = matching.first() {
            let are_new = matching.iter().all(|candidate| candidate.is_certainly_new);
            let is_ours = are_new && matching.len() <= attempts;
            return if is_ours { Ok(Some(first.entity.clone())) } else { Err(self.ids(&matching)) };
        }
        match response {
            // The API has changed a field of what it was sent.
            Some(entity) if entity.name() == self.wanted.name && other_attempts == 0 => {
                Ok(Some(entity.clone()))
            }
            Some(entity) => Err(vec![self.http().shown(entity.id())]),
            None if namesakes.len() > other_attempts => Err(self.ids(&namesakes)),
            None => Ok(None),
        }
    }

    /// The ids of duplicates that attempts of unknown outcome may have made, too late for the
    /// search.
    async fn duplicates(&self) -> Vec<String> {
        if !self.pending().has_unresolved(&self.wanted) {
            return Vec::new();
        }
        let lock = self.pending().lock(&self.wanted.name);
        // What was created must not wait for long to get into the state.
        let Ok(_searching) = timeout(SEARCH_TIME, lock.write()).await else { return Vec::new() };
        let policy = StopPolicy::FinishIfStarted;
        let found = match self.poll(SEARCH_TIME, MAX_DOUBTFUL_SKEW, policy, |_| false).await {
            Ok(found) => found,
            Err(error) => {
                warn!(%error, "cannot search for duplicates");
                return Vec::new();
            }
        };
        let UnresolvedAttempts { creates, other_attempts, .. } =
            self.pending().unresolved(&self.wanted);
        let (mut duplicates, mut namesakes) = self.split(found);
        // Each of the other creates that search may find one of these.
        duplicates.drain(..duplicates.len().min(creates - 1));
        namesakes.drain(..namesakes.len().min(other_attempts));
        duplicates.append(&mut namesakes);
        for duplicate in &duplicates {
            self.pending().take(duplicate.entity.id());
        }
        self.ids(&duplicates)
    }

    /// Lists for so long, and once more at the end; until there is a candidate that `is_enough`.
    /// After a stop it lists once more.
    async fn poll(
        &self,
        time: Duration,
        skew: Duration,
        policy: StopPolicy,
        is_enough: impl Fn(&Candidate<T>) -> bool,
    ) -> Result<Vec<Candidate<T>>, Error> {
        let end = Instant::now() + time;
        let mut pause = FIRST_PAUSE;
        let mut is_last = false;
        loop {
            let found = self.candidates(skew).await?;
            if is_last || found.iter().any(&is_enough) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            let paused = self.http().limiter().pause(pause.min(left), policy).await;
            is_last = paused == Err(NotStarted::Stopped) || Instant::now() >= end;
            pause *= 2;
        }
    }

    /// The entities that an attempt of this create may have made, oldest first.
    async fn candidates(&self, skew: Duration) -> Result<Vec<Candidate<T>>, Error> {
        let deadline = self.attempts.retry_deadline(Instant::now());
        let workspace_id = self.wanted.workspace_id.as_deref();
        let mut listed = T::list(self.client, workspace_id, deadline).await?;
        listed.sort_by_key(|entity| parse_time(entity.created_at()));
        let mut candidates = Vec::new();
        for entity in listed {
            let id = entity.id();
            let is_other = self.pending().is_taken(id)
                || self.not_ours.contains(id)
                || T::was_known_before(self.client, id, self.start.instant);
            let is_new = self.start.is_before(&entity, self.http().server_clock(), skew);
            let Some(is_certainly_new) = is_new.filter(|_| !is_other) else { continue };
            let matches = self.matches_to_finish(&entity, deadline).await?;
            candidates.push(Candidate { entity, matches, is_certainly_new });
        }
        Ok(candidates)
    }

    async fn matches_to_finish(&self, entity: &T, deadline: Instant) -> Result<bool, Error> {
        if let Some(matches) = (self.matches)(entity, None) {
            return Ok(matches);
        }
        let catalog = self.client.models_to_finish(Some(deadline)).await?;
        Ok((self.matches)(entity, Some(&*catalog)).unwrap_or(false))
    }

    fn http(&self) -> &'a HttpClient {
        self.client.http()
    }

    fn pending(&self) -> &CreateLedger {
        &self.client.inner.pending_creates
    }

    /// The candidates that match, and those that only have the name.
    fn split(&self, found: Vec<Candidate<T>>) -> (Vec<Candidate<T>>, Vec<Candidate<T>>) {
        let (matching, mut others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|candidate| candidate.matches);
        others.retain(|candidate| candidate.entity.name() == self.wanted.name);
        (matching, others)
    }

    /// Ids from outside, fit to show.
    fn ids(&self, candidates: &[Candidate<T>]) -> Vec<String> {
        let named = candidates.iter().take(MAX_NAMED_IDS);
        let mut ids: Vec<_> = named.map(|named| self.http().shown(named.entity.id())).collect();
        if candidates.len() > MAX_NAMED_IDS {
            ids.push(format!("{} more", candidates.len() - MAX_NAMED_IDS));
        }
        ids
    }
}

impl<T> Drop for Create<'_, T> {
    fn drop(&mut self) {
        self.client.inner.pending_creates.end(&self.wanted);
    }
}
