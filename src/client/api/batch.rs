//! Single assignments made and removed by bulk requests.
//!
//! Terraform asks for one assignment at a time, many at once; the API takes many in one request.
//! Rows of one guardrail that arrive together are sent together (`batch_window.rs` says how long a
//! batch waits). When a request fails because of some rows, each caller still gets the outcome of
//! its own.
//!
//! The operations on one key or member are done in the order of the calls. Core does not order the
//! destruction of an assignment and the creation of the same one under another address. So a
//! removal is dropped if another resource has made the row since, or is about to make it: the row
//! is that resource's now. A client can live through many applies, so who has made a row is
//! forgotten when the row is read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, debug};

use super::super::http::{Error, Limiter, StopPolicy};
use super::assignments::{AssigneeKind, Assignment, Operation};
use super::batch_window::{BatchWindow, MAX_BATCH_ROWS};
use super::{Client, lock};

/// The assignment of one key or member to a guardrail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) kind: AssigneeKind,
    pub(super) guardrail_id: String,
    pub(super) id: String,
}

/// What rows of one request have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BatchKey {
    operation: Operation,
    kind: AssigneeKind,
    guardrail_id: String,
}

/// How far an assignment by this client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignmentProgress {
    /// Nothing has asked for it.
    NotBegun,
    /// It is being made.
    UnderWay,
    /// It was made.
    Made,
    /// It could not be made.
    Failed,
}

/// The outcome of one row.
enum Outcome {
    Done(Result<(), Error>),
    /// A removal was not sent, because the same row is about to be made.
    Superseded,
}

/// The assignees of a batch, each with the caller that waits for its outcome.
type Rows = Vec<(String, oneshot::Sender<Outcome>)>;

/// The rows that will be sent next.
#[derive(Default)]
struct PendingBatch {
    rows: Rows,
    row_arrived: Arc<Notify>,
    window: BatchWindow,
}

/// All assignments in progress in one client.
#[derive(Default)]
pub(super) struct Batches {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pending: HashMap<BatchKey, PendingBatch>,
    /// Per-key locks: one operation at a time on each key or member.
    locks: HashMap<(AssigneeKind, String), Arc<tokio::sync::Mutex<()>>>,
    /// The resource that has made a row, until the row is read.
    makers: HashMap<Row, String>,
    /// The resource that failed to make a row, and why, until the row is read.
    failures: HashMap<Row, (String, Error)>,
    /// Rows that are being made; each call that makes one holds a reference.
    being_made: HashMap<Row, Weak<()>>,
}

impl Client {
    /// Assigns a key or member to a guardrail, which moves it away from its former one. `maker`
    /// names the resource in Terraform's state that stands for the row, and no other.
    ///
    /// # Errors
    /// [`Error::Skipped`] if the API does not know this key; else why the request failed.
    pub async fn assign(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
        maker: &str,
    ) -> Result<(), Error> {
        let row = Row::new(kind, guardrail_id, id);
        let batches = &self.inner.batches;
        let _being_made = batches.note_being_made(&row);
        let lock = batches.lock(&row);
        let _locked = lock.lock().await;
        self.make(row, maker).await
    }

    /// Makes a row, which the caller has noted as being made, and whose lock it holds.
    pub(super) async fn make(&self, row: Row, maker: &str) -> Result<(), Error> {
        let Outcome::Done(outcome) = self.submit(Operation::Assign, &row).await else {
            unreachable!("only removals are superseded")
        };
        self.inner.batches.note_outcome(row, maker, &outcome);
        outcome
    }

    /// Removes the assignment of a key or member to a guardrail. Success as well if there is no
    /// such assignment or guardrail, and if another resource than `maker` has made the row since it
    /// was last read: then the row stays.
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
            let lock = batches.lock(&row);
            let _locked = lock.lock().await;
            // The row may be the other resource's as well, and that one could not make it anew.
            let failure = batches.state().failures.get(&row).cloned();
            if let Some((failed, error)) = failure
                && Some(failed.as_str()) != maker
            {
                return Err(error);
            }
            let made_by = batches.state().makers.get(&row).cloned();
            if made_by.is_some() && made_by.as_deref() != maker {
                debug!(
                    guardrail_id,
                    id, "not removed: another resource has made the assignment since"
                );
                return Ok(());
            }
            if let Outcome::Done(outcome) = self.submit(Operation::Unassign, &row).await {
                return outcome;
            }
            // The other call gets the lock before this one asks for it again.
        }
    }

    /// How far the assignment of a key or member to a guardrail has come, since it was last read.
    pub fn assignment_progress(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        id: &str,
    ) -> AssignmentProgress {
        let row = Row::new(kind, guardrail_id, id);
        let state = self.inner.batches.state();
        if state.being_made.get(&row).map_or(0, Weak::strong_count) > 0 {
            AssignmentProgress::UnderWay
        } else if state.makers.contains_key(&row) {
            AssignmentProgress::Made
        } else if state.failures.contains_key(&row) {
            AssignmentProgress::Failed
        } else {
            AssignmentProgress::NotBegun
        }
    }

    /// Notes that a row is read: the apply that made it is over, and a removal is meant.
    pub fn forget_maker(&self, kind: AssigneeKind, guardrail_id: &str, id: &str) {
        let row = Row::new(kind, guardrail_id, id);
        let mut state = self.inner.batches.state();
        state.makers.remove(&row);
        state.failures.remove(&row);
    }

    /// Adds a row to the batch that will be sent next, and waits for the outcome.
    async fn submit(&self, operation: Operation, row: &Row) -> Outcome {
        let key = BatchKey { operation, kind: row.kind, guardrail_id: row.guardrail_id.clone() };
        let (sender, outcome) = oneshot::channel();
        if self.inner.batches.add(&key, row.id.clone(), sender) {
            let client = self.clone();
            tokio::spawn(async move { client.run_batch(&key).await }.in_current_span());
        }
        outcome.await.expect("a batch sends each row its outcome, unless it has panicked")
    }

    /// Collects a batch, sends it, and passes on the outcomes.
    async fn run_batch(&self, key: &BatchKey) {
        let batches = &self.inner.batches;
        let (rows, superseded) = batches.collect(key, self.http().limiter()).await;
        let size = rows.len() + superseded.len();
        for (_, sender) in superseded {
            let _ = sender.send(Outcome::Superseded);
        }
        let ids: Vec<_> = rows.iter().map(|(id, _)| id.clone()).collect();
        let mut errors = HashMap::new();
        if !ids.is_empty() {
            let (operation, guardrail_id) = (key.operation, &key.guardrail_id);
            debug!(?operation, guardrail_id, rows = ids.len(), "batch");
            errors = self.perform(key, ids).await;
        }
        batches.state().batch(key).window.response_arrived(size, Instant::now());
        self.forget_assignments();
        for (id, sender) in rows {
            let _ = sender.send(Outcome::Done(errors.remove(&id).map_or(Ok(()), Err)));
        }
    }

    /// Sends a batch; returns the errors of the rows that failed. When the API rejects the request,
    /// each row is sent by itself, as one bad row is enough for that.
    async fn perform(&self, key: &BatchKey, ids: Vec<String>) -> HashMap<String, Error> {
        let errors = self.perform_once(key, ids.clone()).await;
        if ids.len() == 1 || errors.values().all(|error| error.status() != Some(400)) {
            return errors;
        }
        let mut requests = JoinSet::new();
        for id in ids {
            let (client, key) = (self.clone(), key.clone());
            let request = async move { client.perform_once(&key, vec![id]).await };
            requests.spawn(request.in_current_span());
        }
        requests.join_all().await.into_iter().flatten().collect()
    }

    /// Sends one request; returns the errors of the rows that failed.
    async fn perform_once(&self, key: &BatchKey, ids: Vec<String>) -> HashMap<String, Error> {
        let (failed, error) = match self.request(key, &ids).await {
            Ok(None) => return HashMap::new(),
            Ok(Some(skipped)) if ids.len() == 1 => (ids, skipped),
            Ok(Some(skipped)) => match self.not_done(key, &ids, None).await {
                Ok(failed) => (failed, skipped),
                Err(error) => (ids, error),
            },
            // The time for other attempts is over, so the outcome is looked up once.
            Err(error) if error.may_have_happened() => {
                let now = Some(Instant::now());
                (self.not_done(key, &ids, now).await.unwrap_or(ids), error)
            }
            Err(error) => (ids, error),
        };
        failed.into_iter().map(|id| (id, error.clone())).collect()
    }

    /// Sends one request; returns the error of the rows that it has skipped, if there are any.
    async fn request(&self, key: &BatchKey, ids: &[String]) -> Result<Option<Error>, Error> {
        let sent = self.bulk(key.operation, key.kind, &key.guardrail_id, ids).await;
        match key.operation {
            Operation::Assign => {
                let (call, assigned) = sent?;
                let skipped = Error::Skipped { call, noun: key.kind.noun() };
                Ok((assigned < ids.len() as u64).then_some(skipped))
            }
            // Nothing is assigned to a guardrail that is gone.
            Operation::Unassign => match sent {
                Err(error) if !error.is_not_found() => Err(error),
                _ => Ok(None),
            },
        }
    }

    /// The rows that are not as they should be after a request, as a listing shows.
    async fn not_done(
        &self,
        key: &BatchKey,
        ids: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<String>, Error> {
        let (kind, guardrail_id) = (key.kind, &key.guardrail_id);
        let listed = match self.list_assignments_to_finish(kind, guardrail_id, deadline).await {
            Ok(listed) => listed,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let assigned: HashSet<_> = listed.iter().map(Assignment::assignee).collect();
        let should_be = key.operation == Operation::Assign;
        let failed = ids.iter().filter(|id| assigned.contains(id.as_str()) != should_be);
        Ok(failed.cloned().collect())
    }
}

impl Row {
    pub(super) fn new(kind: AssigneeKind, guardrail_id: &str, id: &str) -> Row {
        Row { kind, guardrail_id: guardrail_id.to_owned(), id: id.to_owned() }
    }
}

impl State {
    fn batch(&mut self, key: &BatchKey) -> &mut PendingBatch {
        self.pending.entry(key.clone()).or_default()
    }

    /// Whether a row of a batch is not to be removed, as it is being made.
    fn is_superseded(&self, key: &BatchKey, id: &str) -> bool {
        let row = Row::new(key.kind, &key.guardrail_id, id);
        let being_made = self.being_made.get(&row).map_or(0, Weak::strong_count);
        key.operation == Operation::Unassign && being_made > 0
    }
}

impl Batches {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The lock of the key or member of a row. Whoever holds several locks has taken them in the order
    /// of the ids.
    pub(super) fn lock(&self, row: &Row) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.state().locks.entry((row.kind, row.id.clone())).or_default())
    }

    /// Whether rows wait for others to be sent with.
    pub(super) fn is_collecting(&self) -> bool {
        self.state().pending.values().any(|batch| !batch.rows.is_empty())
    }

    /// Adds a row. True if it is the first of a batch, so that the caller has to run the batch.
    fn add(&self, key: &BatchKey, id: String, sender: oneshot::Sender<Outcome>) -> bool {
        let mut state = self.state();
        let batch = state.batch(key);
        batch.window.row_arrived(Instant::now());
        batch.rows.push((id, sender));
        batch.row_arrived.notify_one();
        batch.rows.len() % MAX_BATCH_ROWS == 1
    }

    /// Waits until a batch is complete; returns its rows, and the removals that are not to be sent.
    async fn collect(&self, key: &BatchKey, limiter: &Limiter) -> (Rows, Rows) {
        let started = Instant::now();
        loop {
            let (row_arrived, deadline) = {
                let mut state = self.state();
                let batch = state.batch(key);
                let deadline = batch.window.deadline(started, batch.rows.len());
                (Arc::clone(&batch.row_arrived), deadline)
            };
            let wait = deadline.saturating_duration_since(Instant::now());
            tokio::select! {
                biased;
                // Also when the client is stopped, which the request will then report.
                _ = limiter.pause(wait, StopPolicy::FinishIfStarted) => break,
                () = row_arrived.notified() => {}
            }
        }
        let mut state = self.state();
        let batch = state.batch(key);
        let size = batch.rows.len().min(MAX_BATCH_ROWS);
        batch.window.batch_sent(size);
        let rows: Rows = batch.rows.drain(..size).collect();
        rows.into_iter().partition(|(id, _)| !state.is_superseded(key, id))
    }

    /// Notes who has made a row, or failed to.
    pub(super) fn note_outcome(&self, row: Row, maker: &str, outcome: &Result<(), Error>) {
        let mut state = self.state();
        match outcome {
            Ok(()) => {
                state.failures.remove(&row);
                state.makers.insert(row, maker.to_owned());
            }
            Err(error) => {
                state.failures.insert(row, (maker.to_owned(), error.clone()));
            }
        }
    }

    /// Notes that a row is being made, until the returned reference is dropped.
    pub(super) fn note_being_made(&self, row: &Row) -> Arc<()> {
        let mut state = self.state();
        let noted = state.being_made.entry(row.clone()).or_default();
        let reference = noted.upgrade().unwrap_or_default();
        *noted = Arc::downgrade(&reference);
        reference
    }
}
