//! `extra_settings`: settings that the API has and the provider has no attribute for.

use serde_json::{Value, json};

use crate::guardrails::{address, guardrail, held, id, named, patch, planned_updates, state};
use crate::harness::Workspace;

fn with_new_fields() -> Workspace {
    let workspace = Workspace::new();
    for name in ["shadow_mode", "burst"] {
        workspace.mock().accept_field(name).expect("the name is free");
    }
    workspace
}

fn configure(workspace: &Workspace, extra: &str) {
    workspace.config(&named("this", &format!("extra_settings = {extra}")));
}

fn shows_extra_settings_alone(workspace: &Workspace) {
    assert_eq!(planned_updates(workspace)[&address("this")], ["extra_settings", "updated_at"]);
}

#[test]
fn they_are_sent_compared_by_value_repaired_and_cleared() {
    let workspace = with_new_fields();
    configure(
        &workspace,
        "jsonencode({ shadow_mode = true, burst = { per_minute = 3, tags = [\"a\", \"b\"] } })",
    );
    workspace.apply();
    let burst = json!({ "per_minute": 3, "tags": ["a", "b"] });
    assert_eq!(
        (&held(&workspace, "this")["shadow_mode"], &held(&workspace, "this")["burst"]),
        (&json!(true), &burst)
    );

    // The same in another spelling is no change, here and at the API.
    workspace.mock().reset();
    configure(
        &workspace,
        r#""{ \"burst\": {\"tags\":[\"a\",\"b\"], \"per_minute\": 3.0}, \"shadow_mode\": true }""#,
    );
    workspace.plans_nothing();
    patch(&workspace, "this", json!({ "burst": { "tags": ["a", "b"], "per_minute": 3.0 } }));
    workspace.plans_nothing();
    assert_eq!(workspace.mock().count("PATCH", "/guardrails/{id}"), 0);

    // Drift shows, and is repaired.
    patch(&workspace, "this", json!({ "shadow_mode": false }));
    shows_extra_settings_alone(&workspace);
    workspace.apply();
    assert_eq!(held(&workspace, "this")["shadow_mode"], json!(true));

    // One that leaves is cleared, and one that is not named is left alone.
    configure(&workspace, "jsonencode({ burst = 5 })");
    workspace.apply();
    assert_eq!(
        (&held(&workspace, "this")["shadow_mode"], &held(&workspace, "this")["burst"]),
        (&Value::Null, &json!(5))
    );
    patch(&workspace, "this", json!({ "shadow_mode": "elsewhere" }));
    workspace.plans_nothing();
    workspace.config(&named("this", ""));
    shows_extra_settings_alone(&workspace);
    workspace.apply();
    assert_eq!(
        (&held(&workspace, "this")["shadow_mode"], &held(&workspace, "this")["burst"]),
        (&json!("elsewhere"), &Value::Null)
    );
    workspace.destroy();
}

#[test]
fn an_import_does_not_know_them_and_the_first_apply_sends_them() {
    let workspace = with_new_fields();
    let made = workspace.mock().create_guardrail(json!({ "name": "this", "burst": 5 })).unwrap();
    configure(&workspace, "jsonencode({ burst = 5 })");
    workspace.try_import(&address("this"), made["id"].as_str().unwrap()).succeeds();
    assert_eq!(state(&workspace, "this")["extra_settings"], Value::Null);
    shows_extra_settings_alone(&workspace);
    workspace.apply();
    assert_eq!(id(&workspace, "this"), made["id"]);
    assert_eq!(held(&workspace, "this")["burst"], json!(5));
}

#[test]
fn a_default_guardrail_has_them_as_well() {
    let workspace = with_new_fields();
    let place = workspace.mock().production_workspace_id();
    let config = |extra: &str| {
        workspace.config(&format!(
            "resource \"openrouter_workspace_default_guardrail\" \"this\" {{\nworkspace_id = {place:?}\n{extra}\n}}"
        ));
    };
    config("extra_settings = jsonencode({ burst = 1e2 })");
    workspace.apply();
    let id = workspace.mock().default_guardrail_id(&place).unwrap();
    assert_eq!(workspace.mock().guardrail(&id).unwrap()["burst"], json!(100));
    config("");
    workspace.apply();
    assert_eq!(workspace.mock().guardrail(&id).unwrap()["burst"], Value::Null);
}

#[test]
fn what_has_an_attribute_or_cannot_be_set_is_refused_when_planning() {
    let workspace = with_new_fields();
    for (extra, expected) in [
        ("\"[1]\"", "`extra_settings` must be a JSON object"),
        ("\"{\"", "`extra_settings` must be a JSON object"),
        ("jsonencode({ limit_usd = 5 })", "set `limit_usd = ...` instead"),
        ("jsonencode({ allowed_models = [\"a\"] })", "set `allowed_models = ...` instead"),
        ("jsonencode({ enforce_zdr = true })", "set `enforce_zdr = true` instead"),
        ("jsonencode({ id = \"x\" })", "must not contain `id`, which cannot be set"),
        ("jsonencode({ updated_at = null })", "must not contain `updated_at`, which cannot be set"),
    ] {
        configure(&workspace, extra);
        let refused = workspace.run(&["plan"]).fails();
        assert!(refused.words().contains(expected), "{expected}: {refused}");
        assert!(refused.words().contains("extra_settings ="), "at its line: {refused}");
    }
    let place = workspace.mock().production_workspace_id();
    for (name, expected) in [
        ("name", "cannot be set"),
        ("created_at", "cannot be set"),
        ("workspace_id", "set `workspace_id = ...` instead"),
    ] {
        workspace.config(&format!(
            "resource \"openrouter_workspace_default_guardrail\" \"this\" {{\nworkspace_id = {place:?}\nextra_settings = jsonencode({{ {name} = \"x\" }})\n}}"
        ));
        let refused = workspace.run(&["plan"]).fails();
        assert!(refused.words().contains(expected), "{expected}: {refused}");
    }
}

/// What the API refuses is told at apply, and nothing is lost. What it answers otherwise is a warning.
#[test]
fn a_setting_that_the_api_does_not_know_is_its_error() {
    let workspace = with_new_fields();
    workspace.config(&guardrail("this", "name = \"this\""));
    workspace.apply();
    configure(&workspace, "jsonencode({ unheard_of = 1 })");
    workspace.try_apply().fails().says("Could not update guardrail \"this\"").says("unheard_of");
    workspace.config(&named("this", ""));
    workspace.plans_nothing();
}
