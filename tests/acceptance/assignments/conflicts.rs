//! Two resources that want the same key, or the same member of a workspace, under different guardrails.

use serde_json::json;

use super::{default_keys, existing, guardrails, key, member, under, writes};
use crate::guardrails::named;
use crate::harness::Workspace;
use crate::story::only_error;

/// Guardrails that exist outside, so that their ids are known when planning.
fn known(workspace: &Workspace, name: &str, place: &str) -> String {
    existing(workspace.mock(), json!({ "name": name, "workspace_id": place }))
}

#[test]
fn one_key_is_not_planned_under_two_guardrails() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let place = workspace.mock().default_workspace_id();
    let [a, b] = ["a", "b"].map(|name| known(&workspace, name, &place));
    let block = |label: &str, guardrail: &str| {
        key(label, &format!("guardrail_id = {guardrail:?}\nkey_hash = {hash:?}"))
    };
    workspace.config(&(block("one", &a) + &block("two", &b)));
    for args in [&["plan", "-json"][..], &["apply", "-auto-approve", "-json"]] {
        only_error(workspace.run(args))
            .says(&["One key under two guardrails", &hash, &a, &b])
            .points_at("key_hash = ");
    }
    assert!(writes(workspace.mock()).is_empty());

    // The same guardrail twice is odd, but no contradiction.
    workspace.config(&(block("one", &a) + &block("two", &a))).apply();
    assert_eq!(workspace.mock().key_assignments(), [(hash.clone(), a.clone())].into());

    // One of two that agreed so far is moved.
    workspace.config(&(block("one", &a) + &block("two", &b)));
    only_error(workspace.run(&["plan", "-json"])).says(&[&a, &b]);
    workspace.config(&block("two", &b)).apply().says("0 added, 1 changed, 1 destroyed");
    assert_eq!(workspace.mock().key_assignments(), [(hash, b)].into());
}

#[test]
fn guardrails_that_are_not_made_yet_conflict_when_they_are() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block = |guardrail: &str| key(guardrail, &format!("{}\nkey_hash = {hash:?}", under(guardrail)));
    workspace.config(&(guardrails(["a", "b"]) + &block("a") + &block("b")));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"]))
        .says(&["One key under two guardrails", &hash]);
    workspace.config(&(guardrails(["a", "b"]) + &block("a"))).apply();
}

/// The one that stays as it is would not be heard of again in the apply.
#[test]
fn a_guardrail_that_is_not_made_yet_conflicts_with_one_that_is() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block = |guardrail: &str| key(guardrail, &format!("{}\nkey_hash = {hash:?}", under(guardrail)));
    workspace.config(&(guardrails(["a"]) + &block("a"))).apply();
    workspace.mock().reset();
    workspace.config(&(guardrails(["a", "n"]) + &block("a") + &block("n")));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"])).says(&[
        "One key under two guardrails",
        &hash,
        "a guardrail known after apply",
    ]);
    assert!(writes(workspace.mock()).is_empty());
    // Moving the one resource there is no conflict.
    workspace.config(
        &(guardrails(["a", "n"]) + &block("a").replace("openrouter_guardrail.a", "openrouter_guardrail.n")),
    );
    workspace.apply().says("1 added, 1 changed");
}

#[test]
fn one_member_of_a_workspace_is_not_planned_under_two_guardrails() {
    let workspace = Workspace::new();
    let user = workspace.mock().member_ids().remove(0);
    let (default, production) =
        (workspace.mock().default_workspace_id(), workspace.mock().production_workspace_id());
    let block = |label: &str, guardrail: &str| {
        member(label, &format!("guardrail_id = {guardrail:?}\nuser_id = {user:?}"))
    };
    for place in [&default, &production] {
        let [a, b] = ["a", "b"].map(|name| known(&workspace, name, place));
        workspace.config(&(block("one", &a) + &block("two", &b)));
        only_error(workspace.run(&["plan", "-json"]))
            .says(&["One member under two guardrails", &user, &a, &b])
            .points_at("user_id = ");
    }
    assert!(writes(workspace.mock()).is_empty());

    // Two workspaces do not conflict, nor do two members.
    let (here, there) = (known(&workspace, "here", &default), known(&workspace, "there", &production));
    let other = block("three", &here).replace(&user, &workspace.mock().member_ids()[1]);
    workspace.config(&(block("one", &here) + &block("two", &there) + &other)).apply().says("3 added");
    assert_eq!(workspace.mock().member_assignments().len(), 3);
}

/// Each provider configuration is an account of its own.
#[test]
fn two_accounts_do_not_conflict() {
    let workspace = Workspace::new();
    let management_key = workspace.mock().management_key().to_owned();
    let options = mock_openrouter::Options { management_key, ..mock_openrouter::Options::default() };
    let second = mock_openrouter::Mock::start(options).unwrap();
    let hash = default_keys(workspace.mock()).remove(0);
    let alias = format!(
        "provider \"openrouter\" {{\n  alias = \"second\"\n  server_url = {:?}\n}}\n",
        second.base_url()
    );
    let place = "provider = openrouter.second";
    workspace.config(
        &(alias
            + &guardrails(["a"])
            + &named("b", place)
            + &key("a", &format!("{}\nkey_hash = {hash:?}", under("a")))
            + &key("b", &format!("{}\nkey_hash = {hash:?}\n{place}", under("b")))),
    );
    workspace.apply();
    assert_eq!((workspace.mock().key_assignments().len(), second.key_assignments().len()), (1, 1));
}
