//! What users do to a guardrail beside changing its attributes: accept drift, replace, move, forget, ignore, run two applies at
//! once. Each test ends with an empty plan and compares with what the API holds.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Workspace, changes};
use crate::story::{THIS, guardrail, id_of, names, only_guardrail, writes};

const CREATE: &str = "POST /guardrails";
const UPDATE: &str = "PATCH /guardrails/{id}";
const DELETE: &str = "DELETE /guardrails/{id}";

/// A workspace with one applied guardrail, `name = "ci"` and this body, and its id. The mock's log is empty.
fn applied(body: &str) -> (Workspace, String) {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", &format!("name = \"ci\"\n{body}"))).try_apply().succeeds();
    workspace.mock().reset();
    let id = id_of(&workspace, THIS);
    (workspace, id)
}

#[test]
fn refresh_only_accepts_a_change_made_outside() {
    let (workspace, id) = applied("description = \"ours\"");
    workspace
        .mock()
        .patch_guardrail(
            &id,
            json!({ "description": "theirs", "limit_usd": 5, "reset_interval": "daily" }),
        )
        .unwrap();
    workspace.run(&["apply", "-refresh-only", "-auto-approve"]).succeeds();
    let state = workspace.attributes(THIS);
    assert_eq!(state["description"], "theirs");
    assert_eq!((&state["limit_usd"], &state["reset_interval"]), (&json!(5), &json!("daily")));
    workspace.run(&["plan", "-refresh-only", "-detailed-exitcode"]).exits_with(0);
    assert!(writes(workspace.mock()).is_empty());

    // The configuration still says otherwise, until it follows.
    workspace.plans_something();
    workspace.config(&guardrail(
        "this",
        "name = \"ci\"\ndescription = \"theirs\"\nlimit_usd = 5\nreset_interval = \"daily\"",
    ));
    workspace.plans_nothing();
    assert_eq!(only_guardrail(workspace.mock())["description"], "theirs");
}

#[test]
fn replace_makes_a_new_one() {
    let (workspace, id) = applied("");
    workspace.run(&["apply", "-auto-approve", &format!("-replace={THIS}")]).succeeds();
    assert_eq!(writes(workspace.mock()), [DELETE, CREATE]);
    assert_ne!(id_of(&workspace, THIS), id);
    assert_eq!(only_guardrail(workspace.mock())["id"], json!(id_of(&workspace, THIS)));
    workspace.plans_nothing();
}

#[test]
fn moved_blocks_touch_nothing_at_the_service() {
    let (workspace, id) = applied("");
    let moved = |from: &str, to: &str| format!("moved {{\n  from = {from}\n  to = {to}\n}}\n");
    let renamed = "openrouter_guardrail.renamed";
    let each = "openrouter_guardrail.each[\"a\"]";
    workspace.config(&(guardrail("renamed", "name = \"ci\"") + &moved(THIS, renamed))).apply();
    assert_eq!(workspace.addresses(), [renamed]);
    let body = "for_each = toset([\"a\"])\nname = \"ci\"";
    workspace.config(&(guardrail("each", body) + &moved(renamed, each))).apply();
    assert_eq!(workspace.addresses(), [each]);
    assert_eq!(id_of(&workspace, each), id);
    assert!(writes(workspace.mock()).is_empty());
    assert_eq!(only_guardrail(workspace.mock())["id"], json!(id));
}

#[test]
fn a_removed_block_forgets_and_the_service_keeps() {
    let (workspace, id) = applied("");
    workspace
        .config(&format!(
            "removed {{\n  from = {THIS}\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
        ))
        .apply();
    assert_eq!(workspace.addresses(), [""; 0]);
    assert!(writes(workspace.mock()).is_empty());
    assert_eq!(only_guardrail(workspace.mock())["id"], json!(id));
}

#[test]
fn an_ignored_attribute_keeps_what_the_service_holds() {
    let ignore = "lifecycle {\n  ignore_changes = [description]\n}";
    let (workspace, id) = applied(&format!("description = \"ours\"\n{ignore}"));
    workspace.mock().patch_guardrail(&id, json!({ "description": "theirs" })).unwrap();
    workspace.plans_nothing();
    let changed = format!("name = \"renamed\"\ndescription = \"ours again\"\n{ignore}");
    workspace.config(&guardrail("this", &changed)).apply();
    let held = only_guardrail(workspace.mock());
    assert_eq!((&held["name"], &held["description"]), (&json!("renamed"), &json!("theirs")));
    assert_eq!(writes(workspace.mock()), [UPDATE]);
}

#[test]
fn ignoring_all_leaves_it_to_others() {
    let (workspace, id) = applied("lifecycle {\n  ignore_changes = all\n}");
    let theirs = json!({
        "name": "theirs", "description": "d", "limit_usd": 1, "reset_interval": "weekly", "enforce_zdr_xai": true,
        "allowed_models": ["openai/gpt-5"], "content_filter_builtins": [{ "slug": "email", "action": "block" }],
        "include_byok_in_budgets": true,
    });
    workspace.mock().patch_guardrail(&id, theirs).unwrap();
    workspace.apply();
    assert!(writes(workspace.mock()).is_empty());
    assert_eq!(only_guardrail(workspace.mock())["name"], "theirs");
}

#[test]
fn another_workspace_needs_a_new_guardrail_and_makes_it_first_where_configured() {
    let lifecycle = "lifecycle {\n  create_before_destroy = true\n}";
    let (workspace, id) = applied(lifecycle);
    let production = workspace.mock().production_workspace_id();
    let moved = format!("name = \"ci\"\nworkspace_id = \"{production}\"\n{lifecycle}");
    workspace.config(&guardrail("this", &moved)).apply();
    assert_eq!(writes(workspace.mock()), [CREATE, DELETE]);
    let held = only_guardrail(workspace.mock());
    assert_eq!(held["workspace_id"], json!(production));
    assert_eq!(held["id"], json!(id_of(&workspace, THIS)));
    assert_ne!(held["id"], json!(id));
}

#[test]
fn two_runs_at_the_same_time_do_not_disturb_each_other() {
    let mut workspaces = [Workspace::new(), Workspace::new()];
    let shared = workspaces[0].mock().base_url().to_owned();
    workspaces[1].env("OPENROUTER_BASE_URL", &shared);
    let [left, right] = &workspaces;
    for (workspace, team) in [(left, "left"), (right, "right")] {
        workspace
            .config(&guardrail("this", &format!("count = 6\nname = \"{team} ${{count.index}}\"")));
    }
    // Slow enough for the two to overlap.
    left.mock().set_latency(Duration::from_secs(1));
    let runs = [left, right].map(|workspace| {
        workspace.command(&["apply", "-auto-approve"]).stdout(Stdio::null()).spawn().unwrap()
    });
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let expected: Vec<String> = ["left", "right"]
        .iter()
        .flat_map(|team| (0..6).map(move |n| format!("{team} {n}")))
        .collect();
    assert_eq!(names(left.mock()), expected);
    left.mock().set_latency(Duration::ZERO);
    left.plans_nothing();
    right.plans_nothing();
}

#[test]
fn one_that_was_deleted_outside_is_made_again() {
    let (workspace, id) = applied("");
    workspace.mock().delete_guardrail(&id).unwrap();
    let plan = workspace.plan_json();
    let planned = changes(&plan);
    assert_eq!(planned.len(), 1);
    assert_eq!((planned[0].0, &planned[0].1["actions"]), (THIS, &json!(["create"])));
    workspace.apply();
    assert_eq!(only_guardrail(workspace.mock())["id"], json!(id_of(&workspace, THIS)));
}

#[test]
fn destroying_what_is_gone_is_no_error() {
    let (workspace, id) = applied("");
    workspace.mock().delete_guardrail(&id).unwrap();
    workspace.run(&["destroy", "-auto-approve", "-refresh=false"]).succeeds();
    assert_eq!(writes(workspace.mock()), [DELETE]);
    assert_eq!(workspace.addresses(), [""; 0]);
    workspace.config("").plans_nothing();
}

#[test]
fn a_target_limits_what_is_done() {
    let workspace = Workspace::new();
    workspace.config(&(guardrail("this", "name = \"a\"") + &guardrail("other", "name = \"b\"")));
    workspace.run(&["apply", "-auto-approve", &format!("-target={THIS}")]).succeeds();
    assert_eq!(names(workspace.mock()), ["a"]);
    workspace.plans_something();
    workspace.apply();
    assert_eq!(names(workspace.mock()), ["a", "b"]);
}

#[test]
fn a_saved_plan_is_applied_as_it_was_shown() {
    let (workspace, id) = applied("limit_usd = 0.1\nreset_interval = \"daily\"");
    workspace.config(&guardrail("this", "name = \"saved\"\nallowed_models = [\"openai/gpt-5\"]"));
    workspace.run(&["plan", "-out=saved.bin"]).succeeds();
    assert!(writes(workspace.mock()).is_empty());
    workspace.run(&["apply", "saved.bin"]).succeeds();
    workspace.plans_nothing();
    let held = only_guardrail(workspace.mock());
    assert_eq!(
        (&held["id"], &held["name"], &held["limit_usd"]),
        (&json!(id), &json!("saved"), &json!(null))
    );
}

#[test]
fn terraforms_own_tests_can_use_it() {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", "name = \"tested\""));
    let test = format!(
        "run \"applies\" {{\n  assert {{\n    condition = {THIS}.id != null\n    error_message = \"no id\"\n  }}\n}}\n"
    );
    workspace.write("main.tftest.hcl", &test);
    workspace.run(&["test"]).succeeds().says("1 passed, 0 failed");
    assert_eq!(writes(workspace.mock()), [CREATE, DELETE]);
    assert!(workspace.mock().guardrails().is_empty());
}
