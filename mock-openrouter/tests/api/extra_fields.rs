//! Fields of guardrails that the mock accepts though its contract does not know them.

use mock_openrouter::Options;
use serde_json::{Value, json};

use crate::client::{Api, text};

#[test]
fn an_accepted_field_is_stored_changed_and_cleared_like_any_other() {
    let api = Api::new();
    let plain = text(&api.create(&json!({"name": "plain"})), "id");
    api.refused("POST", "/guardrails", &json!({"name": "a", "shadow_mode": 1}), 400, "shadow_mode");
    api.mock.accept_field("shadow_mode").unwrap();
    let path = format!("/guardrails/{plain}");
    let read = || api.data("GET", &path, &Value::Null).get("shadow_mode").cloned();
    assert_eq!(read(), Some(Value::Null));
    let values =
        [json!({"x": [1, null, "y"], "deep": {"z": null}}), json!([]), json!(false), json!("text")];
    for value in values {
        let created = api.create(&json!({"name": "a", "shadow_mode": value}));
        assert_eq!(created["shadow_mode"], value);
        api.patch(&plain, &json!({"shadow_mode": value}));
        assert_eq!(read(), Some(value.clone()));
        api.patch(&plain, &json!({"description": "d"}));
        assert_eq!(read(), Some(value.clone()), "a patch of something else");
        assert_eq!(api.get("/guardrails").1["data"][0]["shadow_mode"], value);
    }
    api.mock.patch_guardrail(&plain, json!({"shadow_mode": 4.50})).unwrap();
    assert_eq!(read(), Some(json!(4.5)));
    assert_eq!(api.patch(&plain, &json!({"shadow_mode": null}))["shadow_mode"], Value::Null);
}

#[test]
fn everything_else_stays_checked() {
    let api = Api::new();
    api.mock.accept_field("shadow_mode").unwrap();
    let id = text(&api.create(&json!({"name": "a", "shadow_mode": true})), "id");
    let path = format!("/guardrails/{id}");
    for (body, reason) in [
        (json!({"shadow_mode": 1, "shadow_mood": 1}), "shadow_mood"),
        (json!({"shadow_mode": 1, "enforce_zdr_xai": "yes"}), "enforce_zdr_xai"),
        (
            json!({"content_filters": [{"action": "flag", "pattern": "x", "shadow_mode": 1}]}),
            "shadow_mode",
        ),
    ] {
        api.refused("PATCH", &path, &body, 400, reason);
    }
    let keys = json!({"key_hashes": ["x"], "shadow_mode": 1});
    api.refused("POST", &format!("{path}/assignments/keys"), &keys, 400, "shadow_mode");
    for known in ["limit_usd", "workspace_id", "id", "updated_at"] {
        assert_eq!(api.mock.accept_field(known).unwrap_err().status, 400, "{known}");
    }

    // Not an edit: that would switch the check off for this guardrail.
    api.mock.patch_guardrail(&id, json!({"shadow_mood": 1})).unwrap();
    let violation = "MOCK CONTRACT VIOLATION";
    api.refused("GET", &path, &Value::Null, 500, violation);
    api.refused("GET", "/guardrails", &Value::Null, 500, violation);
}

#[test]
fn an_accepted_field_survives_resets_and_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().join("state.json")), ..Options::default() };
    let api = Api::with(options.clone());
    assert_eq!(api.admin("POST", "fields", &json!({"name": "shadow_mode"})), (200, json!({})));
    assert_eq!(api.admin("POST", "fields", &json!({"name": "name"})).0, 400);
    api.mock.reset_state().unwrap();
    let created = api.create(&json!({"name": "a", "shadow_mode": 1}));
    drop(api);
    let again = Api::with(options);
    let path = format!("/guardrails/{}", text(&created, "id"));
    assert_eq!(again.data("GET", &path, &Value::Null), created);
    assert_eq!(created["shadow_mode"], json!(1));
}
