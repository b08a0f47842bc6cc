//! The data sources over guardrails: the list of a workspace, and one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::data::{all, read, rows, source};
use super::{NOBODY, existing, invalid};
use crate::harness::Workspace;
use crate::story::only_error;

/// A guardrail with every field set.
fn everything(name: &str) -> Value {
    json!({
        "name": name,
        "description": "all of it",
        "limit_usd": 0.1,
        "reset_interval": "daily",
        "include_byok_in_budgets": true,
        "allowed_models": ["openai/gpt-5", "openai/gpt-4o:free"],
        "ignored_models": ["x-ai/grok-4"],
        "allowed_providers": ["openai", "anthropic"],
        "ignored_providers": ["google-vertex"],
        "allowed_data_regions": ["europe"],
        "content_filters": [{ "action": "redact", "pattern": "x+", "label": "[X]" }],
        "content_filter_builtins": [
            { "slug": "ssn", "action": "redact" },
            { "slug": "regex-prompt-injection", "action": "flag", "scan_scope": "user_only" },
        ],
        "enforce_zdr_anthropic": true,
        "enforce_zdr_google": false,
        "enforce_zdr_openai": true,
        "enforce_zdr_xai": false,
        "enforce_zdr_other": true,
        "enable_free_model_publication": true,
        "enable_free_model_training": false,
        "enable_paid_model_training": true,
        "allow_safety_retention_google": true,
        "allow_safety_retention_other": false,
    })
}

/// Expects that `shown` has all that the API has, the order of lists that are sets aside, and nothing else.
#[track_caller]
fn assert_shows(shown: &Value, held: &Value) {
    for (name, held) in held.as_object().unwrap() {
        assert!(same(&shown[name], held), "{name}: shown {}, held {held}", shown[name]);
    }
    for (name, shown) in shown.as_object().unwrap() {
        assert!(shown.is_null() || held.get(name).is_some(), "{name}: {shown}");
    }
}

fn same(shown: &Value, held: &Value) -> bool {
    match (shown, held) {
        (Value::Array(shown), Value::Array(held)) => {
            shown.len() == held.len()
                && held.iter().all(|held| shown.iter().any(|shown| same(shown, held)))
        }
        (Value::Object(shown), Value::Object(held)) => {
            let names: BTreeSet<_> = shown.keys().chain(held.keys()).collect();
            let of = |object: &serde_json::Map<String, Value>, name| {
                object.get(name).cloned().unwrap_or_default()
            };
            names.into_iter().all(|name| same(&of(shown, name), &of(held, name)))
        }
        (Value::Number(shown), Value::Number(held)) => shown.as_f64() == held.as_f64(),
        _ => shown == held,
    }
}

#[test]
fn every_field_is_shown() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let rich = existing(mock, everything("rich"));
    let poor = existing(mock, json!({ "name": "poor" }));
    mock.patch_guardrail(&rich, json!({ "description": "changed" })).unwrap();
    workspace.config(
        &(source("guardrails", "list", "")
            + &source("guardrail", "rich", &format!("id = {rich:?}"))
            + &source("guardrail", "poor", "name = \"poor\"")),
    );
    let found = read(&workspace, &["list", "rich", "poor"]);
    let (rich, poor) = (mock.guardrail(&rich).unwrap(), mock.guardrail(&poor).unwrap());
    assert!(rich["updated_at"].is_string() && rich["limit_usd"] == json!(0.1));
    assert_shows(&found[1], &rich);
    assert_shows(&found[2], &poor);
    assert_eq!(found[0]["total_count"], json!(2));
    for row in rows(&found[0]) {
        assert_shows(row, if row["name"] == "rich" { &rich } else { &poor });
    }
    assert_eq!(all(&found[0], "name"), ["poor", "rich"].into());
}

#[test]
fn all_of_250_guardrails_are_read() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let made: BTreeSet<String> =
        (0..250).map(|number| existing(mock, json!({ "name": format!("g {number}") }))).collect();
    let elsewhere = existing(mock, json!({ "name": "elsewhere", "workspace_id": production }));
    workspace.config(
        &(source("guardrails", "default", "")
            + &source(
                "guardrails",
                "same",
                &format!("workspace_id = \"{}\"", mock.default_workspace_id()),
            )
            + &source("guardrails", "other", &format!("workspace_id = {production:?}"))
            + &source("guardrails", "rest", "offset = 180")
            + &source("guardrails", "part", "offset = 20\nlimit = 150")
            + &source("guardrails", "beyond", "offset = 250\nlimit = 5")
            + &source("guardrail", "last", "name = \"g 249\"")),
    );
    let labels = ["default", "same", "other", "rest", "part", "beyond", "last"];
    let found = read(&workspace, &labels);
    assert_eq!(all(&found[0], "id"), made.iter().map(String::as_str).collect());
    assert_eq!(found[0]["data"], found[1]["data"]);
    assert_eq!(all(&found[2], "id"), [elsewhere.as_str()].into());
    assert_eq!(rows(&found[3]), &rows(&found[0])[180..]);
    assert_eq!(rows(&found[4]), &rows(&found[0])[20..170]);
    assert_eq!(rows(&found[5]), [Value::Null; 0]);
    let totals: Vec<_> =
        found[..6].iter().map(|source| source["total_count"].as_u64().unwrap()).collect();
    assert_eq!(totals, [250, 250, 1, 250, 250, 250]);
    assert!(made.contains(found[6]["id"].as_str().unwrap()));
}

#[test]
fn one_is_found_by_id_or_by_the_name_that_only_it_has() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let default = mock.default_workspace_id();
    let here = existing(mock, json!({ "name": "both", "description": "here" }));
    let there = existing(
        mock,
        json!({ "name": "both", "description": "there", "workspace_id": production }),
    );
    let legacy = mock.create_legacy_guardrail(json!({ "name": "old" })).unwrap()["id"].take();
    workspace.config(
        &(source("guardrail", "by_id", &format!("id = {there:?}"))
            + &source("guardrail", "by_name", "name = \"both\"")
            + &source(
                "guardrail",
                "by_place",
                &format!("name = \"both\"\nworkspace_id = {production:?}"),
            )
            + &source("guardrail", "legacy", &format!("id = {legacy}"))),
    );
    let found = read(&workspace, &["by_id", "by_name", "by_place", "legacy"]);
    let facts: Vec<_> = found
        .iter()
        .map(|one| json!([one["id"], one["name"], one["description"], one["workspace_id"]]))
        .collect();
    let expected = [
        json!([there, "both", "there", production]),
        json!([here, "both", "here", default]),
        json!([there, "both", "there", production]),
        json!([legacy, "old", null, null]),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn none_and_several_are_errors() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let twins = [(); 2].map(|()| existing(mock, json!({ "name": "twin" })));
    let inference = mock.inference_key().to_owned();
    for (lines, says) in [
        ("name = \"nobody\"".to_owned(), vec!["\"nobody\"", "has no guardrail with this name"]),
        ("name = \"\"".to_owned(), vec!["has no guardrail with this name"]),
        (
            format!("name = \"twin\"\nworkspace_id = {production:?}"),
            vec![&production, "has no guardrail with this name"],
        ),
        (
            "name = \"twin\"".to_owned(),
            vec!["has 2 guardrails with this name", &twins[0], &twins[1]],
        ),
        (format!("id = \"{NOBODY}\""), vec![NOBODY, "returned 404"]),
        (
            "name = \"a\"\nworkspace_id = \"00000000-0000-4000-8000-000000000000\"".to_owned(),
            vec![NOBODY, "returned 4"],
        ),
    ] {
        workspace.config(&source("guardrail", "this", &lines));
        only_error(workspace.run(&["plan", "-json"])).says(&says);
    }
    let mut workspace = workspace;
    workspace.env("OPENROUTER_MANAGEMENT_KEY", &inference);
    workspace.config(&source("guardrails", "this", ""));
    only_error(workspace.run(&["plan", "-json"]))
        .says(&["Could not list the guardrails", "returned 403"]);
}

#[test]
fn what_does_not_say_which_guardrail_is_refused() {
    let workspace = Workspace::new();
    let id = format!("id = \"{NOBODY}\"");
    for (lines, says, at) in [
        (String::new(), "Set either `id` or `name`", "data "),
        (
            "workspace_id = \"00000000-0000-4000-8000-000000000000\"".to_owned(),
            "Set either `id` or `name`",
            "data ",
        ),
        (format!("{id}\nname = \"a\""), "not both", "id = "),
        (
            format!("{id}\nworkspace_id = \"{NOBODY}\""),
            "`workspace_id` can only be set together with `name`",
            "workspace_id = ",
        ),
        ("id = \"a b\"".to_owned(), "white space", "id = "),
        ("name = \"a\"\nworkspace_id = \"a/b\"".to_owned(), "a slash", "workspace_id = "),
    ] {
        invalid(&workspace, &source("guardrail", "this", &lines)).says(&[says]).points_at(at);
    }
    assert_eq!(workspace.mock().log().total, 0);
}
