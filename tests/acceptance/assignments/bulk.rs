//! Many assignments at once: few requests, and each resource with its own outcome.

use std::collections::BTreeMap;

use mock_openrouter::Options;

use super::{
    ASSIGN_KEYS, ASSIGN_MEMBERS, LIST_ALL_KEYS, LIST_KEYS, REMOVE_KEYS, assert_no_gaps, count,
    each_key, each_member, guardrails, id, lasting, subjects, with_keys, writes,
};
use crate::guardrails::named;
use crate::harness::{Run, Workspace};
use crate::story::{Problem, only_error};

/// `terraform apply` with that many operations at a time.
fn apply_at(workspace: &Workspace, parallelism: usize) -> Run {
    workspace.run(&["apply", "-auto-approve", &format!("-parallelism={parallelism}")])
}

/// Terraform's own work grows with the square of their number: what can be seen with fewer is tested with fewer.
#[test]
fn a_thousand_keys_take_few_requests() {
    let (workspace, hashes) = with_keys(1000);
    let mock = workspace.mock();
    subjects(&workspace, &hashes);
    workspace.config(&(guardrails(["a"]) + &each_key("a")));
    apply_at(&workspace, 100).succeeds().says("1001 added");
    assert_all_under(&workspace, hashes, "a");
    assert_eq!(workspace.addresses().len(), 1001);
    let assigned = count(mock, ASSIGN_KEYS);
    assert!((10..=100).contains(&assigned), "{assigned} requests to assign");

    mock.reset();
    workspace.plans_nothing();
    assert_eq!((count(mock, LIST_KEYS), count(mock, LIST_ALL_KEYS)), (10, 0), "each page once");
}

/// Created at Terraform's default parallelism, moved at a higher one, and destroyed.
#[test]
fn three_hundred_keys_move_without_a_removal() {
    let (workspace, hashes) = with_keys(300);
    let mock = workspace.mock();
    subjects(&workspace, &hashes);
    workspace.config(&(lasting(["a", "b"]) + &each_key("a")));
    workspace.try_apply().succeeds().says("302 added");
    let assigned = count(mock, ASSIGN_KEYS);
    assert!((3..=60).contains(&assigned), "{assigned} requests to assign");

    mock.reset();
    workspace.config(&(lasting(["a", "b"]) + &each_key("b")));
    apply_at(&workspace, 50).succeeds().says("0 added, 300 changed, 0 destroyed");
    let calls = writes(mock);
    assert_eq!(calls.keys().collect::<Vec<_>>(), [ASSIGN_KEYS]);
    assert!(calls[ASSIGN_KEYS] <= 30, "{calls:?}");
    assert_all_under(&workspace, hashes, "b");
    assert_no_gaps(mock);
    workspace.plans_nothing();

    mock.reset();
    workspace.config(&lasting(["a", "b"])).try_apply().succeeds().says("300 destroyed");
    assert!(mock.key_assignments().is_empty());
    assert_eq!(workspace.addresses(), ["openrouter_guardrail.a", "openrouter_guardrail.b"]);
    let removed = count(mock, REMOVE_KEYS);
    assert!((3..=60).contains(&removed), "{removed} requests to remove");
}

/// Expects that exactly these keys are assigned, all to one guardrail.
#[track_caller]
fn assert_all_under(workspace: &Workspace, hashes: Vec<String>, guardrail: &str) {
    let guardrail = id(workspace, guardrail);
    let expected: BTreeMap<_, _> =
        hashes.into_iter().map(|hash| (hash, guardrail.clone())).collect();
    assert_eq!(workspace.mock().key_assignments(), expected);
}

/// Applies 50 keys of which one cannot be assigned; gives what is said of that one.
fn fifty_with(culprit: &str, workspace: &Workspace, good: &[String]) -> Problem {
    let config = guardrails(["a"]) + &each_key("a");
    subjects(workspace, &[good, &[culprit.to_owned()]].concat());
    workspace.config(&config);
    let problem =
        only_error(workspace.run(&["apply", "-auto-approve", "-parallelism=51", "-json"]));
    assert_eq!(workspace.mock().key_assignments().len(), 49);
    assert_eq!(workspace.addresses().len(), 50, "49 and their guardrail");
    let state = workspace.state_file().to_string();
    assert!(!state.contains("tainted") && !state.contains(culprit));

    // Without it, nothing is left to do.
    subjects(workspace, good);
    workspace.plans_nothing();
    problem
}

#[test]
fn an_unknown_key_fails_alone() {
    let (workspace, good) = with_keys(49);
    let unknown = "f".repeat(64);
    let problem = fifty_with(&unknown, &workspace, &good);
    problem
        .says(&[
            &format!("Could not assign key {unknown}"),
            "does not know this key",
            &id(&workspace, "a"),
        ])
        .points_at("key_hash = ");
    assert!(!good.iter().any(|hash| problem.text().contains(hash)), "{}", problem.text());
    let requests = count(workspace.mock(), ASSIGN_KEYS);
    assert!(requests <= 6, "{requests} requests: those who succeed are not sent again");
}

/// Both at once: each has its own reason.
#[test]
fn each_culprit_has_its_own_reason() {
    let (workspace, mut hashes) = with_keys(20);
    let foreign =
        workspace.mock().key_hashes(&workspace.mock().production_workspace_id()).remove(0);
    let unknown = "f".repeat(64);
    hashes.extend([foreign.clone(), unknown.clone()]);
    subjects(&workspace, &hashes);
    workspace.config(&(guardrails(["a"]) + &each_key("a")));
    let run = workspace.run(&["apply", "-auto-approve", "-parallelism=30", "-json"]).fails();
    let problems: Vec<_> = crate::story::errors(&run)
        .into_iter()
        .map(|diagnostic| Problem { diagnostic }.text())
        .collect();
    assert_eq!(problems.len(), 2, "{run}");
    let of = |hash: &str| problems.iter().find(|text| text.contains(hash)).unwrap();
    assert!(of(&foreign).contains("belongs to another workspace"), "{problems:?}");
    assert!(of(&unknown).contains("does not know this key"), "{problems:?}");
    assert_eq!(workspace.mock().key_assignments().len(), 20);
}

#[test]
fn an_outsider_among_sixty_members_fails_alone() {
    let workspace = Workspace::with_mock(Options { seed_members: 59, ..Options::default() });
    let mock = workspace.mock();
    let members = mock.member_ids();
    assert_eq!(members.len(), 59);
    let production = mock.production_workspace_id();
    let place = format!("workspace_id = {production:?}");
    workspace.config(&(named("a", &place) + &each_member("a")));
    let outsider = mock.organization_only_member_ids().remove(0);
    subjects(&workspace, &[members.as_slice(), std::slice::from_ref(&outsider)].concat());
    only_error(workspace.run(&["apply", "-auto-approve", "-json"]))
        .says(&[
            &format!("Could not assign member {outsider}"),
            &format!("{outsider} is not a member of the workspace"),
        ])
        .points_at("user_id = ");
    let guardrail = id(&workspace, "a");
    let expected: BTreeMap<_, _> =
        members.iter().map(|user| (format!("{production}/{user}"), guardrail.clone())).collect();
    assert_eq!(mock.member_assignments(), expected);
    assert_eq!(workspace.addresses().len(), 60);
    assert!(!workspace.state_file().to_string().contains("tainted"));
    let requests = count(mock, ASSIGN_MEMBERS);
    assert!(requests <= 40, "{requests} requests");

    subjects(&workspace, &members);
    workspace.plans_nothing();
}
