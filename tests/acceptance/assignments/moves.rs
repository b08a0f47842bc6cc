//! Keys and members that move from one guardrail to another have one of the two at any time.

use std::fs;

use serde_json::json;

use super::{
    ASSIGN_KEYS, ASSIGN_MEMBERS, KEY, MEMBER, REMOVE_MEMBERS, assert_no_gaps, assert_warns,
    default_keys, each_key, guardrails, id, key, lasting, member, planned, subjects, under,
    warnings, with_keys, writes,
};
use crate::guardrails::named;
use crate::harness::Workspace;

/// A key and a member with a guardrail.
fn both(workspace: &Workspace, guardrail: &str) -> String {
    let hash = default_keys(workspace.mock()).remove(0);
    let user = workspace.mock().member_ids().remove(0);
    let guardrail = under(guardrail);
    key("this", &format!("{guardrail}\nkey_hash = {hash:?}"))
        + &member("this", &format!("{guardrail}\nuser_id = {user:?}"))
}

/// Expects that the guardrail is assigned to the key and the member, and no other is.
#[track_caller]
fn assert_both_under(workspace: &Workspace, guardrail: &str) {
    let guardrail = id(workspace, guardrail);
    let hash = default_keys(workspace.mock()).remove(0);
    let user = workspace.mock().member_ids().remove(0);
    let place = workspace.mock().default_workspace_id();
    assert_eq!(workspace.mock().key_assignments(), [(hash, guardrail.clone())].into());
    assert_eq!(
        workspace.mock().member_assignments(),
        [(format!("{place}/{user}"), guardrail)].into()
    );
}

#[test]
fn another_guardrail_is_one_assign_and_no_removal() {
    let workspace = Workspace::new();
    let config = |guardrail| guardrails(["a", "b"]) + &both(&workspace, guardrail);
    workspace.config(&config("a")).apply();
    workspace.mock().reset();
    workspace.config(&config("b")).apply().says("0 added, 2 changed, 0 destroyed");
    assert_eq!(
        writes(workspace.mock()),
        [(ASSIGN_KEYS.to_owned(), 1), (ASSIGN_MEMBERS.to_owned(), 1)].into()
    );
    assert_both_under(&workspace, "b");
    assert_no_gaps(workspace.mock());
}

#[test]
fn the_former_guardrail_can_go_in_the_same_apply() {
    let workspace = Workspace::new();
    workspace.config(&(lasting(["a", "b"]) + &both(&workspace, "a"))).apply();
    workspace.mock().reset();
    workspace.config(&(lasting(["b"]) + &both(&workspace, "b")));
    workspace.apply().says("0 added, 2 changed, 1 destroyed");
    assert_both_under(&workspace, "b");
    assert_no_gaps(workspace.mock());

    // To one that is made in the same apply.
    workspace.config(&(lasting(["c"]) + &both(&workspace, "c")));
    workspace.apply().says("1 added, 2 changed, 1 destroyed");
    assert_both_under(&workspace, "c");
    assert_no_gaps(workspace.mock());
}

#[test]
fn a_guardrail_that_is_replaced_keeps_everybody() {
    let workspace = Workspace::new();
    workspace.config(&(lasting(["a"]) + &both(&workspace, "a"))).apply();
    workspace.mock().reset();
    let before = id(&workspace, "a");
    workspace
        .run(&["apply", "-auto-approve", "-replace=openrouter_guardrail.a"])
        .succeeds()
        .says("1 added, 2 changed, 1 destroyed");
    workspace.plans_nothing();
    assert_ne!(id(&workspace, "a"), before);
    assert_both_under(&workspace, "a");
    assert_no_gaps(workspace.mock());
}

#[test]
fn deleting_a_guardrail_in_use_is_warned_of() {
    let (workspace, hashes) = with_keys(6);
    let hashes = &hashes[..3];
    subjects(&workspace, hashes);
    let config =
        named("a", "") + &each_key("a") + &both(&workspace, "a").replace("\"this\"", "\"more\"");
    // The same key twice would be one row: the first block is for another key.
    let config =
        config.replacen(&format!("key_hash = {:?}", hashes[0]), "key_hash = local.other", 1);
    let locals = format!("locals {{\n  other = {:?}\n}}\n", default_keys(workspace.mock())[3]);
    workspace.config(&(config + &locals)).apply();
    workspace.mock().delete_key(&hashes[2]).unwrap();

    // The keys and members that this configuration assigns it to go with it.
    let variable = "variable \"subjects\" {}\n";
    assert_eq!(warnings(&workspace.run(&["plan", "-destroy"]).succeeds()), 0);
    let config = fs::read_to_string(workspace.directory().join("main.tf")).unwrap();
    workspace.config(variable);
    assert_eq!(warnings(&workspace.try_plan().exits_with(2)), 0);

    // Somebody has assigned it to others.
    let mock = workspace.mock();
    mock.assign_keys(&id(&workspace, "a"), &default_keys(mock)[4..6]).unwrap();
    mock.assign_members(&id(&workspace, "a"), &mock.member_ids()[1..2]).unwrap();
    let in_use = [
        "Guardrail \"a\" is still in use",
        "It is assigned to 2 keys and 1 member that",
        "create_before_destroy",
    ];
    assert_warns(workspace.try_plan().exits_with(2), &in_use);
    workspace.write("main.tf", &config);
    assert_warns(workspace.run(&["plan", "-destroy"]).succeeds(), &in_use);
    assert_warns(workspace.run(&["plan", "-destroy", "-parallelism=1"]).succeeds(), &in_use);

    // One that a change replaces.
    let production = workspace.mock().production_workspace_id();
    workspace.config(&(named("a", &format!("workspace_id = {production:?}")) + variable));
    assert_warns(workspace.try_plan().exits_with(2), &in_use);
    workspace.destroy();
    workspace.config(&(named("a", "") + variable)).apply();
    assert_eq!(warnings(&workspace.config(variable).try_plan().exits_with(2)), 0);
}

/// What Terraform does to a guardrail without `create_before_destroy` cannot be helped; afterwards all is as configured.
#[test]
fn a_guardrail_that_goes_first_takes_its_rows_along() {
    let workspace = Workspace::new();
    workspace.config(&(guardrails(["a", "b"]) + &both(&workspace, "a"))).apply();
    workspace.mock().reset();
    workspace.config(&(guardrails(["b"]) + &both(&workspace, "b")));
    let told = [
        "Check that guardrail \"a\" is deleted last",
        "moves 1 key and 1 member",
        "create_before_destroy",
    ];
    assert_warns(workspace.apply().says("0 added, 2 changed, 1 destroyed"), &told);
    assert_both_under(&workspace, "b");
}

/// Guardrails `here` and `there` in two workspaces.
fn two_places(workspace: &Workspace) -> String {
    let production = workspace.mock().production_workspace_id();
    named("here", "") + &named("there", &format!("workspace_id = {production:?}"))
}

#[test]
fn a_member_moves_to_a_guardrail_of_another_workspace() {
    let workspace = Workspace::new();
    let user = workspace.mock().member_ids().remove(0);
    let config = |guardrail: &str| {
        two_places(&workspace)
            + &member("this", &format!("{}\nuser_id = {user:?}", under(guardrail)))
    };
    workspace.config(&config("here")).apply();
    workspace.mock().reset();
    workspace.config(&config("there")).apply().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(
        crate::story::writes(workspace.mock()),
        [ASSIGN_MEMBERS, REMOVE_MEMBERS],
        "in this order"
    );
    let (there, place) = (id(&workspace, "there"), workspace.mock().production_workspace_id());
    let row = (format!("{place}/{user}"), there.clone());
    assert_eq!(workspace.mock().member_assignments(), [row].into());
    let expected = json!({ "id": format!("{place}/{there}/{user}"), "workspace_id": place,
        "guardrail_id": there, "user_id": user });
    assert_eq!(workspace.attributes(MEMBER), expected);
}

/// The removal of the former row fails after the move is done: told, but not undone.
#[test]
fn a_former_row_that_stays_is_a_warning() {
    use mock_openrouter::{Action, Fault};
    let workspace = Workspace::new();
    let user = workspace.mock().member_ids().remove(0);
    let config = |guardrail: &str| {
        two_places(&workspace)
            + &member("this", &format!("{}\nuser_id = {user:?}", under(guardrail)))
    };
    workspace.config(&config("here")).apply();
    let template = REMOVE_MEMBERS.trim_start_matches("POST ");
    workspace.mock().add_fault(Fault::on("POST", template, Action::status(403)).forever()).unwrap();
    let here = id(&workspace, "here");
    workspace.config(&config("there"));
    assert_warns(
        workspace.apply().says("0 added, 1 changed"),
        &["Could not remove the former assignment of member", &user, &here, "returned 403"],
    );
    assert_eq!(workspace.mock().member_assignments().len(), 2);
}

/// Two assignments of one member that change places, each to the other's workspace.
#[test]
fn assignments_that_change_places_keep_both_rows() {
    let workspace = Workspace::new();
    let user = workspace.mock().member_ids().remove(0);
    let config = |order: [&str; 2]| {
        let list = order.map(|label| format!("openrouter_guardrail.{label}.id")).join(", ");
        let lines = format!("count = 2\nguardrail_id = [{list}][count.index]\nuser_id = {user:?}");
        two_places(&workspace) + &member("this", &lines)
    };
    workspace.config(&config(["here", "there"])).apply();
    let rows = workspace.mock().member_assignments();
    assert_eq!(rows.len(), 2);
    for order in [["there", "here"], ["here", "there"]].into_iter().cycle().take(6) {
        workspace
            .config(&config(order))
            .try_apply()
            .succeeds()
            .says("0 added, 2 changed, 0 destroyed");
        assert_eq!(workspace.mock().member_assignments(), rows);
    }
    workspace.plans_nothing();
}

#[test]
fn a_move_that_fails_leaves_everything_as_it_was() {
    let workspace = Workspace::new();
    let config = |guardrail| guardrails(["a", "b"]) + &both(&workspace, guardrail);
    workspace.config(&config("a")).apply();
    let before = (workspace.attributes(KEY), workspace.attributes(MEMBER));
    let nobody = format!("guardrail_id = \"{}\"", super::NOBODY);
    workspace.config(&config("a").replace(&under("a"), &nobody));
    let run = workspace.run(&["apply", "-auto-approve", "-json"]).fails();
    assert_eq!(crate::story::errors(&run).len(), 2, "{run}");
    assert_eq!((workspace.attributes(KEY), workspace.attributes(MEMBER)), before);
    assert!(!workspace.state_file().to_string().contains("tainted"));
    assert_both_under(&workspace, "a");
    assert_eq!(planned(&workspace).len(), 2);
    workspace.config(&config("b")).apply();
    assert_both_under(&workspace, "b");
    assert_no_gaps(workspace.mock());
}
