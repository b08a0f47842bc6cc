//! Guardrail policies: in step with guardrails, and replacing parts of them.

use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, Options, PolicyType, When};
use serde_json::{Value, json};

use crate::client::{Api, column, text};

const KINDS: [&str; 3] = ["budget", "moderation", "model-availability"];

/// The rows of one list of policies of the default workspace.
fn policies(api: &Api, kind: &str) -> Vec<Value> {
    let (status, answer) = api.get(&format!("/guardrails/policies/{kind}"));
    assert_eq!(status, 200, "{answer}");
    let rows = answer["data"].as_array().unwrap().clone();
    assert_eq!(answer["total_count"], json!(rows.len()));
    rows
}

fn budget(name: &str) -> Value {
    json!({ "name": name, "limit_usd": 5, "reset_interval": "daily" })
}

#[test]
fn each_part_that_a_guardrail_sets_is_a_policy_in_step() {
    let api = Api::new();
    let bare = api.create(&json!({"name": "bare", "content_filters": [], "enforce_zdr": true}));
    assert!(KINDS.iter().all(|kind| policies(&api, kind).is_empty()), "{bare}");

    let guardrail = api.create(&json!({
        "name": "g", "limit_usd": 5, "reset_interval": "daily", "include_byok_in_budgets": true,
        "content_filter_builtins": [{"slug": "email", "action": "block"}],
        "ignored_providers": ["azure"],
    }));
    let id = text(&guardrail, "id");
    let keys = api.mock.key_hashes(&api.mock.default_workspace_id());
    api.mock.assign_keys(&id, &keys[..3]).unwrap();
    api.mock.delete_key(&keys[0]).unwrap();
    api.mock.assign_members(&id, &api.mock.member_ids()[..1]).unwrap();
    let configs = [
        json!({"limit_usd": 5, "reset_interval": "daily", "include_byok_in_budgets": true}),
        json!({
            "content_filters": null,
            "content_filter_builtins": guardrail["content_filter_builtins"],
        }),
        json!({
            "allowed_models": null, "ignored_models": null,
            "allowed_providers": null, "ignored_providers": ["azure"],
        }),
    ];
    let names = ["budget", "moderation", "model_availability"];
    for ((kind, name), config) in KINDS.into_iter().zip(names).zip(configs) {
        let rows = policies(&api, kind);
        let expected = json!({
            "id": rows[0]["id"], "name": "g", "policy_type": name, "config": config,
            "is_legacy_mapped": true, "legacy_guardrail_ids": [id],
            "replaced_legacy_guardrail_ids": [], "is_workspace_default": false,
            "member_count": 1, "api_key_count": 2, "updated_at": guardrail["created_at"],
        });
        assert_eq!(rows, [expected]);
        assert_eq!(policies(&api, kind), rows, "another reading");
    }

    let changed = api.patch(&id, &json!({"limit_usd": 7, "reset_interval": "weekly"}));
    let row = &policies(&api, "budget")[0];
    assert_eq!(
        (&row["config"]["limit_usd"], &row["updated_at"]),
        (&json!(7), &changed["updated_at"])
    );
    api.patch(&id, &json!({"ignored_providers": null}));
    assert!(policies(&api, "model-availability").is_empty());
    api.send("DELETE", &format!("/guardrails/{id}"), &Value::Null);
    assert!(KINDS.iter().all(|kind| policies(&api, kind).is_empty()));
}

#[test]
fn policies_are_listed_page_by_page_and_workspace_by_workspace() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let names: Vec<String> =
        ["a", "b", "c"].map(|name| text(&api.create(&budget(name)), "name")).into();
    let page = |query: &str| {
        let (status, answer) = api.get(&format!("/guardrails/policies/budget?{query}"));
        assert_eq!((status, &answer["total_count"]), (200, &json!(3)));
        column(&answer["data"], "name")
    };
    assert_eq!(page("").into_iter().rev().collect::<Vec<_>>(), names);
    assert_eq!(page("limit=1&offset=2"), ["a"]);

    let of_production = format!("/guardrails/policies/budget?workspace_id={production}");
    assert_eq!(api.get(&of_production).1["total_count"], json!(0));
    let default = api.mock.default_guardrail_id(&production).unwrap();
    api.patch(&default, &json!({"limit_usd": 1, "reset_interval": "daily"}));
    let row = &api.data("GET", &of_production, &Value::Null)[0];
    assert_eq!(
        (&row["is_workspace_default"], text(row, "name")),
        (&json!(true), format!("Workspace {production} Default"))
    );
    for (query, status) in [
        ("limit=0", 400),
        ("workspace_id=production", 400),
        ("workspace_id=00000000-0000-4000-8000-000000000000", 403),
    ] {
        let path = format!("/guardrails/policies/moderation?{query}");
        api.refused("GET", &path, &Value::Null, status, "");
    }
}

#[test]
fn a_policy_replaces_one_part_of_a_guardrail_until_it_is_handed_back() {
    let api = Api::new();
    let mut body = budget("g");
    body["allowed_providers"] = json!(["openai"]);
    let id = text(&api.create(&body), "id");
    let before = policies(&api, "budget");
    let policy = api.mock.replace_with_policy(&id, PolicyType::Budget, "Cap").unwrap();
    api.patch(&id, &json!({"limit_usd": null, "reset_interval": null}));
    let replaced = policies(&api, "budget");
    assert_eq!(replaced.len(), 1);
    for (field, value) in [
        ("id", json!(policy)),
        ("name", json!("Cap")),
        ("is_legacy_mapped", json!(false)),
        ("legacy_guardrail_ids", json!([])),
        ("replaced_legacy_guardrail_ids", json!([id])),
        ("config", before[0]["config"].clone()),
    ] {
        assert_eq!(replaced[0][field], value, "{field}");
    }
    assert_eq!(policies(&api, "model-availability")[0]["is_legacy_mapped"], json!(true));

    api.patch(&id, &json!({"limit_usd": 8, "reset_interval": "daily"}));
    assert_eq!(policies(&api, "budget"), replaced);
    api.mock.restore_from_policy(&id, PolicyType::Budget).unwrap();
    let restored = policies(&api, "budget");
    assert_eq!((restored.len(), &restored[0]["id"]), (1, &before[0]["id"]));
    assert_eq!(restored[0]["config"]["limit_usd"], json!(8));
}

#[test]
fn one_policy_may_replace_a_part_of_several_guardrails() {
    let api = Api::new();
    let ids = ["a", "b"].map(|name| text(&api.create(&budget(name)), "id"));
    let take = |id: &str| api.mock.replace_with_policy(id, PolicyType::Budget, "Cap").unwrap();
    assert_eq!(take(&ids[0]), take(&ids[1]));
    let rows = policies(&api, "budget");
    assert_eq!((rows.len(), &rows[0]["replaced_legacy_guardrail_ids"]), (1, &json!(ids)));
    api.mock.delete_guardrail(&ids[0]).unwrap();
    assert_eq!(policies(&api, "budget")[0]["replaced_legacy_guardrail_ids"], json!([ids[1]]));
    api.mock.delete_guardrail(&ids[1]).unwrap();
    assert!(policies(&api, "budget").is_empty());
}

#[test]
fn policies_of_one_name_are_apart_in_two_workspaces_and_go_with_theirs() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let mut there = budget("there");
    there["workspace_id"] = json!(production);
    let ids = [budget("here"), there].map(|body| text(&api.create(&body), "id"));
    let take = |id: &str| api.mock.replace_with_policy(id, PolicyType::Budget, "Cap").unwrap();
    assert_ne!(take(&ids[0]), take(&ids[1]));
    api.mock.delete_workspace(&production).unwrap();
    let gone = api.mock.restore_from_policy(&ids[1], PolicyType::Budget).unwrap_err();
    assert_eq!(gone.status, 404);
    assert_eq!(policies(&api, "budget")[0]["replaced_legacy_guardrail_ids"], json!([ids[0]]));
}

#[test]
fn what_cannot_be_replaced_or_handed_back_is_refused() {
    let api = Api::new();
    let id = text(&api.create(&budget("g")), "id");
    let old = text(&api.mock.create_legacy_guardrail(budget("old")).unwrap(), "id");
    let replace = |id: &str, policy_type| {
        api.mock.replace_with_policy(id, policy_type, "p").map_err(|refusal| refusal.status)
    };
    let restore = |policy_type| {
        api.mock.restore_from_policy(&id, policy_type).map_err(|refusal| refusal.status)
    };
    assert_eq!(replace("missing", PolicyType::Budget), Err(404));
    assert_eq!(replace(&id, PolicyType::Moderation), Err(400));
    assert_eq!(replace(&old, PolicyType::Budget), Err(400));
    assert_eq!(restore(PolicyType::Budget), Err(404));
    replace(&id, PolicyType::Budget).unwrap();
    assert_eq!(replace(&id, PolicyType::Budget), Err(400));
    assert_eq!(restore(PolicyType::Moderation), Err(404));
    assert_eq!(restore(PolicyType::Budget), Ok(()));
}

#[test]
fn replaced_parts_survive_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().join("state.json")), ..Options::default() };
    let api = Api::with(options.clone());
    let id = text(&api.create(&budget("g")), "id");
    api.mock.replace_with_policy(&id, PolicyType::Budget, "Cap").unwrap();
    let before = policies(&api, "budget");
    drop(api);
    let again = Api::with(options);
    assert_eq!(policies(&again, "budget"), before);
    again.mock.reset_state().unwrap();
    assert!(policies(&again, "budget").is_empty());
}

#[test]
fn other_processes_replace_and_hand_back_over_http() {
    let api = Api::new();
    let id = text(&api.create(&budget("g")), "id");
    let part = json!({ "guardrail_id": id, "policy_type": "budget" });
    let mut replacement = part.clone();
    replacement["name"] = json!("Cap");
    let (status, answer) = api.admin("POST", "policies/replace", &replacement);
    assert_eq!((status, &answer["id"]), (200, &policies(&api, "budget")[0]["id"]));
    assert_eq!(policies(&api, "budget")[0]["name"], json!("Cap"));
    assert_eq!(api.admin("POST", "policies/restore", &part), (200, json!({})));
    assert_eq!(policies(&api, "budget")[0]["is_legacy_mapped"], json!(true));
    replacement["policy_type"] = json!("spending");
    assert_eq!(api.admin("POST", "policies/replace", &replacement).0, 400);
}

#[test]
fn faults_hit_policies_by_the_template_of_their_path() {
    let api = Api::new();
    let fault = |kind: &str, action| {
        let fault = Fault::on("GET", &format!("/guardrails/policies/{kind}"), action);
        api.mock.add_fault(fault).unwrap();
    };
    fault("model-availability", Action::status(404));
    fault("budget", Action::status(403));
    fault("moderation", Action::slow(Duration::from_millis(40), When::Before));
    let statuses = || KINDS.map(|kind| api.get(&format!("/guardrails/policies/{kind}")).0);
    let began = Instant::now();
    assert_eq!(statuses(), [403, 200, 404]);
    assert!(began.elapsed() >= Duration::from_millis(40));
    assert_eq!(statuses(), [200, 200, 200]);
    assert_eq!(api.mock.count("GET", "/guardrails/policies/budget"), 2);
}
