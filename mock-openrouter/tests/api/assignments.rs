//! The rules for assignments, and the gaps they can leave.

use serde_json::{Value, json};

use crate::client::{Api, column, text};

fn bulk(api: &Api, guardrail_id: &str, what: &str, ids: &[String]) -> (u16, Value) {
    let field = if what.starts_with("keys") { "key_hashes" } else { "member_user_ids" };
    api.send(
        "POST",
        &format!("/guardrails/{guardrail_id}/assignments/{what}"),
        &json!({ field: ids }),
    )
}

fn assigned(count: usize) -> (u16, Value) {
    (200, json!({ "assigned_count": count }))
}

fn unassigned(count: usize) -> (u16, Value) {
    (200, json!({ "unassigned_count": count }))
}

#[test]
fn a_key_moves_from_guardrail_to_guardrail_in_one_request() {
    let api = Api::new();
    let workspace = api.mock.default_workspace_id();
    let (one, two) = (api.guardrail("one", &workspace), api.guardrail("two", &workspace));
    let keys = &api.mock.key_hashes(&workspace)[..3];
    assert_eq!(bulk(&api, &one, "keys", keys), assigned(3));
    assert_eq!(bulk(&api, &one, "keys", keys), assigned(3));
    assert_eq!(bulk(&api, &two, "keys", &keys[..1]), assigned(1));
    assert_eq!(bulk(&api, &one, "keys/remove", &keys[..2]), unassigned(1));
    assert_eq!(bulk(&api, &one, "keys/remove", &keys[..2]), unassigned(0));
    let holders = api.mock.key_assignments();
    assert_eq!(
        (holders.get(&keys[0]), holders.get(&keys[1]), holders.get(&keys[2])),
        (Some(&two), None, Some(&one))
    );

    let rows = api.data("GET", &format!("/guardrails/{two}/assignments/keys"), &Value::Null);
    assert_eq!(column(&rows, "key_hash"), keys[..1]);
    assert_eq!(
        (text(&rows[0], "key_name"), text(&rows[0], "guardrail_id")),
        ("key-1".to_owned(), two)
    );
    assert_eq!(api.get("/guardrails/assignments/keys").1["total_count"], json!(2));
}

#[test]
fn unknown_keys_are_skipped_and_foreign_ones_stop_everything() {
    let api = Api::new();
    let (default, production) =
        (api.mock.default_workspace_id(), api.mock.production_workspace_id());
    let guardrail = api.guardrail("g", &default);
    let own = api.mock.key_hashes(&default)[0].clone();
    let foreign = api.mock.key_hashes(&production)[0].clone();
    assert_eq!(bulk(&api, &guardrail, "keys", &[own.clone(), "f".repeat(64)]), assigned(1));
    assert_eq!(bulk(&api, &guardrail, "keys", &["f".repeat(64)]), assigned(0));
    assert_eq!(bulk(&api, &guardrail, "keys/remove", &[own.clone(), own.clone()]), unassigned(1));
    assert_eq!(bulk(&api, &guardrail, "keys", &[own, foreign.clone()]).0, 400);
    assert!(api.mock.key_assignments().is_empty());

    let legacy = text(&api.mock.create_legacy_guardrail(json!({"name": "old"})).unwrap(), "id");
    assert_eq!(
        api.data("GET", &format!("/guardrails/{legacy}"), &Value::Null)["workspace_id"],
        Value::Null
    );
    assert_eq!(bulk(&api, &legacy, "keys", &[foreign]), assigned(1));
    let member = &api.mock.member_ids()[..1];
    assert_eq!(bulk(&api, &legacy, "members", member).0, 400);
    assert_eq!(bulk(&api, &legacy, "members/remove", member).0, 400);
}

#[test]
fn bulk_requests_hold_1_to_100_items() {
    let api = Api::new();
    let guardrail = api.guardrail("g", &api.mock.default_workspace_id());
    let many: Vec<String> = (0..101).map(|n| format!("{n:064x}")).collect();
    for what in ["keys", "keys/remove", "members", "members/remove"] {
        assert_eq!(bulk(&api, &guardrail, what, &[]).0, 400, "{what}");
        assert_eq!(bulk(&api, &guardrail, what, &many).0, 400, "{what}");
        assert_eq!(bulk(&api, &guardrail, what, &[String::new()]).0, 400, "{what}");
    }
    assert_eq!(bulk(&api, &guardrail, "keys", &many[..100]), assigned(0));
}

#[test]
fn a_member_holds_one_guardrail_in_each_workspace() {
    let api = Api::new();
    let (default, production) =
        (api.mock.default_workspace_id(), api.mock.production_workspace_id());
    let (one, two) = (api.guardrail("one", &default), api.guardrail("two", &default));
    let other = api.guardrail("other", &production);
    let users = &api.mock.member_ids()[..2];
    assert_eq!(bulk(&api, &one, "members", users), assigned(2));
    assert_eq!(bulk(&api, &other, "members", users), assigned(2));
    assert_eq!(bulk(&api, &two, "members", &users[..1]), assigned(1));
    let holders = api.mock.member_assignments();
    assert_eq!(holders.len(), 4);
    assert_eq!(holders[&format!("{default}/{}", users[0])], two);
    assert_eq!(holders[&format!("{production}/{}", users[0])], other);
    assert_eq!(bulk(&api, &one, "members/remove", users), unassigned(1));

    let rows = api.data("GET", &format!("/guardrails/{other}/assignments/members"), &Value::Null);
    assert_eq!(column(&rows, "user_id"), users);
    assert!(rows[0].get("workspace_id").is_none());
    assert_eq!(api.get("/guardrails/assignments/members").1["total_count"], json!(3));
}

#[test]
fn outsiders_fail_the_whole_request() {
    let api = Api::new();
    let (default, production) =
        (api.mock.default_workspace_id(), api.mock.production_workspace_id());
    let (here, there) = (api.guardrail("here", &default), api.guardrail("there", &production));
    let member = api.mock.member_ids()[0].clone();
    let organization_only = api.mock.organization_only_member_ids()[0].clone();
    let stranger = "user_stranger".to_owned();
    assert_eq!(bulk(&api, &here, "members", &[member.clone(), stranger.clone()]).0, 400);
    assert_eq!(bulk(&api, &there, "members", &[member.clone(), organization_only.clone()]).0, 400);
    assert!(api.mock.member_assignments().is_empty());
    assert_eq!(bulk(&api, &here, "members", &[member, organization_only]), assigned(2));

    api.mock.add_member(&stranger, &[production]).unwrap();
    assert_eq!(bulk(&api, &there, "members", std::slice::from_ref(&stranger)), assigned(1));
    api.mock.remove_member(&stranger).unwrap();
    assert_eq!(
        api.get(&format!("/guardrails/{there}/assignments/members")).1["total_count"],
        json!(0)
    );
}

#[test]
fn rows_of_deleted_keys_make_pages_short_but_still_count() {
    let api = Api::new();
    let workspace = api.mock.default_workspace_id();
    let guardrail = api.guardrail("g", &workspace);
    let keys = &api.mock.key_hashes(&workspace)[..10];
    assert_eq!(bulk(&api, &guardrail, "keys", keys), assigned(10));
    let all = column(&api.data("GET", "/guardrails/assignments/keys", &Value::Null), "key_hash");
    for hash in &all[..4] {
        api.mock.delete_key(hash).unwrap();
    }
    let page = |offset: usize| {
        let (_, answer) =
            api.get(&format!("/guardrails/{guardrail}/assignments/keys?limit=3&offset={offset}"));
        assert_eq!(answer["total_count"], json!(10));
        column(&answer["data"], "key_hash").len()
    };
    assert_eq!([page(0), page(3), page(6), page(9), page(12)], [0, 2, 3, 1, 0]);
    assert_eq!(bulk(&api, &guardrail, "keys", &all[..5]), assigned(1));
}

#[test]
fn deleting_a_guardrail_drops_its_rows_and_leaves_gaps() {
    let api = Api::new();
    let workspace = api.mock.default_workspace_id();
    let (one, two) = (api.guardrail("one", &workspace), api.guardrail("two", &workspace));
    let keys = &api.mock.key_hashes(&workspace)[..2];
    let user = &api.mock.member_ids()[..1];
    bulk(&api, &one, "keys", keys);
    bulk(&api, &one, "members", user);
    bulk(&api, &two, "keys", &keys[..1]);
    assert!(api.mock.gaps().is_empty(), "a move is no gap");

    assert_eq!(api.send("DELETE", &format!("/guardrails/{one}"), &Value::Null).0, 200);
    assert_eq!(api.get("/guardrails/assignments/keys").1["total_count"], json!(1));
    assert_eq!(api.get("/guardrails/assignments/members").1["total_count"], json!(0));
    bulk(&api, &two, "keys", keys);

    let gaps = api.mock.gaps();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert_eq!(gaps[0].subject, format!("key:{}", keys[1]));
    assert_eq!((&gaps[0].before, gaps[0].after.as_ref()), (&one, Some(&two)));
    assert!(gaps[0].to.as_ref().is_some_and(|to| *to >= gaps[0].from));
    assert_eq!(gaps[1].subject, format!("member:{workspace}/{}", user[0]));
    assert_eq!((&gaps[1].to, &gaps[1].after), (&None, &None));
}

#[test]
fn assignments_can_change_out_of_band() {
    let api = Api::new();
    let workspace = api.mock.default_workspace_id();
    let guardrail = api.guardrail("g", &workspace);
    let (keys, users) = (api.mock.key_hashes(&workspace), api.mock.member_ids());
    assert_eq!(api.mock.assign_keys(&guardrail, &keys[..1]), Ok(1));
    assert_eq!(api.mock.assign_members(&guardrail, &users[..1]), Ok(1));
    assert_eq!(api.get("/guardrails/assignments/keys").1["total_count"], json!(1));
    assert_eq!(api.mock.unassign_keys(&guardrail, &keys[..1]), Ok(1));
    assert_eq!(api.mock.unassign_members(&guardrail, &users[..1]), Ok(1));
    assert_eq!(api.mock.gaps().len(), 2);
    api.mock.reset();
    assert!(api.mock.gaps().is_empty());
}
