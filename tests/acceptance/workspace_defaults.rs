//! `openrouter_workspace_default_guardrail`: what is there is taken over, by a create or an import, and stays in force
//! when the resource is destroyed.

use mock_openrouter::{Action, Fault, When};
use serde_json::{Value, json};

use crate::guardrails::{assert_holds, differing, named, planned_updates};
use crate::harness::{Workspace, changes};

const ADDRESS: &str = "openrouter_workspace_default_guardrail.this";

fn default_of(label: &str, workspace_id: &str, lines: &str) -> String {
    format!(
        "resource \"openrouter_workspace_default_guardrail\" \"{label}\" {{\nworkspace_id = {workspace_id}\n{lines}\n}}\n"
    )
}

/// Configures the default guardrail of a workspace by its id.
fn configure(workspace: &Workspace, workspace_id: &str, lines: &str) {
    workspace.config(&default_of("this", &format!("{workspace_id:?}"), lines));
}

/// The id by which the workspace names its default guardrail.
fn id_of(workspace: &Workspace, workspace_id: &str) -> String {
    workspace.mock().default_guardrail_id(workspace_id).expect("every workspace has one")
}

/// What the API holds; null before anything was set.
fn held(workspace: &Workspace, workspace_id: &str) -> Value {
    workspace.mock().guardrail(&id_of(workspace, workspace_id)).unwrap_or_default()
}

fn patches(workspace: &Workspace) -> u64 {
    workspace.mock().count("PATCH", "/guardrails/{id}")
}

const BUDGET: &str = "limit_usd = 50\nreset_interval = \"daily\"";

#[test]
fn it_is_set_changed_repaired_and_left_in_force() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    let id = id_of(&workspace, &place);
    let filters = "content_filter_builtins = [{ slug = \"email\", action = \"redact\" }]";
    configure(
        &workspace,
        &place,
        &format!("{BUDGET}\n{filters}\nallowed_models = [\"openai/gpt-5\"]"),
    );
    workspace.run(&["plan"]).succeeds().never_says("has other settings");
    workspace.apply().says("1 added");
    let state = workspace.attributes(ADDRESS);
    let name = format!("Workspace {place} Default");
    assert_holds(
        &state,
        &json!({ "id": id, "name": name, "workspace_id": place, "limit_usd": 50 }),
    );
    assert_holds(
        &held(&workspace, &place),
        &json!({ "name": name, "limit_usd": 50, "reset_interval": "daily" }),
    );

    workspace
        .mock()
        .patch_guardrail(&id, json!({ "limit_usd": 9, "reset_interval": "daily" }))
        .unwrap();
    assert_eq!(planned_updates(&workspace)[ADDRESS], ["limit_usd"]);
    workspace.apply();
    configure(&workspace, &place, &format!("{BUDGET}\nenforce_zdr_openai = true"));
    assert_eq!(
        planned_updates(&workspace)[ADDRESS],
        ["allowed_models", "content_filter_builtins", "enforce_zdr_openai"]
    );
    workspace.apply();
    assert_holds(
        &held(&workspace, &place),
        &json!({ "limit_usd": 50, "enforce_zdr_openai": true, "allowed_models": null }),
    );

    let before = (held(&workspace, &place), patches(&workspace));
    let destroyed = workspace.destroy();
    destroyed
        .says("1 destroyed")
        .says(&format!("default guardrail of workspace {place} stays in force"));
    assert_eq!((held(&workspace, &place), patches(&workspace)), before);
    assert_eq!(workspace.mock().count("DELETE", "/guardrails/{id}"), 0);
}

/// Every setting of a guardrail is one of a default guardrail, and none is declared a second time.
#[test]
fn it_has_every_setting_of_a_guardrail_in_the_same_words() {
    let workspace = Workspace::new();
    workspace.config("");
    let answer = workspace.run(&["providers", "schema", "-json"]).succeeds().json();
    let providers = answer["provider_schemas"].as_object().unwrap();
    let (_, provider) =
        providers.iter().find(|(source, _)| source.ends_with(env!("SOURCE_ADDRESS"))).unwrap();
    let attributes = |resource: &str| {
        provider["resource_schemas"][resource]["block"]["attributes"].as_object().unwrap().clone()
    };
    let mut guardrail = attributes("openrouter_guardrail");
    let mut default = attributes("openrouter_workspace_default_guardrail");
    for own in ["id", "name", "workspace_id"] {
        assert!(guardrail.remove(own).is_some() && default.remove(own).is_some(), "{own}");
    }
    for time in ["created_at", "updated_at"] {
        assert!(guardrail.remove(time).is_some(), "{time}");
    }
    assert_eq!(default, guardrail);
}

#[test]
fn without_settings_nothing_is_sent_until_something_is_set_elsewhere() {
    let workspace = Workspace::new();
    let place = workspace.mock().default_workspace_id();
    configure(&workspace, &place, "");
    workspace.apply();
    assert_eq!((held(&workspace, &place), patches(&workspace)), (Value::Null, 0));
    let name = format!("Workspace {place} Default");
    assert_holds(
        &workspace.attributes(ADDRESS),
        &json!({ "name": name, "id": id_of(&workspace, &place) }),
    );

    let drift = json!({ "ignored_providers": ["azure"], "enforce_zdr_xai": true });
    workspace.mock().patch_guardrail(&id_of(&workspace, &place), drift).unwrap();
    assert_eq!(planned_updates(&workspace)[ADDRESS], ["enforce_zdr_xai", "ignored_providers"]);
    workspace.apply();
    assert_holds(
        &held(&workspace, &place),
        &json!({ "ignored_providers": null, "enforce_zdr_xai": null }),
    );
}

#[test]
fn a_create_says_which_settings_it_changes_and_an_import_shows_them_as_a_diff() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    let id = id_of(&workspace, &place);
    let existing = json!({ "limit_usd": 20, "reset_interval": "weekly", "include_byok_in_budgets": true,
        "allowed_models": ["openai/gpt-5-2025-08-07"], "ignored_providers": ["azure"] });
    workspace.mock().patch_guardrail(&id, existing.clone()).unwrap();
    let lines = "allowed_models = [\"openai/gpt-5\"]\nlimit_usd = 50\nreset_interval = \"weekly\"";
    configure(&workspace, &place, lines);
    let plan = workspace.run(&["plan", "-no-color"]).succeeds();
    for text in [
        format!("The default guardrail of workspace \"{place}\" already has other settings"),
        "`limit_usd`, now 20".to_owned(),
        "`include_byok_in_budgets`, now true".to_owned(),
        "`ignored_providers`, now [\"azure\"]".to_owned(),
        format!("import it by the id \"{place}\" before you apply"),
    ] {
        assert!(plan.words().contains(&text), "{text}: {plan}");
    }
    plan.never_says("`allowed_models`, now").never_says("`reset_interval`, now");

    // By id and by slug, in either case the plan is the difference.
    let slug = "production";
    for given in [place.as_str(), slug] {
        workspace.try_import(ADDRESS, given).succeeds();
        assert_eq!(
            planned_updates(&workspace)[ADDRESS],
            ["ignored_providers", "include_byok_in_budgets", "limit_usd"]
        );
        workspace.run(&["state", "rm", ADDRESS]).succeeds();
    }
    assert_holds(&held(&workspace, &place), &existing);
    workspace.apply();
    assert_holds(
        &held(&workspace, &place),
        &json!({ "limit_usd": 50, "include_byok_in_budgets": false, "ignored_providers": null }),
    );
    workspace.run(&["state", "rm", ADDRESS]).succeeds();
    workspace.run(&["plan"]).succeeds().never_says("has other settings");

    workspace.try_import(ADDRESS, "nowhere").fails().says("The workspace does not exist");
    workspace.try_import("openrouter_guardrail.this", &id).fails();
}

#[test]
fn two_resources_for_one_workspace_are_refused_and_two_workspaces_are_not() {
    let workspace = Workspace::new();
    let (one, other) =
        (workspace.mock().default_workspace_id(), workspace.mock().production_workspace_id());
    let both = |second: &str| {
        default_of("this", &format!("{one:?}"), BUDGET)
            + &default_of("second", &format!("{second:?}"), "")
    };
    workspace.config(&both(&one));
    let refused =
        workspace.run(&["plan"]).fails().says("Two resources manage the same default guardrail");
    refused.says(&format!("also manages the default guardrail of workspace {one}"));
    assert_eq!(patches(&workspace), 0);
    workspace.config(&both(&other));
    workspace.apply().says("2 added").never_says("Two resources");

    // With a state it is a warning: core plans the configuration also before it destroys.
    workspace.config(&both(&one));
    workspace.run(&["plan"]).succeeds().says("Two resources manage the same default guardrail");
    workspace.destroy();
}

#[test]
fn another_workspace_leaves_the_former_default_guardrail_as_it_is() {
    let workspace = Workspace::new();
    let (one, other) =
        (workspace.mock().default_workspace_id(), workspace.mock().production_workspace_id());
    configure(&workspace, &one, BUDGET);
    workspace.apply();
    workspace
        .mock()
        .patch_guardrail(&id_of(&workspace, &other), json!({ "ignored_models": ["openai/gpt-5"] }))
        .unwrap();
    configure(&workspace, &other, BUDGET);
    let plan = workspace.run(&["plan"]).succeeds().says("must be replaced");
    plan.says(&format!("workspace {one} stays in force")).says(&format!(
        "The default guardrail of workspace \"{other}\" already has other settings"
    ));
    workspace.apply().says("1 added, 0 changed, 1 destroyed");
    assert_holds(&held(&workspace, &one), &json!({ "limit_usd": 50 }));
    assert_holds(&held(&workspace, &other), &json!({ "limit_usd": 50, "ignored_models": null }));
    assert_eq!(workspace.attributes(ADDRESS)["id"], id_of(&workspace, &other));
}

#[test]
fn what_is_no_workspace_id_is_told_and_nothing_is_changed() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    configure(&workspace, "production", BUDGET);
    workspace.try_apply().fails().says(&format!("Set `workspace_id` to its id: \"{place}\""));
    let unknown = "0b7f3f4e-0000-4000-8000-000000000000";
    configure(&workspace, unknown, BUDGET);
    let plan = workspace.run(&["plan"]).succeeds().says("Warning: Could not read default");
    plan.says("The workspace does not exist");
    workspace
        .try_apply()
        .fails()
        .says(&format!("Could not create default guardrail of workspace \"{unknown}\""));
    assert_eq!(patches(&workspace), 0);
    assert_eq!(workspace.addresses(), Vec::<String>::new());
}

#[test]
fn only_a_workspace_that_is_gone_takes_it_out_of_the_state() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    configure(&workspace, &place, "");
    workspace.apply();
    let fault = |method: &str, path: &str, status| {
        workspace
            .mock()
            .add_fault(Fault::on(method, path, Action::status(status)).forever())
            .unwrap();
    };
    fault("GET", "/workspaces/{id}", 403);
    workspace.try_plan().fails().says(&format!("This call was for workspace {place}."));
    workspace.mock().clear_faults();
    workspace.plans_nothing();
    workspace.mock().delete_workspace(&place).unwrap();
    let plan = workspace.plan_json();
    let [(ADDRESS, change)] = changes(&plan)[..] else { panic!("{plan:#}") };
    assert_eq!(change["actions"], json!(["create"]));
    assert!(!differing(change).is_empty());
    workspace.try_apply().fails().says("The workspace does not exist");
}

/// A default guardrail cannot be an `openrouter_guardrail`, and the error says what it can be.
#[test]
fn the_import_of_one_as_a_guardrail_names_the_resource_to_use() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    let id = id_of(&workspace, &place);
    workspace.config(&named("this", ""));
    for _ in 0..2 {
        let refused = workspace.try_import("openrouter_guardrail.this", &id).fails();
        refused.says("Use the resource openrouter_workspace_default_guardrail").says(&format!(
            "terraform import openrouter_workspace_default_guardrail.<name> {place}"
        ));
        workspace.mock().patch_guardrail(&id, json!({ "enforce_zdr_xai": true })).unwrap();
    }
}

#[test]
fn a_key_that_is_bound_to_another_workspace_is_named_as_a_reason() {
    let workspace = Workspace::new();
    let (one, other) =
        (workspace.mock().default_workspace_id(), workspace.mock().production_workspace_id());
    workspace.config(&(named("this", "") + &default_of("this", &format!("{one:?}"), BUDGET)));
    workspace.mock().restrict_key(Some(&other)).unwrap();
    let refused = workspace.try_apply().fails();
    refused
        .says("This management key is restricted to another workspace")
        .says("it is restricted to one workspace, and this call was for another")
        .says("Could not create guardrail \"this\"")
        .says("This call was for the account's default workspace.")
        .says(&format!("Could not create default guardrail of workspace \"{one}\""))
        .says(&format!("Check `workspace_id`. This call was for workspace {one}."));
    workspace.mock().restrict_key(None).unwrap();
    workspace.apply();
    workspace.mock().restrict_key(Some(&other)).unwrap();
    workspace.try_plan().fails().says(&format!("This call was for workspace {one}."));
}

/// What the API has of `extra_settings` counts, and a list of models that cannot be read hides nothing.
#[test]
fn a_takeover_says_what_it_changes_of_extra_settings_and_without_the_list_of_models() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    workspace.mock().accept_field("burst").unwrap();
    let existing = json!({ "burst": 5, "limit_usd": 20, "reset_interval": "weekly",
        "allowed_models": ["openai/gpt-5-2025-08-07"] });
    workspace.mock().patch_guardrail(&id_of(&workspace, &place), existing).unwrap();
    let models = Fault::on("GET", "/models", Action::status(400)).forever();
    workspace.mock().add_fault(models).unwrap();
    let lines = "allowed_models = [\"openai/gpt-5\"]\nextra_settings = jsonencode({ burst = 3 })";
    configure(&workspace, &place, lines);
    let plan = workspace.run(&["plan"]).succeeds();
    for text in ["`burst` in `extra_settings`", "`limit_usd`, now 20"] {
        assert!(plan.words().contains(text), "{text}: {plan}");
    }
    workspace.mock().clear_faults();
    workspace.apply();
    workspace.mock().patch_guardrail(&id_of(&workspace, &place), json!({ "burst": 7 })).unwrap();
    assert_eq!(planned_updates(&workspace)[ADDRESS], ["extra_settings"]);
}

/// The API may leave the workspace out, and the answer to a PATCH can get lost.
#[test]
fn an_update_whose_answer_is_lost_is_believed() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    let id = id_of(&workspace, &place);
    configure(&workspace, &place, BUDGET);
    workspace.apply();
    workspace.mock().edit_guardrail(&id, json!({ "workspace_id": null })).unwrap();
    workspace.plans_nothing();
    let provider = "provider \"openrouter\" {\nretry = { max_elapsed_time_ms = 0 }\n}\n";
    let lines = "limit_usd = 60\nreset_interval = \"daily\"";
    workspace.config(&(provider.to_owned() + &default_of("this", &format!("{place:?}"), lines)));
    let lost = Fault::on("PATCH", "/guardrails/{id}", Action::dropped(When::After));
    workspace.mock().add_fault(lost).unwrap();
    workspace.apply().never_says("than planned");
    assert_eq!(workspace.attributes(ADDRESS)["limit_usd"], json!(60));
}

#[test]
fn an_unknown_provider_configuration_is_no_reason_to_warn() {
    let workspace = Workspace::installed();
    let place = workspace.mock().production_workspace_id();
    let provider = format!(
        "resource \"terraform_data\" \"url\" {{\ninput = {:?}\n}}\nprovider \"openrouter\" {{\nserver_url = terraform_data.url.output\n}}\n",
        workspace.mock().base_url()
    );
    let workspace_default = default_of("this", &format!("{place:?}"), BUDGET);
    workspace.config(&(provider + &workspace_default)).init();
    workspace.run(&["plan"]).succeeds().never_says("not known yet");
    workspace.apply();
}
