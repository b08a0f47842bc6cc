//! The rules for guardrails themselves.

use std::collections::BTreeSet;

use mock_openrouter::{Options, contract};
use serde_json::{Value, json};

use crate::client::{Api, column, text};

/// A body that gives every field of the contract a value.
fn everything() -> Value {
    json!({
        "name": "All ${of} it \"quoted\"\n zażółć 🙂",
        "description": "d",
        "limit_usd": 12.345,
        "reset_interval": "monthly",
        "include_byok_in_budgets": true,
        "allowed_models": ["openai/gpt-4o"],
        "ignored_models": ["google/gemini-2.5-pro"],
        "allowed_providers": ["openai"],
        "ignored_providers": ["azure"],
        "allowed_data_regions": ["us", "europe"],
        "content_filters": [{"action": "redact", "pattern": "x", "label": "[X]"}],
        "content_filter_builtins": [{"slug": "email", "action": "block"}],
        "enforce_first_party_harness_models": true,
        "enforce_zdr": true,
        "enforce_zdr_anthropic": true,
        "enforce_zdr_google": false,
        "enforce_zdr_openai": true,
        "enforce_zdr_other": false,
        "enforce_zdr_xai": true,
        "enable_free_model_publication": false,
        "enable_free_model_training": true,
        "enable_paid_model_training": false,
        "allow_safety_retention_google": true,
        "allow_safety_retention_other": false,
    })
}

#[test]
fn every_field_is_kept_patched_alone_and_cleared() {
    let api = Api::new();
    let body = everything();
    let fields = contract()["$defs"]["GuardrailFields"]["properties"].as_object().unwrap();
    let sent: BTreeSet<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(sent, fields.keys().collect(), "a field of the contract is missing in this test");

    let created = api.create(&body);
    let id = text(&created, "id");
    for (name, value) in body.as_object().unwrap() {
        match name.as_str() {
            "enforce_zdr" => assert_eq!(created[name], Value::Null),
            "content_filter_builtins" => assert_eq!(created[name][0]["label"], "[EMAIL]"),
            _ => assert_eq!(created[name], *value, "{name}"),
        }
    }
    assert_eq!(api.data("GET", &format!("/guardrails/{id}"), &Value::Null), created);
    assert_eq!(created["updated_at"], Value::Null);

    let not_nullable = ["name", "include_byok_in_budgets"];
    let pair = ["limit_usd", "reset_interval"];
    for name in fields.keys().filter(|name| !not_nullable.contains(&name.as_str())) {
        let before = api.mock.guardrail(&id).unwrap();
        let names = if pair.contains(&name.as_str()) { pair.to_vec() } else { vec![name.as_str()] };
        let patch: Value = names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        let after = api.patch(&id, &patch);
        for other in fields.keys().filter(|other| !names.contains(&other.as_str())) {
            let spread = name == "enforce_zdr" && other.starts_with("enforce_zdr_");
            assert_eq!(
                after[other],
                if spread { json!(null) } else { before[other].clone() },
                "{name}: {other}"
            );
        }
        assert_eq!(after[name], Value::Null, "{name}");
        assert!(after["updated_at"].is_string());
    }
    let reset = api.patch(&id, &json!({"include_byok_in_budgets": false}));
    assert_eq!(reset["include_byok_in_budgets"], json!(false));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn bodies_that_the_service_refuses() {
    let api = Api::new();
    let id = text(&api.create(&json!({"name": "a"})), "id");
    let filter =
        |pattern: &str| json!({"content_filters": [{"action": "block", "pattern": pattern}]});
    let builtins = |entries: Value| json!({ "content_filter_builtins": entries });
    let cases = [
        (json!({"unknown": 1}), "unknown"),
        (json!({"name": null}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(201)}), "name"),
        (json!({"description": "x".repeat(1001)}), "description"),
        (json!({"include_byok_in_budgets": null}), "include_byok_in_budgets"),
        (json!({"limit_usd": 1}), "together"),
        (json!({"reset_interval": "daily"}), "together"),
        (json!({"limit_usd": null}), "together"),
        (json!({"limit_usd": 1, "reset_interval": null}), "together"),
        (json!({"limit_usd": 0, "reset_interval": "daily"}), "limit_usd"),
        (json!({"limit_usd": -1, "reset_interval": "daily"}), "limit_usd"),
        (json!({"limit_usd": "1", "reset_interval": "daily"}), "limit_usd"),
        (json!({"limit_usd": 1, "reset_interval": "yearly"}), "reset_interval"),
        (json!({"allowed_models": []}), "allowed_models"),
        (json!({"ignored_models": []}), "ignored_models"),
        (json!({"allowed_providers": []}), "allowed_providers"),
        (json!({"ignored_providers": []}), "ignored_providers"),
        (json!({"allowed_data_regions": []}), "allowed_data_regions"),
        (json!({"allowed_data_regions": ["asia"]}), "allowed_data_regions"),
        (
            json!({"allowed_models": ["openai/gpt-4o", "openai/gpt-9"]}),
            "Invalid allowed_models: openai/gpt-9",
        ),
        (json!({"ignored_models": ["nobody/nothing"]}), "Invalid ignored_models: nobody/nothing"),
        (filter(""), "pattern"),
        (filter(&"x".repeat(100_001)), "pattern"),
        (filter("("), "invalid_regex_pattern"),
        (filter("(?=x)"), "invalid_regex_pattern"),
        (filter("(?<!x)y"), "invalid_regex_pattern"),
        (filter(r"(x)\1"), "invalid_regex_pattern"),
        (filter("(x+)+"), "invalid_regex_pattern"),
        (filter("(a|a)*"), "invalid_regex_pattern"),
        (json!({"content_filters": [{"action": "warn", "pattern": "x"}]}), "action"),
        (
            json!({"content_filters": [{"action": "flag", "pattern": "x", "label": "x".repeat(101)}]}),
            "label",
        ),
        (builtins(json!([{"slug": "iban", "action": "block"}])), "slug"),
        (builtins(json!([{"slug": "email", "action": "warn"}])), "action"),
        (builtins(json!([{"slug": "email"}])), "action"),
        (
            builtins(json!([{"slug": "email", "action": "block", "scan_scope": "user_only"}])),
            "scan_scope",
        ),
        (
            builtins(
                json!([{"slug": "email", "action": "block"}, {"slug": "email", "action": "flag"}]),
            ),
            "duplicate slug",
        ),
    ];
    let before = api.mock.guardrails();
    for (fields, reason) in cases {
        api.refused("PATCH", &format!("/guardrails/{id}"), &fields, 400, reason);
        let mut body = fields;
        body.as_object_mut().unwrap().entry("name").or_insert(json!("b"));
        api.refused("POST", "/guardrails", &body, 400, reason);
    }
    api.refused("POST", "/guardrails", &json!({}), 400, "name");
    api.refused("POST", "/guardrails", &json!(["name"]), 400, "");
    api.refused(
        "PATCH",
        &format!("/guardrails/{id}"),
        &json!({"workspace_id": "x"}),
        400,
        "workspace_id",
    );
    assert_eq!(api.mock.guardrails(), before);
}

#[test]
fn bodies_must_be_json_and_say_so() {
    let api = Api::new();
    let url = format!("{}/guardrails", api.mock.base_url());
    let send = |content_type: &str, body: &'static str| {
        let request = api.http.post(&url).header("Authorization", "Bearer sk-or-mgmt-mock");
        request.header("Content-Type", content_type).body(body).send().unwrap().status().as_u16()
    };
    assert_eq!(send("application/json", "{\"name\":"), 400);
    assert_eq!(send("text/plain", "{\"name\":\"a\"}"), 400);
    assert_eq!(send("application/json; charset=utf-8", "{\"name\":\"a\"}"), 201);
    assert_eq!(
        send(
            "application/json",
            "{\"name\":\"a\",\"limit_usd\":1e999,\"reset_interval\":\"daily\"}"
        ),
        400
    );
}

#[test]
fn numbers_are_doubles() {
    let api = Api::new();
    for (sent, returned) in [
        ("9007199254740993", "9007199254740992"),
        ("1e-7", "1e-7"),
        ("0.1", "0.1"),
        ("5.0", "5"),
        ("12.345", "12.345"),
    ] {
        let body = format!(r#"{{"name":"n","limit_usd":{sent},"reset_interval":"daily"}}"#);
        let request = api.request("POST", "/guardrails", &serde_json::from_str(&body).unwrap());
        let answer = request.body(body).send().unwrap().text().unwrap();
        assert!(answer.contains(&format!("\"limit_usd\":{returned},")), "{sent}: {answer}");
    }
}

#[test]
fn a_limit_that_was_stored_alone_blocks_patches() {
    let api = Api::new();
    let id = text(&api.create(&json!({"name": "a"})), "id");
    api.mock.edit_guardrail(&id, json!({"limit_usd": 5})).unwrap();
    api.refused(
        "PATCH",
        &format!("/guardrails/{id}"),
        &json!({"description": "x"}),
        400,
        "together",
    );
    api.patch(&id, &json!({"limit_usd": 5, "reset_interval": "daily"}));
}

#[test]
fn names_may_be_twins_at_birth_but_not_by_renaming() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let first = text(&api.create(&json!({"name": "same"})), "id");
    let second = text(&api.create(&json!({"name": "same"})), "id");
    let third = text(&api.create(&json!({"name": "other"})), "id");
    let elsewhere = api.guardrail("elsewhere", &production);
    assert_ne!(first, second);
    let rename = |id: &str, name: &str| {
        api.send("PATCH", &format!("/guardrails/{id}"), &json!({ "name": name })).0
    };
    assert_eq!(rename(&third, "same"), 409);
    assert_eq!(rename(&second, "same"), 409);
    assert_eq!(rename(&elsewhere, "same"), 200);
    assert_eq!(rename(&third, "other"), 200);
    api.patch(&second, &json!({"description": "a patch without a name is fine"}));
}

#[test]
fn enforce_zdr_fills_only_what_the_request_leaves_out() {
    let api = Api::new();
    let created = api.create(&json!({"name": "z", "enforce_zdr": true, "enforce_zdr_xai": false}));
    assert_eq!(created["enforce_zdr"], Value::Null);
    assert_eq!(created["enforce_zdr_xai"], json!(false));
    assert_eq!(created["enforce_zdr_openai"], json!(true));
    let patched = api
        .patch(&text(&created, "id"), &json!({"enforce_zdr": false, "enforce_zdr_google": null}));
    let flags = ["anthropic", "google", "openai", "other", "xai"]
        .map(|x| patched[format!("enforce_zdr_{x}")].clone());
    assert_eq!(flags, [json!(false), json!(null), json!(false), json!(false), json!(false)]);
}

#[test]
fn models_are_stored_in_their_canonical_form() {
    let api = Api::new();
    let asked = [
        "openai/gpt-5:free",
        "qwen/qwen3-coder:free",
        "openai/gpt-5",
        "openai/gpt-5-2025-08-07",
        "openai/gpt-4-32k",
        "anthropic/claude-opus-4.1",
    ];
    let created = api
        .create(&json!({"name": "m", "allowed_models": asked, "ignored_models": ["x-ai/grok-4"]}));
    let stored = [
        "openai/gpt-5-2025-08-07:free",
        "qwen/qwen3-coder-480b-a35b-07-25:free",
        "openai/gpt-5-2025-08-07",
        "openai/gpt-4-32k-0613",
        "anthropic/claude-4.1-opus-20250805",
    ];
    assert_eq!(created["allowed_models"], json!(stored));
    assert_eq!(created["ignored_models"], json!(["x-ai/grok-4-07-09"]));
}

#[test]
fn filters_come_back_with_what_the_service_adds() {
    let api = Api::new();
    let created = api.create(&json!({
        "name": "f",
        "content_filters": [{"action": "block", "pattern": "b"}, {"action": "flag", "pattern": "a", "label": null}],
        "content_filter_builtins": [
            {"slug": "ssn", "action": "flag", "label": "[MINE]"},
            {"slug": "secrets", "action": "block"},
            {"slug": "regex-prompt-injection", "action": "redact"},
            {"slug": "email", "action": "block"},
        ],
    }));
    assert_eq!(
        created["content_filters"],
        json!([
            {"action": "block", "pattern": "b", "label": null},
            {"action": "flag", "pattern": "a", "label": null},
        ])
    );
    assert_eq!(
        created["content_filter_builtins"],
        json!([
            {"slug": "regex-prompt-injection", "action": "redact", "scan_scope": "all_messages"},
            {"slug": "email", "action": "block", "label": "[EMAIL]"},
            {"slug": "secrets", "action": "block", "label": "[SECRET]"},
            {"slug": "ssn", "action": "flag", "label": "[SSN]"},
        ])
    );
    let emptied = api.patch(
        &text(&created, "id"),
        &json!({"content_filters": [], "content_filter_builtins": []}),
    );
    assert_eq!(
        (&emptied["content_filters"], &emptied["content_filter_builtins"]),
        (&json!([]), &Value::Null)
    );
    let long = "ó".repeat(100_000);
    let body = json!({"name": "long", "content_filters": [{"action": "block", "pattern": long}]});
    assert_eq!(api.create(&body)["content_filters"][0]["pattern"], json!(long));
}

#[test]
fn workspaces_keep_their_guardrails_apart() {
    let api = Api::new();
    let (default, production) =
        (api.mock.default_workspace_id(), api.mock.production_workspace_id());
    let here = api.create(&json!({"name": "here"}));
    assert_eq!(text(&here, "workspace_id"), default);
    let there = api.guardrail("there", &production);
    let list =
        |query: &str| column(&api.data("GET", &format!("/guardrails{query}"), &Value::Null), "id");
    assert_eq!(list(""), [text(&here, "id")]);
    assert_eq!(list(&format!("?workspace_id={production}")), [there]);
    let stranger = "00000000-0000-4000-8000-000000000000";
    api.refused(
        "GET",
        &format!("/guardrails?workspace_id={stranger}"),
        &Value::Null,
        403,
        "workspace",
    );
    api.refused(
        "POST",
        "/guardrails",
        &json!({"name": "x", "workspace_id": stranger}),
        403,
        "workspace",
    );
    api.refused("GET", "/guardrails?workspace_id=production", &Value::Null, 400, "workspace_id");

    api.mock.delete_workspace(&default).unwrap();
    api.refused("POST", "/guardrails", &json!({"name": "x"}), 400, "workspace_id");
    api.guardrail("still possible", &production);
}

#[test]
fn the_default_guardrail_of_a_workspace_is_special() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let id = api.mock.default_guardrail_id(&production).unwrap();
    let path = format!("/guardrails/{id}");
    let in_workspace = format!("/guardrails?workspace_id={production}");
    let hash = &api.mock.key_hashes(&production)[0];
    let assign = |api: &Api| {
        for suffix in ["", "/remove"] {
            let keys = json!({ "key_hashes": [hash] });
            api.refused(
                "POST",
                &format!("{path}/assignments/keys{suffix}"),
                &keys,
                400,
                "default guardrail",
            );
            let members = json!({ "member_user_ids": api.mock.member_ids() });
            api.refused(
                "POST",
                &format!("{path}/assignments/members{suffix}"),
                &members,
                400,
                "default guardrail",
            );
        }
    };
    api.refused("GET", &path, &Value::Null, 404, "not found");
    api.refused("PATCH", &path, &json!({"name": "mine"}), 400, "renamed");
    api.refused("DELETE", &path, &Value::Null, 404, "not found");
    api.refused("GET", &path, &Value::Null, 404, "not found");
    assert_eq!(api.get(&in_workspace).1["total_count"], json!(0));
    assign(&api);

    let born = api.patch(&id, &json!({"description": "d"}));
    assert_eq!(text(&born, "name"), format!("Workspace {production} Default"));
    assert_eq!((text(&born, "id"), text(&born, "workspace_id")), (id.clone(), production));
    assert_eq!(born["updated_at"], Value::Null);
    assert_eq!(api.data("GET", &path, &Value::Null)["description"], json!("d"));
    assert_eq!(api.get(&in_workspace).1["total_count"], json!(1));
    assert_eq!(api.get("/guardrails").1["total_count"], json!(0));
    api.refused("PATCH", &path, &json!({"name": "mine"}), 400, "renamed");
    api.refused("DELETE", &path, &Value::Null, 400, "cannot be deleted");
    assign(&api);
    let cleared = api.patch(&id, &json!({"description": null}));
    assert_eq!((&cleared["description"], &cleared["name"]), (&Value::Null, &born["name"]));
}

#[test]
fn missing_guardrails_are_404_everywhere() {
    let api = Api::new();
    let id = text(&api.create(&json!({"name": "a"})), "id");
    let path = format!("/guardrails/{id}");
    assert_eq!(api.send("DELETE", &path, &Value::Null), (200, json!({"deleted": true})));
    let keys = json!({ "key_hashes": ["x"] });
    let members = json!({ "member_user_ids": ["x"] });
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
        api.refused(method, &format!("{path}{suffix}"), body, 404, "not found");
    }
    api.refused("GET", "/nothing", &Value::Null, 404, "not found");
    api.refused("PUT", &path, &json!({}), 404, "not found");
}

#[test]
fn lists_are_paged_within_their_limits() {
    let api = Api::new();
    let ids: Vec<String> =
        (0..60).map(|n| text(&api.create(&json!({"name": format!("g{n}")})), "id")).collect();
    let page = |query: &str| {
        let (status, answer) = api.get(&format!("/guardrails{query}"));
        assert_eq!((status, &answer["total_count"]), (200, &json!(60)));
        column(&answer["data"], "id")
    };
    assert_eq!(page("").len(), 50);
    assert_eq!(page("?limit=100&offset=0").iter().rev().cloned().collect::<Vec<_>>(), ids);
    assert_eq!(page("?limit=100&offset=59"), ids[..1]);
    assert!(page("?offset=60").is_empty());
    for query in
        ["limit=0", "limit=101", "limit=x", "limit=", "offset=-1", "offset=1.5", "offset=+1"]
    {
        api.refused("GET", &format!("/guardrails?{query}"), &Value::Null, 400, "must be");
        api.refused(
            "GET",
            &format!("/guardrails/assignments/keys?{query}"),
            &Value::Null,
            400,
            "must be",
        );
        api.refused("GET", &format!("/workspaces?{query}"), &Value::Null, 400, "must be");
    }
}

#[test]
fn edits_out_of_band_may_break_the_contract() {
    let api = Api::with(Options::default());
    let id = text(&api.create(&json!({"name": "a"})), "id");
    let unknown = json!({
        "reset_interval": "yearly",
        "limit_usd": 3,
        "brand_new": {"x": 1},
        "content_filter_builtins": [{"slug": "iban", "action": "quarantine"}],
    });
    api.mock.edit_guardrail(&id, unknown.clone()).unwrap();
    let read = api.data("GET", &format!("/guardrails/{id}"), &Value::Null);
    let listed = &api.data("GET", "/guardrails", &Value::Null)[0];
    for (name, value) in unknown.as_object().unwrap() {
        assert_eq!((&read[name], &listed[name]), (value, value), "{name}");
    }
    api.mock.patch_guardrail(&id, json!({"description": "drift"})).unwrap();
    assert_eq!(
        api.data("GET", &format!("/guardrails/{id}"), &Value::Null)["description"],
        json!("drift")
    );
    api.mock.delete_guardrail(&id).unwrap();
    assert!(api.mock.guardrails().is_empty());
}
