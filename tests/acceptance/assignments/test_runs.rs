//! `terraform test`: a provider block in a test file makes all of its runs, and the destruction after them, one connection.

use serde_json::json;

use super::{
    ASSIGN_KEYS, ASSIGN_MEMBERS, REMOVE_KEYS, REMOVE_MEMBERS, default_keys, existing, guardrails,
    key, member, under, writes,
};
use crate::harness::Workspace;

/// What makes the runs of a file one connection.
const SHARED: &str = "provider \"openrouter\" {}\n";

/// A key and a member under `a`, as often as `var.number` says.
fn assigned(workspace: &Workspace) -> String {
    let (hash, user) =
        (default_keys(workspace.mock()).remove(0), workspace.mock().member_ids().remove(0));
    let count = format!("count = var.number\n{}", under("a"));
    "variable \"number\" {\n  default = 1\n}\n".to_owned()
        + &guardrails(["a"])
        + &key("this", &format!("{count}\nkey_hash = {hash:?}"))
        + &member("this", &format!("{count}\nuser_id = {user:?}"))
}

/// Runs the tests in `runs`, which pass without a warning of ours, and leave nothing behind.
#[track_caller]
fn passes(workspace: &Workspace, runs: &str) {
    workspace.write("main.tftest.hcl", runs);
    let run = workspace
        .run(&["test"])
        .succeeds()
        .never_says("Two resources assign different guardrails to one")
        .never_says("still in use");
    assert!(workspace.mock().key_assignments().is_empty(), "keys are left\n{run}");
    assert!(workspace.mock().member_assignments().is_empty(), "members are left\n{run}");
}

#[test]
fn what_a_run_has_made_the_end_of_the_test_removes() {
    for provider in [SHARED, ""] {
        let workspace = Workspace::new();
        workspace.config(&assigned(&workspace));
        passes(&workspace, &format!("{provider}run \"create\" {{}}\n"));
        for call in [ASSIGN_KEYS, ASSIGN_MEMBERS, REMOVE_KEYS, REMOVE_MEMBERS] {
            assert_eq!(writes(workspace.mock()).get(call), Some(&1), "{call}");
        }
        assert!(workspace.mock().guardrails().is_empty());
    }
}

#[test]
fn what_a_run_has_made_a_later_one_removes() {
    let workspace = Workspace::new();
    workspace.config(&assigned(&workspace));
    let none = "{\n  variables {\n    number = 0\n  }\n}\n";
    passes(
        &workspace,
        &format!(
            "{SHARED}run \"create\" {{}}\nrun \"none\" {none}run \"again\" {{}}\nrun \"none_again\" {none}"
        ),
    );
    for call in [ASSIGN_KEYS, ASSIGN_MEMBERS, REMOVE_KEYS, REMOVE_MEMBERS] {
        assert_eq!(writes(workspace.mock()).get(call), Some(&2), "{call}");
    }
}

/// Two addresses that stand for one row: made by the one while the other is destroyed, in a run of its own each time.
#[test]
fn a_row_that_changes_its_address_stays_for_as_long_as_one_stands_for_it() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block = |label: &str, condition: &str| {
        key(label, &format!("count = {condition}\n{}\nkey_hash = {hash:?}", under("a")))
    };
    let held = "data \"openrouter_guardrail_key_assignments\" \"held\" {\n  guardrail_id = openrouter_guardrail.a.id\n  \
                depends_on = [openrouter_guardrail_key_assignment.even, openrouter_guardrail_key_assignment.odd]\n}\n";
    workspace.config(
        &("variable \"number\" {}\n".to_owned()
            + &guardrails(["a"])
            + &block("even", "1 - var.number % 2")
            + &block("odd", "var.number % 2")
            + held),
    );
    let run = |number: usize| {
        format!(
            "run \"number_{number}\" {{\n  variables {{\n    number = {number}\n  }}\n  assert {{\n    condition = \
             data.openrouter_guardrail_key_assignments.held.total_count == 1\n    error_message = \"the row is lost\"\n  \
             }}\n}}\n"
        )
    };
    passes(&workspace, &(SHARED.to_owned() + &(0..6).map(run).collect::<String>()));
}

/// Runs that only plan, each for another guardrail: one resource, and no contradiction.
#[test]
fn what_an_earlier_run_has_planned_is_no_other_resource() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let [a, b] = ["a", "b"].map(|name| existing(mock, json!({ "name": name })));
    let (hash, user) = (default_keys(mock).remove(0), mock.member_ids().remove(0));
    let place = "guardrail_id = var.guardrail";
    workspace.config(
        &("variable \"guardrail\" {}\n".to_owned()
            + &key("this", &format!("{place}\nkey_hash = {hash:?}"))
            + &member("this", &format!("{place}\nuser_id = {user:?}"))),
    );
    let run = |name: &str, command: &str, guardrail: &str| {
        format!(
            "run {name:?} {{\n  command = {command}\n  variables {{\n    guardrail = {guardrail:?}\n  }}\n}}\n"
        )
    };
    passes(
        &workspace,
        &(SHARED.to_owned()
            + &run("first", "plan", &a)
            + &run("second", "plan", &b)
            + &run("third", "apply", &a)
            + &run("fourth", "apply", &b)
            + &run("fifth", "plan", &a)),
    );
    let calls = writes(mock);
    assert_eq!((calls.get(ASSIGN_KEYS), calls.get(REMOVE_KEYS)), (Some(&2), Some(&1)));
}

/// What a mocked provider makes up is of no form that the API knows.
#[test]
fn a_mocked_provider_has_ids_of_its_own() {
    let workspace = Workspace::new();
    let config = assigned(&workspace)
        + "data \"openrouter_guardrail_key_assignments\" \"held\" {\n  guardrail_id = openrouter_guardrail.a.id\n}\n";
    workspace.config(&config);
    passes(&workspace, "mock_provider \"openrouter\" {}\nrun \"create\" {}\nrun \"again\" {}\n");
    assert_eq!(workspace.mock().log().total, 0);
}
