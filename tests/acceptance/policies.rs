//! Policies that have taken over a part of a guardrail: the plan warns, and nothing else depends on them.

use std::fs;
use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, PolicyType, When};
use serde_json::json;

use crate::guardrails::{guardrail, id, named};
use crate::harness::Workspace;

const KINDS: [&str; 3] = ["budget", "moderation", "model-availability"];

const ALL_PARTS: &str = r#"
    limit_usd = 5
    reset_interval = "daily"
    allowed_providers = ["openai"]
    content_filter_builtins = [{ slug = "email", action = "flag" }]
"#;

fn path(kind: &str) -> String {
    format!("/guardrails/policies/{kind}")
}

/// How often each kind of policies was listed.
fn lists(workspace: &Workspace) -> [u64; 3] {
    KINDS.map(|kind| workspace.mock().count("GET", &path(kind)))
}

fn fails(workspace: &Workspace, kind: &str, action: Action) {
    let fault = Fault::on("GET", &path(kind), action).forever();
    workspace.mock().add_fault(fault).expect("the fault is valid");
}

/// Two guardrails with all three parts.
fn applied() -> Workspace {
    let workspace = Workspace::new();
    workspace.config(&(named("one", ALL_PARTS) + &named("two", ALL_PARTS)));
    workspace.apply();
    workspace
}

#[test]
fn a_part_that_a_policy_has_replaced_is_told_until_it_is_handed_back() {
    let workspace = applied();
    workspace.plans_nothing().never_says("policy");

    let one = id(&workspace, "one");
    for (kind, part, attributes) in [
        (PolicyType::Budget, "budget", "`limit_usd`, `reset_interval`."),
        (PolicyType::Moderation, "moderation", "`content_filter_builtins`."),
        (PolicyType::ModelAvailability, "models", "`allowed_providers`."),
    ] {
        let policy = workspace.mock().replace_with_policy(&one, kind, "Team rules").unwrap();
        let plan = workspace.plans_nothing();
        for text in [
            format!("A policy has replaced the {part} of guardrail \"one\" ({one})"),
            format!("The policy \"Team rules\" ({policy}) was edited"),
            format!("accepts and returns them: {attributes}"),
        ] {
            assert!(plan.words().contains(&text), "{text}: {plan}");
        }
        assert_eq!(plan.words().matches("A policy has replaced").count(), 1, "{plan}");
        workspace.mock().restore_from_policy(&one, kind).unwrap();
    }
    workspace.plans_nothing().never_says("policy");
}

/// Guardrails can have one name, and each is told of; until what has no effect leaves the configuration.
#[test]
fn the_warning_ends_when_its_advice_is_followed() {
    let workspace = Workspace::new();
    let config = |lines: &str| {
        let block = |label| guardrail(label, &format!("name = \"twin\"\n{lines}"));
        workspace.config(&(block("one") + &block("two")));
    };
    config(ALL_PARTS);
    workspace.apply();
    let ids = ["one", "two"].map(|label| id(&workspace, label));
    for id in &ids {
        workspace.mock().replace_with_policy(id, PolicyType::Budget, "Cap").unwrap();
    }
    let plan = workspace.plans_nothing();
    for id in &ids {
        let text = format!("A policy has replaced the budget of guardrail \"twin\" ({id})");
        assert!(plan.words().contains(&text), "{text}: {plan}");
    }
    config("allowed_providers = [\"openai\"]");
    workspace.apply();
    workspace.plans_nothing().never_says("policy");
}

#[test]
fn a_default_guardrail_is_told_of_as_well() {
    let workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    workspace.config(&format!(
        "resource \"openrouter_workspace_default_guardrail\" \"this\" {{\nworkspace_id = {place:?}\n{ALL_PARTS}\n}}"
    ));
    workspace.apply();
    let id = workspace.mock().default_guardrail_id(&place).unwrap();
    workspace.mock().replace_with_policy(&id, PolicyType::Budget, "Spending").unwrap();
    workspace.plans_nothing().says("A policy has replaced the budget of guardrail");
}

#[test]
fn each_kind_is_listed_once_for_a_workspace_and_run() {
    let workspace = applied();
    workspace.mock().reset();
    workspace.plans_nothing();
    assert_eq!(lists(&workspace), [1, 1, 1]);
    let place = workspace.mock().production_workspace_id();
    let third = named("three", &format!("workspace_id = {place:?}"));
    workspace.config(&(named("one", ALL_PARTS) + &named("two", ALL_PARTS) + &third));
    workspace.apply();
    workspace.mock().reset();
    workspace.plans_nothing();
    assert_eq!(lists(&workspace), [2, 2, 2]);
    workspace.mock().reset();
    workspace.run(&["plan", "-refresh=false"]).succeeds();
    assert_eq!(lists(&workspace), [0, 0, 0]);
}

/// An account without policies, and a key without a right to them.
#[test]
fn where_the_first_kind_is_refused_the_others_are_not_asked_for() {
    for status in [403, 404] {
        let workspace = applied();
        workspace.mock().reset();
        fails(&workspace, "budget", Action::status(status));
        workspace.plans_nothing();
        assert_eq!(lists(&workspace), [1, 0, 0], "{status}");
    }
}

#[test]
fn whatever_happens_to_these_reads_a_plan_neither_fails_nor_waits() {
    let workspace = applied();
    let one = id(&workspace, "one");
    workspace.mock().replace_with_policy(&one, PolicyType::Moderation, "Team rules").unwrap();
    let mut told_before = 0;
    for action in [
        Action::status(500),
        Action::retry_after(3600),
        Action::html(200, "<title>Maintenance</title>", false),
        Action::wrong_json(&json!({ "data": [{ "id": 7 }], "total_count": 1 })),
        Action::slow(Duration::from_secs(60), When::Before),
        Action::dropped(When::Before),
    ] {
        let shown = format!("{action:?}");
        workspace.mock().reset();
        for kind in KINDS {
            fails(&workspace, kind, action.clone());
        }
        let started = Instant::now();
        let plan = workspace.plans_nothing();
        assert!(!plan.words().contains("policy"), "{shown}: {plan}");
        assert!(started.elapsed() < Duration::from_secs(40), "{shown}");
        let [budget, moderation, models] = lists(&workspace);
        assert!(budget == 1 && moderation <= 1 && models <= 1, "one attempt each: {shown}");
        let log = fs::read_to_string(workspace.log_file()).unwrap();
        let is_told = |line: &str| line.contains("whether policies replace parts of guardrails");
        let told = log.lines().filter(|line| is_told(line)).count();
        assert!(told > told_before, "in the log: {shown}");
        told_before = told;
        workspace.mock().clear_faults();
    }
    // One kind that cannot be read does not hide the others.
    fails(&workspace, "budget", Action::status(503));
    workspace.plans_nothing().says("A policy has replaced the moderation of guardrail");
}
