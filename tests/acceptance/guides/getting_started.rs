//! From nothing to a guardrail on one key.

use super::{Guide, command, run, with_key};
use crate::harness::Workspace;
use crate::install;
use crate::story::only_guardrail;

#[test]
fn a_budget_for_one_key() {
    let guide = Guide::read("getting-started.md");
    let mut workspace = Workspace::installed();
    // Terraform's own settings: the provider comes from where the guide puts it.
    workspace.write("cli.tfrc", "disable_checkpoint = true\n");
    let settings = workspace.directory().join("cli.tfrc").display().to_string();
    workspace.env("TF_CLI_CONFIG_FILE", &settings);
    command(&workspace, "cargo", &install::with_the_built_provider());
    run(&workspace, guide.shell("cargo xtask install")).succeeds();

    let config = guide.terraform("required_providers");
    workspace.write("main.tf", config);
    let key = workspace.mock().management_key().to_owned();
    let script = with_key(&mut workspace, guide.shell("terraform init"));
    guide.shown_by(run(&workspace, &script).succeeds(), "2 to add");
    workspace.env("OPENROUTER_MANAGEMENT_KEY", &key);

    let applied = run(&workspace, guide.shell("terraform apply")).succeeds();
    guide.shown_by(applied, "2 added");
    guide.shown_by(workspace.plans_nothing(), "No changes");
    let made = only_guardrail(workspace.mock());
    assert_eq!(workspace.mock().key_assignments().len(), 1);

    let changed = config.replace("limit_usd      = 5", "limit_usd      = 10");
    workspace.write("main.tf", &changed);
    guide.shown_by(workspace.plans_something(), "5 -> 10");
    workspace.apply();
    assert_eq!(only_guardrail(workspace.mock())["id"], made["id"]);

    run(&workspace, guide.shell("terraform destroy")).succeeds().says("2 destroyed");
    let calls = crate::story::writes(workspace.mock());
    let last = ["POST /guardrails/{id}/assignments/keys/remove", "DELETE /guardrails/{id}"];
    assert_eq!(calls[calls.len() - 2..], last);
}
