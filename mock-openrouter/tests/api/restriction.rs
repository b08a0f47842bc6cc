//! A management key that is restricted to one workspace.

use serde_json::{Value, json};

use crate::client::{Api, column, text};

#[test]
fn a_restricted_key_reaches_no_other_workspace() {
    let api = Api::new();
    let (default, production) =
        (api.mock.default_workspace_id(), api.mock.production_workspace_id());
    let (here, there) = (api.guardrail("here", &production), api.guardrail("there", &default));
    let unborn = api.mock.default_guardrail_id(&default).unwrap();
    let key = &api.mock.key_hashes(&default)[0];
    api.mock.restrict_key(Some("production")).unwrap();

    let restricted = |method: &str, path: &str, body: &Value| {
        api.refused(method, path, body, 403, "restricted to another workspace");
    };
    // Without a workspace_id a request means the default workspace, which is another one here.
    for list in [
        "/guardrails",
        "/keys",
        "/guardrails/policies/budget",
        "/guardrails/policies/moderation",
        "/guardrails/policies/model-availability",
    ] {
        restricted("GET", list, &Value::Null);
        restricted("GET", &format!("{list}?workspace_id={default}"), &Value::Null);
        assert_eq!(api.get(&format!("{list}?workspace_id={production}")).0, 200, "{list}");
    }
    restricted("POST", "/guardrails", &json!({"name": "x"}));
    restricted("POST", "/guardrails", &json!({"name": "x", "workspace_id": default}));
    restricted("GET", &format!("/keys/{key}"), &Value::Null);
    restricted("GET", "/workspaces/default", &Value::Null);
    restricted("GET", &format!("/workspaces/{default}"), &Value::Null);
    restricted("GET", &format!("/guardrails/{unborn}"), &Value::Null);
    let (keys, members) = (json!({ "key_hashes": [key] }), json!({ "member_user_ids": ["x"] }));
    for (method, suffix, body) in [
        ("GET", "", &Value::Null),
        ("PATCH", "", &json!({})),
        ("DELETE", "", &Value::Null),
        ("GET", "/assignments/keys", &Value::Null),
        ("GET", "/assignments/members", &Value::Null),
        ("POST", "/assignments/keys", &keys),
        ("POST", "/assignments/keys/remove", &keys),
        ("POST", "/assignments/members", &members),
        ("POST", "/assignments/members/remove", &members),
    ] {
        restricted(method, &format!("/guardrails/{there}{suffix}"), body);
    }
    assert!(api.mock.guardrail(&there).is_some());
    assert_eq!(api.patch(&here, &json!({"description": "d"}))["description"], json!("d"));
    api.guardrail("new", &production);
}

#[test]
fn what_belongs_to_no_other_workspace_stays_within_reach() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let old = text(&api.mock.create_legacy_guardrail(json!({"name": "old"})).unwrap(), "id");
    api.mock.restrict_key(Some(&production)).unwrap();
    let (_, workspaces) = api.get("/workspaces");
    assert_eq!(column(&workspaces["data"], "slug"), ["production"]);
    assert_eq!(workspaces["total_count"], json!(1));
    let own = api.mock.default_guardrail_id(&production).unwrap();
    api.patch(&own, &json!({"description": "d"}));
    for path in [
        "/workspaces/production",
        "/organization/members",
        "/guardrails/assignments/keys",
        "/guardrails/assignments/members",
        "/models",
        "/providers",
        &format!("/guardrails/{own}"),
        &format!("/guardrails/{old}"),
        &format!("/keys/{}", api.mock.key_hashes(&production)[0]),
    ] {
        assert_eq!(api.get(path).0, 200, "{path}");
    }
    api.refused("GET", "/guardrails/missing", &Value::Null, 404, "not found");
    api.refused("GET", "/workspaces/missing", &Value::Null, 404, "not found");
}

#[test]
fn a_restriction_can_be_set_and_lifted_over_http_too() {
    let api = Api::new();
    let restrict =
        |workspace: Value| api.admin("POST", "restriction", &json!({ "workspace": workspace })).0;
    assert_eq!(restrict(json!("nowhere")), 404);
    assert_eq!(api.get("/guardrails").0, 200);
    assert_eq!(restrict(json!("production")), 200);
    assert_eq!(api.get("/guardrails").0, 403);
    api.mock.reset();
    assert_eq!(api.get("/guardrails").0, 403, "a reset is about requests, not about the key");
    assert_eq!(restrict(Value::Null), 200);
    assert_eq!(api.get("/guardrails").0, 200);
    assert_eq!(api.admin("POST", "restriction", &json!({})).0, 400);
    api.mock.restrict_key(Some("default")).unwrap();
    assert_eq!(api.get("/guardrails").0, 200);
    api.mock.restrict_key(None).unwrap();
    assert_eq!(api.get("/workspaces").1["total_count"], json!(2));
}
