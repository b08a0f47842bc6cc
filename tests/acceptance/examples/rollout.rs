//! The module `guardrail-rollout`: its own tests, and its README's configuration applied and changed.

use serde_json::{Value, json};

use super::{copy, ends_cleanly, example, folder, hashes};
use crate::harness::{Run, Workspace, changes};
use crate::story;

const MODULE: &str = "modules/guardrail-rollout";

/// The keys that the README names.
const KEYS: [&str; 3] = ["playground", "notebooks", "checkout"];

/// An account that has the keys and the member that the README names, and the README's configuration.
struct Rollout {
    workspace: Workspace,
    config: String,
    /// The hashes of `KEYS`.
    hashes: [String; 3],
}

impl Rollout {
    /// With the module and the provider installed.
    fn new() -> Self {
        let workspace = Workspace::installed();
        let mock = workspace.mock();
        let hashes = KEYS.map(|name| mock.add_key(name, &mock.default_workspace_id()).unwrap());
        mock.edit_member(&mock.member_ids()[0], json!({ "email": "Ada@Example.com" })).unwrap();
        copy(&folder().join(MODULE), &workspace.directory().join("guardrail-rollout"));
        let readme = example(&format!("{MODULE}/README.md"));
        let (_, block) = readme.split_once("```terraform\n").unwrap();
        let config = block.split_once("```").unwrap().0.to_owned();
        workspace.config(&config);
        workspace.init();
        Self { workspace, config, hashes }
    }

    /// The names of the guardrails of `KEYS`.
    fn guardrails(&self) -> [String; 3] {
        let mock = self.workspace.mock();
        let assigned = mock.key_assignments();
        self.hashes.each_ref().map(|hash| {
            let guardrail = mock.guardrail(&assigned[hash]).unwrap();
            guardrail["name"].as_str().unwrap().to_owned()
        })
    }

    /// The addresses that the plan of a configuration changes, and how.
    #[track_caller]
    fn planned(&self, config: &str) -> Vec<(String, Value)> {
        let plan = self.workspace.config(config).plan_json();
        let changes = changes(&plan).into_iter();
        changes.map(|(address, change)| (address.to_owned(), change["actions"].clone())).collect()
    }

    /// The plan of the README's configuration with another text in one place.
    fn plan_with(&self, from: &str, to: &str) -> Run {
        assert_eq!(self.config.matches(from).count(), 1, "{from}");
        self.workspace.config(&self.config.replace(from, to)).try_plan()
    }
}

fn key(name: &str) -> String {
    format!("module.guardrails.openrouter_guardrail_key_assignment.key[{name:?}]")
}

#[test]
fn its_tests_pass_without_a_request() {
    let workspace = Workspace::new();
    copy(&folder().join(MODULE), &workspace.directory());
    workspace.run(&["test"]).succeeds().says("9 passed, 0 failed.");
    assert_eq!(workspace.mock().log().requests.len(), 0);
    let main = example(&format!("{MODULE}/main.tf"));
    workspace.write("main.tf", &main.replace("lower(member.email)", "member.email"));
    let refused = "The organization has no member with the address \"ada@example.com\"";
    workspace.run(&["test"]).fails().says(refused);
}

#[test]
fn keys_and_members_get_the_guardrail_of_their_environment() {
    let rollout = Rollout::new();
    let workspace = &rollout.workspace;
    workspace.apply().says("6 added, 0 changed, 0 destroyed");
    assert_eq!(story::names(workspace.mock()), ["production", "sandbox"]);
    assert_eq!(rollout.guardrails(), ["sandbox", "sandbox", "production"]);
    assert_eq!(workspace.mock().member_assignments().len(), 1);
    let mut unnamed: Vec<_> = (1..=10).map(|number| format!("key-{number}")).collect();
    unnamed.sort();
    assert_eq!(workspace.outputs()["keys_without_environment"]["value"], json!(unnamed));
    ends_cleanly(workspace);
}

#[test]
fn a_key_that_is_added_or_moved_changes_its_own_assignment_only() {
    let rollout = Rollout::new();
    let workspace = &rollout.workspace;
    workspace.apply();
    let added = rollout.config.replace("\"checkout\"", "\"checkout\", \"key-1\"");
    assert_eq!(rollout.planned(&added), [(key("key-1"), json!(["create"]))]);
    workspace.apply().says("1 added, 0 changed, 0 destroyed");

    let moved = added.replace("\"playground\", ", "");
    let moved = moved.replace("\"key-1\"", "\"key-1\", \"playground\"");
    assert_eq!(rollout.planned(&moved), [(key("playground"), json!(["update"]))]);
    workspace.mock().reset();
    workspace.apply().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(story::writes(workspace.mock()), ["POST /guardrails/{id}/assignments/keys"]);
    assert_eq!(rollout.guardrails(), ["production", "sandbox", "production"]);
    ends_cleanly(workspace);
}

#[test]
fn an_environment_is_deleted_after_its_keys_have_moved() {
    let rollout = Rollout::new();
    let workspace = &rollout.workspace;
    workspace.apply();
    let renamed = rollout.config.replace("sandbox = {", "development = {");
    workspace.config(&renamed).apply().says("1 added, 3 changed, 1 destroyed");
    assert_eq!(story::names(workspace.mock()), ["development", "production"]);
    assert_eq!(rollout.guardrails(), ["development", "development", "production"]);
    ends_cleanly(workspace);
}

#[test]
fn names_that_stand_for_no_one_key_or_member_are_errors_of_the_plan() {
    let rollout = Rollout::new();
    rollout
        .plan_with("\"checkout\"", "\"checkuot\"")
        .fails()
        .says("The workspace has no key named \"checkuot\" (environment \"production\").");
    rollout
        .plan_with("ada@example.com", "bob@example.com")
        .fails()
        .says("The organization has no member with the address \"bob@example.com\"");
    let mock = rollout.workspace.mock();
    mock.edit_key(&hashes(mock)[0], json!({ "name": "checkout" })).unwrap();
    rollout
        .plan_with("checkout", "checkout")
        .fails()
        .says("The workspace has several keys named \"checkout\"");
    assert!(mock.guardrails().is_empty());
}
