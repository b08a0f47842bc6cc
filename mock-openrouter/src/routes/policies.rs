//! The three listings of guardrail policies. What writes policies is not described, and not here.

use super::guardrails::page_of_views;
use super::{Answer, Call};
use crate::store::{PolicyType, Refusal, Store};

pub(super) fn list_budget(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    list(store, call, PolicyType::Budget)
}

pub(super) fn list_moderation(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    list(store, call, PolicyType::Moderation)
}

pub(super) fn list_model_availability(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    list(store, call, PolicyType::ModelAvailability)
}

fn list(store: &Store, call: &Call, policy_type: PolicyType) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    let workspace_id = store.placement(call.query.workspace_id()?)?;
    Ok(page_of_views(store.list_policies(policy_type, &workspace_id, page)))
}
