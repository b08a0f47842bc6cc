//! Functions as users call them: in outputs, on a guardrail's own filters, with mistakes, in `terraform test`
//! (Terraform 1.8 and later).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::examples::copy;
use crate::harness::Workspace;

/// A workspace with an output for each expression, named by its index.
fn with_outputs(expressions: &[&str]) -> Workspace {
    let workspace = Workspace::new();
    let output = |(index, expression): (usize, &&str)| {
        format!("output \"o{index}\" {{\n  value = provider::openrouter::{expression}\n}}\n")
    };
    workspace.config(&expressions.iter().enumerate().map(output).collect::<Vec<_>>().concat());
    workspace
}

/// What each expression comes to.
fn results(expressions: &[&str]) -> Vec<Value> {
    let workspace = with_outputs(expressions);
    workspace.apply();
    let outputs = workspace.outputs();
    assert_eq!(workspace.mock().log().requests.len(), 0, "functions ask nobody");
    (0..expressions.len()).map(|index| outputs[format!("o{index}")]["value"].clone()).collect()
}

#[test]
fn literals_may_leave_the_label_out_all_or_some() {
    let found = results(&[
        r#"content_filter_matches("^b+$", "bb")"#,
        r#"content_filter_matches("^b+$", "abb")"#,
        r#"apply_content_filters([{ pattern = "b", action = "block" }], "abb")"#,
        r#"apply_content_filters([{ pattern = "b", action = "redact" }, { pattern = "a", action = "flag", label = "[A]" }], "ab")"#,
        r#"apply_content_filters([{ pattern = "b", action = "redact", label = "[B]" }], "ab")"#,
        r#"apply_content_filters([], "ab")"#,
        r#"apply_content_filters(null, "ab")"#,
    ]);
    let result = |action: &str, text: Value| json!({ "action": action, "text": text });
    assert_eq!(
        found,
        [
            json!(true),
            json!(false),
            result("block", Value::Null),
            result("redact", json!("a[REDACTED]")),
            result("redact", json!("a[B]")),
            result("pass", json!("ab")),
            result("pass", json!("ab")),
        ]
    );
}

#[test]
fn a_guardrail_s_own_filters_are_taken_as_they_are() {
    let workspace = Workspace::new();
    workspace.config(
        r#"
        resource "openrouter_guardrail" "this" {
          name            = "filters"
          content_filters = [
            { pattern = "secret", action = "block" },
            { pattern = "\\d+", action = "redact", label = "[NUMBER]" },
          ]
        }
        output "unknown" {
          value = provider::openrouter::content_filter_matches(openrouter_guardrail.this.id, "text")
        }
        output "result" {
          value = provider::openrouter::apply_content_filters(openrouter_guardrail.this.content_filters, "42 of 43")
        }
        "#,
    );
    let plan = workspace.plan_json();
    assert_eq!(plan["output_changes"]["unknown"]["after_unknown"], json!(true));
    let result = json!({ "action": "redact", "text": "[NUMBER] of [NUMBER]" });
    assert_eq!(plan["output_changes"]["result"]["after"], result);
    workspace.apply();
    assert_eq!(workspace.outputs()["result"]["value"], result);
}

#[test]
fn an_error_points_at_the_argument_and_names_the_filter() {
    for (expression, parameter, message) in [
        (
            r#"content_filter_matches("(?=a)", "b")"#,
            "pattern",
            "lookaround, `(?=…)`, which is not allowed.",
        ),
        (
            r#"content_filter_matches("", "b")"#,
            "pattern",
            "`pattern` must have 1 to 100000 characters; it has 0.",
        ),
        (
            r#"content_filter_matches("(a+)+", "b")"#,
            "pattern",
            "it has nested quantifiers (a group that repeats",
        ),
        (
            r#"apply_content_filters([{ pattern = "(a|ab)*", action = "flag" }], "b")"#,
            "filters",
            "`filters[0].pattern` is not a regular expression the API accepts",
        ),
        (r#"content_filter_matches("a", null)"#, "text", "argument must not be null."),
        (
            r#"apply_content_filters([{ pattern = "a", action = "flag" }, { pattern = "(", action = "flag" }], "b")"#,
            "filters",
            "`filters[1].pattern` is not a regular expression the API accepts",
        ),
        (
            r#"apply_content_filters([{ pattern = "a", action = "drop" }], "b")"#,
            "filters",
            "`filters[0].action` cannot be \"drop\"",
        ),
        (r#"apply_content_filters([{ pattern = "a" }], "b")"#, "filters", "\"action\" is required"),
        (
            r#"content_filter_matches("(a{1,1000}){1,1000}", "b")"#,
            "pattern",
            "cannot be evaluated by the provider: its repetitions are too large when expanded.",
        ),
    ] {
        let run = with_outputs(&[expression]).run(&["validate"]).fails();
        run.says(&format!("Invalid value for \"{parameter}\" parameter: "))
            .says(message)
            .never_says("..");
    }
}

/// The assertion is that there is an answer: a backtracking matcher has none in any time.
#[test]
fn hostile_patterns_are_answered() {
    let found = results(&[
        r#"content_filter_matches("a*a*a*a*a*b", join("", [for i in range(1000) : "aaaaaaaaaa"]))"#,
        r#"content_filter_matches("(?:a?){30}a{30}b", join("", [for i in range(1000) : "aaaaaaaaaa"]))"#,
        r#"content_filter_matches("(.*?,){11}P", join("", [for i in range(1000) : "aaaaaaaaaa"]))"#,
    ]);
    assert_eq!(found, [json!(false), json!(false), json!(false)]);
}

#[test]
fn the_example_module_proves_its_filters() {
    let workspace = Workspace::new();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/modules/content-filters");
    copy(&module, &workspace.directory());
    let run = workspace.run(&["test"]).succeeds();
    run.says("5 passed, 0 failed.");
    assert_eq!(workspace.mock().log().requests.len(), 0);
    let main = fs::read_to_string(module.join("main.tf")).expect("it is there");
    workspace.write("main.tf", &main.replace("\"block\"", "\"flag\""));
    workspace.run(&["test"]).fails().says("A private key must be blocked.");
}

#[test]
fn the_examples_give_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/functions");
    let outputs = |name: &str| {
        let example = fs::read_to_string(folder.join(name).join("function.tf"));
        let workspace = Workspace::new();
        workspace.config(&example.expect("there is an example")).apply();
        workspace.outputs()
    };
    let matches = outputs("content_filter_matches");
    assert_eq!(matches["finds_a_key"]["value"], json!(true));
    assert_eq!(matches["finds_no_key"]["value"], json!(false));
    let applied = outputs("apply_content_filters");
    let forwarded = json!({ "action": "redact", "text": "Order [REDACTED] of [SSN]." });
    assert_eq!(applied["forwarded"]["value"], forwarded);
    assert_eq!(applied["blocked"]["value"], json!({ "action": "block", "text": null }));
}
