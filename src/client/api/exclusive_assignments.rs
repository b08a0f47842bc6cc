//! All assignments to one guardrail as a whole: the calls for a resource that holds every one of them.
//!
//! Rows are made and removed as single ones are (`batch.rs`), so that they go out in bulk requests of
//! a hundred, keep their order with those of other resources, and fail each for itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use tokio::task::JoinSet;
use tracing::Instrument;

use super::super::http::Error;
use super::Client;
use super::assignments::{AssigneeKind, Assignment};
use super::batch::Row;
use super::pages::RowRange;

/// What became of a take-over.
#[derive(Debug, Default)]
pub struct TakenOver {
    /// The other keys or members that the guardrail is assigned to.
    pub others: BTreeSet<String>,
    /// Those to which it could not be assigned.
    pub failed: FailedAssignments,
}

/// The keys or members whose assignment could not be made or removed, each with the reason.
pub type FailedAssignments = BTreeMap<String, Error>;

/// What is done with one row.
#[derive(Clone, Copy)]
enum Step {
    /// It is made; the caller holds its lock.
    Make,
    Assign,
    Unassign,
}

impl Client {
    /// Assigns a guardrail to keys or members, and finds the others that it is assigned to. Nothing
    /// is sent for those that it is assigned to already. `maker` names the resource in Terraform's
    /// state that stands for the rows: none of them is removed for another resource from now on,
    /// until it is read.
    ///
    /// # Errors
    /// Why the assignments of the guardrail cannot be listed, such as that there is no such one.
    /// Nothing was changed then.
    pub async fn take_over_assignments(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
        maker: &str,
    ) -> Result<TakenOver, Error> {
        let rows: Vec<Row> = ids.iter().map(|id| Row::new(kind, guardrail_id, id)).collect();
        let batches = &self.inner.batches;
        // A removal that is in progress is waited for, so that the listing shows what came of it.
        let _being_made: Vec<_> = rows.iter().map(|row| batches.note_being_made(row)).collect();
        let mut locks = Vec::with_capacity(rows.len());
        for row in &rows {
            locks.push(batches.lock(row).lock_owned().await);
        }
        let listed = self.list_assignments(kind, Some(guardrail_id), RowRange::ALL).await?.rows;
        let assigned: HashSet<&str> = listed.iter().map(Assignment::assignee).collect();
        let mut missing = Vec::new();
        for row in rows {
            if assigned.contains(row.id.as_str()) {
                batches.note_outcome(row, maker, &Ok(()));
            } else {
                missing.push(row);
            }
        }
        let others = listed.iter().map(Assignment::assignee).filter(|id| !ids.contains(*id));
        let others = others.map(str::to_owned).collect();
        Ok(TakenOver { others, failed: self.each(Step::Make, missing, maker).await })
    }

    /// Assigns a guardrail to each of these keys or members, as [`Client::assign`] does to one.
    pub async fn assign_each(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
        maker: &str,
    ) -> FailedAssignments {
        let rows = ids.iter().map(|id| Row::new(kind, guardrail_id, id));
        self.each(Step::Assign, rows, maker).await
    }

    /// Removes the assignments of these keys or members to a guardrail, as [`Client::unassign`] does
    /// with one.
    pub async fn unassign_each(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &BTreeSet<String>,
        maker: &str,
    ) -> FailedAssignments {
        let rows = ids.iter().map(|id| Row::new(kind, guardrail_id, id));
        self.each(Step::Unassign, rows, maker).await
    }

    /// Takes a step with all rows at the same time.
    async fn each(
        &self,
        step: Step,
        rows: impl IntoIterator<Item = Row>,
        maker: &str,
    ) -> FailedAssignments {
        let maker: Arc<str> = maker.into();
        let mut steps = JoinSet::new();
        for row in rows {
            let (client, maker) = (self.clone(), Arc::clone(&maker));
            steps.spawn(async move { client.take(step, row, &maker).await }.in_current_span());
        }
        steps.join_all().await.into_iter().flatten().collect()
    }

    /// Takes a step with one row; gives the failure.
    async fn take(&self, step: Step, row: Row, maker: &str) -> Option<(String, Error)> {
        let Row { kind, guardrail_id, id } = row.clone();
        let outcome = match step {
            Step::Make => self.make(row, maker).await,
            Step::Assign => self.assign(kind, &guardrail_id, &id, maker).await,
            Step::Unassign => self.unassign(kind, &guardrail_id, &id, Some(maker)).await,
        };
        outcome.err().map(|error| (id, error))
    }
}
