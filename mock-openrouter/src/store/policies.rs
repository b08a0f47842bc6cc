//! Guardrail policies: a guardrail shows up as one for each part that it sets, until a policy replaces that part.
//!
//! Only policies that have replaced something are stored; those in step with a guardrail follow from it. Which fields
//! make up a part, the contract says.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Guardrail, Page, Refusal, Store, View};
use crate::{contract, ids};

/// Which part of a guardrail a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyType {
    /// The spending limit.
    Budget,
    /// The content filters.
    Moderation,
    /// The models and providers that may be used.
    ModelAvailability,
}

impl PolicyType {
    const ALL: [Self; 3] = [Self::Budget, Self::Moderation, Self::ModelAvailability];

    /// The definition of the contract whose properties are the fields of the part.
    fn config_definition(self) -> &'static str {
        match self {
            Self::Budget => "BudgetConfig",
            Self::Moderation => "ModerationConfig",
            Self::ModelAvailability => "ModelAvailabilityConfig",
        }
    }
}

/// A policy with the guardrails that it is in step with, or of which it has replaced a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Policy {
    sequence: u64,
    id: String,
    name: String,
    kind: PolicyType,
    pub(super) workspace_id: String,
    config: Map<String, Value>,
    is_legacy_mapped: bool,
    guardrail_ids: Vec<String>,
    updated_at: Option<String>,
    /// The config comes from a guardrail that was edited past the contract.
    edited: bool,
}

impl Policy {
    fn replaces(&self, guardrail_id: &str, policy_type: PolicyType) -> bool {
        self.kind == policy_type && self.guardrail_ids.iter().any(|id| id == guardrail_id)
    }
}

impl Guardrail {
    /// All fields of a part, null where nothing is stored; none where the guardrail does not set the part.
    fn part(&self, policy_type: PolicyType) -> Option<Map<String, Value>> {
        let mut part = Map::new();
        for name in contract::properties(policy_type.config_definition()) {
            let value = self.fields.get(name).cloned().unwrap_or(Value::Null);
            part.insert(name.to_owned(), value);
        }
        part.values().any(is_setting).then_some(part)
    }
}

/// Whether a value asks for anything. Every guardrail has `include_byok_in_budgets`, mostly as false.
fn is_setting(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

impl Store {
    /// One page of the policies of a workspace, newest first, and how many there are in all.
    pub(crate) fn list_policies(
        &self,
        policy_type: PolicyType,
        workspace_id: &str,
        page: Page,
    ) -> (Vec<View>, usize) {
        let mut found: Vec<Policy> = self.policies.clone();
        for guardrail in self.guardrails.values() {
            found.extend(self.policy_in_step(guardrail, policy_type));
        }
        found.retain(|policy| policy.kind == policy_type && policy.workspace_id == workspace_id);
        found.sort_by_key(|policy| Reverse(policy.sequence));
        let total = found.len();
        (page.of(found.iter().map(|policy| self.policy_view(policy))), total)
    }

    /// Lets a policy of that name replace a part of a guardrail, as it is now, and returns the policy's id. One that
    /// the workspace has already for this part takes the guardrail in beside its others, and keeps its config.
    pub(crate) fn replace_with_policy(
        &mut self,
        guardrail_id: &str,
        policy_type: PolicyType,
        name: &str,
    ) -> Result<String, Refusal> {
        let guardrail =
            self.guardrails.get(guardrail_id).ok_or_else(|| Refusal::not_found("Guardrail"))?;
        let in_step = self.policy_in_step(guardrail, policy_type).ok_or_else(|| {
            let text = format!("No {} policy is linked to the guardrail", json!(policy_type));
            Refusal::bad_request(text)
        })?;
        let updated_at = Some(self.clock.timestamp());
        let existing = self.policies.iter_mut().find(|policy| {
            policy.kind == policy_type
                && policy.workspace_id == in_step.workspace_id
                && policy.name == name
        });
        if let Some(policy) = existing {
            policy.guardrail_ids.push(guardrail_id.to_owned());
            policy.updated_at = updated_at;
            return Ok(policy.id.clone());
        }
        let (sequence, id) = (self.sequence(), ids::fresh_uuid());
        let name = name.to_owned();
        let is_legacy_mapped = false;
        let policy =
            Policy { sequence, id: id.clone(), name, is_legacy_mapped, updated_at, ..in_step };
        self.policies.push(policy);
        Ok(id)
    }

    /// Takes a part of a guardrail back from the policy that has replaced it: the two are in step again. A policy
    /// that replaces nothing any more is gone.
    pub(crate) fn restore_from_policy(
        &mut self,
        guardrail_id: &str,
        policy_type: PolicyType,
    ) -> Result<(), Refusal> {
        let policy =
            self.policies.iter_mut().find(|policy| policy.replaces(guardrail_id, policy_type));
        let policy = policy.ok_or_else(|| Refusal::not_found("Policy"))?;
        policy.guardrail_ids.retain(|id| id != guardrail_id);
        self.policies.retain(|policy| !policy.guardrail_ids.is_empty());
        Ok(())
    }

    /// Takes a guardrail that is gone out of all policies.
    pub(super) fn drop_from_policies(&mut self, guardrail_id: &str) {
        for policy_type in PolicyType::ALL {
            // Most parts of most guardrails have been replaced by nothing.
            let _ = self.restore_from_policy(guardrail_id, policy_type);
        }
    }

    /// The policy that a part of a guardrail shows up as; none where the part is not set or was replaced, or the
    /// guardrail is in no workspace, since policies are listed by workspace.
    fn policy_in_step(&self, guardrail: &Guardrail, policy_type: PolicyType) -> Option<Policy> {
        let (guardrail_id, workspace_id) = (guardrail.text("id")?, guardrail.workspace_id()?);
        let replaced = |policy: &Policy| policy.replaces(guardrail_id, policy_type);
        if self.policies.iter().any(replaced) {
            return None;
        }
        let updated_at = guardrail.text("updated_at").or_else(|| guardrail.text("created_at"));
        Some(Policy {
            sequence: guardrail.sequence,
            id: ids::uuid_of(&format!("policy/{}/{guardrail_id}", json!(policy_type))),
            name: guardrail.text("name").unwrap_or_default().to_owned(),
            kind: policy_type,
            workspace_id: workspace_id.to_owned(),
            config: guardrail.part(policy_type)?,
            is_legacy_mapped: true,
            guardrail_ids: vec![guardrail_id.to_owned()],
            updated_at: updated_at.map(str::to_owned),
            edited: guardrail.edited,
        })
    }

    fn policy_view(&self, policy: &Policy) -> View {
        let (keys, members) = self.count_holders(&policy.guardrail_ids);
        let nothing = Vec::new();
        let (in_step, replaced) = if policy.is_legacy_mapped {
            (&policy.guardrail_ids, &nothing)
        } else {
            (&nothing, &policy.guardrail_ids)
        };
        let fields = json!({
            "id": policy.id,
            "name": policy.name,
            "policy_type": policy.kind,
            "config": policy.config,
            "is_legacy_mapped": policy.is_legacy_mapped,
            "legacy_guardrail_ids": in_step,
            "replaced_legacy_guardrail_ids": replaced,
            "is_workspace_default": policy.guardrail_ids.iter().any(|id| self.is_default(id)),
            "member_count": members,
            "api_key_count": keys,
            "updated_at": policy.updated_at,
        });
        View { fields, edited: policy.edited }
    }
}
