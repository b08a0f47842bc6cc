//! What a plan knows of an assignment before it is made or moved.

use serde_json::{Value, json};

use super::{
    KEY, MEMBER, actions, change, default_keys, existing, guardrails, id, invalid, key, member,
    planned, under,
};
use crate::harness::{Workspace, changes};

/// Guardrails `a` and `b`, and a key and a member under the one that the line names.
fn config(workspace: &Workspace, line: &str) -> String {
    let hash = default_keys(workspace.mock()).remove(0);
    let user = workspace.mock().member_ids().remove(0);
    guardrails(["a", "b"])
        + &key("this", &format!("{line}\nkey_hash = {hash:?}"))
        + &member("this", &format!("{line}\nuser_id = {user:?}"))
}

/// The values of a change before and after it; unknown ones are `"?"`.
fn values(plan: &Value, address: &str, name: &str) -> (Value, Value) {
    let change = change(plan, address);
    let unknown = change["after_unknown"][name] == json!(true);
    (
        change["before"][name].clone(),
        if unknown { json!("?") } else { change["after"][name].clone() },
    )
}

#[test]
fn an_id_is_planned_as_far_as_it_is_known() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let default = workspace.mock().default_workspace_id();

    // A guardrail that is made in the same apply.
    workspace.config(&config(&workspace, &under("a")));
    let plan = workspace.plan_json();
    assert_eq!(changes(&plan).len(), 4);
    for address in [KEY, MEMBER] {
        assert_eq!(values(&plan, address, "id"), (Value::Null, json!("?")));
        assert_eq!(values(&plan, address, "guardrail_id"), (Value::Null, json!("?")));
    }
    workspace.apply();
    let (a, b) = (id(&workspace, "a"), id(&workspace, "b"));
    let user = workspace.mock().member_ids().remove(0);
    let before =
        (workspace.attributes(KEY)["id"].clone(), workspace.attributes(MEMBER)["id"].clone());
    assert_eq!(before, (json!(format!("{a}/{hash}")), json!(format!("{default}/{a}/{user}"))));

    // A guardrail whose id is known.
    workspace.config(&config(&workspace, &under("b")));
    let plan = workspace.plan_json();
    assert_eq!(
        (actions(change(&plan, KEY)), actions(change(&plan, MEMBER))),
        ("update".into(), "update".into())
    );
    assert_eq!(values(&plan, KEY, "id"), (before.0.clone(), json!(format!("{b}/{hash}"))));
    assert_eq!(values(&plan, KEY, "guardrail_id"), (json!(a), json!(b)));
    assert_eq!(values(&plan, MEMBER, "id"), (before.1.clone(), json!("?")));
    assert_eq!(values(&plan, MEMBER, "workspace_id"), (json!(default), json!("?")));

    // A guardrail whose id is not.
    let unknown = crate::guardrails::named("c", "");
    workspace.config(&(config(&workspace, &under("c")) + &unknown));
    let plan = workspace.plan_json();
    for (address, before) in [(KEY, before.0), (MEMBER, before.1)] {
        assert_eq!(actions(change(&plan, address)), "update");
        assert_eq!(values(&plan, address, "id"), (before, json!("?")));
    }
    workspace.apply().says("1 added, 2 changed, 0 destroyed");
    let c = id(&workspace, "c");
    assert_eq!(workspace.attributes(KEY)["id"], json!(format!("{c}/{hash}")));
    assert_eq!(workspace.attributes(MEMBER)["id"], json!(format!("{default}/{c}/{user}")));
}

#[test]
fn a_new_assignment_to_a_known_guardrail_has_a_known_id() {
    let workspace = Workspace::new();
    let guardrail = existing(workspace.mock(), json!({ "name": "known" }));
    let (default, user) =
        (workspace.mock().default_workspace_id(), workspace.mock().member_ids().remove(0));
    let hash = default_keys(workspace.mock()).remove(0);
    let line = format!("guardrail_id = {guardrail:?}");
    workspace.config(
        &(key("this", &format!("{line}\nkey_hash = {hash:?}"))
            + &member("this", &format!("{line}\nuser_id = {user:?}\nworkspace_id = {default:?}"))
            + &member("silent", &format!("{line}\nuser_id = \"user_mock0002\""))),
    );
    let plan = workspace.plan_json();
    assert_eq!(values(&plan, KEY, "id").1, json!(format!("{guardrail}/{hash}")));
    assert_eq!(values(&plan, MEMBER, "id").1, json!(format!("{default}/{guardrail}/{user}")));
    let silent = "openrouter_guardrail_member_assignment.silent";
    assert_eq!(values(&plan, silent, "id").1, json!("?"));
    workspace.apply();
    assert_eq!(workspace.attributes(silent)["workspace_id"], json!(default));
}

#[test]
fn what_can_be_seen_to_be_wrong_is_told_at_its_attribute() {
    let workspace = Workspace::new();
    let problem = |config: &str| invalid(&workspace, config);
    let good = format!("guardrail_id = \"{}\"", super::NOBODY);
    for lines in ["guardrail_id = \"a b\"", "guardrail_id = \"\"", "guardrail_id = null"] {
        problem(&key("this", &format!("{lines}\nkey_hash = \"a\""))).points_at("guardrail_id = ");
        problem(&member("this", &format!("{lines}\nuser_id = \"a\""))).points_at("guardrail_id = ");
    }
    for hash in ["\"\"", "null"] {
        problem(&key("this", &format!("{good}\nkey_hash = {hash}"))).points_at("key_hash = ");
        problem(&member("this", &format!("{good}\nuser_id = {hash}"))).points_at("user_id = ");
    }
    let lines = format!("{good}\nuser_id = \"a\"\nworkspace_id = \"a/b\"");
    problem(&member("this", &lines)).points_at("workspace_id = ");
    problem(&key("this", &format!("{good}\nkey_hash = \"a\"\nid = \"b\""))).says(&["id"]);
}

/// What only looks wrong is for the API to refuse, except for a hash, whose form is certain.
#[test]
fn an_id_of_another_form_is_warned_of_when_planning() {
    let workspace = Workspace::new();
    let (hash, user) =
        (default_keys(workspace.mock()).remove(0), workspace.mock().member_ids().remove(0));
    workspace.config(
        &(key("this", &format!("guardrail_id = \"production\"\nkey_hash = {hash:?}"))
            + &member("this", &format!("guardrail_id = \"production\"\nuser_id = {user:?}"))),
    );
    let told = "`guardrail_id` may not be the id of a guardrail";
    workspace.run(&["plan"]).succeeds().says(told).says("\"production\" is not a UUID");
    workspace.try_apply().fails().says(told).says("returned 404");
    assert_eq!(workspace.addresses(), [""; 0]);

    workspace.config(&crate::guardrails::named("g", "workspace_id = \"production\""));
    workspace.run(&["plan"]).succeeds().says("`workspace_id` may not be the id of a workspace");

    for name in ["ci", "sk-or", &hash[1..], &hash.to_uppercase()] {
        workspace.config(&key(
            "this",
            &format!("guardrail_id = \"{}\"\nkey_hash = {name:?}", super::NOBODY),
        ));
        crate::story::only_error(workspace.run(&["plan", "-json"]))
            .says(&["64 lowercase hexadecimal digits", "neither the name nor the label of the key"])
            .points_at("key_hash = ");
    }
}

/// A workspace that is written down later is no change, if it is the right one.
#[test]
fn a_workspace_can_be_written_down_later() {
    let workspace = Workspace::new();
    let default = workspace.mock().default_workspace_id();
    workspace.config(&config(&workspace, &under("a"))).apply();
    let with = |place: &str| {
        config(&workspace, &under("a"))
            .replace("user_id =", &format!("workspace_id = {place:?}\nuser_id ="))
    };
    workspace.config(&with(&default)).plans_nothing();
    let production = workspace.mock().production_workspace_id();
    workspace.config(&with(&production));
    crate::story::only_error(workspace.run(&["plan", "-json"]))
        .says(&["is in workspace", &default, &production])
        .points_at("workspace_id = ");
    workspace.config(&config(&workspace, &under("a")));
    assert!(planned(&workspace).is_empty());
}
