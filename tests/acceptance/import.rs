//! Importing guardrails, by id and by `<workspace_id>/<name>`: the plan after it is empty, however the configuration says
//! it, and what cannot be imported is told in one clear error.

use serde_json::{Value, json};

use crate::guardrails::{address, assert_plans_update, guardrail, named, state};
use crate::harness::Workspace;

/// Makes a guardrail as someone did who does not use Terraform, and gives its id.
#[track_caller]
fn existing(workspace: &Workspace, body: Value) -> String {
    let made = workspace.mock().create_guardrail(body).expect("the mock accepts it");
    made["id"].as_str().expect("it has an id").to_owned()
}

/// Adds an import block for each pair of label and id, so that one apply imports all.
fn import_blocks<'a>(targets: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let block = |(label, id): (&str, &str)| {
        format!("import {{\nto = {}\nid = {id:?}\n}}\n", address(label))
    };
    targets.into_iter().map(block).collect()
}

#[test]
fn everything_is_imported_by_id_and_by_name() {
    let workspace = Workspace::new();
    let default = workspace.mock().default_workspace_id();
    let production = workspace.mock().production_workspace_id();
    let names = [
        "plain",
        "a/b//c",
        " spaced  out ",
        "zażółć 🦀",
        "cafe\u{301}",
        "quote\"d",
        "100% #?&+ %2F",
    ];
    workspace.config("resource \"openrouter_guardrail\" \"by_name\" {\nfor_each = toset(var.names)\nname = each.key\n}\nvariable \"names\" {}");
    workspace.write("terraform.tfvars.json", &json!({ "names": names }).to_string());
    let address = |name: &str| format!("openrouter_guardrail.by_name[{}]", hcl(name));
    for (index, name) in names.iter().enumerate() {
        let place = if index % 2 == 0 { &default } else { &production };
        let id = existing(&workspace, json!({ "name": name, "workspace_id": place }));
        // A UUID is the same in capitals.
        let given = match index {
            0 => id.to_uppercase(),
            1 => format!("{}/{name}", place.to_uppercase()),
            _ => format!("{place}/{name}"),
        };
        workspace.try_import(&address(name), &given).succeeds();
        let imported =
            workspace.attributes(&format!("openrouter_guardrail.by_name[{}]", json!(nfc(name))));
        assert_eq!(imported["id"], json!(id));
        assert_eq!(imported["workspace_id"], json!(place));
        assert_eq!(imported["name"], json!(nfc(name)));
        assert_eq!(imported["include_byok_in_budgets"], json!(false));
    }
    workspace.plans_nothing();
    assert_eq!(workspace.mock().count("PATCH", "/guardrails/{id}"), 0);
    assert_eq!(workspace.mock().guardrails().len(), names.len());
}

/// A text as an HCL string.
fn hcl(text: &str) -> String {
    json!(text).to_string().replace("%{", "%%{").replace("${", "$${")
}

fn nfc(name: &str) -> String {
    name.replace("e\u{301}", "\u{e9}")
}

/// Label, what exists, and configurations that say the same.
fn equal_configurations() -> Vec<(Value, &'static [&'static str])> {
    let flags = |value: bool| {
        json!({
            "enforce_zdr_anthropic": value, "enforce_zdr_google": value, "enforce_zdr_openai": value,
            "enforce_zdr_other": value, "enforce_zdr_xai": value,
        })
    };
    let builtins = json!({ "content_filter_builtins": [
        { "slug": "ssn", "action": "redact" },
        { "slug": "email", "action": "block" },
        { "slug": "regex-prompt-injection", "action": "flag" },
    ]});
    vec![
        (
            json!({}),
            &["", "include_byok_in_budgets = false\nallowed_models = null\ncontent_filters = null"],
        ),
        (
            json!({ "allowed_models": ["openai/gpt-5", "x-ai/grok-4"], "ignored_models": ["openai/gpt-4o:free"] }),
            &[
                "allowed_models = [\"x-ai/grok-4\", \"openai/gpt-5\"]\nignored_models = [\"openai/gpt-4o:free\"]",
                "allowed_models = [\"openai/gpt-5-2025-08-07\", \"x-ai/grok-4\"]\nignored_models = [\"openai/gpt-4o:free\"]",
            ],
        ),
        (
            flags(true),
            &[
                "enforce_zdr = true",
                "enforce_zdr_anthropic = true\nenforce_zdr_google = true\nenforce_zdr_openai = true\n\
                 enforce_zdr_other = true\nenforce_zdr_xai = true",
                "enforce_zdr = true\nenforce_zdr_xai = true",
            ],
        ),
        (flags(false), &["enforce_zdr = false"]),
        (
            builtins,
            &[
                r#"content_filter_builtins = [
                    { slug = "regex-prompt-injection", action = "flag", scan_scope = "all_messages" },
                    { slug = "email", action = "block", label = "[EMAIL]" },
                    { slug = "ssn", action = "redact" },
                ]"#,
                r#"content_filter_builtins = [
                    { slug = "ssn", action = "redact", label = null },
                    { slug = "email", action = "block" },
                    { slug = "regex-prompt-injection", action = "flag" },
                ]"#,
            ],
        ),
        (
            json!({ "limit_usd": 0.1, "reset_interval": "daily", "include_byok_in_budgets": true }),
            &["limit_usd = 0.1\nreset_interval = \"daily\"\ninclude_byok_in_budgets = true"],
        ),
        (
            json!({ "description": "", "content_filters": [{ "action": "block", "pattern": "x" }],
                "allowed_providers": ["openai", "anthropic"], "enable_paid_model_training": false }),
            &["description = \"\"\ncontent_filters = [{ action = \"block\", pattern = \"x\" }]\n\
               allowed_providers = [\"anthropic\", \"openai\"]\nenable_paid_model_training = false"],
        ),
    ]
}

#[test]
fn the_plan_after_an_import_is_empty() {
    let cases = equal_configurations();
    let workspace = Workspace::new();
    let mut targets = Vec::new();
    let mut blocks = String::new();
    for (index, (body, configurations)) in cases.iter().enumerate() {
        for (form, lines) in configurations.iter().enumerate() {
            let label = format!("case_{index}_{form}");
            let mut body = body.clone();
            body["name"] = json!(label);
            targets.push((label.clone(), existing(&workspace, body)));
            blocks.push_str(&named(&label, lines));
        }
    }
    let imports = import_blocks(targets.iter().map(|(label, id)| (label.as_str(), id.as_str())));
    workspace.config(&(blocks.clone() + &imports));
    let before = workspace.mock().guardrails();
    let planned = workspace
        .try_plan()
        .says(&format!("Plan: {} to import, 0 to add, 0 to change, 0 to destroy", targets.len()));
    planned.exits_with(2);
    workspace.apply();
    workspace.config(&blocks);
    workspace.plans_nothing();
    assert_eq!(workspace.mock().guardrails(), before, "importing changes nothing");

    // Models come as the API has them; the configuration's spelling is taken for the same.
    let canonical = json!(["openai/gpt-5-2025-08-07", "x-ai/grok-4-07-09"]);
    assert_eq!(state(&workspace, "case_1_0")["allowed_models"], canonical);
    assert_eq!(state(&workspace, "case_4_0")["content_filter_builtins"][0]["label"], Value::Null);
}

#[test]
fn what_an_import_does_not_say_is_planned() {
    let workspace = Workspace::new();
    let id =
        existing(&workspace, json!({ "name": "a", "enforce_zdr": true, "description": "theirs" }));
    let differs = guardrail(
        "a",
        "name = \"a\"\nenforce_zdr = true\nenforce_zdr_xai = false\ndescription = \"ours\"",
    );
    workspace.config(&differs);
    workspace.try_import("openrouter_guardrail.a", &id).succeeds();
    assert_plans_update(&workspace, "a", &["description", "enforce_zdr_xai"]);
    workspace.apply();

    // Nobody knows that these two mean one model, since no list has it: that is told apart once, never guessed.
    let id =
        existing(&workspace, json!({ "name": "hidden", "allowed_models": ["openai/gpt-4-32k"] }));
    let hidden = named("hidden", "allowed_models = [\"openai/gpt-4-32k\"]");
    workspace.config(&(differs.clone() + &hidden));
    workspace.try_import("openrouter_guardrail.hidden", &id).succeeds();
    assert_plans_update(&workspace, "hidden", &["allowed_models"]);
    workspace.apply();

    // A guardrail from before workspaces has none.
    let made = workspace.mock().create_legacy_guardrail(json!({ "name": "old" })).unwrap();
    workspace.config(&(differs + &hidden + &named("old", "")));
    workspace.try_import("openrouter_guardrail.old", made["id"].as_str().unwrap()).succeeds();
    assert_eq!(state(&workspace, "old")["workspace_id"], Value::Null);
    workspace.plans_nothing();
}

#[test]
fn what_cannot_be_imported_is_told_in_one_error() {
    let workspace = Workspace::new();
    let default = workspace.mock().default_workspace_id();
    let production = workspace.mock().production_workspace_id();
    let twins = [(); 2].map(|()| existing(&workspace, json!({ "name": "twin" })));
    let unborn = workspace.mock().default_guardrail_id(&production).unwrap();
    let born = workspace.mock().default_guardrail_id(&default).unwrap();
    workspace
        .mock()
        .patch_guardrail(&born, json!({ "limit_usd": 5, "reset_interval": "daily" }))
        .unwrap();
    let missing = "00000000-0000-4000-8000-000000000000";

    workspace.config(&named("a", ""));
    let form = "neither the id of a guardrail, a UUID, nor of the form <workspace_id>/<name>";
    let belongs = "is the default guardrail of workspace";
    for (given, says) in [
        ("nonsense", vec!["\"nonsense\"", form]),
        ("default/twin", vec!["\"default/twin\"", form]),
        (&format!("{default}/"), vec![form]),
        (&format!("{missing}0"), vec![form]),
        (missing, vec!["404", missing]),
        (&format!("{default}/nobody"), vec!["has no guardrail with this name", "\"nobody\""]),
        (&format!("{production}/twin"), vec!["has no guardrail with this name"]),
        (&format!("{default}/twin"), vec!["has 2 guardrails with this name", &twins[0], &twins[1]]),
        (&unborn, vec![belongs, &unborn]),
        (&born, vec![belongs, &born]),
        (&format!("{default}/Workspace {default} Default"), vec![belongs, &born]),
    ] {
        let mut failed = workspace.try_import("openrouter_guardrail.a", given).fails();
        assert_eq!(failed.words().matches("Error: ").count(), 1, "{given}\n{failed}");
        for text in says {
            failed = failed.says(text);
        }
        assert_eq!(workspace.addresses(), Vec::<String>::new());
    }
}

/// Terraform writes no empty texts into a configuration that it generates.
#[test]
fn an_empty_description_is_none_after_an_import_with_generated_configuration() {
    let workspace = Workspace::new();
    let id = existing(
        &workspace,
        json!({ "name": "a", "description": "", "content_filters": [{ "action": "block", "pattern": "x", "label": "" }] }),
    );
    workspace.config(&import_blocks([("a", id.as_str())]));
    workspace
        .run(&["plan", "-generate-config-out=generated.tf"])
        .succeeds()
        .says("1 to import, 0 to add, 0 to change");
    workspace.apply().says("1 imported, 0 added, 0 changed");

    // Written down it is no difference either, and it takes the place of another.
    std::fs::remove_file(workspace.directory().join("generated.tf")).expect("it was generated");
    for lines in [
        "description = \"\"",
        "description = \"x\"",
        "description = \"\"",
        "description = \"x\"",
        "",
    ] {
        workspace.config(&named("a", lines)).apply();
    }
    assert_eq!(workspace.mock().guardrail(&id).expect("it is there")["description"], Value::Null);
}
