//! Jobs without a person: a key by a variable, exit codes, drift, another key.

use std::fs;

use mock_openrouter::{Mock, Options};
use serde_json::json;

use super::{Guide, run, with_key};
use crate::harness::Workspace;
use crate::story::id_of;

/// A guardrail assigned to the first key, as the guide on getting started has it.
fn configuration() -> String {
    let guide = fs::read_to_string(super::folder().join("getting-started.md")).unwrap();
    let (_, block) = guide.split_once("```terraform\n").unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[test]
fn jobs_without_a_person() {
    let guide = Guide::read("ci-and-drift.md");
    a_key_from_an_ephemeral_variable_is_stored_nowhere(&guide);
    exit_codes_tell_changes_drift_and_nothing(&guide);
    another_key_plans_nothing(&guide);
}

/// The key is in no file that is left: the end of the workspace looks for it.
fn a_key_from_an_ephemeral_variable_is_stored_nowhere(guide: &Guide) {
    let mut workspace = Workspace::new();
    let (config, provider) = (configuration(), "provider \"openrouter\" {}\n");
    assert!(config.contains(provider));
    workspace.write("main.tf", &config.replace(provider, guide.terraform("ephemeral")));
    let script = with_key(&mut workspace, guide.shell("TF_VAR_openrouter_management_key"));
    run(&workspace, &script).succeeds().says("2 added, 0 changed, 0 destroyed");
    assert!(workspace.directory().join("tfplan").exists());
}

fn exit_codes_tell_changes_drift_and_nothing(guide: &Guide) {
    let workspace = Workspace::installed();
    workspace.write("main.tf", &configuration());
    workspace.init();
    let plan = guide.shell("-out=tfplan || code=$?");
    run(&workspace, plan).succeeds().says("The plan ended with 2.");
    run(&workspace, guide.shell("terraform show")).succeeds().says("2 added");
    run(&workspace, plan).succeeds().says("The plan ended with 0.");

    let search = guide.shell("resource_drift");
    run(&workspace, search).succeeds().says("There is no drift.");
    let id = id_of(&workspace, "openrouter_guardrail.ci");
    workspace
        .mock()
        .patch_guardrail(&id, json!({"limit_usd": 50, "reset_interval": "daily"}))
        .unwrap();
    run(&workspace, search).succeeds().says("Drift was found.");
    let found = run(&workspace, guide.shell("-refresh-only\n")).succeeds();
    let found = guide.shown_by(found, "Objects have changed");
    guide.shown_by(found, "5 -> 50");
    run(&workspace, plan).succeeds().says("50 -> 5").says("The plan ended with 2.");

    fs::remove_file(workspace.directory().join(".terraform.lock.hcl")).unwrap();
    run(&workspace, plan).fails().says("lock file");
    run(&workspace, search).fails().says("lock file").never_says("There is no drift.");
}

/// The same account, which takes another key now.
fn another_key_plans_nothing(guide: &Guide) {
    let account = tempfile::tempdir().unwrap();
    let data = Some(account.path().join("account.json"));
    let mut workspace = Workspace::with_mock(Options { data: data.clone(), ..Options::default() });
    workspace.write("main.tf", &configuration());
    workspace.apply();
    let key = "mgmt-the-second-one";
    let rotated = Options { management_key: key.to_owned(), data, ..Options::default() };
    let rotated = Mock::start(rotated).unwrap();
    workspace.env("OPENROUTER_BASE_URL", rotated.base_url());
    let plan = guide.shell("terraform plan -input=false -detailed-exitcode\n");
    guide.shown_by(run(&workspace, plan).fails(), "has not been revoked");
    workspace.env("OPENROUTER_MANAGEMENT_KEY", key);
    run(&workspace, plan).succeeds().says("No changes.");
    assert_eq!(rotated.guardrails(), workspace.mock().guardrails());
}
