//! All assignments of a guardrail in one resource.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::json;

use super::{
    ASSIGN_KEYS, ASSIGN_MEMBERS, REMOVE_KEYS, REMOVE_MEMBERS, assert_no_gaps, assert_warns, change,
    count, existing, guardrails, id, key, lasting, planned, under, with_keys, writes,
};
use crate::harness::Workspace;
use crate::story::only_error;

const EXCLUSIVE: &str = "openrouter_guardrail_key_assignments_exclusive.this";

/// The resource that holds these keys, for a guardrail of the configuration.
fn exclusive(label: &str, guardrail: &str, hashes: &[String]) -> String {
    block(
        "key_assignments",
        label,
        &format!("{}\nkey_hashes = {}", under(guardrail), json!(hashes)),
    )
}

fn block(of: &str, label: &str, lines: &str) -> String {
    format!("resource \"openrouter_guardrail_{of}_exclusive\" \"{label}\" {{\n{lines}\n}}\n")
}

/// The keys that a guardrail of the configuration is assigned to.
fn keys_of(workspace: &Workspace, guardrail: &str) -> BTreeSet<String> {
    keys_under(workspace.mock(), &id(workspace, guardrail))
}

fn keys_under(mock: &Mock, guardrail_id: &str) -> BTreeSet<String> {
    let assigned = mock.key_assignments().into_iter();
    assigned.filter(|(_, of)| of == guardrail_id).map(|(hash, _)| hash).collect()
}

fn set(hashes: &[String]) -> BTreeSet<String> {
    hashes.iter().cloned().collect()
}

/// The keys in the state.
fn held(workspace: &Workspace) -> BTreeSet<String> {
    let attributes = workspace.attributes(EXCLUSIVE);
    serde_json::from_value(attributes["key_hashes"].clone()).unwrap()
}

#[test]
fn what_differs_is_planned_and_sent_and_nothing_else() {
    let (workspace, hashes) = with_keys(6);
    let mock = workspace.mock();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[..3])));
    workspace.apply();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[..3]));
    assert_eq!(held(&workspace), set(&hashes[..3]));

    // Someone adds a key, and takes another away.
    let a = id(&workspace, "a");
    mock.assign_keys(&a, &hashes[5..]).unwrap();
    let other = existing(mock, json!({ "name": "other" }));
    mock.assign_keys(&other, &hashes[..1]).unwrap();
    let plan = workspace.plan_json();
    let change = change(&plan, EXCLUSIVE);
    let shown = |side: &str| -> BTreeSet<String> {
        serde_json::from_value(change[side]["key_hashes"].clone()).unwrap()
    };
    assert_eq!(shown("before"), set(&[&hashes[1..3], &hashes[5..]].concat()));
    assert_eq!(shown("after"), set(&hashes[..3]));
    assert_warns(
        workspace.plans_something(),
        &["is no longer assigned to 1 key", &format!("{} (now guardrail {other})", hashes[0])],
    );

    mock.reset();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[1..5])));
    workspace.apply();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[1..5]));
    assert_eq!(keys_under(mock, &other), set(&hashes[..1]));
    assert_eq!(writes(mock), BTreeMap::from([(ASSIGN_KEYS.into(), 1), (REMOVE_KEYS.into(), 1)]));
    let sent = mock.log();
    let bodies = |call: &str| -> BTreeSet<String> {
        let requests = sent.requests.iter();
        let of_call = requests.filter(|one| format!("{} {}", one.method, one.template) == call);
        of_call
            .flat_map(|one| {
                serde_json::from_value::<Vec<String>>(one.body["key_hashes"].clone()).unwrap()
            })
            .collect()
    };
    assert_eq!(bodies(ASSIGN_KEYS), set(&hashes[3..5]));
    assert_eq!(bodies(REMOVE_KEYS), set(&hashes[5..]));
}

#[test]
fn an_empty_set_unassigns_everybody_and_a_destroy_nobody() {
    let (workspace, hashes) = with_keys(4);
    let mock = workspace.mock();
    let guardrail = guardrails(["a"]);
    workspace.config(&(guardrail.clone() + &exclusive("this", "a", &hashes)));
    workspace.apply();
    mock.reset();
    workspace.config(&guardrail);
    let run = workspace.run(&["apply", "-auto-approve"]).succeeds();
    assert_warns(
        run,
        &["No assignment of guardrail", "stays assigned to 4 keys", "key_hashes = []"],
    );
    assert_eq!(writes(mock), BTreeMap::new());
    assert_eq!(keys_of(&workspace, "a"), set(&hashes));

    workspace.config(&(guardrail + &exclusive("this", "a", &[])));
    assert_warns(
        workspace.plans_something(),
        &["The guardrail will be removed from 4 keys", &hashes[0]],
    );
    workspace.apply();
    assert!(mock.key_assignments().is_empty());
    // With the guardrail, nothing alarms.
    let run = workspace.run(&["destroy", "-auto-approve"]).succeeds();
    assert_eq!(super::warnings(&run), 0, "{run}");
}

#[test]
fn destroying_all_does_not_say_that_the_guardrail_is_in_use() {
    let (workspace, hashes) = with_keys(2);
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes)));
    workspace.apply();
    workspace.destroy().never_says("still in use");
}

#[test]
fn twelve_hundred_keys_take_fourteen_posts() {
    let (workspace, hashes) = with_keys(1200);
    let mock = workspace.mock();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes)));
    workspace.try_apply().succeeds();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes));
    let posts = count(mock, ASSIGN_KEYS);
    assert!(posts <= 13, "{posts} requests, beside the one for the guardrail");
    mock.reset();
    workspace.plans_nothing();
    assert_eq!(count(mock, "GET /guardrails/{id}/assignments/keys"), 12);
    assert_eq!(count(mock, "GET /guardrails/assignments/keys"), 0);

    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[..1])));
    workspace.try_apply().succeeds();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[..1]));
    assert!(count(mock, REMOVE_KEYS) <= 14, "{:?}", writes(mock));
}

#[test]
fn members_are_held_as_keys_are() {
    let workspace = Workspace::with_mock(Options { seed_members: 5, ..Options::default() });
    let mock = workspace.mock();
    let members = mock.member_ids();
    let config = |members: &[String]| {
        let lines = format!("{}\nuser_ids = {}", under("a"), json!(members));
        guardrails(["a"]) + &block("member_assignments", "this", &lines)
    };
    let assigned = || -> BTreeSet<String> {
        let rows = mock.member_assignments().into_keys();
        rows.map(|row| row.rsplit('/').next().unwrap().to_owned()).collect()
    };
    workspace.config(&config(&members[..3])).apply();
    assert_eq!(assigned(), set(&members[..3]));
    mock.assign_members(&id(&workspace, "a"), &members[4..]).unwrap();
    mock.reset();
    workspace.config(&config(&members[1..4])).apply();
    assert_eq!(assigned(), set(&members[1..4]));
    assert_eq!(
        writes(mock),
        BTreeMap::from([(ASSIGN_MEMBERS.into(), 1), (REMOVE_MEMBERS.into(), 1)])
    );
}

/// One of the keys does not exist: the state has what holds, and the next apply does the rest.
#[test]
fn a_change_that_fails_in_part_leaves_what_holds() {
    let (workspace, hashes) = with_keys(4);
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[..2])));
    workspace.apply();
    let unknown = "f".repeat(64);
    let wanted = [&hashes[1..3], std::slice::from_ref(&unknown)].concat();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &wanted)));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"]))
        .says(&[
            "Could not assign guardrail",
            &format!("to key {unknown}"),
            "does not know this key",
        ])
        .points_at("key_hashes = ");
    assert_eq!(held(&workspace), set(&hashes[1..3]));
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[1..3]));
    assert!(!workspace.state_file().to_string().contains("tainted"));
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[1..3])));
    workspace.plans_nothing();
}

/// A create that fails in part leaves nothing to be replaced, and removes nobody.
#[test]
fn a_create_that_fails_in_part_is_completed_by_the_next_apply() {
    let (workspace, hashes) = with_keys(5);
    let mock = workspace.mock();
    workspace.config(&guardrails(["a"])).apply();
    let a = id(&workspace, "a");
    mock.assign_keys(&a, &hashes[3..]).unwrap();
    let unknown = "f".repeat(64);
    let wanted = [&hashes[..2], std::slice::from_ref(&unknown)].concat();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &wanted)));
    workspace.try_apply().fails().says("does not know this key");
    assert_eq!(keys_of(&workspace, "a"), set(&[&hashes[..2], &hashes[3..]].concat()));
    assert_eq!(workspace.addresses(), ["openrouter_guardrail.a"]);
    mock.reset();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes[..2])));
    workspace.apply();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[..2]));
    assert_eq!(writes(mock), BTreeMap::from([(REMOVE_KEYS.to_owned(), 1)]));
}

/// Keys that go from one set to another are moved, whichever resource is applied first, and never
/// without a guardrail.
#[test]
fn keys_move_between_sets_without_a_gap() {
    let (workspace, hashes) = with_keys(8);
    let mock = workspace.mock();
    let config = |at: usize| {
        lasting(["a", "b"])
            + &exclusive("a", "a", &hashes[..at])
            + &exclusive("b", "b", &hashes[at..])
    };
    workspace.config(&config(6)).apply();
    mock.reset();
    for at in [2, 5, 3] {
        workspace.config(&config(at)).apply();
        assert_eq!(keys_of(&workspace, "a"), set(&hashes[..at]));
        assert_eq!(keys_of(&workspace, "b"), set(&hashes[at..]));
    }
    assert_no_gaps(mock);
}

/// The guardrail that takes the keys is made in the same apply, and that takes a while.
#[test]
fn keys_wait_for_a_guardrail_that_is_still_to_be_made() {
    let slow = Action::slow(Duration::from_secs(1), When::Before);
    for action in [slow, Action::status(503), Action::retry_after(1)] {
        let (workspace, hashes) = with_keys(3);
        let mock = workspace.mock();
        workspace.config(&(lasting(["a"]) + &exclusive("a", "a", &hashes))).apply();
        mock.reset();
        mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
        let moved = lasting(["a", "b"])
            + &exclusive("a", "a", &hashes[2..])
            + &exclusive("b", "b", &hashes[..2]);
        workspace.config(&moved).apply();
        assert_eq!(keys_of(&workspace, "b"), set(&hashes[..2]));
        assert_no_gaps(mock);
    }
}

/// Single assignments become a set, and a set single ones, in one apply each.
#[test]
fn single_assignments_and_a_set_take_over_from_each_other() {
    let (workspace, hashes) = with_keys(3);
    let mut singles = guardrails(["a"]);
    for (index, hash) in hashes.iter().enumerate() {
        singles += &key(&format!("k{index}"), &format!("{}\nkey_hash = {hash:?}", under("a")));
    }
    let together = guardrails(["a"]) + &exclusive("this", "a", &hashes);
    workspace.config(&singles).apply();
    for config in [&together, &singles, &together] {
        workspace.config(config);
        workspace.try_apply().succeeds();
        assert_eq!(keys_of(&workspace, "a"), set(&hashes));
        workspace.plans_nothing();
    }
    assert_eq!(keys_of(&workspace, "a"), set(&hashes));
}

#[test]
fn contradictions_are_warnings_and_agreement_is_none() {
    let (workspace, hashes) = with_keys(3);
    let single = |hash: &str, guardrail: &str| {
        key("one", &format!("{}\nkey_hash = {hash:?}", under(guardrail)))
    };
    let base = guardrails(["a", "b"]) + &exclusive("this", "a", &hashes[..2]);
    workspace.config(&base).apply();
    workspace.config(&(base.clone() + &single(&hashes[0], "a")));
    let run = workspace.plans_something();
    assert_eq!(super::warnings(&run), 0, "{run}");
    for (hash, guardrail) in [(&hashes[2], "a"), (&hashes[0], "b")] {
        workspace.config(&(base.clone() + &single(hash, guardrail)));
        workspace.plans_something().says("resource would undo the changes of the other");
    }
    workspace.config(&(base + &exclusive("second", "a", &hashes[1..])));
    workspace.plans_something().says("Resources disagree about the keys of a guardrail");
}

#[test]
fn it_is_imported_by_the_guardrails_id() {
    let (workspace, hashes) = with_keys(3);
    let mock = workspace.mock();
    workspace.config(&guardrails(["a"])).apply();
    let a = id(&workspace, "a");
    mock.assign_keys(&a, &hashes).unwrap();
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes)));
    workspace.try_import(EXCLUSIVE, "nonsense").fails().says("it is not a UUID");
    workspace.try_import(EXCLUSIVE, super::NOBODY).fails().says("The guardrail does not exist");
    workspace.try_import(EXCLUSIVE, &a.to_ascii_uppercase()).succeeds();
    workspace.plans_nothing();
    assert_eq!(held(&workspace), set(&hashes));
}

#[test]
fn a_deleted_guardrail_leaves_the_state() {
    let (workspace, hashes) = with_keys(2);
    let mock = workspace.mock();
    let a = existing(mock, json!({ "name": "outside" }));
    let lines = format!("guardrail_id = {a:?}\nkey_hashes = {}", json!(hashes));
    workspace.config(&block("key_assignments", "this", &lines)).apply();
    mock.delete_guardrail(&a).unwrap();
    assert_eq!(planned(&workspace), BTreeMap::from([(EXCLUSIVE.to_owned(), "create".to_owned())]));
    workspace.try_apply().fails().says("Check `guardrail_id`");
}

#[test]
fn what_is_no_hash_is_refused_at_the_set() {
    let (workspace, hashes) = with_keys(1);
    let a = existing(workspace.mock(), json!({ "name": "outside" }));
    let lines =
        |wrong: &str| format!("guardrail_id = {a:?}\nkey_hashes = [{:?}, {wrong:?}]", hashes[0]);
    workspace.config(&block("key_assignments", "this", &lines("production")));
    only_error(workspace.run(&["plan", "-json"]))
        .says(&["Each element of `key_hashes` must be the hash of an API key"])
        .points_at("key_hashes = ");
    workspace.config(&block("key_assignments", "this", &lines("sk-or-v1-121...5c6b")));
    workspace.run(&["validate"]).fails().says("Label of an API key instead of its hash");
}

/// As the guide on many keys tells: nothing is sent.
#[test]
fn single_assignments_become_a_set_without_a_request() {
    let (workspace, hashes) = with_keys(3);
    let singles = key(
        "production",
        &format!("for_each = toset({})\nkey_hash = each.key\n{}", json!(hashes), under("a")),
    );
    workspace.config(&(guardrails(["a"]) + &singles)).apply();
    let guide = include_str!("../../../docs/guides/many-keys-and-members.md");
    let blocks = guide.split("```terraform\n").find(|part| part.starts_with("import {")).unwrap();
    let (blocks, _) = blocks.split_once("```").unwrap();
    let blocks = blocks.replace("550e8400-e29b-41d4-a716-446655440000", &id(&workspace, "a"));
    workspace.config(&(guardrails(["a"]) + &exclusive("production", "a", &hashes) + &blocks));
    workspace.mock().reset();
    workspace.apply().says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(writes(workspace.mock()), BTreeMap::new());
    assert_eq!(workspace.addresses().len(), 2);
}

/// A set and its guardrail are deleted, and its keys join another set: the guardrail goes last, and stays if they cannot join.
#[test]
fn a_deleted_guardrails_keys_have_joined_another_set_before() {
    let (workspace, hashes) = with_keys(6);
    let mock = workspace.mock();
    let before = lasting(["a", "b"])
        + &exclusive("a", "a", &hashes[..3])
        + &exclusive("b", "b", &hashes[3..]);
    let after = lasting(["a"]) + &exclusive("a", "a", &hashes);
    workspace.config(&before).apply();
    let b = id(&workspace, "b");
    mock.reset();
    workspace.config(&after);
    let refused = Fault::on("POST", "/guardrails/{id}/assignments/keys", Action::status(400));
    mock.add_fault(refused.forever()).unwrap();
    workspace
        .try_apply()
        .fails()
        .says(&format!("3 keys could not be moved from guardrail {b}"))
        .says("Resolve the failure of the other resource");
    assert_eq!(keys_under(mock, &b), set(&hashes[3..]));
    mock.clear_faults();
    workspace.apply();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes));
    assert_no_gaps(mock);
}

/// What leaves a set because it joins another one, which fails, stays in the state of the first.
#[test]
fn a_key_that_cannot_join_another_set_does_not_leave_its_own() {
    let (workspace, hashes) = with_keys(4);
    let mock = workspace.mock();
    let config = |at: usize| {
        lasting(["a", "b"])
            + &exclusive("this", "a", &hashes[..at])
            + &exclusive("b", "b", &hashes[at..])
    };
    workspace.config(&config(3)).apply();
    mock.reset();
    let refused = Fault::on("POST", "/guardrails/{id}/assignments/keys", Action::status(400));
    mock.add_fault(refused.forever()).unwrap();
    workspace
        .config(&config(1))
        .try_apply()
        .fails()
        .says("2 keys could not be moved from guardrail");
    assert_eq!(held(&workspace), set(&hashes[..3]));
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[..3]));
    mock.clear_faults();
    assert_warns(
        workspace.plans_something(),
        &["Another resource assigns its guardrail to 2 keys", "-target"],
    );
    workspace.apply();
    assert_eq!(keys_of(&workspace, "b"), set(&hashes[1..]));
    assert_no_gaps(mock);
}

/// A replacement with fewer keys says which ones keep the former guardrail.
#[test]
fn what_leaves_with_a_change_of_the_guardrail_keeps_the_former_one() {
    let (workspace, hashes) = with_keys(3);
    workspace.config(&(lasting(["a", "b"]) + &exclusive("this", "a", &hashes))).apply();
    workspace.config(&(lasting(["a", "b"]) + &exclusive("this", "b", &hashes[1..])));
    assert_warns(workspace.plans_something(), &["stays assigned to 1 key", &hashes[0]]);
    workspace.apply();
    assert_eq!(keys_of(&workspace, "a"), set(&hashes[..1]));
}

/// A guardrail that is made in the same apply can be the one that the other resource names.
#[test]
fn what_is_not_known_yet_contradicts_nothing() {
    let (workspace, hashes) = with_keys(2);
    let single = key("one", &format!("{}\nkey_hash = {:?}", under("a"), hashes[0]));
    workspace.config(&(guardrails(["a"]) + &exclusive("this", "a", &hashes) + &single));
    let run = workspace.try_apply().succeeds();
    assert_eq!(super::warnings(&run), 0, "{run}");
}
