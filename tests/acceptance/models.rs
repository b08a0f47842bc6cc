//! Model names: the API stores canonical slugs, the state keeps what the user wrote, and the list of models is asked
//! for only where that does not settle whether something changed.

use serde_json::{Value, json};

use crate::guardrails::{
    address, assert_plans_update, edit, fault, held, named, patch, planned_updates, state,
};
use crate::harness::{Workspace, changes};
use mock_openrouter::{Action, Matcher};

const GPT: &str = "openai/gpt-5-2025-08-07";

fn allowed(label: &str, models: &[&str]) -> String {
    named(label, &format!("allowed_models = {models:?}"))
}

/// How often the list of models was asked for since the mock was reset.
fn lists(workspace: &Workspace) -> u64 {
    workspace.mock().count("GET", "/models")
}

/// Label, names as configured, names as stored.
const SPELLINGS: [(&str, &[&str], &[&str]); 8] = [
    ("slug", &["openai/gpt-5"], &[GPT]),
    ("canonical", &[GPT], &[GPT]),
    ("same", &["openai/gpt-4o"], &["openai/gpt-4o"]),
    ("variant", &["qwen/qwen3-coder:free"], &["qwen/qwen3-coder-480b-a35b-07-25:free"]),
    (
        "any_variant",
        &["openai/gpt-5:nitro", "openai/gpt-5"],
        &[GPT, "openai/gpt-5-2025-08-07:nitro"],
    ),
    ("unlisted", &["openai/gpt-4-32k", "openai/gpt-5"], &["openai/gpt-4-32k-0613", GPT]),
    ("hidden_by_settings", &["mistralai/mistral-large"], &["mistralai/mistral-large-2407"]),
    ("twice", &["openai/gpt-5", GPT, "x-ai/grok-4"], &[GPT, "x-ai/grok-4-07-09"]),
];

#[test]
fn every_spelling_stays_as_written() {
    let workspace = Workspace::new();
    let both = |(label, models, _): &(&str, &[&str], &[&str])| {
        named(label, &format!("allowed_models = {models:?}\nignored_models = {models:?}"))
    };
    workspace.config(&SPELLINGS.iter().map(both).collect::<String>());
    workspace.try_apply().succeeds().never_says("Warning: The API returned a different");
    for (label, written, stored) in SPELLINGS {
        for field in ["allowed_models", "ignored_models"] {
            assert_eq!(
                sorted(&state(&workspace, label)[field]),
                sorted(&json!(written)),
                "{label}"
            );
            assert_eq!(sorted(&held(&workspace, label)[field]), sorted(&json!(stored)), "{label}");
        }
    }
    // What the last write settled needs no list.
    workspace.mock().reset();
    workspace.plans_nothing();
    workspace.plans_nothing();
    assert_eq!(lists(&workspace), 0);
}

fn sorted(names: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        names.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn another_name_for_the_same_model_is_no_change() {
    let workspace = Workspace::new();
    workspace.config(&(allowed("a", &["openai/gpt-5", "openai/gpt-4o"]) + &allowed("b", &[GPT])));
    workspace.apply();
    for (a, b) in [
        (vec![GPT, "openai/gpt-4o"], "openai/gpt-5"),
        (vec!["openai/gpt-5", "openai/gpt-4o"], GPT),
        (vec!["openai/gpt-4o", GPT, "openai/gpt-5"], "openai/gpt-5"),
    ] {
        workspace.config(&(allowed("a", &a) + &allowed("b", &[b]))).apply();
    }
    assert_eq!(workspace.mock().count("PATCH", "/guardrails/{id}"), 0);
    // The variant is another model.
    workspace.config(
        &(allowed("a", &["openai/gpt-5", "openai/gpt-4o"]) + &allowed("b", &["openai/gpt-5:free"])),
    );
    assert_plans_update(&workspace, "b", &["allowed_models"]);
    workspace.apply();
    assert_eq!(held(&workspace, "b")["allowed_models"], json!(["openai/gpt-5-2025-08-07:free"]));
}

#[test]
fn drift_shows_only_the_model_that_changed() {
    let workspace = Workspace::new();
    let configured = ["anthropic/claude-sonnet-4.5", "openai/gpt-5", "openai/gpt-5-mini:free"];
    workspace.config(&allowed("a", &configured));
    workspace.apply();
    let made = ["anthropic/claude-sonnet-4.5", "openai/gpt-5-mini:free", "x-ai/grok-4"];
    patch(&workspace, "a", json!({ "allowed_models": made }));

    workspace.mock().reset();
    let plan = workspace.plan_json();
    assert_eq!(lists(&workspace), 1, "once for a run, not once for a comparison");
    let changes = changes(&plan);
    let [(found, change)] = changes[..] else { panic!("one change, not {changes:#?}") };
    assert_eq!(found, address("a"));
    // The models that stayed keep the user's spelling, so only the swap is shown.
    let before = ["anthropic/claude-sonnet-4.5", "openai/gpt-5-mini:free", "x-ai/grok-4-07-09"];
    assert_eq!(sorted(&change["before"]["allowed_models"]), before);
    assert_eq!(sorted(&change["after"]["allowed_models"]), configured);
    workspace.apply();
    assert_eq!(sorted(&state(&workspace, "a")["allowed_models"]), configured);

    // Order means nothing, neither here nor there.
    let mut stored = held(&workspace, "a")["allowed_models"].as_array().unwrap().clone();
    stored.reverse();
    edit(&workspace, "a", json!({ "allowed_models": stored }));
    workspace.plans_nothing();
    workspace.config(&allowed(
        "a",
        &["openai/gpt-5-mini:free", "openai/gpt-5", "anthropic/claude-sonnet-4.5"],
    ));
    workspace.plans_nothing();

    // A model that the list does not know is shown, and taken out again.
    edit(&workspace, "a", json!({ "allowed_models": ["acme/secret", GPT] }));
    assert_plans_update(&workspace, "a", &["allowed_models"]);
    workspace.apply();
    assert_eq!(held(&workspace, "a")["allowed_models"].as_array().unwrap().len(), 3);
}

fn models_fail(workspace: &Workspace) {
    let matcher = Matcher { path: Some("/models".to_owned()), times: None, ..Matcher::default() };
    fault(workspace, matcher, Action::status(403));
}

#[test]
fn a_list_that_cannot_be_read_is_an_error_and_loses_nothing() {
    let workspace = Workspace::new();
    workspace.config(&(allowed("a", &["openai/gpt-5"]) + &allowed("b", &["openai/gpt-4o"])));
    workspace.apply();
    let state_before = workspace.state_file();

    // Not needed: no error.
    models_fail(&workspace);
    workspace.plans_nothing();

    // The configuration says it another way: only the list can tell.
    workspace.config(&(allowed("a", &[GPT, "x-ai/grok-4"]) + &allowed("b", &["openai/gpt-4o"])));
    workspace.try_plan().fails().says("list of models").says("403").says(&address("a"));
    workspace.try_apply().fails();
    assert_eq!(workspace.state_file(), state_before);

    // So does the API.
    workspace.config(&(allowed("a", &["openai/gpt-5"]) + &allowed("b", &["openai/gpt-4o"])));
    patch(&workspace, "b", json!({ "allowed_models": ["x-ai/grok-4"] }));
    workspace.try_plan().fails().says("list of models").says("403").says(&address("b"));
    workspace.run(&["apply", "-refresh-only", "-auto-approve"]).fails().says("list of models");
    assert_eq!(workspace.state_file(), state_before);
    assert_eq!(workspace.mock().guardrails().len(), 2);

    workspace.mock().clear_faults();
    assert_plans_update(&workspace, "b", &["allowed_models"]);
    workspace.apply();
}

#[test]
fn a_create_succeeds_without_the_list_and_settles_later() {
    let workspace = Workspace::new();
    workspace.config(&allowed("a", &["openai/gpt-5"]));
    models_fail(&workspace);
    workspace.try_apply().succeeds();
    workspace.try_plan().fails().says("list of models");
    assert_eq!(workspace.instance(&address("a"))["status"], Value::Null, "it is not tainted");

    workspace.mock().clear_faults();
    workspace.plans_nothing();
    assert_eq!(workspace.mock().guardrails().len(), 1);
}

#[test]
fn models_can_come_from_another_resource() {
    let workspace = Workspace::new();
    let config = |models: &[&str]| {
        let source = format!("resource \"terraform_data\" \"models\" {{\ninput = {models:?}\n}}\n");
        let read = named("a", "allowed_models = terraform_data.models.output");
        let mixed =
            named("b", "ignored_models = [\"openai/gpt-4o\", terraform_data.models.output[0]]");
        workspace.config(&(source + &read + &mixed));
    };
    config(&["openai/gpt-5", "x-ai/grok-4"]);
    workspace.apply();
    assert_eq!(sorted(&state(&workspace, "a")["allowed_models"]), ["openai/gpt-5", "x-ai/grok-4"]);
    assert_eq!(sorted(&held(&workspace, "b")["ignored_models"]), ["openai/gpt-4o", GPT]);

    // A change that is known only while applying, first to the same models, then to others.
    let before = held(&workspace, "a")["allowed_models"].clone();
    config(&[GPT, "x-ai/grok-4"]);
    workspace.apply();
    assert_eq!(held(&workspace, "a")["allowed_models"], before);
    config(&["google/gemini-2.5-pro"]);
    assert!(planned(&workspace).contains(&address("a")));
    workspace.apply();
    assert_eq!(held(&workspace, "a")["allowed_models"], json!(["google/gemini-2.5-pro"]));
    assert_eq!(
        sorted(&held(&workspace, "b")["ignored_models"]),
        ["google/gemini-2.5-pro", "openai/gpt-4o"]
    );
}

fn planned(workspace: &Workspace) -> Vec<String> {
    planned_updates(workspace).into_keys().collect()
}

#[test]
fn a_model_that_the_service_cannot_resolve_is_told_at_its_attribute() {
    let workspace = Workspace::new();
    workspace.config(&allowed("a", &["openai/gpt-5", "openai/gpt-99"]));
    let failed = workspace.try_apply().fails();
    let failed =
        failed.says("400").says("Invalid allowed_models: openai/gpt-99").says("allowed_models = [");
    failed.says("create guardrail \"a\"");
    assert_eq!(workspace.addresses(), Vec::<String>::new());

    workspace.config(&allowed("a", &["openai/gpt-5"]));
    workspace.apply();
    let before = state(&workspace, "a");
    workspace.config(&allowed("a", &["openai/gpt-99"]));
    workspace
        .try_apply()
        .fails()
        .says("Invalid allowed_models: openai/gpt-99")
        .says("update guardrail \"a\"");
    assert_eq!(state(&workspace, "a"), before);
}

/// The list does not tell that the two names are one model, and the API stores it once.
#[test]
fn a_hidden_model_that_is_named_twice_is_no_difference() {
    let (slug, canonical) = ("openai/gpt-4-32k", "openai/gpt-4-32k-0613");
    let workspace = Workspace::new();
    for models in [
        &[slug, canonical][..],
        &[slug],
        &[slug, canonical, "openai/gpt-5"],
        &[canonical, "openai/gpt-5"],
    ] {
        workspace
            .config(&allowed("a", models))
            .apply()
            .never_says("Warning: The API returned a different");
        workspace.run(&["plan", "-refresh-only", "-detailed-exitcode"]).exits_with(0);
    }
    assert_eq!(sorted(&held(&workspace, "a")["allowed_models"]), [canonical, GPT]);
    workspace
        .config(&allowed("b", &[slug, canonical]))
        .apply()
        .never_says("Warning: The API returned a different");
    assert_eq!(held(&workspace, "b")["allowed_models"], json!([canonical]));
}
