//! Creates of guardrails that are alike, at the same time, and a guardrail that is made after the provider has stopped looking.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, When};
use serde_json::{Value, json};

use super::fault::{LATE, SHORT_TIMEOUT};
use super::provider;
use crate::harness::{Run, Workspace};

/// More time than the busiest machine needs.
const BUDGET: Duration = Duration::from_secs(120);

fn fail_create(mock: &Mock, action: Action) {
    mock.add_fault(Fault::on("POST", "/guardrails", action)).expect("the fault has no pattern");
}

fn ids_in_api(mock: &Mock) -> BTreeSet<String> {
    let guardrails = mock.guardrails();
    guardrails.iter().filter_map(|guardrail| Some(guardrail["id"].as_str()?.to_owned())).collect()
}

/// The ids of the guardrails in the state, of which none may be tainted.
#[track_caller]
fn ids_in_state(workspace: &Workspace) -> Vec<String> {
    let id = |(address, instance): (String, Value)| {
        assert_eq!(instance["status"], Value::Null, "{address} is tainted");
        instance["attributes"]["id"].as_str().expect("a guardrail has an id").to_owned()
    };
    workspace.instances().into_iter().map(id).collect()
}

/// Applies so many creates of one name under these faults. Each resource must get a guardrail of its own.
#[track_caller]
fn each_gets_its_own(workspace: &Workspace, hcl: &str, count: usize, faults: Vec<Action>) {
    workspace.config(&format!("{}{hcl}", provider(SHORT_TIMEOUT, BUDGET)));
    let context = format!("{faults:?}");
    for fault in faults {
        fail_create(workspace.mock(), fault);
    }
    let run = workspace.try_apply().succeeds().never_says("may exist twice");
    let ids = ids_in_state(workspace);
    assert_eq!(ids.len(), count, "{context}\n{run}");
    assert_eq!(BTreeSet::from_iter(ids), ids_in_api(workspace.mock()), "{context}\n{run}");
    assert_eq!(workspace.mock().guardrails().len(), count, "{context}\n{run}");
    assert!(workspace.mock().fault_hits().values().all(|hits| *hits == 1), "{context}");
    workspace.plans_nothing();
}

#[test]
fn creates_that_differ_in_nothing_get_one_each() {
    let hcl = "resource \"openrouter_guardrail\" \"same\" {\n  count = 4\n  name  = \"same\"\n}\n";
    let late = || Action::after_disconnect(SHORT_TIMEOUT * 20, LATE);
    let (before, after) = (|| Action::dropped(When::Before), || Action::dropped(When::After));
    let unavailable = || Action::status_after_work(503);
    let cases = [
        [before(), after(), unavailable(), late()],
        [after(), after(), after(), after()],
        [unavailable(), before(), before(), after()],
        [late(), late(), after(), before()],
    ];
    std::thread::scope(|scope| {
        for faults in cases {
            scope.spawn(|| each_gets_its_own(&Workspace::new(), hcl, 4, faults.into()));
        }
    });
}

/// One resource leaves the workspace out, the other names the default one: both mean the same.
#[test]
fn the_default_workspace_by_two_names_is_one_workspace() {
    for (each, lost) in [(1, 2), (3, 4)] {
        let workspace = Workspace::new();
        let default = workspace.mock().default_workspace_id();
        let block = |label: &str, line: &str| {
            format!(
                "resource \"openrouter_guardrail\" \"{label}\" {{\n  count = {each}\n  name = \"same\"\n{line}\n}}\n"
            )
        };
        let hcl = block("default", "") + &block("named", &format!("  workspace_id = {default:?}"));
        let faults = (0..lost).map(|_| Action::dropped(When::After)).collect();
        each_gets_its_own(&workspace, &hcl, 2 * each, faults);
    }
}

/// The work of the lost attempt is done when the next one has succeeded. Then the duplicate cannot be avoided any more, but it
/// is reported.
#[test]
fn a_commit_after_the_settle_time_is_named_by_its_id() {
    let workspace = Workspace::new();
    let hcl = "resource \"openrouter_guardrail\" \"this\" {\n  name = \"late\"\n}\n";
    workspace.config(&format!("{}{hcl}", provider(SHORT_TIMEOUT * 20, BUDGET)));
    let mock = workspace.mock();
    fail_create(mock, Action::dropped(When::Before));
    let args = ["apply", "-auto-approve", "-json"];
    let child = workspace.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("Terraform can be started");
    assert!(mock.wait_until(BUDGET, |mock| mock.guardrails().len() == 1), "it is sent again");
    let duplicate = mock.create_guardrail(json!({ "name": "late" })).expect("the mock accepts it");
    let duplicate = duplicate["id"].as_str().expect("a guardrail has an id");
    let output = child.wait_with_output().expect("Terraform can be waited for");
    let run = Run::new(format!("terraform {}", args.join(" ")), output).exits_with(0);

    let made = ids_in_state(&workspace).remove(0);
    assert_eq!(ids_in_api(mock), BTreeSet::from([made.clone(), duplicate.to_owned()]));
    let diagnostics: Vec<Value> =
        run.events().into_iter().map(|mut event| event["diagnostic"].take()).collect();
    let is_warning =
        |diagnostic: &&Value| diagnostic["summary"] == "Guardrail \"late\" may exist twice";
    let Some(warning) = diagnostics.iter().find(is_warning) else {
        panic!("no warning of a duplicate\n{run}")
    };
    assert_eq!(warning["severity"], "warning");
    let detail = warning["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(&format!("as {made}.")) && detail.contains(duplicate), "{detail}");
    assert!(!detail.contains("  "), "one paragraph: {detail}");
    workspace.plans_nothing();
}
