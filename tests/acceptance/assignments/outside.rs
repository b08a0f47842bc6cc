//! What others do to assignments: it shows in the next plan, and the apply after it mends it.

use serde_json::json;

use super::{
    ASSIGN_KEYS, KEY, MEMBER, assert_warns, default_keys, existing, guardrails, id, key, member,
    planned, under, warnings, writes,
};
use crate::harness::Workspace;

const GUARDRAIL: &str = "openrouter_guardrail.a";

fn key_alone(workspace: &Workspace) -> String {
    let hash = default_keys(workspace.mock()).remove(0);
    key("this", &format!("{}\nkey_hash = {hash:?}", under("a")))
}

fn member_alone(workspace: &Workspace) -> String {
    let user = workspace.mock().member_ids().remove(0);
    member("this", &format!("{}\nuser_id = {user:?}", under("a")))
}

/// The guardrail `a` assigned to a key and a member, applied; gives the key and the member.
fn applied() -> (Workspace, String, String) {
    let workspace = Workspace::new();
    workspace
        .config(&(guardrails(["a"]) + &key_alone(&workspace) + &member_alone(&workspace)))
        .apply();
    let hash = default_keys(workspace.mock()).remove(0);
    let user = workspace.mock().member_ids().remove(0);
    (workspace, hash, user)
}

fn creates<const N: usize>(addresses: [&str; N]) -> std::collections::BTreeMap<String, String> {
    addresses.iter().map(|address| ((*address).to_owned(), "create".to_owned())).collect()
}

#[test]
fn a_key_that_was_moved_is_moved_back_by_one_assign() {
    let (workspace, hash, _) = applied();
    let elsewhere = existing(workspace.mock(), json!({ "name": "elsewhere" }));
    workspace.mock().assign_keys(&elsewhere, std::slice::from_ref(&hash)).unwrap();
    workspace.mock().reset();

    let here = id(&workspace, "a");
    let texts = [
        hash.as_str(),
        "no longer assigned",
        &here,
        &elsewhere,
        "The next apply assigns the guardrail of the configuration again.",
    ];
    assert_warns(
        workspace.try_plan().exits_with(2).says("1 to add, 0 to change, 0 to destroy"),
        &texts,
    );
    assert_eq!(planned(&workspace), creates([KEY]));
    assert!(writes(workspace.mock()).is_empty());

    workspace.apply().says("1 added, 0 changed, 0 destroyed");
    assert_eq!(writes(workspace.mock()), [(ASSIGN_KEYS.to_owned(), 1)].into());
    assert_eq!(workspace.mock().key_assignments(), [(hash, here)].into());
    super::assert_no_gaps(workspace.mock());
}

#[test]
fn a_member_that_was_moved_is_moved_back() {
    let (workspace, _, user) = applied();
    let elsewhere = existing(workspace.mock(), json!({ "name": "elsewhere" }));
    workspace.mock().assign_members(&elsewhere, std::slice::from_ref(&user)).unwrap();
    assert_warns(
        workspace.try_plan().exits_with(2),
        &["A member has moved to another guardrail", &user, &elsewhere],
    );
    assert_eq!(planned(&workspace), creates([MEMBER]));
    workspace.apply().says("1 added, 0 changed, 0 destroyed");
    let place = workspace.mock().default_workspace_id();
    let expected = [(format!("{place}/{user}"), id(&workspace, "a"))].into();
    assert_eq!(workspace.mock().member_assignments(), expected);
    super::assert_no_gaps(workspace.mock());
}

#[test]
fn a_destroy_leaves_those_who_were_moved_where_they_are() {
    let (workspace, hash, user) = applied();
    let elsewhere = existing(workspace.mock(), json!({ "name": "elsewhere" }));
    workspace.mock().assign_keys(&elsewhere, std::slice::from_ref(&hash)).unwrap();
    workspace.mock().assign_members(&elsewhere, std::slice::from_ref(&user)).unwrap();
    workspace.mock().reset();
    workspace.destroy().says("1 destroyed");
    assert_eq!(writes(workspace.mock()), [("DELETE /guardrails/{id}".to_owned(), 1)].into());
    assert_eq!(workspace.mock().key_assignments(), [(hash, elsewhere.clone())].into());
    let place = workspace.mock().default_workspace_id();
    assert_eq!(
        workspace.mock().member_assignments(),
        [(format!("{place}/{user}"), elsewhere)].into()
    );
    assert_eq!(workspace.addresses(), [""; 0]);
    super::assert_no_gaps(workspace.mock());
}

#[test]
fn one_that_was_removed_is_made_again() {
    let (workspace, hash, user) = applied();
    let here = id(&workspace, "a");
    workspace.mock().unassign_keys(&here, &[hash]).unwrap();
    workspace.mock().unassign_members(&here, &[user]).unwrap();
    assert_eq!(warnings(&workspace.try_plan().exits_with(2)), 0, "nobody is anywhere else");
    assert_eq!(planned(&workspace), creates([KEY, MEMBER]));
    workspace.apply().says("2 added, 0 changed, 0 destroyed");
}

#[test]
fn a_deleted_key_or_member_leaves_the_state() {
    let (workspace, hash, user) = applied();
    workspace.mock().delete_key(&hash).unwrap();
    workspace.mock().remove_member(&user).unwrap();
    workspace.run(&["apply", "-auto-approve", "-refresh-only"]).succeeds();
    assert_eq!(workspace.addresses(), [GUARDRAIL]);
    // What is configured cannot be made, and says so: one error each.
    let run = workspace.run(&["apply", "-auto-approve", "-json"]).fails();
    let errors = crate::story::errors(&run);
    assert_eq!(errors.len(), 2, "{run}");
    run.says("the API does not know this key").says("is not a member of the organization");
    assert_eq!(workspace.addresses(), [GUARDRAIL]);
    workspace.config(&guardrails(["a"])).plans_nothing();
}

#[test]
fn a_deleted_guardrail_takes_its_assignments_out_of_the_state() {
    let (workspace, _, _) = applied();
    workspace.mock().delete_guardrail(&id(&workspace, "a")).unwrap();
    assert_eq!(planned(&workspace), creates([GUARDRAIL, KEY, MEMBER]));
    workspace.run(&["apply", "-auto-approve", "-refresh-only"]).succeeds();
    assert_eq!(workspace.addresses(), [""; 0]);
    workspace.apply().says("3 added, 0 changed, 0 destroyed");
}

/// The listing of one guardrail does not have it, that of the account does: nothing is missing then.
#[test]
fn what_one_listing_lacks_is_not_gone_yet() {
    use mock_openrouter::{Action, Document, Fault};
    let (workspace, _, _) = applied();
    let empty = Action::ReplaceBody {
        replace_body: Document {
            content_type: "application/json".to_owned(),
            body: r#"{"data":[],"total_count":0}"#.to_owned(),
        },
        status: Some(200),
        after_work: true,
    };
    for subjects in ["keys", "members"] {
        let template = format!("/guardrails/{{id}}/assignments/{subjects}");
        workspace.mock().add_fault(Fault::on("GET", &template, empty.clone()).forever()).unwrap();
    }
    workspace.plans_nothing();
    assert_eq!(workspace.mock().fault_hits().into_values().sum::<u32>(), 2);
}

/// A listing that cannot be had says nothing about anybody.
#[test]
fn a_listing_that_fails_is_an_error() {
    use mock_openrouter::{Action, Fault};
    let (workspace, hash, _) = applied();
    let template = super::LIST_KEYS.trim_start_matches("GET ");
    workspace.mock().add_fault(Fault::on("GET", template, Action::status(403)).forever()).unwrap();
    crate::story::only_error(workspace.run(&["plan", "-json"])).says(&[
        "Could not read the assignment of key",
        &hash,
        "returned 403",
    ]);
    assert_eq!(workspace.addresses().len(), 3);
}

/// A key that is bound to one workspace may not read the guardrails of others, one of which the member can have too.
#[test]
fn a_guardrail_that_cannot_be_read_is_elsewhere() {
    use mock_openrouter::{Action, Fault, Matcher};
    for status in [403, 404] {
        let (workspace, _, user) = applied();
        let mock = workspace.mock();
        let production = mock.production_workspace_id();
        let far = existing(mock, json!({ "name": "far", "workspace_id": production }));
        mock.assign_members(&far, std::slice::from_ref(&user)).unwrap();
        let matcher =
            Matcher { path_regex: Some(format!("^/guardrails/{far}$")), ..Matcher::default() };
        mock.add_fault(Fault { matcher, action: Action::status(status) }.forever()).unwrap();
        workspace.plans_nothing();

        let here = id(&workspace, "a");
        mock.unassign_members(&here, std::slice::from_ref(&user)).unwrap();
        assert_eq!(warnings(&workspace.try_plan().exits_with(2)), 0);
        assert_eq!(planned(&workspace), creates([MEMBER]));
        workspace.apply().says("1 added");
        mock.unassign_members(&here, std::slice::from_ref(&user)).unwrap();
        workspace.destroy();
        assert_eq!(mock.member_assignments(), [(format!("{production}/{user}"), far)].into());
    }
}
