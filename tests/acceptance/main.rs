//! Real Terraform drives the real binary over real gRPC, and the binary drives the mock API.
//!
//! Run it with `cargo xtask test`, which runs it with each Terraform that is found.

mod adoption;
mod answers;
mod assignments;
mod attach;
mod attributes;
mod directory;
mod effective;
mod examples;
mod extra_settings;
mod failures;
mod filters;
mod functions;
mod guardrails;
#[cfg(unix)]
mod guides;
#[allow(dead_code, reason = "tests/faults uses the same harness, and other parts of it")]
mod harness;
mod identity;
mod import;
#[cfg(unix)]
mod install;
mod lifecycle;
mod models;
mod moves;
mod numbers;
mod policies;
mod provider;
mod provider_slugs;
mod query;
mod refresh;
mod secrecy;
mod standard_generator;
mod story;
#[cfg(unix)]
mod tcp;
mod text;
mod validation;
mod whose_answer;
mod workspace_defaults;
mod zdr;

use serde_json::json;

use crate::harness::Workspace;
use crate::story::only_guardrail;

const GUARDRAIL: &str = r#"
resource "openrouter_guardrail" "this" {
  name = "smoke"
}

output "id" {
  value = openrouter_guardrail.this.id
}
"#;

/// The whole life of a guardrail, with the provider installed as users install it.
#[test]
fn provider_installed_from_a_mirror_creates_changes_and_destroys() {
    let workspace = Workspace::installed();
    workspace.config(GUARDRAIL);
    workspace.try_plan().fails().says("terraform init");
    workspace.init().says(concat!("Installed ", env!("SOURCE_ADDRESS")));
    workspace.apply().says("1 added, 0 changed, 0 destroyed");
    let held = only_guardrail(workspace.mock());
    assert_eq!(held["name"], "smoke");
    assert_eq!(workspace.outputs()["id"]["value"], held["id"]);
    assert_eq!(workspace.attributes("openrouter_guardrail.this")["id"], held["id"]);

    workspace.config(&GUARDRAIL.replace("\"smoke\"", "\"smoke again\""));
    workspace.apply().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(only_guardrail(workspace.mock())["name"], "smoke again");

    workspace.destroy().says("1 destroyed");
    assert!(workspace.mock().guardrails().is_empty());
    assert_eq!(workspace.leftovers(), Vec::<String>::new());
}

#[test]
fn harness_reports_what_terraform_did() {
    let workspace = Workspace::new();
    let config = |input: &str| {
        let hcl = r#"
            resource "terraform_data" "each" {
              for_each = toset(["a b"])
              input    = INPUT
            }
        "#;
        workspace.write("main.tf", &hcl.replace("INPUT", input));
    };
    config("0.1");
    workspace.init();
    workspace.apply();
    let address = r#"terraform_data.each["a b"]"#;
    assert_eq!(workspace.addresses(), [address]);
    assert_eq!(workspace.attributes(address)["input"]["value"], json!(0.1));

    config("0.2");
    workspace.plans_something();
    let plan = workspace.plan_json();
    let [(changed, change)] = harness::changes(&plan)[..] else {
        panic!("one change expected: {plan:#}")
    };
    assert_eq!((changed, &change["actions"]), (address, &json!(["update"])));

    workspace.write("main.tf", "resource \"terraform_data\" \"each\" {\n  unheard_of = 1\n}\n");
    let diagnostics = &workspace.validate_json()["diagnostics"];
    assert_eq!(diagnostics[0]["summary"], "Unsupported argument");
    workspace.try_apply().fails().says("An argument named \"unheard_of\" is not expected here.");
}
