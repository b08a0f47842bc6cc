//! Refreshes of many guardrails: few requests, and exactly what single reads would give.

use mock_openrouter::{Action, Fault, Mock, Options};
use serde_json::json;

use crate::harness::{Workspace, changes};

/// 230 guardrails in each of two workspaces.
fn two_hundred_in_each_workspace() -> Workspace {
    let workspace = Workspace::with_mock(Options::default());
    let production = workspace.mock().production_workspace_id();
    workspace.config(&format!(
        "resource \"openrouter_guardrail\" \"default\" {{\n  count = 230\n  name = \"d-${{count.index}}\"\n}}\n\
         resource \"openrouter_guardrail\" \"production\" {{\n  count = 230\n  name = \"p-${{count.index}}\"\n  \
         workspace_id = {production:?}\n}}\n"
    ));
    workspace.run(&["apply", "-auto-approve", "-parallelism=40"]).succeeds();
    workspace
}

/// The requests about guardrails since the log was reset.
fn reads(mock: &Mock) -> u64 {
    mock.count("GET", "/guardrails") + mock.count("GET", "/guardrails/{id}")
}

#[test]
fn many_guardrails_are_listed_and_changes_outside_show() {
    let workspace = two_hundred_in_each_workspace();
    let mock = workspace.mock();
    mock.reset();
    workspace.plans_nothing();
    assert!(
        reads(mock) <= 12,
        "three pages for each workspace, and as many single reads: {:?}",
        mock.log().counts
    );

    let id = |name: &str| workspace.attributes(name)["id"].as_str().unwrap().to_owned();
    mock.patch_guardrail(&id("openrouter_guardrail.default[222]"), json!({ "description": "x" }))
        .unwrap();
    mock.delete_guardrail(&id("openrouter_guardrail.production[111]")).unwrap();
    let seen = |workspace: &Workspace| {
        let plan = workspace.plan_json();
        let changed = changes(&plan)
            .into_iter()
            .map(|(address, change)| (address.to_owned(), change["actions"].clone()));
        changed.collect::<Vec<_>>()
    };
    let expected = [
        ("openrouter_guardrail.default[222]".to_owned(), json!(["update"])),
        ("openrouter_guardrail.production[111]".to_owned(), json!(["create"])),
    ];
    assert_eq!(seen(&workspace), expected);

    // Whatever becomes of the listings, the plan is the same.
    for action in [
        Action::status(403),
        Action::wrong_json(&json!({ "data": [17], "total_count": 1 })),
        Action::repeated_page(),
        Action::wrong_total(-200),
    ] {
        mock.clear_faults();
        mock.add_fault(Fault::on("GET", "/guardrails", action).forever()).unwrap();
        assert_eq!(seen(&workspace), expected);
    }
}
