//! Two resources that assign the same key, or the same member of a workspace, to different guardrails:
//! refused where nothing is in the state, warned of where a destroy may be under way. A right
//! configuration, and a destroy, are never refused.

use serde_json::json;

use super::{
    assert_warns, default_keys, existing, guardrails, key, member, under, warnings, writes,
};
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
            .says(&["Two resources assign different guardrails to one key", &hash, &a, &b])
            .points_at("key_hash = ");
    }
    assert!(writes(workspace.mock()).is_empty());

    // The same guardrail twice is odd, but no contradiction.
    workspace.config(&(block("one", &a) + &block("two", &a))).apply();
    assert_eq!(workspace.mock().key_assignments(), [(hash.clone(), a.clone())].into());

    // One of two that agreed so far is moved. Something is in the state, so this may be the plan before a destroy.
    workspace.config(&(block("one", &a) + &block("two", &b)));
    assert_warns(
        workspace.run(&["plan"]).succeeds(),
        &["Two resources assign different guardrails to one key", &a, &b],
    );
    workspace.run(&["plan", "-destroy"]).succeeds().says("2 to destroy");
    workspace.config(&block("two", &b)).apply().says("0 added, 1 changed, 1 destroyed");
    assert_eq!(workspace.mock().key_assignments(), [(hash, b)].into());
}

/// Both guardrails are known only in the apply, half of which is done by then.
#[test]
fn guardrails_that_are_not_made_yet_are_warned_of_and_then_refused() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block =
        |guardrail: &str| key(guardrail, &format!("{}\nkey_hash = {hash:?}", under(guardrail)));
    let config = guardrails(["a", "b"]) + &block("a") + &block("b");
    workspace.config(&config);
    let told = [
        "Two resources assign different guardrails to one key",
        &hash,
        "a guardrail that is known after apply",
    ];
    assert_warns(workspace.run(&["plan"]).succeeds(), &told);
    let errors = crate::story::errors(&workspace.run(&["apply", "-auto-approve", "-json"]).fails());
    assert!(
        errors.iter().all(|error| error["summary"] == "Two resources assign different guardrails to one key"),
        "{errors:#?}"
    );
    let assigned = workspace.mock().key_assignments();
    let in_state: Vec<_> =
        workspace.addresses().into_iter().filter(|address| address.contains("key")).collect();
    assert_eq!(assigned.len(), in_state.len(), "what is assigned is in the state");

    // Whatever was done, a plan says so, and a destroy undoes it.
    workspace
        .run(&["plan"])
        .succeeds()
        .says("Two resources assign different guardrails to one key");
    workspace.destroy();
    assert!(
        workspace.mock().key_assignments().is_empty() && workspace.mock().guardrails().is_empty()
    );
    workspace.config(&(guardrails(["a", "b"]) + &block("a"))).apply();
}

/// The one that stays as it is would not be heard of again in the apply.
#[test]
fn a_guardrail_that_is_not_made_yet_conflicts_with_one_that_is() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block =
        |guardrail: &str| key(guardrail, &format!("{}\nkey_hash = {hash:?}", under(guardrail)));
    workspace.config(&(guardrails(["a"]) + &block("a"))).apply();
    workspace.mock().reset();
    workspace.config(&(guardrails(["a", "n"]) + &block("a") + &block("n")));
    let told = [
        "Two resources assign different guardrails to one key",
        &hash,
        "a guardrail that is known after apply",
    ];
    assert_warns(workspace.run(&["plan"]).succeeds(), &told);
    assert!(writes(workspace.mock()).is_empty());
    // Moving the one resource there is no conflict.
    workspace.config(
        &(guardrails(["a", "n"])
            + &block("a").replace("openrouter_guardrail.a", "openrouter_guardrail.n")),
    );
    assert_eq!(warnings(&workspace.apply().says("1 added, 1 changed")), 0);
    workspace.config(&(guardrails(["a", "n"]) + &block("a") + &block("n")));
    workspace.destroy();
}

/// Core plans a resource that is replaced twice, the second time without what `ignore_changes` keeps.
#[test]
fn an_ignored_change_is_no_second_resource() {
    let workspace = Workspace::new();
    let hashes = default_keys(workspace.mock());
    let config = |guardrail: &str, hash: &str| {
        let lines =
            format!("lifecycle {{\n  ignore_changes = [guardrail_id]\n}}\n{}", under(guardrail));
        guardrails(["a", "b"]) + &key("this", &format!("{lines}\nkey_hash = {hash:?}"))
    };
    workspace.config(&config("a", &hashes[0])).apply();
    workspace.config(&config("b", &hashes[0]));
    assert_eq!(warnings(&workspace.plans_nothing()), 0);
    let replace = ["apply", "-auto-approve", "-replace=openrouter_guardrail_key_assignment.this"];
    assert_eq!(
        warnings(&workspace.run(&replace).succeeds().says("1 added, 0 changed, 1 destroyed")),
        0
    );
    workspace.plans_nothing();
    workspace.config(&config("a", &hashes[1]));
    assert_eq!(
        warnings(&workspace.try_apply().succeeds().says("1 added, 0 changed, 1 destroyed")),
        0
    );
    workspace.config(&config("b", &hashes[0]));
    assert_eq!(warnings(&workspace.run(&["plan", "-destroy"]).succeeds()), 0);
    workspace.destroy();
    assert!(workspace.mock().key_assignments().is_empty());
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
            .says(&["Two resources assign different guardrails to one member", &user, &a, &b])
            .points_at("user_id = ");
    }
    assert!(writes(workspace.mock()).is_empty());

    // Two workspaces do not conflict, nor do two members.
    let (here, there) =
        (known(&workspace, "here", &default), known(&workspace, "there", &production));
    let other = block("three", &here).replace(&user, &workspace.mock().member_ids()[1]);
    workspace
        .config(&(block("one", &here) + &block("two", &there) + &other))
        .apply()
        .says("3 added");
    assert_eq!(workspace.mock().member_assignments().len(), 3);
}

/// Each provider configuration is an account of its own.
#[test]
fn two_accounts_do_not_conflict() {
    let workspace = Workspace::new();
    let management_key = workspace.mock().management_key().to_owned();
    let options =
        mock_openrouter::Options { management_key, ..mock_openrouter::Options::default() };
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
