//! Guardrails that this provider did not make: imported with generated configuration, or found in a state that an older
//! version or another provider wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};

use crate::harness::{Workspace, changes};
use crate::story::{THIS, guardrail, id_of, only_guardrail, writes};

/// A guardrail with most of what one can have.
fn furnished() -> Value {
    json!({
        "name": "made elsewhere",
        "description": "quotes \" and ${braces}\nand a second line",
        "limit_usd": 12.345,
        "reset_interval": "monthly",
        "allowed_models": ["openai/gpt-5", "google/gemini-2.5-pro"],
        "ignored_providers": ["azure"],
        "allowed_data_regions": ["us", "europe"],
        "content_filters": [{ "action": "block", "pattern": "\\bsecret\\d+\\b", "label": "[SECRET]" }, { "action": "flag", "pattern": "x" }],
        "content_filter_builtins": [{ "slug": "phone", "action": "redact" }, { "slug": "email", "action": "block" }],
        "enforce_zdr_openai": true,
        "enable_paid_model_training": false,
        "include_byok_in_budgets": true,
    })
}

/// Terraform writes the configuration from the imported state.
#[test]
fn generated_configuration_plans_to_import_and_change_nothing() {
    let workspace = Workspace::new();
    let made = workspace.mock().create_guardrail(furnished()).unwrap();
    let id = made["id"].as_str().unwrap();
    workspace.mock().reset();
    workspace.config(&format!("import {{\n  to = {THIS}\n  id = \"{id}\"\n}}\n"));
    workspace.run(&["plan", "-generate-config-out=generated.tf", "-out=plan.bin"]).succeeds();
    let plan = workspace.run(&["show", "-json", "plan.bin"]).succeeds().json();
    assert!(changes(&plan).is_empty(), "{:#?}", changes(&plan));
    workspace.run(&["apply", "plan.bin"]).succeeds();
    // And as the configuration that it is from now on.
    workspace.plans_nothing();
    assert!(writes(workspace.mock()).is_empty());
    assert_eq!(only_guardrail(workspace.mock()), made);
}

/// Writes the state of an applied guardrail back with other contents.
fn rewrite(workspace: &Workspace, change: impl FnOnce(&mut Value)) {
    let mut state = workspace.state_file();
    change(&mut state["resources"][0]["instances"][0]);
    let serial = state["serial"].as_u64().unwrap() + 1;
    state["serial"] = json!(serial);
    workspace.write("terraform.tfstate", &format!("{state:#}"));
}

fn remove(attributes: &mut Value, names: &[&str]) {
    for name in names {
        attributes.as_object_mut().unwrap().remove(*name);
    }
}

/// Attributes that have come since are missing, attributes that have gone are there, and the private bytes are another
/// provider's.
#[test]
fn a_state_written_by_another_provider_is_upgraded() {
    let workspace = Workspace::new();
    let body = "name = \"ci\"\nallowed_models = [\"openai/gpt-5\"]\nenforce_zdr_openai = true";
    workspace.config(&guardrail("this", body)).try_apply().succeeds();
    workspace.mock().reset();
    rewrite(&workspace, |instance| {
        let attributes = &mut instance["attributes"];
        remove(
            attributes,
            &["enforce_zdr_openai", "allow_safety_retention_google", "workspace_id", "updated_at"],
        );
        attributes["created_at"] = Value::Null;
        attributes["include_byok_in_budgets"] = Value::Null;
        attributes["keys"] = json!([{ "hash": "x", "limit": 1.5 }]);
        attributes["nickname"] = json!("gone");
        attributes["data"] = json!({ "id": attributes["id"] });
        instance["private"] = json!("eyJzY2hlbWFfdmVyc2lvbiI6IjEiLCJjYW5vbmljYWwiOjd9");
    });
    workspace.plans_nothing();
    workspace.run(&["apply", "-refresh-only", "-auto-approve"]).succeeds();
    let (state, held) = (workspace.attributes(THIS), only_guardrail(workspace.mock()));
    for name in
        ["id", "created_at", "workspace_id", "enforce_zdr_openai", "include_byok_in_budgets"]
    {
        assert_eq!(state[name], held[name], "{name}");
    }
    assert_eq!(state["allowed_models"], json!(["openai/gpt-5"]));
    assert_eq!([&state["keys"], &state["nickname"], &state["data"]], [&Value::Null; 3]);
    assert!(writes(workspace.mock()).is_empty());

    let changed = format!("{body}\nallow_safety_retention_google = true");
    workspace.config(&guardrail("this", &changed)).apply();
    assert_eq!(writes(workspace.mock()), ["PATCH /guardrails/{id}"]);
    assert_eq!(id_of(&workspace, THIS), state["id"]);
}

/// Not even a refresh comes to help.
#[test]
fn a_state_with_nothing_but_the_id_can_be_planned_without_refresh_and_applied() {
    let workspace = Workspace::new();
    workspace
        .config(&guardrail("this", "name = \"ci\"\ndescription = \"d\""))
        .try_apply()
        .succeeds();
    let id = id_of(&workspace, THIS);
    rewrite(&workspace, |instance| {
        instance["attributes"] = json!({ "id": id });
        remove(instance, &["private"]);
    });
    workspace.config(&guardrail("this", "name = \"changed\"\ndescription = \"d\""));
    workspace.run(&["apply", "-auto-approve", "-refresh=false"]).succeeds();
    workspace.plans_nothing();
    workspace.run(&["apply", "-refresh-only", "-auto-approve"]).succeeds();
    let held = only_guardrail(workspace.mock());
    assert_eq!((&held["id"], &held["name"]), (&json!(id), &json!("changed")));
    assert_eq!(workspace.attributes(THIS)["created_at"], held["created_at"]);
}

#[test]
fn a_state_from_the_future_is_refused() {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", "name = \"ci\"")).try_apply().succeeds();
    rewrite(&workspace, |instance| instance["schema_version"] = json!(99));
    workspace.try_plan().fails();
    assert_eq!(only_guardrail(workspace.mock())["name"], "ci");
}
