//! Policies that have taken over a part of a guardrail: the plan warns, and nothing else depends on them.

use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, PolicyType, When};
use serde_json::json;

use crate::guardrails::{id, named};
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
        (PolicyType::Budget, "budget", "`limit_usd`, `reset_interval`, `include_byok_in_budgets`."),
        (PolicyType::Moderation, "moderation", "`content_filters`, `content_filter_builtins`."),
        (
            PolicyType::ModelAvailability,
            "models",
            "`allowed_models`, `ignored_models`, `allowed_providers`, `ignored_providers`.",
        ),
    ] {
        let policy = workspace.mock().replace_with_policy(&one, kind, "Team rules").unwrap();
        let plan = workspace.plans_nothing();
        for text in [
            format!("Guardrail \"one\": a policy has replaced its {part}"),
            format!("edited the policy \"Team rules\" ({policy})"),
            format!("guardrail {one} from that policy"),
            attributes.to_owned(),
        ] {
            assert!(plan.words().contains(&text), "{text}: {plan}");
        }
        let plan = plan.never_says("Guardrail \"two\"");
        assert_eq!(plan.words().matches("a policy has replaced").count(), 1, "{plan}");
        workspace.mock().restore_from_policy(&one, kind).unwrap();
    }
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
    workspace.plans_nothing().says("a policy has replaced its budget");
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
        assert!(lists(&workspace).iter().all(|count| *count <= 1), "one attempt each: {shown}");
        workspace.mock().clear_faults();
    }
    // One kind that cannot be read does not hide the others.
    fails(&workspace, "budget", Action::status(503));
    workspace.plans_nothing().says("a policy has replaced its moderation");
}
