//! What is different about members: each has one guardrail per workspace.

use serde_json::json;

use super::{
    ASSIGN_MEMBERS, MEMBER, REMOVE_MEMBERS, existing, guardrails, id, member, under, writes,
};
use crate::guardrails::named;
use crate::harness::Workspace;
use crate::story::only_error;

/// A member assignment, with the member and a line more.
fn assignment(workspace: &Workspace, guardrail: &str, line: &str) -> String {
    let user = workspace.mock().member_ids().remove(0);
    member("this", &format!("{}\nuser_id = {user:?}\n{line}", under(guardrail)))
}

#[test]
fn a_member_comes_under_a_guardrail_and_leaves_it() {
    let workspace = Workspace::new();
    let place = workspace.mock().default_workspace_id();
    let user = workspace.mock().member_ids().remove(0);
    workspace.config(&(guardrails(["a"]) + &assignment(&workspace, "a", ""))).apply();
    let guardrail = id(&workspace, "a");
    let expected = json!({ "id": format!("{place}/{guardrail}/{user}"), "guardrail_id": guardrail,
        "user_id": user, "workspace_id": place });
    assert_eq!(workspace.attributes(MEMBER), expected);
    assert_eq!(
        workspace.mock().member_assignments(),
        [(format!("{place}/{user}"), guardrail)].into()
    );
    let calls = writes(workspace.mock());
    assert_eq!(calls, [("POST /guardrails".to_owned(), 1), (ASSIGN_MEMBERS.to_owned(), 1)].into());

    workspace.mock().reset();
    workspace.config(&guardrails(["a"])).apply();
    assert_eq!(writes(workspace.mock()), [(REMOVE_MEMBERS.to_owned(), 1)].into());
    assert!(workspace.mock().member_assignments().is_empty());
}

#[test]
fn a_member_is_under_guardrails_of_two_workspaces_at_once() {
    let workspace = Workspace::new();
    let production = workspace.mock().production_workspace_id();
    let place = format!("workspace_id = {production:?}");
    workspace.config(
        &(named("here", "")
            + &named("there", &place)
            + &assignment(&workspace, "here", "")
            + &assignment(&workspace, "there", &place).replace("\"this\"", "\"that\"")),
    );
    workspace.apply().says("4 added");
    assert_eq!(workspace.mock().member_assignments().len(), 2);

    // In one of them someone else takes the member away; the other row has nothing to do with that.
    let user = workspace.mock().member_ids().remove(0);
    workspace.mock().unassign_members(&id(&workspace, "here"), &[user]).unwrap();
    workspace.try_plan().exits_with(2).never_says("has moved");
    assert_eq!(super::planned(&workspace), [(MEMBER.to_owned(), "create".to_owned())].into());
    workspace.apply();
    assert_eq!(workspace.mock().member_assignments().len(), 2);
    workspace.destroy();
    assert!(workspace.mock().member_assignments().is_empty());
}

#[test]
fn a_configured_workspace_must_be_the_guardrails() {
    let workspace = Workspace::new();
    let default = workspace.mock().default_workspace_id();
    let production = workspace.mock().production_workspace_id();
    let config = |place: &str| {
        guardrails(["a"]) + &assignment(&workspace, "a", &format!("workspace_id = {place:?}"))
    };
    workspace.config(&config(&production));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"]))
        .says(&["is in workspace", &default, "not in", &production])
        .points_at("workspace_id = ");
    assert_eq!(workspace.addresses(), ["openrouter_guardrail.a"]);
    assert!(workspace.mock().member_assignments().is_empty());

    workspace.config(&config(&default)).apply();
    assert_eq!(workspace.attributes(MEMBER)["workspace_id"], json!(default));

    // Moved to a guardrail of the other workspace, while the configuration still says this one.
    let there = existing(workspace.mock(), json!({ "name": "there", "workspace_id": production }));
    let before = workspace.attributes(MEMBER);
    workspace.config(&config(&default).replace(&under("a"), &format!("guardrail_id = {there:?}")));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"])).says(&[
        &there,
        &production,
        &default,
    ]);
    assert_eq!(workspace.attributes(MEMBER), before);
    assert!(!workspace.state_file().to_string().contains("tainted"));
    let moved = config(&production).replace(&under("a"), &format!("guardrail_id = {there:?}"));
    workspace.config(&moved).apply().says("1 changed");
    let user = workspace.mock().member_ids().remove(0);
    assert_eq!(
        workspace.mock().member_assignments(),
        [(format!("{production}/{user}"), there)].into()
    );
}

#[test]
fn a_guardrail_without_workspace_takes_no_members() {
    let workspace = Workspace::new();
    let legacy = workspace.mock().create_legacy_guardrail(json!({ "name": "old" })).unwrap();
    let legacy = legacy["id"].as_str().unwrap();
    let config = |line: &str| {
        assignment(&workspace, "a", line)
            .replace(&under("a"), &format!("guardrail_id = {legacy:?}"))
    };
    let place = format!("workspace_id = \"{}\"", workspace.mock().default_workspace_id());
    for line in ["", &place] {
        workspace.config(&config(line));
        only_error(workspace.run(&["apply", "-auto-approve", "-json"]))
            .says(&[legacy, "older than workspaces", "not to members"])
            .points_at("guardrail_id = ");
        assert_eq!(workspace.addresses(), [""; 0]);
    }
    assert!(writes(workspace.mock()).is_empty(), "nothing needs to be tried");
}
