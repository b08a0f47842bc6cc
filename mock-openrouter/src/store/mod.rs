//! The state of the mocked organization and the rules by which the API changes it.
//!
//! Every method is one atomic step on plain data: it checks everything before it changes anything. The store must
//! not know of HTTP beyond the status with which the API refuses.

mod assignments;
mod file;
mod gaps;
mod guardrails;
mod models;
mod patterns;
mod policies;
mod rules;
mod seed;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Clock;

pub(crate) use assignments::Subject;
pub(crate) use file::Kept;
pub use gaps::Gap;
pub(crate) use guardrails::View;
pub(crate) use models::{Catalogue, Model};
pub use policies::PolicyType;
pub(crate) use seed::Seed;

/// The API's refusal of a request: the HTTP status and the message of the error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, 400-599.
    pub status: u16,
    /// The text of `error.message`.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, format!("{what} not found"))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, self.message)
    }
}

impl std::error::Error for Refusal {}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

impl Page {
    pub(crate) fn of<T>(self, items: impl Iterator<Item = T>) -> Vec<T> {
        items.skip(self.offset).take(self.limit).collect()
    }
}

/// Everything the mocked organization holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Store {
    next_sequence: u64,
    organization_id: String,
    workspaces: Vec<Workspace>,
    guardrails: BTreeMap<String, Guardrail>,
    keys: BTreeMap<String, Key>,
    members: BTreeMap<String, Member>,
    /// By subject: a key or member holds at most one guardrail, which the map says by its shape.
    rows: BTreeMap<Subject, Row>,
    gaps: gaps::Gaps,
    /// Those that have replaced a part of a guardrail. Files of older versions have none.
    #[serde(default)]
    policies: Vec<policies::Policy>,
    /// Fields of guardrails that are accepted though the contract does not know them.
    #[serde(default)]
    extra_fields: BTreeSet<String>,
    /// How often the usage of keys was told, which grows each time.
    #[serde(skip)]
    usages_told: u64,
    #[serde(skip)]
    clock: Clock,
    #[serde(skip)]
    catalogue: Catalogue,
}

/// A guardrail as stored: only fields that are not null.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Guardrail {
    sequence: u64,
    fields: Map<String, Value>,
    /// Edited past the contract, so that answers about it are not checked against it.
    edited: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) is_default: bool,
    pub(crate) default_guardrail_id: String,
    pub(crate) created_at: String,
    /// Files of older versions have neither this nor the optional fields below.
    #[serde(default)]
    pub(crate) description: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    sequence: u64,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) workspace_id: String,
    pub(crate) disabled: bool,
    pub(crate) expires_at: Option<String>,
    pub(crate) created_at: String,
    #[serde(default)]
    pub(crate) updated_at: Option<String>,
    #[serde(default)]
    pub(crate) creator_user_id: Option<String>,
    #[serde(default)]
    pub(crate) limit: Option<f64>,
    #[serde(default)]
    pub(crate) limit_reset: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    sequence: u64,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: String,
    pub(crate) role: String,
    workspaces: BTreeSet<String>,
}

/// An assignment: which guardrail its subject holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    id: String,
    guardrail_id: String,
    created_at: String,
}

impl Store {
    pub(crate) fn workspaces(&self) -> &[Workspace] {
        &self.workspaces
    }

    /// Finds a workspace by its id or slug.
    pub(crate) fn workspace(&self, id_or_slug: &str) -> Result<&Workspace, Refusal> {
        self.workspaces
            .iter()
            .find(|workspace| workspace.id == id_or_slug || workspace.slug == id_or_slug)
            .ok_or_else(|| Refusal::not_found("Workspace"))
    }

    /// The id of the workspace a request means: the one it names, else the default one.
    pub(crate) fn placement(&self, named: Option<&str>) -> Result<String, Refusal> {
        let Some(id) = named else {
            let default = self.workspaces.iter().find(|workspace| workspace.is_default);
            return default.map(|workspace| workspace.id.clone()).ok_or_else(|| {
                Refusal::bad_request(
                    "The default workspace was deleted: pass workspace_id explicitly",
                )
            });
        };
        match self.workspaces.iter().find(|workspace| workspace.id == id) {
            Some(workspace) => Ok(workspace.id.clone()),
            None => Err(Refusal::new(403, "You do not have access to this workspace")),
        }
    }

    /// The keys of one workspace with their hashes, oldest first.
    pub(crate) fn keys_in(&self, workspace_id: &str) -> Vec<(&String, &Key)> {
        let mut keys: Vec<_> =
            self.keys.iter().filter(|(_, key)| key.workspace_id == workspace_id).collect();
        keys.sort_by_key(|(_, key)| key.sequence);
        keys
    }

    pub(crate) fn key(&self, hash: &str) -> Result<&Key, Refusal> {
        self.keys.get(hash).ok_or_else(|| Refusal::not_found("API key"))
    }

    /// What keys have spent by now, in US dollars: more each time, as if they were in use.
    pub(crate) fn next_usage(&mut self) -> f64 {
        self.usages_told += 1;
        #[expect(clippy::cast_precision_loss, reason = "no test tells it that often")]
        let told = self.usages_told as f64;
        told / 100.0
    }

    /// All members of the organization with their ids, oldest first.
    pub(crate) fn members(&self) -> Vec<(&String, &Member)> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|(_, member)| member.sequence);
        members
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    fn sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }
}
