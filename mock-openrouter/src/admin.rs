//! The mock's own HTTP interface under `/_mock/`, for processes that cannot hold a [`crate::Mock`].

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::routes::Reply;
use crate::site::Site;
use crate::store::{PolicyType, Refusal, Subject};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Reset {
    state: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtraField {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restriction {
    /// An id or slug; null lifts the restriction, and must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    workspace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    guardrail_id: String,
    policy_type: PolicyType,
    name: String,
}

/// A part of a guardrail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    guardrail_id: String,
    policy_type: PolicyType,
}

/// Carries out one command: the method and the path below `/_mock/`.
pub(crate) fn answer(site: &Site, method: &str, command: &str, body: &[u8]) -> Reply {
    match try_answer(site, method, command, body) {
        Ok(body) => Reply { status: 200, body },
        Err(refusal) => refusal.into(),
    }
}

fn try_answer(site: &Site, method: &str, command: &str, body: &[u8]) -> Result<Value, Refusal> {
    match (method, command) {
        ("GET", "requests") => Ok(json!(*site.log())),
        ("GET", "counts") => Ok(json!({ "counts": site.log().counts })),
        ("GET", "gaps") => Ok(json!({ "gaps": site.read(crate::store::Store::gaps) })),
        ("GET", "state") => Ok(state(site)),
        ("GET", "faults") => Ok(json!({ "hits": site.faults().hits() })),
        ("POST", "faults") => {
            let id = site.faults().add(read::<Fault>(body)?).map_err(Refusal::bad_request)?;
            Ok(json!({ "id": id }))
        }
        ("POST", "latency") => {
            site.set_latency(Duration::from_millis(read::<Latency>(body)?.ms));
            Ok(json!({}))
        }
        ("POST", "fields") => {
            let field = read::<ExtraField>(body)?;
            site.write(|store| store.accept_field(&field.name))?;
            Ok(json!({}))
        }
        ("POST", "restriction") => {
            site.restrict_key(read::<Restriction>(body)?.workspace.as_deref())?;
            Ok(json!({}))
        }
        ("POST", "policies/replace") => {
            let Replacement { guardrail_id, policy_type, name } = read(body)?;
            let id =
                site.write(|store| store.replace_with_policy(&guardrail_id, policy_type, &name))?;
            Ok(json!({ "id": id }))
        }
        ("POST", "policies/restore") => {
            let Part { guardrail_id, policy_type } = read(body)?;
            site.write(|store| store.restore_from_policy(&guardrail_id, policy_type))?;
            Ok(json!({}))
        }
        ("POST", "reset") => {
            let wanted = if body.is_empty() { Reset::default() } else { read(body)? };
            site.reset(wanted.state)?;
            Ok(json!({}))
        }
        _ => Err(Refusal::not_found("Command")),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// What the API holds: guardrails as it would answer them, who holds which, and the ids to refer to.
pub(crate) fn state(site: &Site) -> Value {
    site.read(|store| {
        let guardrails: Vec<Value> =
            store.all_guardrails().into_iter().map(|view| view.fields).collect();
        let (mut keys, mut members) = (serde_json::Map::new(), serde_json::Map::new());
        for (subject, guardrail_id) in store.holders() {
            let (name, map) = match subject {
                Subject::Key(hash) => (hash.clone(), &mut keys),
                Subject::Member { workspace_id, user_id } => {
                    (format!("{workspace_id}/{user_id}"), &mut members)
                }
            };
            map.insert(name, json!(guardrail_id));
        }
        let workspace = |workspace: &crate::store::Workspace| {
            let keys: Vec<&String> =
                store.keys_in(&workspace.id).into_iter().map(|(hash, _)| hash).collect();
            json!({
                "id": workspace.id,
                "slug": workspace.slug,
                "default_guardrail_id": workspace.default_guardrail_id,
                "key_hashes": keys,
            })
        };
        json!({
            "guardrails": guardrails,
            "key_assignments": keys,
            "member_assignments": members,
            "workspaces": store.workspaces().iter().map(workspace).collect::<Vec<_>>(),
            "member_ids": store.member_ids(true),
            "organization_only_member_ids": store.member_ids(false),
        })
    })
}
