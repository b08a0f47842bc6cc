//! The live suite: the same script against the mock and against the real service, and a report of
//! what differed. It keeps the mock honest, and is for a maintainer with a management key: `cargo
//! xtask test --live`, see CONTRIBUTING.md.
//!
//! Elsewhere a second mock stands for the live API, so that all of this is tested, refusals and
//! clean-up above all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod difference;
#[allow(
    dead_code,
    unused_imports,
    reason = "tests/acceptance uses the same harness, and other parts of it"
)]
#[path = "../acceptance/harness/mod.rs"]
mod harness;
mod ours;
mod recording;
mod run;
mod service;
mod settings;
mod story;

use mock_openrouter::{Action, Fault, Mock, Options};
use serde_json::json;

use crate::run::Report;
use crate::service::{ManagementKey, Target};

/// The one test that leaves this machine.
#[test]
#[ignore = "writes to a real account: `cargo xtask test --live`"]
fn the_service_behaves_as_the_mock() {
    let mut output = std::io::stdout();
    let outcome = settings::read(|name| std::env::var(name).ok())
        .and_then(|target| run::run(target, &mut output))
        .and_then(|report| report.print(&mut output));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// What no output may hold, in whatever form the rest of the key is.
const SECRET_PART: &str = "0123456789abcdef";

/// A mock that stands for the live API.
fn live() -> Mock {
    started(false)
}

/// One that repeats the key in every answer.
fn echoing() -> Mock {
    started(true)
}

fn started(echo_key: bool) -> Mock {
    let management_key = format!("sk-or-v1-{SECRET_PART}");
    Mock::start(Options { management_key, echo_key, ..Options::default() }).unwrap()
}

/// Everything that the suite may use.
fn target(live: &Mock) -> Target {
    let workspace = live.default_workspace_id();
    Target {
        base_url: live.base_url().to_owned(),
        key: ManagementKey::new(live.management_key().to_owned()),
        key_hash: Some(live.key_hashes(&workspace).remove(1)),
        user_id: Some(live.member_ids().remove(1)),
        workspace,
    }
}

/// Runs the suite, whose output must not hold the key, and gives the outcome and the output.
fn try_run(target: Target) -> (Result<Report, String>, String) {
    let mut output = Vec::new();
    let outcome = run::run(target, &mut output);
    let mut printed = String::new();
    if let Ok(report) = &outcome {
        let failure = report.print(&mut output).err().unwrap_or_default();
        printed.push_str(&failure);
    }
    printed.push_str(&String::from_utf8(output).unwrap());
    let refusal = outcome.as_ref().err().map_or("", String::as_str);
    assert!(!printed.contains(SECRET_PART) && !refusal.contains(SECRET_PART), "{printed}{refusal}");
    (outcome, printed)
}

/// Guardrails that resemble those of the suite, which it must leave alone; and somebody else's
/// assignment.
fn furnish(live: &Mock) -> Vec<String> {
    let names = ["production", "tf-live-", "tf-live-0123456789-api", "tf-live-01234567-api"];
    let make = |name: &&str| {
        let made = live.create_guardrail(json!({ "name": name, "description": "precious" }));
        made.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<String> = names.iter().map(make).collect();
    live.assign_keys(&ids[0], &live.key_hashes(&live.default_workspace_id())[..1]).unwrap();
    ids
}

fn ids(live: &Mock) -> Vec<String> {
    let id = |held: &serde_json::Value| held["id"].as_str().unwrap().to_owned();
    live.guardrails().iter().map(id).collect()
}

#[test]
fn a_run_finds_no_difference_between_two_mocks_and_leaves_everything_as_it_was() {
    let live = live();
    let before = (furnish(&live), live.key_assignments(), live.member_assignments());
    let (report, printed) = try_run(target(&live));
    let report = report.unwrap();
    assert!(report.failures.is_empty() && report.differences.is_empty(), "{printed}");
    assert!(report.operations > 60 && report.not_run.is_empty(), "{printed}");
    assert_eq!((ids(&live), live.key_assignments(), live.member_assignments()), before);
    for template in ["/guardrails/{id}/assignments/keys", "/guardrails/{id}/assignments/members"] {
        assert!(live.count("POST", template) > 3, "{template}");
    }
}

/// The first run loses the right to delete and unassign in the middle, as one that was killed.
#[test]
fn what_an_interrupted_run_has_left_is_removed_by_the_next_and_nothing_else() {
    let live = live();
    let before = (furnish(&live), live.key_assignments(), live.member_assignments());
    let forbidden = |method, template: &str| {
        live.add_fault(Fault::on(method, template, Action::status(403)).forever()).unwrap()
    };
    forbidden("DELETE", "/guardrails/{id}");
    for kind in ["keys", "members"] {
        forbidden("POST", &format!("/guardrails/{{id}}/assignments/{kind}/remove"));
    }
    let (report, printed) = try_run(target(&live));
    assert!(!report.unwrap().failures.is_empty(), "{printed}");
    assert!(printed.contains("could not be deleted; the next run does it"), "{printed}");
    assert_ne!(live.key_assignments(), before.1);
    let left = ids(&live).len() - before.0.len();
    assert!(left > 2, "{printed}");

    live.clear_faults();
    let (report, printed) = try_run(Target { user_id: None, ..target(&live) });
    let report = report.unwrap();
    assert!(report.failures.is_empty() && report.differences.is_empty(), "{printed}");
    assert_eq!(report.removed.len(), left, "{printed}");
    assert_eq!(printed.matches("left by an earlier run, and deleted now: tf-live-").count(), left);
    assert_eq!(report.not_run, ["assigning a member: OPENROUTER_LIVE_USER_ID is not set"]);
    assert_eq!((ids(&live), live.key_assignments(), live.member_assignments()), before);
}

#[test]
fn where_the_api_differs_the_report_names_operation_and_place() {
    let live = echoing();
    live.accept_field("new_setting").unwrap();
    let conflict = Fault::on("POST", "/guardrails", Action::status(409)).skip(2);
    live.add_fault(conflict).unwrap();
    let (report, printed) = try_run(Target { key_hash: None, user_id: None, ..target(&live) });
    let report = report.unwrap();
    assert!(report.failures.is_empty(), "{printed}");
    for expected in [
        "differs: create a guardrail (POST)\n    body.data.new_setting: live null, mock absent\n",
        "differs: refuse no name (PATCH)\n    body.error.metadata: live \"<any>\", mock absent\n",
        "differs: create one of the same name (POST)\n    status: live 409, mock 201\n",
        "differs: delete the one of the same name (DELETE)\n    operation: live absent, mock \"done\"\n",
        "not run: assigning a key: OPENROUTER_LIVE_KEY_HASH is not set\n",
    ] {
        assert!(printed.contains(expected), "{expected}\n{printed}");
    }
    assert_eq!(live.count("POST", "/guardrails/{id}/assignments/keys/remove"), 1);
    assert_eq!(live.guardrails(), Vec::<serde_json::Value>::new());
}

#[test]
fn a_run_is_refused_before_anything_is_written() {
    let live = echoing();
    let id = furnish(&live).remove(0);
    let workspace = live.default_workspace_id();
    let (keys, members) = (live.key_hashes(&workspace), live.member_ids());
    let elsewhere = live.key_hashes(&live.production_workspace_id());
    live.assign_members(&id, &members[..1]).unwrap();
    live.reset();
    let all = || target(&live);
    for (target, says) in [
        (Target { workspace: keys[0][..36].to_owned(), ..all() }, "was answered with 404"),
        (Target { workspace: "production".to_owned(), ..all() }, "answered with another workspace"),
        (Target { key: ManagementKey::new("wrong".to_owned()), ..all() }, "was answered with 401"),
        (Target { key_hash: keys.first().cloned(), ..all() }, "must stay in force"),
        (Target { user_id: members.first().cloned(), ..all() }, "must stay in force"),
        (Target { key_hash: elsewhere.first().cloned(), ..all() }, "is not in the workspace"),
    ] {
        let (refused, printed) = try_run(target);
        let refusal = refused.err().unwrap_or_default();
        assert!(refusal.contains(says), "{says}: {refusal} {printed}");
    }
    let log = live.log();
    assert!(log.requests.iter().all(|request| request.method == "GET"), "{log:#?}");
}
