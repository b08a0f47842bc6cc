//! Guardrails that ask for the same thing at the same time, and one that comes when nobody looks for it any more.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, When};
use serde_json::{Value, json};

use super::fault::SHORT;
use super::provider;
use crate::harness::{Run, Workspace};

/// As long as it takes.
const BUDGET: Duration = Duration::from_secs(120);

fn fail(mock: &Mock, action: Action) {
    mock.add_fault(Fault::on("POST", "/guardrails", action)).expect("there is no pattern in it");
}

fn ids(mock: &Mock) -> BTreeSet<String> {
    mock.guardrails().iter().filter_map(|held| Some(held["id"].as_str()?.to_owned())).collect()
}

/// The id of an instance, which must not be tainted.
#[track_caller]
fn id_of(workspace: &Workspace, address: &str) -> String {
    let instance = workspace.instance(address);
    assert_eq!(instance["status"], Value::Null, "{address} is not tainted");
    instance["attributes"]["id"].as_str().expect("a guardrail in the state has an id").to_owned()
}

/// Four creates that differ in nothing, and each meets another fault.
fn twins(faults: [Action; 4]) {
    let workspace = Workspace::new();
    let hcl = "resource \"openrouter_guardrail\" \"twin\" {\n  count = 4\n  name  = \"twin\"\n}\n";
    workspace.config(&format!("{}{hcl}", provider(SHORT, BUDGET)));
    let told = format!("{faults:?}");
    for fault in faults {
        fail(workspace.mock(), fault);
    }
    let run = workspace.try_apply().succeeds().never_says("may exist twice");
    let kept: BTreeSet<_> = (0..4)
        .map(|index| id_of(&workspace, &format!("openrouter_guardrail.twin[{index}]")))
        .collect();
    assert_eq!(kept.len(), 4, "each has one of its own: {told}\n{run}");
    assert_eq!(kept, ids(workspace.mock()), "{told}\n{run}");
    assert!(workspace.mock().fault_hits().values().all(|hits| *hits == 1), "{told}");
    workspace.plans_nothing();
}

#[test]
fn twins_that_are_made_at_once_get_one_each() {
    let late = || Action::after_disconnect(SHORT * 20, Duration::from_millis(500));
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
            scope.spawn(|| twins(faults));
        }
    });
}

/// One resource leaves the workspace out, the other names the default one: both mean the same place.
#[test]
fn the_default_workspace_by_two_names_is_one_place() {
    for (each, lost) in [(1, 2), (3, 4)] {
        let workspace = Workspace::new();
        let default = workspace.mock().default_workspace_id();
        let block = |label: &str, line: &str| {
            format!(
                "resource \"openrouter_guardrail\" \"{label}\" {{\n  count = {each}\n  name = \"twin\"\n{line}\n}}\n"
            )
        };
        let hcl = block("silent", "") + &block("named", &format!("  workspace_id = {default:?}"));
        workspace.config(&format!("{}{hcl}", provider(SHORT, BUDGET)));
        for _ in 0..lost {
            fail(workspace.mock(), Action::dropped(When::After));
        }
        let run = workspace.try_apply().succeeds().never_says("may exist twice");
        let addresses = ["silent", "named"].map(|label| {
            (0..each)
                .map(move |index| format!("openrouter_guardrail.{label}[{index}]"))
                .collect::<Vec<_>>()
        });
        let kept: BTreeSet<_> =
            addresses.iter().flatten().map(|address| id_of(&workspace, address)).collect();
        assert_eq!((kept.len(), &kept), (2 * each, &ids(workspace.mock())), "{run}");
        workspace.plans_nothing();
    }
}

/// The work of the lost attempt is done when the next one has succeeded. Then it is too late for the service to be told
/// apart from one that made it twice, but not for the user to hear of it.
#[test]
fn a_commit_after_the_settle_time_is_named_by_its_id() {
    let workspace = Workspace::new();
    let hcl = "resource \"openrouter_guardrail\" \"this\" {\n  name = \"late\"\n}\n";
    workspace.config(&format!("{}{hcl}", provider(SHORT * 20, BUDGET)));
    let mock = workspace.mock();
    fail(mock, Action::dropped(When::Before));
    let args = ["apply", "-auto-approve", "-json"];
    let child = workspace.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("Terraform can be started");
    assert!(mock.wait_until(BUDGET, |mock| mock.guardrails().len() == 1), "it is sent again");
    let twin = mock.create_guardrail(json!({ "name": "late" })).expect("nothing stands in the way");
    let twin = twin["id"].as_str().expect("a guardrail has an id");
    let output = child.wait_with_output().expect("it is our child");
    let run = Run::new(format!("terraform {}", args.join(" ")), output).exits_with(0);

    let made = id_of(&workspace, "openrouter_guardrail.this");
    assert_eq!(ids(mock), BTreeSet::from([made.clone(), twin.to_owned()]));
    let warnings: Vec<Value> =
        run.events().into_iter().map(|mut event| event["diagnostic"].take()).collect();
    let warning =
        warnings.iter().find(|warning| warning["summary"] == "Guardrail \"late\" may exist twice");
    let Some(warning) = warning else { panic!("no warning of a twin\n{run}") };
    assert_eq!(warning["severity"], "warning");
    let detail = warning["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(&format!("as {made}.")) && detail.contains(twin), "{detail}");
    assert!(!detail.contains("  "), "one paragraph: {detail}");
    workspace.plans_nothing();
}
