//! The four listings of assignments and the four bulk calls.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::store::{Refusal, Store};

pub(super) fn list_keys(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(listing(store.list_key_rows(None, call.query.page()?)))
}

pub(super) fn list_members(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(listing(store.list_member_rows(None, call.query.page()?)))
}

pub(super) fn list_keys_of_guardrail(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    store.guardrail(&call.id)?;
    Ok(listing(store.list_key_rows(Some(&call.id), page)))
}

pub(super) fn list_members_of_guardrail(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    store.guardrail(&call.id)?;
    Ok(listing(store.list_member_rows(Some(&call.id), page)))
}

pub(super) fn assign_keys(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let count = store.assign_keys(&call.id, &call.strings("key_hashes"))?;
    Ok(json!({ "assigned_count": count }).into())
}

pub(super) fn unassign_keys(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let count = store.unassign_keys(&call.id, &call.strings("key_hashes"))?;
    Ok(json!({ "unassigned_count": count }).into())
}

pub(super) fn assign_members(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let count = store.assign_members(&call.id, &call.strings("member_user_ids"))?;
    Ok(json!({ "assigned_count": count }).into())
}

pub(super) fn unassign_members(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let count = store.unassign_members(&call.id, &call.strings("member_user_ids"))?;
    Ok(json!({ "unassigned_count": count }).into())
}

fn listing((data, total_count): (Vec<Value>, usize)) -> Answer {
    json!({ "data": data, "total_count": total_count }).into()
}
