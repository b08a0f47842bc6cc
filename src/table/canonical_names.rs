//! Names that an API gives back in a canonical form, and what is remembered of them between runs.
//!
//! State keeps the spelling of the configuration. A response means the same if its names are equal;
//! or if they are the canonical names of the last response, which private state keeps; or if the
//! API's catalogue gives both the same canonical names. Only the catalogue costs a request. Must not
//! know what the names are names of.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use crate::cty::Value;

use super::{
    field::{Equality, Field},
    json::{JsonObject, decode},
};

/// An API's list of names.
pub trait NameCatalog: Send + Sync {
    /// The canonical form of a name, which a canonical name is itself; `None` for a name that is not
    /// in the list.
    fn canonical(&self, name: &str) -> Option<String>;
}

/// A catalogue without names.
impl NameCatalog for () {
    fn canonical(&self, _: &str) -> Option<String> {
        None
    }
}

/// The names of each canonicalized field in state, as the API last returned them. Private state
/// keeps them as JSON: `{"canonical":{"<field>":["<name>",…]}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredNames {
    #[serde(default)]
    canonical: BTreeMap<String, BTreeSet<String>>,
}

impl StoredNames {
    /// Reads private state. Bytes of another form, such as another provider's, hold no names.
    pub fn from_private(private: &[u8]) -> Self {
        serde_json::from_slice(private).unwrap_or_default()
    }

    /// The private state to keep; never empty.
    pub fn to_private(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a map of strings to sets of strings is JSON")
    }

    /// The names of an object that the API returned.
    pub fn from_object(fields: &[Field], object: &JsonObject) -> Self {
        let mut canonical = BTreeMap::new();
        for field in fields.iter().filter(|field| field.equality == Equality::Canonicalized) {
            let names = decode(field, object).ok().and_then(|value| names(&value));
            if let Some(names) = names.filter(|names| !names.is_empty()) {
                canonical.insert(field.name.to_owned(), names);
            }
        }
        Self { canonical }
    }

    /// Forgets a field, so that the next comparison needs the catalogue.
    pub fn forget(&mut self, field_name: &str) {
        self.canonical.remove(field_name);
    }
}

/// What a comparison knows of names. One that needs the catalogue and has none says so afterwards.
#[derive(Default)]
pub struct CanonicalNames<'a> {
    stored: StoredNames,
    catalog: Option<&'a dyn NameCatalog>,
    needs_catalog: Cell<bool>,
}

impl<'a> CanonicalNames<'a> {
    /// The names of the last response; for a comparison without the catalogue.
    pub fn new(stored: StoredNames) -> Self {
        Self { stored, ..Self::default() }
    }

    /// The same with the catalogue, which decides every comparison.
    pub fn with_catalog(self, catalog: Option<&'a dyn NameCatalog>) -> Self {
        Self { catalog, ..Self::new(self.stored) }
    }

    /// Whether a comparison was left undecided, which only the catalogue could decide.
    pub fn needs_catalog(&self) -> bool {
        self.needs_catalog.get()
    }

    /// Whether a value of a canonicalized field means what state holds. Undecided is `false`.
    pub fn same(&self, field: &Field, state: &Value, other: &Value) -> bool {
        let (Some(left), Some(right)) = (names(state), names(other)) else { return false };
        let stored = self.stored.canonical.get(field.name);
        if left == right || stored == Some(&right) {
            return true;
        }
        let Some(catalog) = self.catalog else {
            self.note_undecided(&left, &right);
            return false;
        };
        let canonical_names = |names: BTreeSet<String>| -> BTreeSet<String> {
            names.into_iter().map(|name| canonical(catalog, name)).collect()
        };
        let right = canonical_names(right);
        canonical_names(left) == right || stored == Some(&right)
    }

    /// Whether a response holds the names that were sent. Undecided is `true`, unless one of the two
    /// has no names at all.
    ///
    /// Each name sent must be in the response, as it is or in its canonical form, and nothing else
    /// may. An unlisted name that the API accepted (hidden or withdrawn) accounts for one unlisted
    /// name in the response; for none if the same thing was sent under both of its names.
    pub fn accounts_for(&self, sent: &Value, returned: &Value) -> bool {
        let (Some(sent), Some(returned)) = (names(sent), names(returned)) else { return false };
        let Some(catalog) = self.catalog else { return self.note_undecided(&sent, &returned) };
        let is_unlisted = |name: &String| catalog.canonical(name).is_none();
        let mut unaccounted = returned.clone();
        let mut unlisted_sent = 0;
        for name in sent {
            let canonical = catalog.canonical(&name);
            if returned.contains(&name) {
                unaccounted.remove(&name);
            } else if let Some(canonical) = canonical {
                if !returned.contains(&canonical) {
                    return false;
                }
                unaccounted.remove(&canonical);
            } else {
                unlisted_sent += 1;
            }
        }
        let has_place = unlisted_sent == 0 || returned.iter().any(is_unlisted);
        has_place && unaccounted.len() <= unlisted_sent && unaccounted.iter().all(is_unlisted)
    }

    /// The names of a response, in the spelling of state for each that state holds too.
    pub fn respell(&self, state: &Value, returned: Value) -> Value {
        let (Some(catalog), Some(state), Some(names)) =
            (self.catalog, names(state), names(&returned))
        else {
            return returned;
        };
        let mut spelling = BTreeMap::new();
        for name in state {
            spelling.insert(canonical(catalog, name.clone()), name);
        }
        let mut respelled = BTreeSet::new();
        for name in names {
            let spelled = spelling.get(&canonical(catalog, name.clone())).cloned();
            respelled.insert(spelled.unwrap_or(name));
        }
        Value::Set(respelled.into_iter().map(Value::from).collect())
    }

    /// Whether names that differ can mean the same by the catalogue: if there are any on both sides.
    fn note_undecided(&self, left: &BTreeSet<String>, right: &BTreeSet<String>) -> bool {
        let is_undecided = !left.is_empty() && !right.is_empty();
        self.needs_catalog.set(self.needs_catalog.get() || is_undecided);
        is_undecided
    }
}

/// The strings of a wholly known set of strings; `None` for null, unknown or anything else.
fn names(value: &Value) -> Option<BTreeSet<String>> {
    value.elements()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn canonical(catalog: &dyn NameCatalog, name: String) -> String {
    catalog.canonical(&name).unwrap_or(name)
}
