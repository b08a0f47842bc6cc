//! Single assignments made and removed in bulk.
//!
//! Terraform asks for one assignment at a time, many at once; the service takes a hundred in one request. Those of one
//! guardrail that come together wait for each other (`window.rs` says how long) and go out as one. When a request fails because of
//! some of them, the rest are sent again without those, so that each caller gets its own outcome.
//!
//! Whatever is asked of one key or member is done in the order in which it was asked. A removal of a row that another object
//! of Terraform's state has made since, or is about to make, is dropped: the row is that object's now. (Core does not order
//! the destruction of an assignment and the creation of the same one under another address.) A client can live through many
//! applies: an object removes the row that it has made itself, whenever it did so, and who has made a row is forgotten when
//! the row is read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, debug};

use super::super::http::{CancelPolicy, Error, Limiter};
use super::Client;
use super::assignments::AssigneeKind;
use super::batch_window::BatchWindow;

/// How many rows a request has at most. The service does not say how many it takes; its lists give as many a page.
const MOST: usize = 100;

/// How many requests at a time look for the culprits of a failed one.
const SEARCHES: usize = 8;

/// A assignee under a guardrail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Row {
    kind: AssigneeKind,
    guardrail_id: String,
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Assign,
    Unassign,
}

/// What becomes of one row in a request.
enum Outcome {
    Done(Result<(), Error>),
    /// A removal was dropped, because the same row is about to be made: look again when it is.
    Superseded,
}

/// Rows of a request, each with whom to tell what became of it.
type Waiting = Vec<(String, oneshot::Sender<Outcome>)>;

/// What goes out together: one operation on rows of one guardrail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BatchKey {
    operation: Operation,
    kind: AssigneeKind,
    guardrail_id: String,
}

/// A request that is still pending up.
#[derive(Default)]
struct PendingBatch {
    waiting: Waiting,
    joined: Arc<Notify>,
}

/// All that is under way in one client.
#[derive(Default)]
pub(super) struct Batches {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: HashMap<BatchKey, PendingBatch>,
    /// How rows arrive on each batch_key.
    windows: HashMap<BatchKey, BatchWindow>,
    /// Whose turn it is with one key or member.
    turns: HashMap<(AssigneeKind, String), Arc<tokio::sync::Mutex<()>>>,
    /// Which object of Terraform's state has made a row, until the row is read.
    makers: HashMap<Row, String>,
    /// Rows that are being made, and how often.
    wanted: HashMap<Row, usize>,
}

impl Client {
    /// Puts one assignee under a guardrail, away from the one it was under, together with whatever else is put under that
    /// guardrail in the same moment. `maker` is a word for the object of Terraform's state that stands for the row, and for
    /// no other. Gives the error that is about this assignee.
    ///
    /// # Errors
    /// [`Error::Skipped`] if the service knows no such key; else why the request failed.
    pub async fn assign(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
        maker: &str,
    ) -> Result<(), Error> {
        let row = Row::new(kind, guardrail_id, id);
        let batches = &self.inner.batches;
        let _wanted = batches.want(&row);
        let turn = batches.turn(&row);
        let _held = turn.lock().await;
        let Outcome::Done(outcome) = self.submit(Operation::Assign, &row).await else {
            unreachable!("only removals are superseded")
        };
        if outcome.is_ok() {
            batches.state().makers.insert(row.clone(), maker.to_owned());
        }
        outcome
    }

    /// Takes one assignee from under a guardrail, in the same way. That it is not under it, or that the guardrail is gone,
    /// is success; and so is a row that another object than `maker` has made since it was last read, which stays.
    pub async fn unassign(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
        maker: Option<&str>,
    ) -> Result<(), Error> {
        let row = Row::new(kind, guardrail_id, id);
        let batches = &self.inner.batches;
        loop {
            let turn = batches.turn(&row);
            let _held = turn.lock().await;
            if batches.is_of_another(&row, maker) {
                debug!(guardrail_id, id, "not removed: another resource has made it anew");
                return Ok(());
            }
            match self.submit(Operation::Unassign, &row).await {
                Outcome::Done(outcome) => return outcome,
                Outcome::Superseded => {}
            }
        }
    }

    /// Notes that a row of Terraform's state is read: the apply that made it is over, and who removes it means it.
    pub fn forget_maker(&self, kind: AssigneeKind, guardrail_id: &str, id: &str) {
        self.inner.batches.state().makers.remove(&Row::new(kind, guardrail_id, id));
    }

    /// Joins the request that is pending up, or begins one, and waits for the outcome.
    async fn submit(&self, operation: Operation, row: &Row) -> Outcome {
        let batch_key =
            BatchKey { operation, kind: row.kind, guardrail_id: row.guardrail_id.clone() };
        let (tell, told) = oneshot::channel();
        let begins = self.inner.batches.enter(&batch_key, row.id.clone(), tell);
        if begins {
            let client = self.clone();
            tokio::spawn(async move { client.send_when_filled(batch_key).await }.in_current_span());
        }
        told.await.expect(
            "a batch tells each of its rows what became of it, unless it has panicked itself",
        )
    }

    async fn send_when_filled(&self, batch_key: BatchKey) {
        let (rows, superseded) = self.inner.batches.fill(&batch_key, &self.http().limiter()).await;
        let ids: Vec<_> = rows.iter().map(|(id, _)| id.clone()).collect();
        for (_, tell) in superseded {
            let _ = tell.send(Outcome::Superseded);
        }
        debug!(operation = ?batch_key.operation, guardrail_id = batch_key.guardrail_id, rows = ids.len(), "batch");
        let mut outcomes =
            if ids.is_empty() { HashMap::new() } else { self.perform(&batch_key, ids).await };
        let mut state = self.inner.batches.state();
        state.windows.entry(batch_key.clone()).or_default().answered(Instant::now());
        drop(state);
        self.inner.listings.forget();
        for (id, tell) in rows {
            let _ = tell.send(Outcome::Done(outcomes.remove(&id).unwrap_or(Ok(()))));
        }
    }

    /// Sends one request; gives what became of the rows. Those that it does not speak of are done.
    async fn perform(
        &self,
        batch_key: &BatchKey,
        ids: Vec<String>,
    ) -> HashMap<String, Result<(), Error>> {
        match self.bulk_call(batch_key, &ids).await {
            Ok(None) => HashMap::new(),
            Ok(Some(passed_over)) if ids.len() == 1 => failed(ids, &passed_over),
            Ok(Some(passed_over)) => match self.left_undone(batch_key, &ids, None).await {
                Ok(undone) => failed(undone, &passed_over),
                Err(error) => failed(ids, &error),
            },
            Err(error) if error.status() == Some(400) && ids.len() > 1 => {
                self.one_by_one(batch_key, ids).await
            }
            Err(error) => failed(self.undone_after(batch_key, ids, &error).await, &error),
        }
    }

    /// Sends one request for all; gives the error for rows that were passed over, if any were.
    async fn bulk_call(
        &self,
        batch_key: &BatchKey,
        ids: &[String],
    ) -> Result<Option<Error>, Error> {
        match batch_key.operation {
            Operation::Assign => {
                let (call, assigned) =
                    self.bulk_assign(batch_key.kind, &batch_key.guardrail_id, ids).await?;
                Ok((assigned < ids.len() as u64).then_some(Error::Skipped { call }))
            }
            Operation::Unassign => {
                match self.bulk_unassign(batch_key.kind, &batch_key.guardrail_id, ids).await {
                    Ok(_) => Ok(None),
                    Err(error) if error.is_not_found() => Ok(None),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Which rows a failed request has left undone, as far as can be told: no answer does not mean that nothing was done.
    async fn undone_after(
        &self,
        batch_key: &BatchKey,
        ids: Vec<String>,
        error: &Error,
    ) -> Vec<String> {
        if !error.may_have_happened() {
            return ids;
        }
        self.left_undone(batch_key, &ids, Some(Instant::now())).await.unwrap_or(ids)
    }

    /// Which rows are not as they should be, as a listing shows.
    async fn left_undone(
        &self,
        batch_key: &BatchKey,
        ids: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<String>, Error> {
        let listed = self
            .list_assignments_to_finish(batch_key.kind, &batch_key.guardrail_id, deadline)
            .await;
        let there: HashSet<_> = match &listed {
            Ok(rows) => rows.iter().map(super::Assignment::assignee).collect(),
            // Nobody is under a guardrail that is gone.
            Err(error) if error.is_not_found() => HashSet::new(),
            Err(error) => return Err(error.clone()),
        };
        let wanted = batch_key.operation == Operation::Assign;
        Ok(ids.iter().filter(|id| there.contains(id.as_str()) != wanted).cloned().collect())
    }

    /// Sends one row by itself.
    async fn perform_one(&self, batch_key: &BatchKey, id: &String) -> Result<(), Error> {
        match self.bulk_call(batch_key, std::slice::from_ref(id)).await {
            Ok(passed_over) => passed_over.map_or(Ok(()), Err),
            Err(error)
                if self.undone_after(batch_key, vec![id.clone()], &error).await.is_empty() =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Sends each by itself, since one that the service refuses makes it refuse all.
    async fn one_by_one(
        &self,
        batch_key: &BatchKey,
        ids: Vec<String>,
    ) -> HashMap<String, Result<(), Error>> {
        let mut outcomes = HashMap::new();
        let mut ids = ids.into_iter();
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < SEARCHES {
                let Some(id) = ids.next() else { break };
                let (client, batch_key) = (self.clone(), batch_key.clone());
                under_way.spawn(async move {
                    let outcome = client.perform_one(&batch_key, &id).await;
                    (id, outcome)
                });
            }
            match under_way.join_next().await {
                Some(Ok((id, outcome))) => drop(outcomes.insert(id, outcome)),
                Some(Err(stopped)) => std::panic::resume_unwind(stopped.into_panic()),
                None => return outcomes,
            }
        }
    }
}

/// The same error for each of these rows.
fn failed(ids: Vec<String>, error: &Error) -> HashMap<String, Result<(), Error>> {
    ids.into_iter().map(|id| (id, Err(error.clone()))).collect()
}

impl Row {
    fn new(kind: AssigneeKind, guardrail_id: &str, id: &str) -> Row {
        Row { kind, guardrail_id: guardrail_id.to_owned(), id: id.to_owned() }
    }
}

impl Batches {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody else than `maker` has made a row.
    fn is_of_another(&self, row: &Row, maker: Option<&str>) -> bool {
        self.state().makers.get(row).is_some_and(|made_by| Some(made_by.as_str()) != maker)
    }

    fn turn(&self, row: &Row) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.state().turns.entry((row.kind, row.id.clone())).or_default())
    }

    /// Puts a row on its batch_key. True if it is the first there, and so has to see that the batch_key is sent.
    fn enter(&self, batch_key: &BatchKey, id: String, tell: oneshot::Sender<Outcome>) -> bool {
        let mut state = self.state();
        state.windows.entry(batch_key.clone()).or_default().arrived(Instant::now());
        let pending = state.pending.entry(batch_key.clone()).or_default();
        pending.waiting.push((id, tell));
        pending.joined.notify_one();
        // A full request is sent by the first of it; the next one begins another.
        pending.waiting.len() % MOST == 1
    }

    /// Waits until a request is filled, and takes it off the batch_key: its rows, and the removals that are not to be sent.
    async fn fill(&self, batch_key: &BatchKey, limiter: &Limiter) -> (Waiting, Waiting) {
        let begun = Instant::now();
        while let Some((joined, until)) = self.next_wait(batch_key, begun) {
            let wait = until.saturating_duration_since(Instant::now());
            tokio::select! {
                () = joined.notified() => {}
                // Whether the wait is over or it is time to stop: the call will tell.
                _ = limiter.pause(wait, CancelPolicy::FinishIfStarted) => break,
            }
        }
        self.take(batch_key)
    }

    /// What a request waits for: another row, but no longer than until then. None for a full one.
    fn next_wait(&self, batch_key: &BatchKey, begun: Instant) -> Option<(Arc<Notify>, Instant)> {
        let mut state = self.state();
        let pending =
            state.pending.get(batch_key).filter(|pending| pending.waiting.len() < MOST)?;
        let (joined, waiting) = (Arc::clone(&pending.joined), pending.waiting.len());
        let window = state.windows.entry(batch_key.clone()).or_default();
        Some((joined, window.deadline(begun, Instant::now(), waiting)))
    }

    fn take(&self, batch_key: &BatchKey) -> (Waiting, Waiting) {
        let mut state = self.state();
        let Some(pending) = state.pending.get_mut(batch_key) else {
            return (Vec::new(), Vec::new());
        };
        let count = pending.waiting.len().min(MOST);
        let taken: Vec<_> = pending.waiting.drain(..count).collect();
        if pending.waiting.is_empty() {
            state.pending.remove(batch_key);
        }
        state.windows.entry(batch_key.clone()).or_default().gathered(count);
        let is_superseded = |id: &String| {
            let row = Row::new(batch_key.kind, &batch_key.guardrail_id, id);
            batch_key.operation == Operation::Unassign && state.wanted.contains_key(&row)
        };
        let (superseded, rows) =
            taken.into_iter().partition::<Vec<_>, _>(|(id, _)| is_superseded(id));
        (rows, superseded)
    }

    /// Notes that a row is to be made, until what this returns is dropped.
    fn want<'a>(&'a self, row: &'a Row) -> Wanted<'a> {
        *self.state().wanted.entry(row.clone()).or_default() += 1;
        Wanted { batches: self, row }
    }
}

/// A row that is to be made.
struct Wanted<'a> {
    batches: &'a Batches,
    row: &'a Row,
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let mut state = self.batches.state();
        if let Some(times) = state.wanted.get_mut(self.row) {
            *times -= 1;
            if *times == 0 {
                state.wanted.remove(self.row);
            }
        }
    }
}
