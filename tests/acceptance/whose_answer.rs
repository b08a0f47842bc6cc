//! Answers about something else than what was asked for, as a cache or a proxy in between can give them: an error, and nobody
//! else's guardrail is changed or deleted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use mock_openrouter::{Action, Document, Fault, Matcher};
use serde_json::{Value, json};

use crate::guardrails::{id, named, state};
use crate::harness::Workspace;

/// A guardrail that is applied, and one that somebody else has made, with its id.
fn ours_and_theirs() -> (Workspace, String) {
    let workspace = Workspace::new();
    workspace.config(&named("a", "description = \"ours\"")).apply();
    let theirs = workspace.mock().create_guardrail(json!({ "name": "theirs" })).unwrap();
    (workspace, theirs["id"].as_str().unwrap().to_owned())
}

/// From now on these requests, which are not carried out, are answered with another body.
fn answer(workspace: &Workspace, method: &str, path: &str, status: u16, body: &Value) {
    let replace_body =
        Document { content_type: "application/json".to_owned(), body: body.to_string() };
    let action = Action::ReplaceBody { replace_body, status: Some(status), after_work: false };
    let (method, path) = (Some(method.to_owned()), Some(path.to_owned()));
    let fault =
        Fault { matcher: Matcher { method, path, times: None, ..Matcher::default() }, action };
    workspace.mock().add_fault(fault).unwrap();
}

/// What the API answers about a guardrail.
fn described(workspace: &Workspace, id: &str) -> Value {
    json!({ "data": workspace.mock().guardrail(id).unwrap() })
}

/// Expects that the other guardrail is as it was.
#[track_caller]
fn assert_untouched(workspace: &Workspace, theirs: &str) {
    assert_eq!(workspace.mock().guardrail(theirs).unwrap()["updated_at"], Value::Null);
    let writes =
        workspace.mock().log().requests.into_iter().filter(|request| request.method != "GET");
    assert!(writes.into_iter().all(|request| !request.path.contains(theirs)));
}

#[test]
fn a_read_that_is_answered_with_another_guardrail_changes_nothing() {
    let (workspace, theirs) = ours_and_theirs();
    let (ours, before) = (id(&workspace, "a"), workspace.state_file());
    answer(&workspace, "GET", "/guardrails/{id}", 200, &described(&workspace, &theirs));
    for args in [
        &["plan"][..],
        &["apply", "-auto-approve"],
        &["apply", "-refresh-only", "-auto-approve"],
        &["destroy", "-auto-approve"],
    ] {
        workspace.run(args).fails().says(&format!("it is {theirs}, but {ours} was requested"));
        assert_eq!(workspace.state_file(), before);
    }
    assert_untouched(&workspace, &theirs);
    assert!(workspace.mock().guardrail(&ours).is_some());
}

#[test]
fn a_cache_that_mixes_up_answers_once_is_asked_again() {
    let (workspace, theirs) = ours_and_theirs();
    let body = described(&workspace, &theirs).to_string();
    let replace_body = Document { content_type: "application/json".to_owned(), body };
    let action = Action::ReplaceBody { replace_body, status: Some(200), after_work: false };
    workspace.mock().add_fault(Fault::on("GET", "/guardrails/{id}", action)).unwrap();
    workspace.plans_nothing();
    workspace.config(&named("a", "description = \"new\"")).apply();
    workspace.destroy();
    assert_untouched(&workspace, &theirs);
    assert_eq!(workspace.mock().guardrails().len(), 1);
}

#[test]
fn an_update_that_is_answered_with_another_guardrail_is_an_error() {
    let (workspace, theirs) = ours_and_theirs();
    let (ours, before) = (id(&workspace, "a"), state(&workspace, "a"));
    answer(&workspace, "PATCH", "/guardrails/{id}", 200, &described(&workspace, &theirs));
    workspace.config(&named("a", "description = \"new\""));
    workspace.try_apply().fails().says(&format!("it is {theirs}, but {ours} was requested"));
    assert_eq!(state(&workspace, "a"), before);
    workspace.mock().clear_faults();
    workspace.apply().says("1 changed");
    assert_untouched(&workspace, &theirs);
}

#[test]
fn a_row_of_another_guardrail_is_not_believed() {
    let (workspace, theirs) = ours_and_theirs();
    let hash = workspace.mock().key_hashes(&workspace.mock().default_workspace_id()).remove(0);
    let assignment = format!(
        "resource \"openrouter_guardrail_key_assignment\" \"a\" {{\n  guardrail_id = openrouter_guardrail.a.id\n  key_hash = {hash:?}\n}}\n"
    );
    workspace.config(&(named("a", "description = \"ours\"") + &assignment)).apply();
    let before = workspace.state_file();
    let row = json!({ "id": "r", "key_hash": hash, "guardrail_id": theirs, "key_name": "k", "key_label": "l", "created_at": "t" });
    answer(
        &workspace,
        "GET",
        "/guardrails/{id}/assignments/keys",
        200,
        &json!({ "data": [row], "total_count": 1 }),
    );
    let told = format!("data[0].guardrail_id: it is {theirs}");
    workspace.try_plan().fails().says(&told);
    assert_eq!(workspace.state_file(), before);
}

/// Gone is what the API itself calls so, in its own form.
#[test]
fn a_404_that_is_not_the_apis_leaves_the_state() {
    let (workspace, _) = ours_and_theirs();
    let before = workspace.state_file();
    for body in [
        json!({ "error": {} }),
        json!({ "error": { "code": 401, "message": "Unauthorized" } }),
        json!({ "error": { "code": 404, "message": " " } }),
        json!({ "error": { "message": "Not found" } }),
        json!({ "error": "Not found" }),
        json!({ "message": "no Route matched with those values" }),
    ] {
        workspace.mock().clear_faults();
        answer(&workspace, "GET", "/guardrails/{id}", 404, &body);
        workspace
            .try_apply()
            .fails()
            .says("returned 404")
            .says("may not be a response of the OpenRouter API");
        assert_eq!(workspace.state_file(), before, "{body}");
    }
    workspace.mock().clear_faults();
    answer(
        &workspace,
        "GET",
        "/guardrails/{id}",
        404,
        &json!({ "error": { "code": 404, "message": "Guardrail not found" } }),
    );
    workspace.try_plan().exits_with(2).says("1 to add");
}

/// A service in JavaScript that cuts a text in the middle of a character writes half of a surrogate pair.
#[test]
fn half_a_character_in_a_row_of_somebody_else_makes_no_list_unreadable() {
    let (workspace, theirs) = ours_and_theirs();
    let rows = workspace.mock().guardrails();
    let list = json!({ "data": rows, "total_count": rows.len() }).to_string();
    let list = list.replacen("\"theirs\"", r#""cut \ud83d""#, 1);
    let replace_body = Document { content_type: "application/json".to_owned(), body: list };
    let action = Action::ReplaceBody { replace_body, status: Some(200), after_work: false };
    workspace.mock().add_fault(Fault::on("GET", "/guardrails", action).forever()).unwrap();
    let found = "data \"openrouter_guardrails\" \"all\" {}\ndata \"openrouter_guardrail\" \"a\" {\n  name = \"a\"\n}\n\
                 output \"names\" {\n  value = sort(data.openrouter_guardrails.all.data[*].name)\n}\n";
    workspace.config(&(named("a", "description = \"ours\"") + found)).apply();
    assert_eq!(workspace.outputs()["names"]["value"], json!(["a", "cut \u{fffd}"]));

    let place = workspace.mock().default_workspace_id();
    let ours = id(&workspace, "a");
    workspace.run(&["state", "rm", "openrouter_guardrail.a"]).succeeds();
    workspace.try_import("openrouter_guardrail.a", &format!("{place}/a")).succeeds();
    assert_eq!(id(&workspace, "a"), ours);
    assert_untouched(&workspace, &theirs);
}

/// In a field that is ours it is a difference as any other.
#[test]
fn half_a_character_in_a_field_of_ours_is_a_difference() {
    let (workspace, _) = ours_and_theirs();
    let body = described(&workspace, &id(&workspace, "a")).to_string().replacen(
        "\"ours\"",
        r#""ours \ud83d""#,
        1,
    );
    let replace_body = Document { content_type: "application/json".to_owned(), body };
    let action = Action::ReplaceBody { replace_body, status: Some(200), after_work: false };
    workspace.mock().add_fault(Fault::on("GET", "/guardrails/{id}", action).forever()).unwrap();
    workspace.try_plan().exits_with(2).says("ours \u{fffd}").says("1 to change");
    workspace.mock().clear_faults();
    workspace.plans_nothing();
}
