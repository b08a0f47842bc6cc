//! The life of a key assignment: made, found again, renamed, replaced, removed.

use serde_json::json;

use super::{
    ASSIGN_KEYS, KEY, LIST_ALL_KEYS, LIST_KEYS, REMOVE_KEYS, assert_no_gaps, count, default_keys,
    existing, guardrails, id, key, planned, under, writes,
};
use crate::guardrails::named;
use crate::harness::Workspace;

/// The guardrail `a` assigned to a key, applied, with the log reset after that; and the key.
fn applied(lines: &str) -> (Workspace, String) {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    workspace.config(&(guardrails(["a"]) + &assignment("this", &hash, lines)));
    workspace.apply();
    workspace.mock().reset();
    (workspace, hash)
}

fn assignment(label: &str, hash: &str, lines: &str) -> String {
    key(label, &format!("{}\nkey_hash = {hash:?}\n{lines}", under("a")))
}

#[test]
fn a_key_comes_under_a_guardrail_and_leaves_it() {
    let (workspace, hash) = applied("");
    let guardrail = id(&workspace, "a");
    let expected =
        json!({ "id": format!("{guardrail}/{hash}"), "guardrail_id": guardrail, "key_hash": hash });
    assert_eq!(workspace.attributes(KEY), expected);
    assert_eq!(workspace.mock().key_assignments(), [(hash, guardrail)].into());

    workspace.config(&guardrails(["a"]));
    workspace.apply().says("0 added, 0 changed, 1 destroyed");
    assert_eq!(writes(workspace.mock()), [(REMOVE_KEYS.to_owned(), 1)].into());
    assert!(workspace.mock().key_assignments().is_empty());
}

#[test]
fn another_key_is_another_assignment() {
    let (workspace, hash) = applied("");
    let other = default_keys(workspace.mock()).remove(1);
    let before = workspace.attributes(KEY);
    workspace.config(&(guardrails(["a"]) + &assignment("this", &other, "")));
    let plan = workspace.plan_json();
    let change = super::change(&plan, KEY);
    assert_eq!(super::actions(change), "delete create");
    assert_eq!(change["before"], before);
    assert_eq!(change["after"]["id"], json!(format!("{}/{other}", id(&workspace, "a"))));
    workspace.apply();
    assert!(!workspace.mock().key_assignments().contains_key(&hash));
    assert!(workspace.mock().key_assignments().contains_key(&other));
}

/// Terraform does not order the destruction of one address and the creation of another, and both mean the same row.
#[test]
fn a_renamed_resource_keeps_its_row_whatever_comes_first() {
    let (workspace, hash) = applied("");
    let guardrail = id(&workspace, "a");
    for round in 0..20 {
        workspace.config(&(guardrails(["a"]) + &assignment(&format!("round_{round}"), &hash, "")));
        workspace.try_apply().succeeds().says("1 added, 0 changed, 1 destroyed");
        assert_eq!(
            workspace.mock().key_assignments(),
            [(hash.clone(), guardrail.clone())].into(),
            "round {round}"
        );
    }
    workspace.plans_nothing();
    workspace.destroy();
    assert!(workspace.mock().key_assignments().is_empty(), "what an earlier run made is removed");
}

#[test]
fn one_that_is_replaced_before_it_is_destroyed_stays() {
    let (workspace, hash) = applied("lifecycle {\n  create_before_destroy = true\n}");
    workspace
        .run(&["apply", "-auto-approve", &format!("-replace={KEY}")])
        .succeeds()
        .says("1 added, 0 changed, 1 destroyed");
    assert_eq!(workspace.mock().key_assignments(), [(hash, id(&workspace, "a"))].into());
    assert_eq!(writes(workspace.mock()), [(ASSIGN_KEYS.to_owned(), 1)].into());
    assert_no_gaps(workspace.mock());
    workspace.plans_nothing();
}

#[test]
fn removing_what_is_gone_is_no_error() {
    let destroy = |workspace: &Workspace| {
        let target = format!("-target={KEY}");
        workspace.run(&["destroy", "-auto-approve", "-refresh=false", &target]).succeeds();
        assert_eq!(workspace.addresses(), ["openrouter_guardrail.a"]);
    };
    let (workspace, hash) = applied("");
    workspace.mock().unassign_keys(&id(&workspace, "a"), &[hash]).unwrap();
    destroy(&workspace);

    let (workspace, hash) = applied("");
    workspace.mock().delete_key(&hash).unwrap();
    destroy(&workspace);

    let (workspace, _) = applied("");
    workspace.mock().delete_guardrail(&id(&workspace, "a")).unwrap();
    destroy(&workspace);

    let (workspace, hash) = applied("");
    let other = existing(workspace.mock(), json!({ "name": "other" }));
    workspace.mock().assign_keys(&other, std::slice::from_ref(&hash)).unwrap();
    destroy(&workspace);
    assert_eq!(workspace.mock().key_assignments(), [(hash, other)].into(), "that row is not ours");
}

/// A guardrail older than workspaces takes the keys of all.
#[test]
fn a_guardrail_without_workspace_takes_any_key() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let legacy = mock.create_legacy_guardrail(json!({ "name": "old" })).unwrap();
    let legacy = legacy["id"].as_str().unwrap();
    let hashes =
        [default_keys(mock).remove(0), mock.key_hashes(&mock.production_workspace_id()).remove(0)];
    let lines = |hash: &str| format!("guardrail_id = {legacy:?}\nkey_hash = {hash:?}");
    workspace.config(&(key("one", &lines(&hashes[0])) + &key("two", &lines(&hashes[1]))));
    workspace.apply();
    assert_eq!(mock.key_assignments(), hashes.map(|hash| (hash, legacy.to_owned())).into());
}

#[test]
fn a_disabled_and_an_expired_key_can_be_assigned() {
    let (workspace, mut hashes) = super::with_keys(0);
    hashes.extend(default_keys(workspace.mock()));
    assert_eq!(hashes.len(), 2);
    super::subjects(&workspace, &hashes);
    workspace.config(&(guardrails(["a"]) + &super::each_key("a")));
    workspace.apply();
    assert_eq!(workspace.mock().key_assignments().len(), 2);
}

#[test]
fn what_the_service_refuses_leaves_no_state() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let default = workspace.mock().default_workspace_id();
    let unassignable = workspace.mock().default_guardrail_id(&default).unwrap();
    for (guardrail, says) in
        [(super::NOBODY, "returned 404"), (unassignable.as_str(), "cannot be assigned")]
    {
        workspace
            .config(&key("this", &format!("guardrail_id = {guardrail:?}\nkey_hash = {hash:?}")));
        crate::story::only_error(workspace.run(&["apply", "-auto-approve", "-json"])).says(&[
            &format!("Could not assign key {hash} to guardrail {guardrail}"),
            "POST /guardrails/",
            says,
        ]);
        assert_eq!(workspace.addresses(), [""; 0]);
    }
}

#[test]
fn editing_a_guardrail_touches_none_of_its_assignments() {
    let (workspace, hashes) = super::with_keys(50);
    super::subjects(&workspace, &hashes);
    let config = |lines: &str| named("a", lines) + &super::each_key("a");
    workspace.config(&config(""));
    workspace.run(&["apply", "-auto-approve", "-parallelism=50"]).succeeds().says("51 added");
    workspace.mock().reset();
    workspace.plans_nothing();
    let listings = (count(workspace.mock(), LIST_KEYS), count(workspace.mock(), LIST_ALL_KEYS));
    assert_eq!(listings, (1, 0), "one listing answers all reads");

    let everything = "description = \"new\"\nlimit_usd = 0.1\nreset_interval = \"daily\"\nenforce_zdr = true\n\
                      allowed_models = [\"openai/gpt-5\"]\ninclude_byok_in_budgets = true\n\
                      content_filter_builtins = [{ slug = \"email\", action = \"block\" }]";
    workspace.config(&config(everything));
    assert_eq!(
        planned(&workspace),
        [("openrouter_guardrail.a".to_owned(), "update".to_owned())].into()
    );
    workspace.config(&config(everything).replacen("name = \"a\"", "name = \"b\"", 1));
    assert_eq!(
        planned(&workspace),
        [("openrouter_guardrail.a".to_owned(), "update".to_owned())].into()
    );
    workspace.mock().reset();
    workspace.apply().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(writes(workspace.mock()), [("PATCH /guardrails/{id}".to_owned(), 1)].into());
}

/// A resource that moves with a `moved` block changes nothing at the API.
#[test]
fn a_moved_block_is_no_change() {
    let (workspace, hash) = applied("");
    let moved =
        format!("moved {{\n  from = {KEY}\n  to = openrouter_guardrail_key_assignment.that\n}}\n");
    workspace.config(&(guardrails(["a"]) + &assignment("that", &hash, "") + &moved));
    workspace.apply().says("0 added, 0 changed, 0 destroyed");
    assert!(writes(workspace.mock()).is_empty());
}
