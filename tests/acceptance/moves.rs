//! State that another provider for this API has written becomes ours by a `moved` block (Terraform 1.8 and later).

use serde_json::{Value, json};

use crate::harness::Workspace;

const FOREIGN: &str = "provider[\"registry.terraform.io/elsewhere/openrouter\"]";

/// A state with one resource of another provider, named `old`.
fn foreign_state(resource: &str, attributes: &Value) -> String {
    let state = json!({
        "version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "7b9c2f0a-0000-4000-8000-000000000000",
        "outputs": {}, "check_results": null,
        "resources": [{
            "mode": "managed", "type": resource, "name": "old", "provider": FOREIGN,
            "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [],
                "private": "eyJtYWRlX2J5IjoiYW5vdGhlciJ9" }],
        }],
    });
    format!("{state:#}")
}

fn moved(resource: &str) -> String {
    format!("moved {{\nfrom = {resource}.old\nto = {resource}.new\n}}\n")
}

/// Lists where we have sets, attributes that we lack, and others that it lacks.
#[test]
fn a_guardrail_of_another_provider_becomes_ours_by_reads_alone() {
    let workspace = Workspace::new();
    let made = workspace
        .mock()
        .create_guardrail(json!({ "name": "ci", "allowed_models": ["openai/gpt-5"], "ignored_providers": ["azure", "xai"],
            "limit_usd": 5, "reset_interval": "daily", "content_filter_builtins": [{ "slug": "email", "action": "redact" }] }))
        .expect("the mock accepts it");
    let state = foreign_state(
        "openrouter_guardrail",
        &json!({ "id": made["id"], "name": "ci", "allowed_models": ["openai/gpt-5"], "ignored_providers": ["xai", "azure"],
            "limit_usd": 5, "reset_interval": "daily", "last_updated": "yesterday", "tags": [{ "a": 1 }],
            "content_filter_builtins": [{ "slug": "email", "action": "redact", "label": "[EMAIL]", "note": "x" }] }),
    );
    let lines = "name = \"ci\"\nallowed_models = [\"openai/gpt-5\"]\nignored_providers = [\"azure\", \"xai\"]\n\
                 limit_usd = 5\nreset_interval = \"daily\"\ncontent_filter_builtins = [{ slug = \"email\", action = \"redact\" }]";
    let resource = format!("resource \"openrouter_guardrail\" \"new\" {{\n{lines}\n}}\n");
    workspace
        .config(&(resource + &moved("openrouter_guardrail")))
        .write("terraform.tfstate", &state);
    workspace.try_apply().succeeds().says("0 added, 0 changed, 0 destroyed");
    workspace.plans_nothing();
    assert_eq!(workspace.attributes("openrouter_guardrail.new")["id"], made["id"]);
    let log = workspace.mock().log();
    assert!(log.requests.iter().all(|request| request.method == "GET"), "{log:#?}");
}

/// Ids of another form, and a member assignment without its workspace.
#[test]
fn assignments_of_another_provider_are_completed() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let place = mock.default_workspace_id();
    let made = mock.create_guardrail(json!({ "name": "ci" })).expect("the mock accepts it");
    let id = made["id"].as_str().expect("it has an id");
    let (hash, user) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
    mock.assign_keys(id, std::slice::from_ref(&hash)).expect("the mock assigns it");
    mock.assign_members(id, std::slice::from_ref(&user)).expect("the mock assigns it");
    for (resource, assignee, value, wanted) in [
        ("openrouter_guardrail_key_assignment", "key_hash", &hash, format!("{id}/{hash}")),
        (
            "openrouter_guardrail_member_assignment",
            "user_id",
            &user,
            format!("{place}/{id}/{user}"),
        ),
    ] {
        let attributes = json!({ "id": "row-1", "guardrail_id": id, assignee: value });
        workspace.write("terraform.tfstate", &foreign_state(resource, &attributes));
        let block = format!(
            "resource \"{resource}\" \"new\" {{\nguardrail_id = {id:?}\n{assignee} = {value:?}\n}}\n"
        );
        workspace.config(&(block + &moved(resource)));
        workspace.try_apply().succeeds().says("0 added, 0 changed, 0 destroyed");
        workspace.plans_nothing();
        assert_eq!(workspace.attributes(&format!("{resource}.new"))["id"], json!(wanted));
    }
    let log = workspace.mock().log();
    assert!(log.requests.iter().all(|request| request.method == "GET"), "{log:#?}");
}

#[test]
fn what_is_not_understood_is_an_error_that_names_it() {
    let workspace = Workspace::new();
    let config = "resource \"openrouter_guardrail\" \"new\" {\nname = \"ci\"\n}\n";
    for (resource, attributes, says) in [
        ("openrouter_guardrail", json!({ "name": "ci" }), "The state has no `id`."),
        ("openrouter_guardrail", json!({ "id": "", "name": "ci" }), "The state has no `id`."),
        (
            "openrouter_guardrail",
            json!({ "id": "x", "name": "ci", "limit_usd": { "a": 1 } }),
            "limit_usd",
        ),
        ("openrouter_policy", json!({ "id": "x", "name": "ci" }), "The types are different."),
    ] {
        workspace.write("terraform.tfstate", &foreign_state(resource, &attributes));
        let block = format!("moved {{\nfrom = {resource}.old\nto = openrouter_guardrail.new\n}}\n");
        workspace.config(&(config.to_owned() + &block));
        let refused = workspace.run(&["plan"]).fails().says("Cannot move state");
        let origin = format!(
            "The state of an `{resource}` of the provider registry.terraform.io/elsewhere/openrouter"
        );
        assert!(refused.words().contains(&origin), "{refused}");
        assert!(refused.words().contains(says), "{says}: {refused}");
        refused.never_says("bug in the provider");
    }
}
