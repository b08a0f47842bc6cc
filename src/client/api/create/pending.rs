//! What is known of the creates of an account: which are open, which ids nobody else may have, and which workspace is the
//! default one. Knows nothing of requests.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::RwLock;

use super::super::super::http::{ApiKey, BaseUrl, Config, JsonObject};
use super::super::guardrails::Guardrail;

/// What the clients of one process have in common: what is known of creates, for each account of a service. It is kept for as
/// long as a client of the account lives.
#[derive(Default)]
pub struct Accounts(Mutex<Vec<(BaseUrl, ApiKey, Weak<Creations>)>>);

impl Accounts {
    /// What is known of the creates of an account.
    pub(in crate::client) fn creations(&self, config: &Config) -> Arc<Creations> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|(.., creations)| creations.strong_count() > 0);
        let is_same = |(url, key, _): &&(BaseUrl, ApiKey, _)| {
            *url == config.base_url && *key == config.api_key
        };
        if let Some(known) =
            accounts.iter().find(is_same).and_then(|(.., creations)| creations.upgrade())
        {
            return known;
        }
        let creations = Arc::new(Creations::default());
        accounts.push((
            config.base_url.clone(),
            config.api_key.clone(),
            Arc::downgrade(&creations),
        ));
        creations
    }
}

/// The creates of one account.
#[derive(Default)]
pub(in crate::client) struct Creations(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By name, whatever the workspace: held for reading by whoever sends, and for writing by whoever looks.
    locks: HashMap<String, Arc<RwLock<()>>>,
    /// What is still open, by name.
    open: HashMap<String, Vec<Open>>,
    /// The ids that nobody else may have: each was given to a create, or named to the user as a duplicate.
    taken: HashSet<String>,
    /// The account's default workspace, as soon as an answer has told it.
    default_workspace: Option<String>,
}

/// What is still open among creates that ask for the same.
struct Open {
    wanted: Wanted,
    /// How many attempts of unknown outcome there are that may have made something.
    attempts: usize,
    /// How many creates look for what became of theirs.
    seeking: usize,
}

/// What a create asks for, beside the name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// None for the default workspace.
    pub(super) workspace_id: Option<String>,
    /// The body without the workspace.
    pub(super) fields: JsonObject,
}

/// Whether two creates ask for something in the same workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Matches,
    Other,
    /// One of them asks for the default workspace, and which that is nobody has told yet.
    Unknown,
}

impl Creations {
    /// What creates of a name exclude each other by.
    pub(super) fn lock_of(&self, name: &str) -> Arc<RwLock<()>> {
        Arc::clone(self.known().locks.entry(name.to_owned()).or_default())
    }

    /// Makes sure that nobody else may have an id. False if somebody has it.
    pub(super) fn take(&self, id: &str) -> bool {
        self.known().taken.insert(id.to_owned())
    }

    /// Lets others have an id again.
    pub(super) fn give_back(&self, id: &str) {
        self.known().taken.remove(id);
    }

    /// Whether somebody has an id.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.known().taken.contains(id)
    }

    /// Notes an attempt of unknown outcome; `starts` if it is the first of its create, which now looks for what became of it.
    pub(super) fn begin(&self, name: &str, wanted: &Wanted, starts: bool) {
        let mut known = self.known();
        let open = known.open.entry(name.to_owned()).or_default();
        let found = open.iter().position(|open| open.wanted == *wanted);
        let found = found.unwrap_or_else(|| {
            open.push(Open { wanted: wanted.clone(), attempts: 0, seeking: 0 });
            open.len() - 1
        });
        open[found].attempts += 1;
        open[found].seeking += usize::from(starts);
    }

    /// Notes that so many attempts are settled, and whether their create `stops` to look.
    pub(super) fn end(&self, name: &str, wanted: &Wanted, attempts: usize, stops: bool) {
        let mut known = self.known();
        let Some(open) = known.open.get_mut(name) else { return };
        for open in open.iter_mut().filter(|open| open.wanted == *wanted) {
            open.attempts -= attempts;
            open.seeking -= usize::from(stops);
        }
        open.retain(|open| open.attempts > 0 || open.seeking > 0);
    }

    /// How many attempts of unknown outcome there are that ask for the same, and how many that ask for something else of this
    /// name in the same workspace.
    pub(super) fn unresolved(&self, name: &str, wanted: &Wanted) -> (usize, usize) {
        let known = self.known();
        let (mut same, mut others) = (0, 0);
        for open in known.in_same_place(name, wanted) {
            if open.wanted.fields == wanted.fields {
                same += open.attempts;
            } else {
                others += open.attempts;
            }
        }
        (same, others)
    }

    /// How many creates look for the same.
    pub(super) fn seeking(&self, name: &str, wanted: &Wanted) -> usize {
        let known = self.known();
        let same =
            known.in_same_place(name, wanted).filter(|open| open.wanted.fields == wanted.fields);
        same.map(|open| open.seeking).sum()
    }

    /// Whether it is not known of another create of this name if it asks for something in the same workspace.
    pub(super) fn has_unknown_place(&self, name: &str, wanted: &Wanted) -> bool {
        let known = self.known();
        let mut open = known.open.get(name).into_iter().flatten();
        open.any(|open| known.place(&open.wanted, wanted) == Place::Unknown)
    }

    /// Takes note of the workspace of something that was made or listed without naming one.
    pub(super) fn learn_default(&self, guardrail: &Guardrail) {
        if let Some(workspace_id) = guardrail.workspace_id() {
            self.known().default_workspace = Some(workspace_id.to_owned());
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is open of a name in the workspace that is asked for.
    fn in_same_place<'a>(
        &'a self,
        name: &str,
        wanted: &'a Wanted,
    ) -> impl Iterator<Item = &'a Open> {
        let open = self.open.get(name).into_iter().flatten();
        open.filter(|open| self.place(&open.wanted, wanted) == Place::Matches)
    }

    fn place(&self, one: &Wanted, other: &Wanted) -> Place {
        if one.workspace_id == other.workspace_id {
            return Place::Matches;
        }
        let resolved = |wanted: &Wanted| {
            wanted.workspace_id.clone().or_else(|| self.default_workspace.clone())
        };
        match (resolved(one), resolved(other)) {
            (Some(one), Some(other)) if one == other => Place::Matches,
            (Some(_), Some(_)) => Place::Other,
            _ => Place::Unknown,
        }
    }
}
