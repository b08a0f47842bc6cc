//! CanonicalNames that a service gives back in a canonical form, and what is remembered of them between runs.
//!
//! State keeps the spelling the user wrote. To know that an answer in canonical names says the same, the canonical form
//! of the last write is kept in the resource's private state ([`StoredNames`]); only where that does not decide is the
//! service's list of names ([`NameCatalog`]) needed. Must not know what the names are names of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cty::Value;

use super::field::{Equality, Field};

/// A service's list of names.
pub trait NameCatalog: Send + Sync {
    /// The canonical form of a name, canonical names included; `None` for a name that the list does not know.
    fn canonical(&self, name: &str) -> Option<String>;
}

/// The canonical form of each aliased field that is in state, as the service last gave it back. Kept as JSON in private
/// state: `{"canonical":{"<field>":["<name>",…]}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredNames {
    #[serde(default)]
    canonical: BTreeMap<String, BTreeSet<String>>,
}

impl StoredNames {
    /// Reads private state. Bytes that are not ours, such as another provider's, are an empty record.
    pub fn from_private(private: &[u8]) -> Self {
        serde_json::from_slice(private).unwrap_or_default()
    }

    /// The private state to keep; empty for an empty record.
    pub fn to_private(&self) -> Vec<u8> {
        if self.canonical.is_empty() {
            return Vec::new();
        }
        serde_json::to_vec(self).expect("a map of strings to sets of strings is JSON")
    }

    /// Remembers the canonical form of what state holds for a field; null or empty forgets it.
    pub fn set(&mut self, field: &Field, canonical: &Value) {
        match names(canonical) {
            Some(names) if !names.is_empty() => {
                self.canonical
                    .insert(field.name.to_owned(), names.into_iter().map(str::to_owned).collect());
            }
            _ => self.forget(field),
        }
    }

    /// Forgets a field, so that the next comparison asks the service's list.
    pub fn forget(&mut self, field: &Field) {
        self.canonical.remove(field.name);
    }

    /// Whether this value is, to the letter, the recorded canonical form of what state holds for the field.
    pub fn is(&self, field: &Field, value: &Value) -> bool {
        let recorded = self.canonical.get(field.name);
        recorded.is_some_and(|recorded| {
            names(value)
                .is_some_and(|names| names.into_iter().eq(recorded.iter().map(String::as_str)))
        })
    }
}

/// What is known of a resource's names while it is compared: its record, and the service's list if it was fetched.
#[derive(Clone, Copy)]
pub struct CanonicalNames<'a> {
    /// The canonical form of what is in state.
    pub record: &'a StoredNames,
    /// The service's list.
    pub aliases: Option<&'a dyn NameCatalog>,
}

impl CanonicalNames<'_> {
    /// Whether a value of an aliased field means what state holds.
    pub fn same(&self, field: &Field, state: &Value, other: &Value) -> bool {
        let (Some(left), Some(right)) = (names(state), names(other)) else { return false };
        left == right || self.record.is(field, other) || self.same_by_list(field, &left, &right)
    }

    /// Whether only the service's list, which is not at hand, can tell if two values mean the same.
    pub fn undecided(&self, field: &Field, state: &Value, other: &Value) -> bool {
        let something = |value| names(value).is_some_and(|names| !names.is_empty());
        field.equality == Equality::Canonicalized
            && self.aliases.is_none()
            && something(state)
            && something(other)
            && !self.same(field, state, other)
    }

    /// What state is to hold for an answer that does not mean the same: the answer, but in state's spelling for each
    /// name that state has too.
    pub fn respell(&self, state: &Value, answer: &Value) -> Value {
        let (Some(aliases), Some(ours), Some(theirs)) = (self.aliases, names(state), names(answer))
        else {
            return answer.clone();
        };
        let spelling: BTreeMap<_, _> =
            ours.iter().map(|name| (canonical(aliases, name), *name)).collect();
        let respelled: BTreeSet<_> = theirs
            .iter()
            .map(|name| *spelling.get(&canonical(aliases, name)).unwrap_or(name))
            .collect();
        Value::Set(respelled.into_iter().map(Value::from).collect())
    }

    fn same_by_list(&self, field: &Field, state: &BTreeSet<&str>, other: &BTreeSet<&str>) -> bool {
        let Some(aliases) = self.aliases else { return false };
        let form = |names: &BTreeSet<&str>| -> BTreeSet<String> {
            names.iter().map(|name| canonical(aliases, name)).collect()
        };
        let other = form(other);
        form(state) == other || self.record.canonical.get(field.name) == Some(&other)
    }
}

/// Whether an answer says what was sent, to the names of one field.
///
/// Every name sent must appear in the answer, itself or in its canonical form, and nothing else may. CanonicalNames that the list
/// does not know, but the service accepted (delisted or hidden ones), are taken to be what stands behind names of the answer
/// that the list does not know either: behind those that nothing else accounts_for, or behind the same as another name, where
/// one model was sent by both of its names.
pub fn accounts_for(aliases: &dyn NameCatalog, sent: &Value, answer: &Value) -> bool {
    let (Some(sent), Some(answer)) = (names(sent), names(answer)) else { return false };
    let mut unexplained = answer.clone();
    let mut hidden = 0;
    for name in sent {
        let form = aliases.canonical(name);
        let found =
            [Some(name), form.as_deref()].into_iter().flatten().find(|name| answer.contains(name));
        match found {
            Some(found) => drop(unexplained.remove(found)),
            None if form.is_none() => hidden += 1,
            None => return false,
        }
    }
    let is_unlisted = |name: &&str| aliases.canonical(name).is_none();
    let hidden_has_place = hidden == 0 || answer.iter().any(is_unlisted);
    hidden_has_place && unexplained.len() <= hidden && unexplained.iter().all(is_unlisted)
}

/// The strings of a wholly known set of strings; `None` for null, unknown or anything else.
fn names(value: &Value) -> Option<BTreeSet<&str>> {
    value.elements()?.iter().map(Value::as_str).collect()
}

fn canonical(aliases: &dyn NameCatalog, name: &str) -> String {
    aliases.canonical(name).unwrap_or_else(|| name.to_owned())
}
