//! Content filters, the user's own and the API's built-in ones: written as lists of objects, and kept in state in the form
//! they are written in, whichever form the API returns.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::guardrails::{
    address, assert_holds, assert_plans_update, edit, held, named, patch, planned_updates, state,
};
use crate::harness::{Workspace, changes};

/// The shape that the OpenRouter team's own provider documents: every argument at once, filters as lists of objects.
const DOCUMENTED: &str = r#"
resource "openrouter_guardrail" "my_guardrail" {
  allow_safety_retention_google = false
  allow_safety_retention_other  = true
  allowed_data_regions          = ["us"]
  allowed_models                = ["openai/gpt-5"]
  allowed_providers             = ["openai", "anthropic"]
  content_filter_builtins = [
    {
      action = "block"
      label  = "[EMAIL]"
      slug   = "email"
    },
    {
      action     = "flag"
      label      = null
      scan_scope = "all_messages"
      slug       = "regex-prompt-injection"
    }
  ]
  content_filters = [
    {
      action  = "redact"
      label   = "[API_KEY]"
      pattern = "\\b(sk-[a-zA-Z0-9]{48})\\b"
    },
    {
      action  = "block"
      label   = null
      pattern = "x"
    },
    {
      action  = "flag"
      pattern = "y"
    }
  ]
  description                   = "A guardrail for limiting API usage"
  enable_free_model_publication = false
  enable_free_model_training    = false
  enable_paid_model_training    = false
  enforce_zdr                   = false
  enforce_zdr_anthropic         = true
  enforce_zdr_google            = false
  enforce_zdr_openai            = true
  enforce_zdr_other             = false
  enforce_zdr_xai               = false
  ignored_models                = null
  ignored_providers             = ["azure"]
  include_byok_in_budgets       = true
  limit_usd                     = 50
  name                          = "My New Guardrail"
  reset_interval                = "monthly"
}
"#;

#[test]
fn configuration_of_the_official_provider_applies_unchanged() {
    let workspace = Workspace::new();
    workspace.config(DOCUMENTED);
    workspace.apply();
    let filters = json!([
        { "action": "redact", "label": "[API_KEY]", "pattern": "\\b(sk-[a-zA-Z0-9]{48})\\b" },
        { "action": "block", "label": null, "pattern": "x" },
        { "action": "flag", "label": null, "pattern": "y" },
    ]);
    let flags = json!({
        "enforce_zdr_anthropic": true,
        "enforce_zdr_google": false,
        "enforce_zdr_openai": true,
        "enforce_zdr_other": false,
        "enforce_zdr_xai": false,
    });
    for found in [held(&workspace, "my_guardrail"), state(&workspace, "my_guardrail")] {
        assert_eq!(found["content_filters"], filters);
        assert_eq!(found["limit_usd"], json!(50));
        assert_holds(&found, &flags);
    }
    let builtins = json!([
        { "action": "block", "label": "[EMAIL]", "scan_scope": null, "slug": "email" },
        { "action": "flag", "label": null, "scan_scope": "all_messages", "slug": "regex-prompt-injection" },
    ]);
    assert_eq!(state(&workspace, "my_guardrail")["content_filter_builtins"], builtins);
}

#[test]
fn filters_can_be_computed_like_any_list() {
    let workspace = Workspace::new();
    workspace.config(
        r#"
        locals { words = { alpha = "block", beta = "flag" } }
        resource "terraform_data" "pattern" { input = "g+" }
        resource "openrouter_guardrail" "a" {
          name = "a"
          content_filters = concat(
            [for word, action in local.words : { action = action, pattern = word }],
            [{ action = "redact", pattern = terraform_data.pattern.output, label = terraform_data.pattern.output }],
          )
          content_filter_builtins = [for slug in ["ssn", "email"] : { slug = slug, action = "redact" }]
        }"#,
    );
    workspace.apply();
    let patterns = held(&workspace, "a")["content_filters"].clone();
    let patterns: Vec<_> =
        patterns.as_array().unwrap().iter().map(|filter| &filter["pattern"]).collect();
    assert_eq!(patterns, ["alpha", "beta", "g+"]);
}

#[test]
fn an_empty_list_and_none_are_one() {
    let workspace = Workspace::new();
    let set = named("set", "content_filters = []\ncontent_filter_builtins = []");
    workspace.config(&(set + &named("unset", "")));
    workspace.apply();
    for label in ["set", "unset"] {
        for answer in [json!([]), Value::Null] {
            edit(
                &workspace,
                label,
                json!({ "content_filters": answer, "content_filter_builtins": answer }),
            );
            workspace.plans_nothing();
        }
    }
    // Terraform insists on an update where the configuration says one and the state the other; that is all it is.
    workspace.config(
        &(named("set", "") + &named("unset", "content_filters = []\ncontent_filter_builtins = []")),
    );
    workspace.apply();

    workspace.config(
        &(named("set", "content_filters = [{ action = \"block\", pattern = \"x\" }]")
            + &named("unset", "")),
    );
    workspace.apply();
    workspace.config(&(named("set", "content_filters = []") + &named("unset", "")));
    workspace.apply();
    assert_eq!(held(&workspace, "set")["content_filters"], json!([]));
}

#[test]
fn the_order_of_own_filters_counts_and_that_of_builtins_does_not() {
    let own = |first: &str, second: &str| {
        format!(
            "content_filters = [{{ action = \"block\", pattern = {first:?} }}, {{ action = \"block\", pattern = {second:?} }}]"
        )
    };
    let builtins = |objects: &[&str]| format!("content_filter_builtins = [{}]", objects.join(", "));
    let (ssn, email) =
        (r#"{ slug = "ssn", action = "redact" }"#, r#"{ slug = "email", action = "block" }"#);
    let injection = r#"{ slug = "regex-prompt-injection", action = "flag" }"#;
    let spelled_out =
        r#"{ slug = "regex-prompt-injection", action = "flag", scan_scope = "all_messages" }"#;
    let workspace = Workspace::new();
    let config = |own: &str, objects: &[&str]| {
        workspace.config(&(named("own", own) + &named("builtin", &builtins(objects))));
    };
    config(&own("a", "b"), &[ssn, injection, email]);
    workspace.apply();
    let slugs = |value: &Value| {
        let objects = value["content_filter_builtins"].as_array().unwrap().clone();
        objects.iter().map(|object| object["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(slugs(&held(&workspace, "builtin")), ["regex-prompt-injection", "email", "ssn"]);
    assert_eq!(slugs(&state(&workspace, "builtin")), ["ssn", "regex-prompt-injection", "email"]);

    for objects in [[email, ssn, injection], [email, ssn, spelled_out], [injection, email, ssn]] {
        config(&own("a", "b"), &objects);
        workspace.plans_nothing();
    }
    config(&own("b", "a"), &[ssn, injection, email]);
    assert_plans_update(&workspace, "own", &["content_filters"]);
    workspace.apply();
    assert_eq!(held(&workspace, "own")["content_filters"][0]["pattern"], "b");
    assert_eq!(held(&workspace, "builtin")["updated_at"], Value::Null, "nothing touched it");

    // The scope that is not the default is a change, and so is going back to silence.
    let narrow =
        r#"{ slug = "regex-prompt-injection", action = "flag", scan_scope = "user_only" }"#;
    for (injection, scope) in [(narrow, "user_only"), (injection, "all_messages")] {
        config(&own("b", "a"), &[ssn, injection, email]);
        assert_plans_update(&workspace, "builtin", &["content_filter_builtins"]);
        workspace.apply();
        assert_eq!(held(&workspace, "builtin")["content_filter_builtins"][0]["scan_scope"], scope);
    }
}

#[test]
fn drift_of_a_builtin_shows_that_one_alone() {
    let workspace = Workspace::new();
    let lines = r#"content_filter_builtins = [
        { slug = "ssn", action = "redact" },
        { slug = "email", action = "block", label = "[MINE]" },
        { slug = "regex-prompt-injection", action = "flag" },
    ]"#;
    workspace.config(&named("a", lines));
    workspace.apply();
    let drift = json!([
        { "slug": "email", "action": "flag" },
        { "slug": "regex-prompt-injection", "action": "flag" },
        { "slug": "ssn", "action": "redact" },
    ]);
    patch(&workspace, "a", json!({ "content_filter_builtins": drift }));
    let plan = workspace.plan_json();
    let changes = changes(&plan);
    let [(_, change)] = changes[..] else { panic!("one change, not {changes:#?}") };
    let (before, after) =
        (&change["before"]["content_filter_builtins"], &change["after"]["content_filter_builtins"]);
    assert_eq!([&before[0], &before[2]], [&after[0], &after[2]]);
    assert_eq!(before[1]["label"], after[1]["label"]);
    assert_eq!([&before[1]["action"], &after[1]["action"]], ["flag", "block"]);
    workspace.apply();
}

/// What a later version of the API may return: raw fields, the attribute that shows them, and a text that the plan then shows.
fn new_values() -> Vec<(Value, &'static str, &'static str)> {
    let own = |filter: Value| json!({ "content_filters": [filter] });
    let builtins = |object: Value| json!({ "content_filter_builtins": [{ "slug": "email", "action": "block", "label": "[EMAIL]" }, object] });
    vec![
        (json!({ "reset_interval": "hourly" }), "reset_interval", "hourly"),
        (json!({ "allowed_data_regions": ["us", "moon"] }), "allowed_data_regions", "moon"),
        (own(json!({ "action": "quarantine", "pattern": "x" })), "content_filters", "quarantine"),
        (own(json!({ "action": "block", "pattern": "(?=x)" })), "content_filters", "(?=x)"),
        (
            builtins(json!({ "slug": "passport", "action": "block" })),
            "content_filter_builtins",
            "passport",
        ),
        (
            json!({ "content_filter_builtins": [{ "slug": "email", "action": "notify" }] }),
            "content_filter_builtins",
            "notify",
        ),
    ]
}

#[test]
fn new_values_of_the_api_are_read_and_shown_where_they_differ() {
    let workspace = Workspace::new();
    let lines = "limit_usd = 1\nreset_interval = \"daily\"\nallowed_data_regions = [\"us\"]\n\
                 content_filters = [{ action = \"block\", pattern = \"x\" }]\n\
                 content_filter_builtins = [{ slug = \"email\", action = \"block\" }]";
    let values = new_values();
    let label = |index: usize| format!("g{index}");
    workspace
        .config(&(0..values.len()).map(|index| named(&label(index), lines)).collect::<String>());
    workspace.apply();
    let original = held(&workspace, "g0");

    // Fields that we do not know change nothing.
    let unknown = json!({
        "mood": "sunny",
        "nested": { "deep": [1, null] },
        "content_filters": [{ "action": "block", "pattern": "x", "label": null, "severity": 3 }],
        "content_filter_builtins": [{ "slug": "email", "action": "block", "label": "[E-MAIL]", "version": "v2" }],
    });
    edit(&workspace, "g0", unknown);
    workspace.plans_nothing();

    let mut expected = BTreeMap::new();
    for (index, (fields, attribute, _)) in values.iter().enumerate() {
        edit(&workspace, &label(index), fields.clone());
        let attributes = vec![(*attribute).to_owned(), "updated_at".to_owned()];
        expected.insert(address(&label(index)), attributes);
    }
    assert_eq!(planned_updates(&workspace), expected);
    let mut plan = workspace.run(&["plan"]).succeeds();
    for (_, _, shown) in &values {
        plan = plan.says(shown);
    }
    workspace.apply();
    for (index, (_, attribute, _)) in values.iter().enumerate() {
        assert_eq!(held(&workspace, &label(index))[attribute], original[attribute]);
    }
}
