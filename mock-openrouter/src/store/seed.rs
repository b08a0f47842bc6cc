//! How an organization begins, and how it changes outside the API: keys, members and workspaces come and go.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Catalogue, Gap, Key, Member, Refusal, Store, Subject, Workspace, gaps::Gaps};
use crate::clock::Clock;
use crate::ids;

/// Keys in the second workspace, whatever the size of the first.
const PRODUCTION_KEYS: usize = 4;
/// Members of the organization that are in no workspace but the default one, to which everybody belongs.
const ORGANIZATION_ONLY_MEMBERS: usize = 3;

/// How large the organization is at the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    pub(crate) keys: usize,
    pub(crate) members: usize,
    pub(crate) models: usize,
}

impl Store {
    /// A fresh organization with two workspaces. The default one has `seed.keys` keys and then a disabled and an
    /// expired one; "production" has a handful. `seed.members` members are in both, a few more in the default only.
    pub(crate) fn seeded(seed: Seed, clock: Clock) -> Self {
        let now = clock.timestamp();
        let workspaces = ["default", "production"].map(|slug| new_workspace(slug, &now));
        let (default, production) = (workspaces[0].id.clone(), workspaces[1].id.clone());
        let mut store = Self {
            next_sequence: 0,
            organization_id: "org_mock0001".to_owned(),
            workspaces: workspaces.into(),
            guardrails: BTreeMap::new(),
            keys: BTreeMap::new(),
            members: BTreeMap::new(),
            rows: BTreeMap::new(),
            gaps: Gaps::default(),
            policies: Vec::new(),
            extra_fields: BTreeSet::new(),
            usages_told: 0,
            clock,
            catalogue: Catalogue::with_seeded(seed.models),
        };
        for number in 1..=seed.keys {
            store.add_key(&format!("key-{number}"), &default);
        }
        for number in 1..=PRODUCTION_KEYS {
            store.add_key(&format!("production-key-{number}"), &production);
        }
        let disabled = store.add_key("disabled-key", &default);
        let expired = store.add_key("expired-key", &default);
        store.keys.entry(disabled).and_modify(|key| key.disabled = true);
        store
            .keys
            .entry(expired)
            .and_modify(|key| key.expires_at = Some("2025-01-01T00:00:00.000Z".to_owned()));
        for number in 1..=seed.members {
            store.add_member(&format!("user_mock{number:04}"), std::slice::from_ref(&production));
        }
        for number in 1..=ORGANIZATION_ONLY_MEMBERS {
            store.add_member(&format!("user_orgonly{number:04}"), &[]);
        }
        store
    }

    /// Returns to the beginning. The extra fields stay: they belong to the API, not to what it holds.
    pub(crate) fn start_over(&mut self, seed: Seed, clock: Clock) {
        let extra_fields = std::mem::take(&mut self.extra_fields);
        *self = Self { extra_fields, ..Self::seeded(seed, clock) };
    }

    /// Gives a store read from a file what no file keeps.
    pub(super) fn revived(self, seed: Seed, clock: Clock) -> Self {
        Self { clock, catalogue: Catalogue::with_seeded(seed.models), ..self }
    }

    /// Adds an API key and returns its hash, which follows from the name.
    pub(crate) fn add_key(&mut self, name: &str, workspace_id: &str) -> String {
        let hash = ids::key_hash_of(name);
        let key = Key {
            sequence: self.sequence(),
            name: name.to_owned(),
            label: format!("sk-or-v1-{}...{}", &hash[..3], &hash[60..]),
            workspace_id: workspace_id.to_owned(),
            disabled: false,
            expires_at: None,
            created_at: self.clock.timestamp(),
            updated_at: None,
            creator_user_id: None,
            limit: None,
            limit_reset: None,
        };
        self.keys.insert(hash.clone(), key);
        hash
    }

    /// Sets fields of an API key, by their names in answers.
    pub(crate) fn edit_key(
        &mut self,
        hash: &str,
        fields: Map<String, Value>,
    ) -> Result<(), Refusal> {
        let key = self.keys.get_mut(hash).ok_or_else(|| Refusal::not_found("API key"))?;
        edit(key, fields)
    }

    /// Sets fields of a member, by their names in answers.
    pub(crate) fn edit_member(
        &mut self,
        user_id: &str,
        fields: Map<String, Value>,
    ) -> Result<(), Refusal> {
        let member = self.members.get_mut(user_id).ok_or_else(|| Refusal::not_found("Member"))?;
        edit(member, fields)
    }

    /// Sets fields of a workspace, by their names in answers.
    pub(crate) fn edit_workspace(
        &mut self,
        id: &str,
        fields: Map<String, Value>,
    ) -> Result<(), Refusal> {
        let workspace = self.workspaces.iter_mut().find(|workspace| workspace.id == id);
        edit(workspace.ok_or_else(|| Refusal::not_found("Workspace"))?, fields)
    }

    /// Deletes an API key. Its assignment stays behind as a row that no list returns.
    pub(crate) fn delete_key(&mut self, hash: &str) -> Result<(), Refusal> {
        self.keys.remove(hash).ok_or_else(|| Refusal::not_found("API key"))?;
        self.gaps.forget(&Subject::Key(hash.to_owned()));
        Ok(())
    }

    /// Adds a user to the organization and to the workspaces named, beside the default one.
    pub(crate) fn add_member(&mut self, user_id: &str, workspace_ids: &[String]) {
        let sequence = self.sequence();
        let member = Member {
            sequence,
            first_name: Some("Mock".to_owned()),
            last_name: Some(format!("User {sequence}")),
            email: format!("{user_id}@example.com"),
            role: if self.members.is_empty() { "org:admin" } else { "org:member" }.to_owned(),
            workspaces: workspace_ids.iter().cloned().collect::<BTreeSet<_>>(),
        };
        self.members.insert(user_id.to_owned(), member);
    }

    /// Removes a user from the organization, and what the user held.
    pub(crate) fn remove_member(&mut self, user_id: &str) -> Result<(), Refusal> {
        self.members.remove(user_id).ok_or_else(|| Refusal::not_found("Member"))?;
        for workspace in &self.workspaces {
            let workspace_id = workspace.id.clone();
            let subject = Subject::Member { workspace_id, user_id: user_id.to_owned() };
            self.rows.remove(&subject);
            self.gaps.forget(&subject);
        }
        Ok(())
    }

    /// Deletes a workspace with its guardrails, keys and assignments.
    pub(crate) fn delete_workspace(&mut self, id: &str) -> Result<(), Refusal> {
        let id = self.workspace(id)?.id.clone();
        self.workspaces.retain(|workspace| workspace.id != id);
        self.keys.retain(|_, key| key.workspace_id != id);
        self.guardrails.retain(|_, guardrail| guardrail.workspace_id() != Some(&id));
        self.rows.retain(|_, row| self.guardrails.contains_key(&row.guardrail_id));
        self.policies.retain(|policy| policy.workspace_id != id);
        Ok(())
    }

    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.gaps.all()
    }

    pub(crate) fn forget_gaps(&mut self) {
        self.gaps = Gaps::default();
    }

    /// The ids of the members who are, or are not, in the workspace "production" too.
    pub(crate) fn member_ids(&self, in_workspaces: bool) -> Vec<String> {
        let wanted = self
            .members()
            .into_iter()
            .filter(|(_, member)| member.workspaces.is_empty() != in_workspaces);
        wanted.map(|(id, _)| id.clone()).collect()
    }
}

/// Sets fields of a stored object that it has.
fn edit<T: Serialize + DeserializeOwned>(
    object: &mut T,
    fields: Map<String, Value>,
) -> Result<(), Refusal> {
    let invalid = |error: serde_json::Error| Refusal::bad_request(error.to_string());
    let mut edited = serde_json::to_value(&*object).map_err(invalid)?;
    for (name, value) in fields {
        match edited.get_mut(&name) {
            Some(field) => *field = value,
            None => return Err(Refusal::bad_request(format!("{name} cannot be set"))),
        }
    }
    *object = serde_json::from_value(edited).map_err(invalid)?;
    Ok(())
}

fn new_workspace(slug: &str, now: &str) -> Workspace {
    let id = ids::uuid_of(&format!("workspace/{slug}"));
    Workspace {
        name: format!("{}{}", slug[..1].to_uppercase(), &slug[1..]),
        slug: slug.to_owned(),
        is_default: slug == "default",
        default_guardrail_id: ids::uuid_of(&format!("default-guardrail/{id}")),
        created_at: now.to_owned(),
        description: None,
        id,
    }
}
