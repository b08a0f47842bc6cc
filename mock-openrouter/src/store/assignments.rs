//! Who holds which guardrail: a key at most one, a member at most one in each workspace.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Page, Refusal, Row, Store};
use crate::ids;

/// Who can hold a guardrail. Its text form, `key:<hash>` or `member:<workspace id>/<user id>`, is what files and the
/// list of gaps show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum Subject {
    Key(String),
    Member { workspace_id: String, user_id: String },
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Key(hash) => format!("key:{hash}"),
            Subject::Member { workspace_id, user_id } => format!("member:{workspace_id}/{user_id}"),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(hash) = text.strip_prefix("key:") {
            return Ok(Self::Key(hash.to_owned()));
        }
        let member = text.strip_prefix("member:").and_then(|member| member.split_once('/'));
        let (workspace_id, user_id) =
            member.ok_or_else(|| format!("{text:?} is neither a key nor a member"))?;
        Ok(Self::Member { workspace_id: workspace_id.to_owned(), user_id: user_id.to_owned() })
    }
}

impl Store {
    /// Gives the guardrail to every key of `hashes` that exists, and answers how many those are.
    pub(crate) fn assign_keys(
        &mut self,
        guardrail_id: &str,
        hashes: &[String],
    ) -> Result<usize, Refusal> {
        let workspace_id = self.assignable(guardrail_id)?;
        let known: BTreeSet<&String> =
            hashes.iter().filter(|hash| self.keys.contains_key(*hash)).collect();
        let foreign = |hash: &&&String| {
            workspace_id.as_ref().is_some_and(|id| self.keys[**hash].workspace_id != *id)
        };
        if let Some(hash) = known.iter().find(foreign) {
            let text = format!("Key {hash} belongs to another workspace than the guardrail");
            return Err(Refusal::bad_request(text));
        }
        let count = known.len();
        for hash in known {
            self.hold(Subject::Key(hash.clone()), guardrail_id);
        }
        Ok(count)
    }

    /// Takes the guardrail from those of `hashes` that have it, and answers how many those were.
    pub(crate) fn unassign_keys(
        &mut self,
        guardrail_id: &str,
        hashes: &[String],
    ) -> Result<usize, Refusal> {
        self.assignable(guardrail_id)?;
        let known: BTreeSet<&String> =
            hashes.iter().filter(|hash| self.keys.contains_key(*hash)).collect();
        let subjects = known.into_iter().map(|hash| Subject::Key(hash.clone())).collect();
        Ok(self.release(guardrail_id, subjects))
    }

    /// Gives the guardrail to every member of `user_ids`, or to none of them if one is an outsider.
    pub(crate) fn assign_members(
        &mut self,
        guardrail_id: &str,
        user_ids: &[String],
    ) -> Result<usize, Refusal> {
        let workspace_id = self.workspace_for_members(guardrail_id)?;
        let is_default = self.workspace(&workspace_id).is_ok_and(|workspace| workspace.is_default);
        let users: BTreeSet<&String> = user_ids.iter().collect();
        for user_id in &users {
            let Some(member) = self.members.get(*user_id) else {
                return Err(Refusal::bad_request(format!(
                    "{user_id} is not a member of the organization"
                )));
            };
            if !is_default && !member.workspaces.contains(&workspace_id) {
                return Err(Refusal::bad_request(format!(
                    "{user_id} is not a member of the workspace"
                )));
            }
        }
        let count = users.len();
        for user_id in users {
            let workspace_id = workspace_id.clone();
            self.hold(Subject::Member { workspace_id, user_id: user_id.clone() }, guardrail_id);
        }
        Ok(count)
    }

    /// Takes the guardrail from those of `user_ids` that have it, and answers how many those were.
    pub(crate) fn unassign_members(
        &mut self,
        guardrail_id: &str,
        user_ids: &[String],
    ) -> Result<usize, Refusal> {
        let workspace_id = self.workspace_for_members(guardrail_id)?;
        let users: BTreeSet<&String> = user_ids.iter().collect();
        let member = |user_id: &String| Subject::Member {
            workspace_id: workspace_id.clone(),
            user_id: user_id.clone(),
        };
        Ok(self.release(guardrail_id, users.into_iter().map(member).collect()))
    }

    /// One page of key assignments, of one guardrail or of all, and the number of rows in all. Rows of deleted keys
    /// take part in the paging and the number, but are not returned.
    pub(crate) fn list_key_rows(
        &self,
        guardrail_id: Option<&str>,
        page: Page,
    ) -> (Vec<Value>, usize) {
        let rows = || {
            self.rows_of(guardrail_id).filter_map(|(subject, row)| match subject {
                Subject::Key(hash) => Some((hash, row)),
                Subject::Member { .. } => None,
            })
        };
        let alive = page.of(rows()).into_iter().filter_map(|(hash, row)| {
            let key = self.keys.get(hash)?;
            Some(json!({
                "id": row.id,
                "key_hash": hash,
                "guardrail_id": row.guardrail_id,
                "key_name": key.name,
                "key_label": key.label,
                "assigned_by": null,
                "created_at": row.created_at,
            }))
        });
        (alive.collect(), rows().count())
    }

    /// One page of member assignments, of one guardrail or of all, and the number of rows in all.
    pub(crate) fn list_member_rows(
        &self,
        guardrail_id: Option<&str>,
        page: Page,
    ) -> (Vec<Value>, usize) {
        let rows = || {
            self.rows_of(guardrail_id).filter_map(|(subject, row)| match subject {
                Subject::Key(_) => None,
                Subject::Member { user_id, .. } => Some((user_id, row)),
            })
        };
        let shown = page.of(rows()).into_iter().map(|(user_id, row)| {
            json!({
                "id": row.id,
                "user_id": user_id,
                "organization_id": self.organization_id,
                "guardrail_id": row.guardrail_id,
                "assigned_by": self.members().first().map(|(id, _)| id),
                "created_at": row.created_at,
            })
        });
        (shown.collect(), rows().count())
    }

    /// Every subject that holds a guardrail, with the guardrail's id.
    pub(crate) fn holders(&self) -> impl Iterator<Item = (&Subject, &str)> {
        self.rows.iter().map(|(subject, row)| (subject, row.guardrail_id.as_str()))
    }

    /// How many keys and how many members hold one of these guardrails.
    pub(super) fn count_holders(&self, guardrail_ids: &[String]) -> (usize, usize) {
        let (mut keys, mut members) = (0, BTreeSet::new());
        for (subject, row) in &self.rows {
            if !guardrail_ids.contains(&row.guardrail_id) {
                continue;
            }
            match subject {
                Subject::Key(hash) => keys += usize::from(self.keys.contains_key(hash)),
                Subject::Member { user_id, .. } => {
                    members.insert(user_id);
                }
            }
        }
        (keys, members.len())
    }

    /// Drops all rows of a guardrail that is gone.
    pub(super) fn drop_rows_of(&mut self, guardrail_id: &str) {
        let subjects =
            self.rows_of(Some(guardrail_id)).map(|(subject, _)| subject.clone()).collect();
        self.release(guardrail_id, subjects);
    }

    fn rows_of(&self, guardrail_id: Option<&str>) -> impl Iterator<Item = (&Subject, &Row)> {
        self.rows
            .iter()
            .filter(move |(_, row)| guardrail_id.is_none_or(|id| row.guardrail_id == id))
    }

    /// The workspace of a guardrail that can be assigned, null for one older than workspaces.
    fn assignable(&self, guardrail_id: &str) -> Result<Option<String>, Refusal> {
        if self.is_default(guardrail_id) {
            return Err(Refusal::bad_request(
                "The default guardrail of a workspace cannot be assigned or unassigned",
            ));
        }
        let guardrail =
            self.guardrails.get(guardrail_id).ok_or_else(|| Refusal::not_found("Guardrail"))?;
        Ok(guardrail.workspace_id().map(str::to_owned))
    }

    fn workspace_for_members(&self, guardrail_id: &str) -> Result<String, Refusal> {
        let no_workspace = || {
            Refusal::bad_request("Members cannot be assigned to a guardrail without a workspace")
        };
        self.assignable(guardrail_id)?.ok_or_else(no_workspace)
    }

    fn hold(&mut self, subject: Subject, guardrail_id: &str) {
        if self.rows.get(&subject).is_some_and(|row| row.guardrail_id == guardrail_id) {
            return;
        }
        let created_at = self.clock.timestamp();
        self.gaps.close(&subject, guardrail_id, &created_at);
        let row = Row { id: ids::fresh_uuid(), guardrail_id: guardrail_id.to_owned(), created_at };
        self.rows.insert(subject, row);
    }

    fn release(&mut self, guardrail_id: &str, subjects: Vec<Subject>) -> usize {
        let mut count = 0;
        for subject in subjects {
            if self.rows.get(&subject).is_none_or(|row| row.guardrail_id != guardrail_id) {
                continue;
            }
            self.rows.remove(&subject);
            count += 1;
            let exists = match &subject {
                Subject::Key(hash) => self.keys.contains_key(hash),
                Subject::Member { user_id, .. } => self.members.contains_key(user_id),
            };
            if exists {
                self.gaps.open(subject, guardrail_id, &self.clock.timestamp());
            }
        }
        count
    }
}
