//! What the API shows of the account: keys, members of the organization, workspaces.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::store::{Key, Member, Page, Refusal, Store, Workspace};

/// `/keys` has no limit of its own choice and tells no total: the end is an empty page.
const KEYS_PER_PAGE: usize = 100;

pub(super) fn list_keys(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let offset = call.query.number("offset", 0, usize::MAX)?.unwrap_or(0);
    let (disabled, expired) =
        (call.query.flag("include_disabled")?, call.query.flag("include_expired")?);
    let workspace_id = store.placement(call.query.workspace_id()?)?;
    let now = store.clock().timestamp();
    let usage = store.next_usage();
    let shown = store.keys_in(&workspace_id).into_iter().filter(|(_, key)| {
        let has_expired = key.expires_at.as_ref().is_some_and(|expiry| *expiry <= now);
        (disabled || !key.disabled) && (expired || !has_expired)
    });
    let page = Page { offset, limit: KEYS_PER_PAGE };
    let data = page.of(shown.map(|(hash, key)| key_json(hash, key, usage)));
    Ok(json!({ "data": data }).into())
}

pub(super) fn get_key(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let usage = store.next_usage();
    Ok(json!({ "data": key_json(&call.id, store.key(&call.id)?, usage) }).into())
}

pub(super) fn list_members(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    let members = store.members();
    let total = members.len();
    let data = page.of(members.into_iter().map(|(id, member)| member_json(id, member)));
    Ok(json!({ "data": data, "total_count": total }).into())
}

pub(super) fn list_workspaces(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    let mut workspaces: Vec<&Workspace> = store.workspaces().iter().collect();
    if let Some(own) = &call.restricted_to {
        workspaces.retain(|workspace| workspace.id == *own);
    }
    let total = workspaces.len();
    let data = page.of(workspaces.into_iter().map(workspace_json));
    Ok(json!({ "data": data, "total_count": total }).into())
}

pub(super) fn get_workspace(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(json!({ "data": workspace_json(store.workspace(&call.id)?) }).into())
}

fn key_json(hash: &str, key: &Key, usage: f64) -> Value {
    json!({
        "hash": hash,
        "name": key.name,
        "label": key.label,
        "disabled": key.disabled,
        "limit": key.limit,
        "limit_remaining": key.limit.map(|limit| limit - usage),
        "limit_reset": key.limit_reset,
        "include_byok_in_limit": false,
        "usage": usage,
        "usage_daily": usage,
        "usage_weekly": usage,
        "usage_monthly": usage,
        "byok_usage": usage,
        "byok_usage_daily": usage,
        "byok_usage_weekly": usage,
        "byok_usage_monthly": usage,
        "created_at": key.created_at,
        "updated_at": key.updated_at,
        "expires_at": key.expires_at,
        "creator_user_id": key.creator_user_id,
        "workspace_id": key.workspace_id,
    })
}

fn member_json(id: &str, member: &Member) -> Value {
    json!({
        "id": id,
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "role": member.role,
    })
}

fn workspace_json(workspace: &Workspace) -> Value {
    json!({
        "id": workspace.id,
        "name": workspace.name,
        "slug": workspace.slug,
        "description": workspace.description,
        "default_guardrail_id": workspace.default_guardrail_id,
        "default_text_model": null,
        "default_image_model": null,
        "default_provider_sort": null,
        "include_byok_in_budgets": false,
        "is_observability_io_logging_enabled": false,
        "is_observability_broadcast_enabled": false,
        "is_data_discount_logging_enabled": false,
        "io_logging_sampling_rate": 1,
        "io_logging_api_key_ids": null,
        "created_at": workspace.created_at,
        "updated_at": null,
        "created_by": null,
    })
}
