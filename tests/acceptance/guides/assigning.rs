//! How guardrails combine, how keys move from one to another, and sets of keys.

use serde_json::json;

use super::{Guide, run};
use crate::harness::Workspace;
use crate::story::{guardrail, writes};

/// Declares input variables of one type.
fn variables(names: &[&str], kind: &str) -> String {
    let block = |name: &&str| format!("variable \"{name}\" {{\n  type = {kind}\n}}\n");
    names.iter().map(block).collect()
}

#[test]
fn layers_come_to_what_the_table_says() {
    let guide = Guide::read("how-guardrails-combine.md");
    let reading = guide.terraform("data \"openrouter_effective_guardrail\"");
    let example = guide.terraform("openrouter_workspace_default_guardrail");
    let mut workspace = Workspace::new();
    let mock = workspace.mock();
    let place = mock.default_workspace_id();
    let (hash, user) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
    mock.edit_key(&hash, json!({ "creator_user_id": user })).unwrap();
    let values = [("workspace_id", place), ("ada_user_id", user), ("ci_key_hash", hash)];
    let declared = variables(&values.each_ref().map(|(name, _)| *name), "string");
    for (name, value) in values {
        workspace.env(&format!("TF_VAR_{name}"), &value);
    }
    let config = declared + example;
    workspace.config(&config).try_apply().succeeds();
    let output = "output \"ci\" {\n  value = data.openrouter_effective_guardrail.ci\n}\n";
    workspace.config(&[&config, reading, output].concat()).apply().never_says("any model");
    let effective = workspace.outputs()["ci"]["value"].take();
    // The API returns canonical names.
    let models = effective["allowed_models"].as_array().unwrap();
    assert!(models.len() == 1 && models[0].as_str().unwrap().starts_with("openai/gpt-5"));
    assert_eq!(effective["ignored_providers"], json!(["deepseek"]));
    assert_eq!(effective["enforce_zdr_openai"], json!(true));
    let email = &effective["content_filter_builtins"][0];
    assert_eq!((&email["slug"], &email["action"]), (&json!("email"), &json!("block")));
    let budgets = effective["budgets"].as_array().unwrap().iter();
    let limits: Vec<_> = budgets.map(|budget| budget["limit_usd"].to_string()).collect();
    assert_eq!(limits, ["50", "5"]);
}

#[test]
fn keys_move_in_place() {
    let guide = Guide::read("moving-keys.md");
    let change = guide.terraform("# was openrouter_guardrail.sandbox.id");
    let lasting = guide.terraform("create_before_destroy = true");
    let guardrails = lasting.to_owned() + &lasting.replace("sandbox", "production");
    let mut workspace = Workspace::new();
    let place = workspace.mock().default_workspace_id();
    let hashes = workspace.mock().key_hashes(&place);
    let config = guardrails.clone() + &variables(&["ci_key_hash"], "string");
    workspace.env("TF_VAR_ci_key_hash", &hashes[0]);
    let before = change.replace("openrouter_guardrail.production", "openrouter_guardrail.sandbox");
    workspace.config(&(config.clone() + &before)).apply();
    workspace.config(&(config + change)).apply().says("0 added, 1 changed, 0 destroyed");

    let variables = variables(&["sandbox_keys", "production_keys"], "set(string)");
    let each = guide.terraform("for_each = merge(");
    workspace.config(&[&guardrails, &variables, each].concat());
    let list = |keys: &[String]| json!(keys).to_string();
    workspace.env("TF_VAR_sandbox_keys", &list(&hashes[1..3]));
    workspace.env("TF_VAR_production_keys", &list(&hashes[3..4]));
    workspace.apply();
    workspace.env("TF_VAR_sandbox_keys", &list(&hashes[1..2]));
    workspace.env("TF_VAR_production_keys", &list(&hashes[2..4]));
    workspace.apply().says("0 added, 1 changed, 0 destroyed");
    let gaps = workspace.mock().gaps();
    assert!(gaps.iter().all(|gap| gap.subject == format!("key:{}", hashes[0])), "{gaps:#?}");

    let single = |label: &str| change.replace("\"ci\"", &format!("\"{label}\""));
    let key = |text: String| text.replace("var.ci_key_hash", &format!("{:?}", hashes[5]));
    workspace.config(&(guardrails.clone() + &key(single("sandbox")))).apply();
    workspace.mock().reset();
    let moved = guide.terraform("moved {");
    workspace.config(&[&guardrails, &key(single("production")), moved].concat()).apply();
    assert!(writes(workspace.mock()).is_empty());
}

#[test]
fn keys_move_from_one_set_to_another() {
    let guide = Guide::read("many-keys-and-members.md");
    let joined =
        guide.terraform("\"openrouter_guardrail_key_assignments_exclusive\" \"production\"");
    let left = guide.terraform("depends_on");
    // `assignments::exclusive` applies it.
    guide.terraform("removed {");
    let names = ["production_key_hashes", "sandbox_key_hashes"];
    let guardrails =
        ["production", "sandbox"].map(|name| guardrail(name, &format!("name = {name:?}")));
    let mut workspace = Workspace::new();
    let hashes = workspace.mock().key_hashes(&workspace.mock().default_workspace_id());
    workspace
        .config(&[&variables(&names, "set(string)"), &guardrails.concat(), joined, left].concat());
    let keys = |workspace: &mut Workspace, production: &[String], sandbox: &[String]| {
        workspace.env("TF_VAR_production_key_hashes", &json!(production).to_string());
        workspace.env("TF_VAR_sandbox_key_hashes", &json!(sandbox).to_string());
    };
    keys(&mut workspace, &hashes[..1], &hashes[1..4]);
    workspace.apply();
    workspace.mock().reset();
    keys(&mut workspace, &hashes[..2], &hashes[2..4]);
    run(&workspace, guide.shell("-target=")).succeeds();
    workspace.plans_nothing();
    assert_eq!(workspace.mock().gaps().len(), 0);
}
