use serde_json::json;

use super::{WIDGET, widget};
use crate::{cty::Value, protocol::diagnostics::Severity, table::validate::validate};

/// The messages about a configuration, as `severity path: detail`.
fn messages(config: &Value) -> Vec<String> {
    let message = |diagnostic: &crate::protocol::diagnostics::Diagnostic| {
        let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        let path = diagnostic.path.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{severity} {path}: {}", diagnostic.detail)
    };
    validate(WIDGET, config).iter().map(message).collect()
}

fn number(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn check_refused(config: serde_json::Value, place: &str, allowed: &str) {
    let messages = messages(&widget(config));
    let found = messages
        .iter()
        .any(|text| text.starts_with(&format!("error {place}: ")) && text.contains(allowed));
    assert!(found, "no error at {place} that says {allowed:?} in {messages:#?}");
}

#[test]
fn each_error_is_at_its_attribute_and_says_what_is_allowed() {
    let budget = |limit: serde_json::Value, interval: &str| json!({ "name": "a", "limit": limit, "interval": interval });
    check_refused(json!({}), "name", "required");
    check_refused(json!({ "name": "" }), "name", "1 to 5");
    check_refused(json!({ "name": "äöüäöü" }), "name", "it has 6");
    check_refused(json!({ "name": "a", "id": "x" }), "id", "cannot be set");
    check_refused(json!({ "name": "a", "limit": 5 }), "limit", "set `interval` too");
    check_refused(json!({ "name": "a", "interval": "daily" }), "interval", "set `limit` too");
    check_refused(budget(json!(0), "daily"), "limit", "greater than 0");
    check_refused(budget(json!(-0.5), "daily"), "limit", "greater than 0");
    check_refused(budget(number("1e-400"), "daily"), "limit", "greater than 0");
    check_refused(budget(number("1e400"), "daily"), "limit", "too large");
    check_refused(budget(json!(1), "hourly"), "interval", "\"daily\" or \"weekly\"");
    check_refused(json!({ "name": "a", "models": [] }), "models", "null");
    check_refused(json!({ "name": "a", "models": [null] }), "models", "is null");
    check_refused(json!({ "name": "a", "models": [""] }), "models", "is empty");
    check_refused(
        json!({ "name": "a", "filters": [{ "pattern": "(?=x)" }] }),
        "filters[0].pattern",
        "`filters[0].pattern` must have no parenthesis.",
    );
    check_refused(
        json!({ "name": "a", "filters": [{ "label": "x" }] }),
        "filters[0].pattern",
        "required",
    );
    check_refused(json!({ "name": "a", "extra": "[]" }), "extra", "must be a JSON object");
    check_refused(json!({ "name": "a", "extra": "{" }), "extra", "must be a JSON object");
    for (extra, allowed) in [
        (r#"{"strict":true}"#, "set `strict = true` instead"),
        (r#"{"note":"x"}"#, "set `note = ...` instead"),
        (r#"{"new":[{"n":1e400}]}"#, "has a number in `new` that exceeds the range"),
        (r#"{"extra":"{}"}"#, "`extra`, which cannot be set"),
        (r#"{"id":"w1"}"#, "`id`, which cannot be set"),
        (r#"{"new":1,"made_at":"t"}"#, "`made_at`, which cannot be set"),
    ] {
        check_refused(json!({ "name": "a", "extra": extra }), "extra", allowed);
    }
    let twice = json!([{ "slug": "x", "action": "a" }, { "slug": "x", "action": "b" }]);
    check_refused(json!({ "name": "a", "builtins": twice }), "builtins[1].slug", "only once");
    let misplaced = json!([{ "slug": "x", "action": "a", "scope": "user" }]);
    check_refused(json!({ "name": "a", "builtins": misplaced }), "builtins[0].scope", "inject");
}

#[test]
fn valid_values_pass_and_deprecated_attributes_warn_when_used() {
    let full = json!({ "name": "abcde", "limit": 0.1, "interval": "weekly", "models": ["x"],
        "filters": [{ "pattern": "a+" }],
        "builtins": [{ "slug": "inject", "action": "a", "scope": "user" }] });
    assert_eq!(messages(&widget(full)), [""; 0]);
    let deprecated = json!({ "name": "a", "all": false,
        "builtins": [{ "slug": "x", "action": "a", "label": "l" }] });
    let expected = [
        "warning builtins[0].label: `builtins[0].label`: it has no effect",
        "warning all: `all`: use one and two",
    ];
    assert_eq!(messages(&widget(deprecated)), expected);
}

#[test]
fn unknown_values_pass() {
    let mut config = widget(json!({}));
    for field in WIDGET.iter().filter(|field| field.is_configurable()) {
        config = config.with_attribute(field.name, Value::UNKNOWN);
    }
    assert_eq!(messages(&config), [""; 0]);
    let half_known =
        widget(json!({ "name": "a", "limit": 5 })).with_attribute("interval", Value::UNKNOWN);
    assert_eq!(messages(&half_known), [""; 0]);
    let builtin = |member: &str| {
        let given = json!({ "builtins": [{ "slug": "x", "action": "a", "scope": "user" }] });
        let builtin = widget(given).attribute("builtins").elements().unwrap()[0].clone();
        builtin.with_attribute(member, Value::UNKNOWN)
    };
    let builtins =
        vec![builtin("scope").with_attribute("slug", "y"), builtin("slug"), Value::UNKNOWN];
    let config = widget(json!({ "name": "a" })).with_attribute("builtins", Value::List(builtins));
    assert_eq!(messages(&config), [""; 0]);
}
