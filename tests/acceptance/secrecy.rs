//! The search for the key in all that a run leaves, which every workspace of these tests ends with: that there is something
//! to search, and that a key would be found.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_openrouter::{Action, Fault};

use crate::harness::Workspace;
use crate::story::guardrail;

#[test]
fn bodies_are_logged_and_the_key_is_masked_in_them() {
    let workspace = Workspace::new();
    workspace.mock().add_fault(Fault::on("POST", "/guardrails", Action::status(500))).unwrap();
    workspace.config(&guardrail("this", "name = \"logged\"")).apply();
    let log = fs::read_to_string(workspace.log_file()).unwrap();
    let line = |text: &str| log.lines().find(|line| line.contains(text)).unwrap_or_default();
    assert!(line("request body").contains("logged"), "{log}");
    let refused = line("Internal Server Error");
    assert!(refused.contains("response body") && refused.contains("Bearer ***"), "{log}");
}

/// Lets the key out, and expects the workspace to fail because of it, and to say where it is.
#[track_caller]
fn is_found(place: &str, leak: impl FnOnce(&Workspace, &str)) {
    let workspace = Workspace::new();
    let key = workspace.mock().management_key().to_owned();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        leak(&workspace, &key);
        drop(workspace);
    }));
    let said = outcome.expect_err("the key was not found").downcast::<String>().unwrap();
    assert!(said.contains("the key") && said.contains(place), "{place}: {said}");
}

#[test]
fn a_key_in_the_log_is_found() {
    let ways: [fn(&str) -> String; 4] = [
        str::to_owned,
        |key| key.replace('+', "%2B"),
        |key| format!("{key:?}"),
        |key| key[key.len() / 2..].to_owned(),
    ];
    for written in ways {
        is_found("provider.log", |workspace, key| {
            fs::write(workspace.log_file(), format!("first line\nsent {} away\n", written(key)))
                .unwrap();
        });
    }
}

#[test]
fn a_key_in_a_file_is_found() {
    is_found("terraform.tfstate", |workspace, key| {
        let private = STANDARD.encode(format!("{{\"key\":{key:?}}}"));
        fs::write(workspace.directory().join("terraform.tfstate"), private).unwrap();
    });
    is_found("plan.bin", |workspace, key| {
        workspace.config("variable \"v\" {}");
        workspace.run(&["plan", "-out=plan.bin", "-var", &format!("v={key}")]).succeeds();
    });
}

#[test]
fn a_key_on_the_terminal_is_found() {
    is_found("terraform plan", |workspace, key| {
        workspace.config("variable \"v\" {}\noutput \"o\" {\n  value = var.v\n}");
        workspace.run(&["plan", "-var", &format!("v={key}")]);
    });
}
