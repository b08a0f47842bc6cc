//! What is known of the creates of an account: which attempts have an unknown outcome, and which
//! ids belong to a create. Sends nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use serde_json::Value;
use tokio::sync::RwLock;

use super::super::super::http::{ApiKey, BaseUrl, Config, JsonObject};
use super::super::lock;

/// What the clients of one process share: for each account, what is known of its creates. It is
/// kept for as long as a client of the account lives.
#[derive(Default)]
pub struct CreateRegistry(Mutex<Vec<(BaseUrl, ApiKey, Weak<CreateLedger>)>>);

impl CreateRegistry {
    /// What is known of the creates of an account.
    pub(in crate::client) fn pending_creates(&self, config: &Config) -> Arc<CreateLedger> {
        let mut accounts = lock(&self.0);
        accounts.retain(|(.., pending)| pending.strong_count() > 0);
        for (base_url, api_key, pending) in accounts.iter() {
            if *base_url == config.base_url
                && *api_key == config.api_key
                && let Some(pending) = pending.upgrade()
            {
                return pending;
            }
        }
        let pending = Arc::new(CreateLedger::default());
        let (base_url, api_key) = (config.base_url.clone(), config.api_key.clone());
        accounts.push((base_url, api_key, Arc::downgrade(&pending)));
        pending
    }
}

/// The creates of one account.
#[derive(Default)]
pub(in crate::client) struct CreateLedger(Mutex<State>);

#[derive(Default)]
struct State {
    /// By name, in whatever workspace: read-locked by creates that send, write-locked by one that
    /// searches.
    locks: HashMap<String, Arc<RwLock<()>>>,
    /// The creates with attempts of unknown outcome, and how many these are.
    unresolved: Vec<(Arc<CreateSpec>, usize)>,
    /// The ids that belong to a create, or were reported as duplicates.
    taken: HashSet<String>,
}

/// What a create asks for.
#[derive(Debug)]
pub(super) struct CreateSpec {
    pub(super) name: String,
    /// None for the default workspace.
    pub(super) workspace_id: Option<String>,
    /// The body without the workspace.
    pub(super) fields: JsonObject,
}

/// The attempts of unknown outcome in one workspace and of one name.
#[derive(Default)]
pub(super) struct UnresolvedAttempts {
    /// The creates that ask for the same fields, and their attempts.
    pub(super) creates: usize,
    pub(super) attempts: usize,
    /// The attempts that ask for other fields.
    pub(super) other_attempts: usize,
}

impl CreateLedger {
    /// The lock that the creates of a name share.
    pub(super) fn lock(&self, name: &str) -> Arc<RwLock<()>> {
        Arc::clone(self.state().locks.entry(name.to_owned()).or_default())
    }

    /// Reserves an id for a create. False if it is taken.
    pub(super) fn take(&self, id: &str) -> bool {
        self.state().taken.insert(id.to_owned())
    }

    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.state().taken.contains(id)
    }

    /// Notes an attempt of unknown outcome.
    pub(super) fn note_unresolved(&self, wanted: &Arc<CreateSpec>) {
        let unresolved = &mut self.state().unresolved;
        match unresolved.iter_mut().find(|(create, _)| Arc::ptr_eq(create, wanted)) {
            Some((_, attempts)) => *attempts += 1,
            None => unresolved.push((Arc::clone(wanted), 1)),
        }
    }

    /// Notes that the outcome of one of these attempts is known.
    pub(super) fn resolve_attempt(&self, wanted: &Arc<CreateSpec>) {
        for (create, attempts) in &mut self.state().unresolved {
            *attempts -= usize::from(Arc::ptr_eq(create, wanted));
        }
    }

    /// Notes the end of a create.
    pub(super) fn end(&self, wanted: &Arc<CreateSpec>) {
        self.state().unresolved.retain(|(create, _)| !Arc::ptr_eq(create, wanted));
    }

    /// Whether a create has attempts of unknown outcome.
    pub(super) fn has_unresolved(&self, wanted: &Arc<CreateSpec>) -> bool {
        let state = self.state();
        state
            .unresolved
            .iter()
            .any(|(create, attempts)| Arc::ptr_eq(create, wanted) && *attempts > 0)
    }

    /// The attempts of unknown outcome that may have made something of this name in this workspace.
    pub(super) fn unresolved(&self, wanted: &CreateSpec) -> UnresolvedAttempts {
        let mut unresolved = UnresolvedAttempts::default();
        for (create, attempts) in &self.state().unresolved {
            if create.name != wanted.name || !create.may_share_workspace(wanted) {
                continue;
            }
            if create.fields == wanted.fields {
                unresolved.creates += usize::from(*attempts > 0);
                unresolved.attempts += attempts;
            } else {
                unresolved.other_attempts += attempts;
            }
        }
        unresolved
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl CreateSpec {
    pub(super) fn new(body: &JsonObject) -> CreateSpec {
        let text = |name| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut fields = body.clone();
        fields.remove("workspace_id");
        let name = text("name").unwrap_or_default();
        CreateSpec { name, workspace_id: text("workspace_id"), fields }
    }

    /// Whether both can be in one workspace: the default one has an id too, by which one create can
    /// name it while the other does not.
    fn may_share_workspace(&self, other: &CreateSpec) -> bool {
        match (&self.workspace_id, &other.workspace_id) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => true,
        }
    }
}
