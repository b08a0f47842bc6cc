//! Answers that say something else than what was sent, or that cannot be read: what was done is kept, and told.

use mock_openrouter::{Action, Document, Matcher};
use serde_json::{Value, json};

use crate::guardrails::{
    address, assert_plans_update, edit, extend, fault, held, id, members, named, state,
};
use crate::harness::Workspace;

/// From now on the API does what it is asked to, but answers an update with what it held before, changed by these
/// fields.
fn answers_update_with(workspace: &Workspace, fields: &Value) {
    let mut answer = held(workspace, "a");
    extend(&mut answer, members(fields));
    let body = json!({ "data": answer }).to_string();
    let replace_body = Document { content_type: "application/json".to_owned(), body };
    let action = Action::ReplaceBody { replace_body, status: Some(200), after_work: true };
    let matcher = Matcher { method: Some("PATCH".to_owned()), ..Matcher::default() };
    fault(workspace, matcher, action);
}

const BEFORE: &str = "description = \"one\"\nallowed_models = [\"openai/gpt-5\"]";
const AFTER: &str = "description = \"two\"\nallowed_models = [\"openai/gpt-5\", \"openai/gpt-4o\"]";

#[test]
fn an_answer_that_differs_from_the_plan_is_a_warning() {
    let workspace = Workspace::new();
    workspace.config(&named("a", BEFORE));
    workspace.apply();
    workspace.config(&named("a", AFTER));
    answers_update_with(
        &workspace,
        &json!({ "description": "ours", "limit_usd": 7, "reset_interval": "daily" }),
    );
    workspace
        .try_apply()
        .succeeds()
        .says("Warning: The API returned a different `description` than planned")
        .says("`description` was planned as \"two\", but the API returned \"ours\"")
        .says("`limit_usd` was planned as null, but the API returned 7")
        .says("`allowed_models` was planned as [\"openai/gpt-4o\", \"openai/gpt-5\"]");
    assert_eq!(state(&workspace, "a")["description"], "two");
    assert_eq!(state(&workspace, "a")["limit_usd"], Value::Null);
    // What the API holds in truth is what was planned.
    workspace.plans_nothing();

    // And where it is not, the next plan shows it.
    edit(&workspace, "a", json!({ "allowed_models": ["openai/gpt-5-2025-08-07"] }));
    assert_plans_update(&workspace, "a", &["allowed_models"]);
    workspace.apply();
}

#[test]
fn an_answer_of_another_type_loses_nothing() {
    let workspace = Workspace::new();
    workspace.config(&named("a", BEFORE));
    workspace.apply();
    workspace.config(&named("a", AFTER));
    answers_update_with(
        &workspace,
        &json!({ "allowed_models": "all", "content_filters": { "a": 1 } }),
    );
    workspace
        .try_apply()
        .succeeds()
        .says("`allowed_models` was planned as")
        .says("what the API returned cannot be read (")
        .says("`content_filters` was planned as null");
    workspace.plans_nothing();

    let before = workspace.state_file();
    for (fields, says) in [
        (json!({ "limit_usd": "abc" }), "limit_usd"),
        (
            json!({ "limit_usd": null, "content_filters": [{ "action": "block", "pattern": 5 }] }),
            "content_filters[0].pattern",
        ),
        (json!({ "content_filters": ["x"] }), "content_filters[0]"),
        (json!({ "content_filters": null, "allowed_providers": [null] }), "allowed_providers[0]"),
    ] {
        edit(&workspace, "a", fields);
        workspace
            .try_plan()
            .fails()
            .says("Could not read guardrail \"a\"")
            .says(says)
            .says(&address("a"));
        assert_eq!(workspace.state_file(), before);
    }
    edit(&workspace, "a", json!({ "allowed_providers": null }));
    workspace.plans_nothing();
}

#[test]
fn an_answer_in_another_form_is_no_warning() {
    let workspace = Workspace::new();
    let lines = |place: &str| {
        format!(
            "description = \"caf\u{e9} {place}\"\nallowed_providers = [\"caf\u{e9}\", \"b\"]\nlimit_usd = 0.1\n\
             reset_interval = \"daily\"\ncontent_filters = []"
        )
    };
    workspace.config(&named("a", &lines("one")));
    workspace.apply();
    workspace.config(&named("a", &lines("two")));
    let answer = json!({
        "description": "cafe\u{301} two",
        "allowed_providers": ["cafe\u{301}", "b"],
        "limit_usd": 0.1e0,
        "content_filters": null,
        "enforce_zdr": false,
        "mood": "sunny",
    });
    answers_update_with(&workspace, &answer);
    workspace.try_apply().succeeds().never_says("The API returned a different");
    edit(&workspace, "a", answer);
    workspace.plans_nothing();
}

/// A cache or a proxy answers the create with a guardrail that was there before, which nobody here manages.
#[test]
fn a_create_that_is_answered_with_another_guardrail_leaves_that_alone() {
    for fields in [json!({ "name": "theirs" }), json!({ "name": "a", "description": "theirs" })] {
        let workspace = Workspace::new();
        let mut theirs = workspace.mock().create_guardrail(fields).unwrap();
        theirs["created_at"] = json!("2026-01-02T03:04:05.678Z");
        let body = json!({ "data": theirs }).to_string();
        let replace_body = Document { content_type: "application/json".to_owned(), body };
        let action = Action::ReplaceBody { replace_body, status: Some(201), after_work: true };
        workspace
            .mock()
            .add_fault(mock_openrouter::Fault::on("POST", "/guardrails", action))
            .unwrap();
        workspace
            .config(&named("a", "description = \"ours\""))
            .apply()
            .never_says("Warning: The API returned a different");
        let theirs = theirs["id"].as_str().unwrap();
        assert_ne!(id(&workspace, "a"), theirs);
        assert_eq!(workspace.mock().guardrails().len(), 2);
        workspace.config(&named("a", "description = \"new\"")).apply();
        workspace.destroy();
        let left = workspace.mock().guardrails();
        assert_eq!((left.len(), left[0]["id"].as_str()), (1, Some(theirs)));
        assert_eq!(left[0]["updated_at"], Value::Null, "nobody has written to it");
    }
}
