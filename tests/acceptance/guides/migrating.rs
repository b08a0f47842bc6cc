//! From OpenRouter's own provider to this one, and both in one configuration.
//!
//! That provider cannot be downloaded here. The state that it leaves is written by this provider
//! under its address, and then given the form that it has there. Where its resources are needed,
//! the program `stand-in` is installed in its place.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Guide, program, run};
use crate::harness::{Run, Terraform, Workspace};
use crate::story::{id_of, only_guardrail, writes};

const PRODUCTION: &str = "openrouter_guardrail.production";

/// What the other provider's guardrails do not have.
const OURS_ALONE: [&str; 5] = [
    "allow_safety_retention_google",
    "allow_safety_retention_other",
    "allowed_data_regions",
    "enforce_first_party_harness_models",
    "extra_settings",
];

/// Lets `init` find a program as version 0.3.0 of OpenRouter's own provider.
fn install_official(workspace: &Workspace, program: &Path) {
    let version = workspace.run(&["version", "-json"]).succeeds().json();
    let platform = version["platform"].as_str().unwrap();
    let is_opentofu = Terraform::get().is_opentofu;
    let registry = if is_opentofu { "registry.opentofu.org" } else { "registry.terraform.io" };
    let mirror = workspace.directory().parent().unwrap().join("mirror").join(registry);
    // Terraform writes source addresses in lower case.
    let folder = mirror.join("openrouterteam/openrouter/0.3.0").join(platform);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(program, folder.join("terraform-provider-openrouter_v0.3.0")).unwrap();
}

/// Gives the guardrail of the state what OpenRouter's provider would have written.
fn as_official(workspace: &Workspace, read_from_api: &[(&str, Value)]) {
    let mut state = workspace.state_file();
    let serial = state["serial"].as_u64().unwrap() + 1;
    state["serial"] = json!(serial);
    let instance = state["resources"][0]["instances"][0].as_object_mut().unwrap();
    instance.retain(|name, _| ["schema_version", "attributes"].contains(&name.as_str()));
    let attributes = instance["attributes"].as_object_mut().unwrap();
    attributes.retain(|name, _| !OURS_ALONE.contains(&name.as_str()));
    for (name, value) in read_from_api {
        attributes.insert((*name).to_owned(), value.clone());
    }
    workspace.write("terraform.tfstate", &format!("{state:#}"));
}

/// Runs a script as a user would who answers "yes" to `replace-provider` too.
fn run_and_agree(workspace: &mut Workspace, script: &str) -> Run {
    workspace.env("TF_CLI_ARGS_state_replace_provider", "-auto-approve");
    run(workspace, script)
}

#[test]
fn a_provider_is_replaced() {
    let guide = Guide::read("migrating.md");
    let mut workspace = Workspace::installed();
    install_official(&workspace, Path::new(env!("CARGO_BIN_EXE_terraform-provider-openrouter")));
    let before = guide.terraform("\"OpenRouterTeam/openrouter\"");
    workspace.write("main.tf", before);
    workspace.init();
    workspace.try_apply().succeeds();
    run(&workspace, guide.shell("state pull")).succeeds().says("No changes.");
    assert!(workspace.directory().join("before.tfstate").exists());
    // Made in the dashboard. That provider reads it, and plans nothing since its arguments are
    // computed too.
    let id = id_of(&workspace, PRODUCTION);
    let made = workspace.mock().patch_guardrail(&id, json!({ "ignored_providers": ["azure"] }));
    let made = made.unwrap();
    as_official(&workspace, &[("ignored_providers", json!(["azure"]))]);
    workspace.mock().reset();

    let source = guide.terraform(&format!("source = \"{}\"", env!("SOURCE_ADDRESS")));
    let (old_source, rest) = before.split_once("\n\n").unwrap();
    assert!(old_source.contains("required_providers") && !rest.contains("required_providers"));
    workspace.write("main.tf", &format!("{source}\n{rest}"));
    let planned = run_and_agree(&mut workspace, guide.shell("replace-provider")).succeeds();
    let planned = guide.shown_by(planned, "Successfully replaced");
    guide.shown_by(planned, "ignored_providers").says("`enforce_zdr`");

    let line = "  name                    = \"production\"\n";
    assert!(rest.contains(line));
    let kept = rest.replace(line, &format!("{line}{}", guide.terraform("ignored_providers")));
    workspace.write("main.tf", &format!("{source}\n{kept}"));
    workspace.plans_nothing();
    workspace.try_apply().succeeds().says("0 added, 0 changed, 0 destroyed");
    assert_eq!(only_guardrail(workspace.mock()), made);
    assert!(writes(workspace.mock()).is_empty());

    workspace.write("main.tf", before);
    run(&workspace, guide.shell("state push")).succeeds();
    let provider = workspace.state_file()["resources"][0]["provider"].to_string();
    assert!(provider.contains("openrouterteam"), "{provider}");
    both_in_one_configuration(&guide, before);
}

fn both_in_one_configuration(guide: &Guide, before: &str) {
    let workspace = Workspace::installed();
    install_official(&workspace, &program("stand-in"));
    let mock = workspace.mock();
    let hash = mock.add_key("ci", &mock.default_workspace_id()).unwrap();
    let config = guide.terraform("guardrails = {");
    workspace.write("main.tf", config);
    let applied = run(&workspace, guide.shell("terraform init")).succeeds();
    guide.shown_by(applied, "3 added");
    let made = only_guardrail(mock);
    assert_eq!(mock.key_assignments()[&hash], made["id"].as_str().unwrap());
    workspace.plans_nothing();

    a_guardrail_is_handed_over(guide, &workspace, config, before);
    workspace.write("main.tf", config);
    workspace.destroy();
    assert_eq!(mock.key_assignments().len(), 0);
}

/// The stand-in has no guardrails, so what leaves its state is only a name there.
fn a_guardrail_is_handed_over(guide: &Guide, workspace: &Workspace, config: &str, before: &str) {
    let settings = json!({
        "name": "production",
        "limit_usd": 50,
        "reset_interval": "monthly",
        "allowed_providers": ["openai", "anthropic"],
        "enforce_zdr": true,
        "content_filter_builtins": [{ "slug": "email", "action": "redact" }],
    });
    let made = workspace.mock().create_guardrail(settings).unwrap();
    let mut state = workspace.state_file();
    let mut foreign = state["resources"][0].clone();
    let provider = state["resources"].as_array().unwrap().iter();
    let provider = provider.map(|resource| &resource["provider"]);
    let provider = provider.filter_map(Value::as_str).find(|name| name.contains("openrouterteam"));
    foreign["provider"] = json!(provider.unwrap());
    foreign["type"] = json!("openrouter_guardrail");
    foreign["name"] = json!("production");
    foreign["instances"] = json!([{ "schema_version": 0, "attributes": made }]);
    state["resources"].as_array_mut().unwrap().push(foreign);
    let serial = state["serial"].as_u64().unwrap() + 1;
    state["serial"] = json!(serial);
    workspace.write("terraform.tfstate", &format!("{state:#}"));

    run(workspace, guide.shell("terraform state rm")).succeeds().says("Removed");
    let example = "550e8400-e29b-41d4-a716-446655440000";
    let block = guide.terraform("import {").replace(example, made["id"].as_str().unwrap());
    let (_, old) = before.split_once("\"openrouter_guardrail\" \"production\" {\n").unwrap();
    let (arguments, _) = old.split_once("\n}").unwrap();
    assert!(block.contains(arguments.trim_end()), "all arguments are kept: {block}");
    workspace.write("main.tf", &format!("{config}\n{block}"));
    guide.shown_by(workspace.plans_something(), "1 to import");
    workspace.apply().says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(workspace.mock().guardrail(made["id"].as_str().unwrap()).unwrap(), made);
    workspace.run(&["state", "rm", PRODUCTION]).succeeds();
}
