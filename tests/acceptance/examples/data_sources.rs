//! The examples of data sources over keys, members and workspaces, and over what guardrails come to.

use serde_json::{Value, json};

use super::{ends_cleanly, example, hashes, managed_elsewhere, set};
use crate::harness::Workspace;
use crate::story::only_guardrail;

/// The configuration of a data source's example.
fn data_example(name: &str) -> String {
    example(&format!("data-sources/openrouter_{name}/data-source.tf"))
}

#[test]
fn key_assigned_by_its_name() {
    let workspace = Workspace::new();
    workspace.config(&data_example("api_key")).apply();
    let made = only_guardrail(workspace.mock());
    let hash = hashes(workspace.mock())[0].clone();
    assert_eq!(json!(workspace.mock().key_assignments()), json!({ hash: made["id"] }));
    ends_cleanly(&workspace);
}

#[test]
fn keys_without_guardrail() {
    let workspace = Workspace::new();
    let guardrail = managed_elsewhere(workspace.mock());
    let failed = "Keys without a guardrail of their own: key-";
    workspace.config(&data_example("api_keys")).apply().says(failed);
    let found = workspace.outputs()["keys_without_guardrail"]["value"].take();
    let names: Vec<_> = (3..=10).map(|number| format!("key-{number}")).collect();
    assert_eq!(found[workspace.mock().default_workspace_id()], json!(names));
    let of_production = &found[workspace.mock().production_workspace_id()];
    assert_eq!(of_production.as_array().unwrap().len(), 4);

    let mock = workspace.mock();
    mock.assign_keys(&guardrail, &hashes(mock)).unwrap();
    let place = mock.production_workspace_id();
    let made = mock.create_guardrail(json!({"name": "production", "workspace_id": place})).unwrap();
    mock.assign_keys(made["id"].as_str().unwrap(), &mock.key_hashes(&place)).unwrap();
    workspace.apply().never_says(failed);
}

#[test]
fn effective_models_that_are_approved() {
    let workspace = Workspace::new();
    let failed = "The key may use models that are not approved.";
    workspace.config(&data_example("effective_guardrail")).apply().says(failed);
    assert_eq!(workspace.outputs()["daily_budget"], Value::Null);

    let guardrail = managed_elsewhere(workspace.mock());
    workspace.apply().never_says(failed);
    let mut outputs = workspace.outputs();
    assert_eq!(outputs["guardrails"]["value"].take(), json!({"key": "production"}));
    assert_eq!(outputs["daily_budget"]["value"].take(), json!(5));

    let more = json!({"allowed_models": ["openai/gpt-5", "x-ai/grok-4"]});
    workspace.mock().patch_guardrail(&guardrail, more).unwrap();
    workspace.apply().says(failed);
}

#[test]
fn member_found_by_address() {
    let mut workspace = Workspace::new();
    let guardrail = managed_elsewhere(workspace.mock());
    let lead = workspace.mock().member_ids()[7].clone();
    set(&mut workspace, "lead_email", &format!("{}@Example.com", lead.to_uppercase()));
    workspace.config(&data_example("organization_member")).apply();
    let place = format!("{}/{lead}", workspace.mock().default_workspace_id());
    assert_eq!(workspace.mock().member_assignments()[&place], guardrail);
    workspace.destroy();
    assert_eq!(workspace.mock().member_assignments().len(), 3);
}

#[test]
fn members_of_one_domain() {
    let workspace = Workspace::new();
    let members = workspace.mock().member_ids();
    for (member, email) in
        [(&members[2], "a@contractors.example.com"), (&members[5], "B@Contractors.Example.COM")]
    {
        workspace.mock().edit_member(member, json!({ "email": email })).unwrap();
    }
    workspace.config(&data_example("organization_members")).apply();
    let assigned = workspace.mock().member_assignments();
    let place = workspace.mock().default_workspace_id();
    let expected = [2, 5].map(|index: usize| format!("{place}/{}", members[index]));
    assert_eq!(assigned.into_keys().collect::<Vec<_>>(), expected);
    ends_cleanly(&workspace);
}

#[test]
fn workspaces() {
    let workspace = Workspace::new();
    let production = workspace.mock().production_workspace_id();
    workspace.config(&data_example("workspace")).apply();
    assert_eq!(only_guardrail(workspace.mock())["workspace_id"], json!(production));
    ends_cleanly(&workspace);

    workspace.config(&data_example("workspaces")).apply();
    for place in [workspace.mock().default_workspace_id(), production] {
        let default = workspace.mock().default_guardrail_id(&place).unwrap();
        let held = workspace.mock().guardrail(&default).unwrap();
        assert_eq!(held["enforce_zdr_openai"], json!(true));
    }
}
