//! An API key where its hash belongs: refused before anything is sent or stored, and never shown.

use serde_json::json;

use super::{KEY, default_keys, existing, key};
use crate::guardrails::named;
use crate::harness::{Run, Workspace};

const SECRET: &str = "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// What would be left if only its beginning were masked.
const TAIL: &str = "89abcdef0123";

/// The variable that brings the secret in.
const VARIABLE: &str = "variable \"given\" {\n  type = string\n}\n";

#[track_caller]
fn refused(run: Run) -> Run {
    run.fails()
        .never_says("sk-or-v1")
        .never_says(TAIL)
        .says("API key instead of its hash")
        .says("64 hexadecimal digits")
}

/// Every run that would look at the configuration.
#[track_caller]
fn refused_everywhere(workspace: &Workspace) {
    for args in [
        &["validate"][..],
        &["validate", "-json"],
        &["plan"],
        &["plan", "-json"],
        &["plan", "-refresh=false", "-out=saved.bin"],
        &["apply", "-auto-approve", "-json"],
    ] {
        let is_variable =
            args[0] == "validate" && workspace.directory().join("secret.auto.tfvars").exists();
        // What a variable holds is not known when only the configuration is validated.
        if !is_variable {
            refused(workspace.run(args));
        }
    }
    assert!(
        workspace
            .mock()
            .log()
            .requests
            .iter()
            .all(|request| !request.body.to_string().contains("sk-or"))
    );
    assert_eq!(workspace.addresses(), [""; 0]);
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_shown() {
    let workspace = Workspace::new();
    let guardrail = existing(workspace.mock(), json!({ "name": "a" }));
    for given in [SECRET.to_owned(), SECRET.to_uppercase(), format!(" {SECRET} ")] {
        workspace.config(&key(
            "this",
            &format!("guardrail_id = {guardrail:?}\n\n\n\n\nkey_hash = {given:?}"),
        ));
        let run = workspace.run(&["plan"]);
        run.fails().never_says("0123456789").says("API key instead of its hash");
    }
    workspace.config(&key(
        "this",
        &format!("guardrail_id = {guardrail:?}\n\n\n\n\nkey_hash = {SECRET:?}"),
    ));
    refused_everywhere(&workspace);
}

#[test]
fn a_secret_in_a_variable_is_refused_and_not_shown() {
    let workspace = Workspace::new();
    let guardrail = existing(workspace.mock(), json!({ "name": "a" }));
    let config = key("this", &format!("guardrail_id = {guardrail:?}\nkey_hash = var.given"));
    workspace.config(&(VARIABLE.to_owned() + &config));
    workspace.write("secret.auto.tfvars", &format!("given = {SECRET:?}\n"));
    refused_everywhere(&workspace);

    // The guardrail is not there yet, and the expression has more in it.
    workspace.config(
        &(VARIABLE.to_owned()
            + &named("a", "")
            + &key(
                "this",
                &format!("{}\nkey_hash = trimspace(\"${{var.given}} \")", super::under("a")),
            )),
    );
    refused_everywhere(&workspace);
    assert_eq!(workspace.mock().guardrails().len(), 1, "the one that was there");
}

/// It becomes known only in the apply, after the plan has passed.
#[test]
fn a_secret_that_comes_late_is_refused_and_not_shown() {
    let workspace = Workspace::installed();
    let guardrail = existing(workspace.mock(), json!({ "name": "a" }));
    let late = "resource \"terraform_data\" \"late\" {\n  input = sensitive(var.given)\n}\n";
    let lines = format!(
        "guardrail_id = {guardrail:?}\nkey_hash = nonsensitive(terraform_data.late.output)"
    );
    workspace.config(&(VARIABLE.to_owned() + late + &key("this", &lines)));
    workspace.write("secret.auto.tfvars", &format!("given = {SECRET:?}\n"));
    workspace.init();
    workspace.run(&["plan"]).succeeds();
    refused(workspace.run(&["apply", "-auto-approve"]));
    assert_eq!(workspace.addresses(), ["terraform_data.late"]);
    assert!(
        workspace
            .mock()
            .log()
            .requests
            .iter()
            .all(|request| !request.body.to_string().contains("sk-or"))
    );
}

/// Terraform itself repeats the id that it is told to import; we do not.
#[test]
fn a_secret_in_an_import_id_is_refused_and_not_repeated() {
    let workspace = Workspace::new();
    let guardrail = existing(workspace.mock(), json!({ "name": "a" }));
    let hash = default_keys(workspace.mock()).remove(0);
    workspace.config(&key("this", &format!("guardrail_id = {guardrail:?}\nkey_hash = {hash:?}")));
    for given in [SECRET.to_owned(), format!("{guardrail}/{SECRET}"), format!("{SECRET}/{hash}")] {
        let run = workspace.try_import(KEY, &given).fails().says("API key instead of its hash");
        let ours = run.stderr;
        assert!(!ours.contains("sk-or-v1") && !ours.contains(TAIL), "{ours}");
        assert_eq!(workspace.mock().log().total, 0, "nothing needs to be asked");
    }

    // An import block, which can take it from a variable.
    let import = format!("import {{\n  to = {KEY}\n  id = \"{guardrail}/${{var.given}}\"\n}}\n");
    let lines = format!("guardrail_id = {guardrail:?}\nkey_hash = {hash:?}");
    workspace.config(&(VARIABLE.to_owned() + &key("this", &lines) + &import));
    workspace.write("secret.auto.tfvars", &format!("given = {SECRET:?}\n"));
    let problem = crate::story::only_error(workspace.run(&["plan", "-json"]));
    problem.says(&["API key instead of its hash"]);
    let ours = problem.diagnostic.to_string();
    assert!(!ours.contains("sk-or-v1") && !ours.contains(TAIL), "{ours}");
}

/// What the API shows of a key is no secret, and no hash.
#[test]
fn a_label_is_told_from_a_key() {
    let workspace = Workspace::new();
    for label in ["sk-or-v1-121...5c6b", "sk-or-v1-0e6...1c96"] {
        let lines = format!("guardrail_id = \"{}\"\nkey_hash = {label:?}", super::NOBODY);
        workspace.config(&key("this", &lines));
        workspace
            .run(&["plan"])
            .fails()
            .says("Label of an API key instead of its hash")
            .says("64 hexadecimal digits")
            .never_says("replacing the key");
    }
}

/// Neither in an id that is refused for its form: Terraform would print the line.
#[test]
fn a_secret_where_an_id_belongs_is_refused_and_not_shown() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    for given in [SECRET.to_owned(), format!(" {SECRET}/")] {
        for config in [
            key("this", &format!("guardrail_id = {given:?}\n\n\n\n\n\nkey_hash = {hash:?}")),
            named("a", &format!("workspace_id = {given:?}")),
            format!("data \"openrouter_guardrail\" \"a\" {{\n  id = {given:?}\n}}\n"),
            format!("data \"openrouter_guardrails\" \"a\" {{\n  workspace_id = {given:?}\n}}\n"),
            format!(
                "data \"openrouter_guardrail_key_assignments\" \"a\" {{\n  guardrail_id = {given:?}\n}}\n"
            ),
        ] {
            workspace.config(&config);
            refused(workspace.run(&["plan"]));
        }
    }
    workspace.config(&named("a", ""));
    for given in [SECRET.to_owned(), format!("{}/{SECRET}", super::NOBODY)] {
        let run = workspace
            .try_import("openrouter_guardrail.a", &given)
            .fails()
            .says("API key instead of its hash");
        assert!(!run.stderr.contains("sk-or-v1") && !run.stderr.contains(TAIL), "{run}");
    }
    assert_eq!(workspace.mock().log().total, 0);
}
