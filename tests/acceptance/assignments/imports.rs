//! Importing assignments by their ids.

use serde_json::json;

use super::{
    KEY, LIST_KEYS, MEMBER, NOBODY, count, default_keys, existing, key, member, with_keys, writes,
};
use crate::harness::Workspace;

fn key_of(guardrail: &str, hash: &str) -> String {
    key("this", &format!("guardrail_id = {guardrail:?}\nkey_hash = {hash:?}"))
}

fn member_of(guardrail: &str, user: &str) -> String {
    member("this", &format!("guardrail_id = {guardrail:?}\nuser_id = {user:?}"))
}

#[test]
fn both_kinds_are_imported_by_their_ids() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let guardrail = existing(mock, json!({ "name": "a", "workspace_id": production }));
    let hash = mock.key_hashes(&production).remove(0);
    let user = mock.member_ids().remove(0);
    mock.assign_keys(&guardrail, std::slice::from_ref(&hash)).unwrap();
    mock.assign_members(&guardrail, std::slice::from_ref(&user)).unwrap();
    workspace.config(&(key_of(&guardrail, &hash) + &member_of(&guardrail, &user)));

    let (key_id, member_id) =
        (format!("{guardrail}/{hash}"), format!("{production}/{guardrail}/{user}"));
    workspace.try_import(KEY, &key_id).succeeds();
    workspace.try_import(MEMBER, &member_id).succeeds();
    assert_eq!(
        workspace.attributes(KEY),
        json!({ "id": key_id, "guardrail_id": guardrail, "key_hash": hash })
    );
    let expected = json!({ "id": member_id, "guardrail_id": guardrail, "user_id": user, "workspace_id": production });
    assert_eq!(workspace.attributes(MEMBER), expected);
    workspace.plans_nothing();
    assert!(writes(mock).is_empty());
}

#[test]
fn import_blocks_do_the_same_in_one_apply() {
    let (workspace, hashes) = with_keys(3);
    let mock = workspace.mock();
    let guardrail = existing(mock, json!({ "name": "a" }));
    mock.assign_keys(&guardrail, &hashes).unwrap();
    super::subjects(&workspace, &hashes);
    let config =
        super::each_key("a").replace(&super::under("a"), &format!("guardrail_id = {guardrail:?}"));
    let import = format!(
        "import {{\n  for_each = var.subjects\n  to = openrouter_guardrail_key_assignment.each[each.key]\n  \
         id = \"{guardrail}/${{each.key}}\"\n}}\n"
    );
    workspace.config(&(config + &import));
    workspace.apply().says("3 imported, 0 added, 0 changed, 0 destroyed");
    assert!(writes(mock).is_empty());
}

#[test]
fn the_last_of_rows_whose_keys_are_mostly_gone_is_found() {
    let (workspace, hashes) = with_keys(150);
    let mock = workspace.mock();
    let guardrail = existing(mock, json!({ "name": "a" }));
    mock.assign_keys(&guardrail, &hashes).unwrap();
    // The API's order is its own: whichever row comes last is looked for.
    let order: Vec<String> = mock.key_assignments().into_keys().collect();
    let (gone, left) = order.split_at(120);
    for hash in gone {
        mock.delete_key(hash).unwrap();
    }
    let hash = left.last().unwrap();

    workspace.config(&key_of(&guardrail, hash));
    workspace.try_import(KEY, &format!("{guardrail}/{hash}")).succeeds();
    workspace.mock().reset();
    workspace.plans_nothing();
    assert_eq!(count(mock, LIST_KEYS), 2, "both pages, once");

    let source = format!(
        "data \"openrouter_guardrail_key_assignments\" \"a\" {{\n  guardrail_id = {guardrail:?}\n}}\n"
    );
    let output = "output \"found\" {\n  value = data.openrouter_guardrail_key_assignments.a\n}\n";
    workspace.config(&(key_of(&guardrail, hash) + &source + output));
    workspace.apply();
    let found = workspace.outputs()["found"]["value"].take();
    let rows = found["data"].as_array().unwrap();
    assert_eq!((rows.len(), &found["total_count"]), (30, &json!(150)));
    assert!(rows.iter().all(|row| left.contains(&row["key_hash"].as_str().unwrap().to_owned())));
}

#[test]
fn a_key_that_cannot_be_imported_is_told_in_one_error() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let (here, there) =
        (existing(mock, json!({ "name": "here" })), existing(mock, json!({ "name": "there" })));
    let hashes = default_keys(mock);
    mock.assign_keys(&there, &hashes[..1]).unwrap();
    workspace.config(&key_of(&here, &hashes[0]));

    let form = "does not have the form `<guardrail_id>/<key_hash>`";
    let elsewhere = format!(
        "Another guardrail, {there}, is assigned to the key. To import that assignment, use the id of that guardrail."
    );
    let unassigned = "No guardrail is assigned to the key, or the key does not exist";
    for (given, says) in [
        ("nonsense".to_owned(), form),
        (here.clone(), form),
        (hashes[0].clone(), form),
        (format!("{here}/"), form),
        (format!("/{}", hashes[0]), form),
        (format!("{}/{here}", hashes[0]), form),
        (format!("here/{}", hashes[0]), form),
        (format!("{here}/{}/", hashes[0]), form),
        (format!("{here}/ci"), "must be the hash of an API key"),
        (format!("{here}/{}", hashes[0].to_uppercase()), "lowercase hexadecimal digits"),
        (format!("{here}/{}", hashes[0]), &elsewhere),
        (format!("{here}/{}", hashes[1]), unassigned),
        (format!("{here}/{}", "f".repeat(64)), unassigned),
        (format!("{NOBODY}/{}", hashes[1]), unassigned),
    ] {
        let failed = workspace.try_import(KEY, &given).fails();
        assert_eq!(failed.words().matches("Error: ").count(), 1, "{given}\n{failed}");
        failed.says(says);
    }
    assert_eq!(workspace.addresses(), [""; 0]);
    workspace.try_import(KEY, &format!("{there}/{}", hashes[0])).succeeds();
}

#[test]
fn a_member_that_cannot_be_imported_is_told_in_one_error() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let (default, production) = (mock.default_workspace_id(), mock.production_workspace_id());
    let (here, there) =
        (existing(mock, json!({ "name": "here" })), existing(mock, json!({ "name": "there" })));
    let far = existing(mock, json!({ "name": "far", "workspace_id": production }));
    let users = mock.member_ids();
    mock.assign_members(&there, &users[..1]).unwrap();
    mock.assign_members(&far, &users[..2]).unwrap();
    workspace.config(&member_of(&here, &users[0]));

    let form = "does not have the form `<workspace_id>/<guardrail_id>/<user_id>`";
    let elsewhere = format!(
        "Another guardrail, {there}, is assigned to the member. To import that assignment, use the id of that guardrail."
    );
    let unassigned =
        "No guardrail of the workspace is assigned to the member, or the member does not exist";
    for (given, says) in [
        (format!("{here}/{}", users[0]), form.to_owned()),
        (format!("{default}/{here}"), form.to_owned()),
        (format!("{default}/{here}/"), form.to_owned()),
        (format!("default/{here}/{}", users[0]), form.to_owned()),
        (format!("{default}/{here}/{}/x", users[0]), form.to_owned()),
        (format!("{default}/{here}/{}", users[0]), elsewhere),
        (format!("{default}/{here}/{}", users[1]), unassigned.to_owned()),
        (format!("{default}/{here}/user_nobody"), unassigned.to_owned()),
        (format!("{default}/{NOBODY}/{}", users[0]), "returned 404".to_owned()),
        (
            format!("{production}/{there}/{}", users[0]),
            format!(
                "is in workspace {default}. The id to import is {default}/{there}/{}",
                users[0]
            ),
        ),
    ] {
        let failed = workspace.try_import(MEMBER, &given).fails();
        assert_eq!(failed.words().matches("Error: ").count(), 1, "{given}\n{failed}");
        failed.says(&says);
    }
    assert_eq!(workspace.addresses(), [""; 0]);
    workspace.try_import(MEMBER, &format!("{production}/{far}/{}", users[0])).succeeds();
}
