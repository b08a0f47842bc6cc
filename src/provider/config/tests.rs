//! What comes out of a provider block: the client's settings, and what is refused.

#![allow(
    clippy::needless_pass_by_value,
    reason = "`json!` at the call reads better without a borrow"
)]

use serde_json::json;

use super::*;
use crate::cty::json as cty_json;

/// A provider block with these attributes and no others.
fn block(attributes: &serde_json::Value) -> Value {
    cty_json::decode_stored(attributes.to_string().as_bytes(), &schema().object_type()).unwrap()
}

fn settings(attributes: serde_json::Value) -> Config {
    let environment =
        BTreeMap::from([("OPENROUTER_MANAGEMENT_KEY".to_owned(), "sk-or-mgmt-x".to_owned())]);
    client_config(&environment, "1.15.5", &block(&attributes)).unwrap()
}

fn retry_of(members: serde_json::Value) -> RetryPolicy {
    settings(json!({ "retry": members })).retry
}

/// What the table and the rules of the block refuse, as `path: detail`.
fn refusals(config: &Value) -> Vec<String> {
    let mut diagnostics = crate::table::validate::validate(FIELDS, config);
    diagnostics.extend(validate(config));
    let told = |diagnostic: &Diagnostic| {
        let path = diagnostic.path.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{path}: {}", diagnostic.detail)
    };
    diagnostics.iter().map(told).collect()
}

#[track_caller]
fn check_refused(attributes: serde_json::Value, place: &str, text: &str) {
    let refusals = refusals(&block(&attributes));
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert!(
        refusals[0].starts_with(&format!("{place}: ")) && refusals[0].contains(text),
        "{}",
        refusals[0]
    );
}

#[test]
fn a_silent_block_leaves_the_clients_defaults() {
    for attributes in [json!({}), json!({ "retry": {} }), json!({ "retry": { "exponent": null } })]
    {
        let settings = settings(attributes);
        assert_eq!(settings.timeout, DEFAULT_TIMEOUT);
        assert_eq!(settings.max_concurrent_requests, DEFAULT_CONCURRENCY);
        assert_eq!(settings.retry, RetryPolicy::default());
    }
}

#[test]
fn each_setting_is_taken_and_leaves_the_others_alone() {
    let default = RetryPolicy::default;
    let whole = |milliseconds| Duration::from_millis(milliseconds);
    assert_eq!(settings(json!({ "timeout_ms": 1 })).timeout, whole(1));
    assert_eq!(settings(json!({ "max_concurrent_requests": 1 })).max_concurrent_requests.get(), 1);
    for (members, expected) in [
        (
            json!({ "initial_interval_ms": 7 }),
            RetryPolicy { initial_interval: whole(7), ..default() },
        ),
        (json!({ "max_interval_ms": 800 }), RetryPolicy { max_interval: whole(800), ..default() }),
        (json!({ "exponent": 1 }), RetryPolicy { exponent: 1.0, ..default() }),
        (json!({ "exponent": 2.25 }), RetryPolicy { exponent: 2.25, ..default() }),
        (
            json!({ "max_elapsed_time_ms": 0 }),
            RetryPolicy { max_elapsed_time: Duration::ZERO, ..default() },
        ),
        (
            json!({ "retry_connection_errors": false }),
            RetryPolicy { connection_errors: false, ..default() },
        ),
    ] {
        assert_eq!(retry_of(members), expected);
    }
}

#[test]
fn enormous_settings_are_no_accident() {
    let most = i64::MAX;
    let settings = settings(json!({ "timeout_ms": most, "max_concurrent_requests": most,
        "retry": { "initial_interval_ms": most, "max_interval_ms": most, "exponent": 1e308, "max_elapsed_time_ms": most } }));
    assert_eq!(settings.max_concurrent_requests.get(), 65535);
    assert_eq!(settings.retry.max_interval, Duration::from_millis(most.unsigned_abs()));
    assert_eq!(settings.timeout, settings.retry.max_elapsed_time);
}

#[test]
fn the_documented_defaults_are_the_clients() {
    let RetryPolicy {
        initial_interval,
        max_interval,
        exponent,
        max_elapsed_time,
        connection_errors,
    } = RetryPolicy::default();
    for (name, default) in [
        (TIMEOUT_MS, DEFAULT_TIMEOUT.as_millis().to_string()),
        (MAX_CONCURRENT_REQUESTS, DEFAULT_CONCURRENCY.to_string()),
        (INITIAL_INTERVAL_MS, initial_interval.as_millis().to_string()),
        (MAX_INTERVAL_MS, max_interval.as_millis().to_string()),
        (EXPONENT, exponent.to_string()),
        (MAX_ELAPSED_TIME_MS, max_elapsed_time.as_millis().to_string()),
        (RETRY_CONNECTION_ERRORS, connection_errors.to_string()),
    ] {
        let field = FIELDS.iter().chain(RETRY_FIELDS).find(|field| field.name == name).unwrap();
        assert!(field.doc.ends_with(&format!("Defaults to `{default}`.")), "{name}: {}", field.doc);
    }
}

#[test]
fn settings_out_of_bounds_are_refused_at_their_place() {
    let retry = |members: serde_json::Value| json!({ "retry": members });
    check_refused(json!({ "timeout_ms": 0 }), "timeout_ms", "greater than 0");
    check_refused(
        json!({ "max_concurrent_requests": 0 }),
        "max_concurrent_requests",
        "at least 1; it is 0",
    );
    check_refused(
        json!({ "max_concurrent_requests": 1.5 }),
        "max_concurrent_requests",
        "whole number",
    );
    check_refused(
        retry(json!({ "initial_interval_ms": 0 })),
        "retry.initial_interval_ms",
        "greater than 0",
    );
    check_refused(
        retry(json!({ "max_interval_ms": 0 })),
        "retry.max_interval_ms",
        "greater than 0",
    );
    check_refused(
        retry(json!({ "max_interval_ms": 600.5 })),
        "retry.max_interval_ms",
        "whole number",
    );
    check_refused(retry(json!({ "exponent": 0.5 })), "retry.exponent", "at least 1; it is 0.5");
    check_refused(
        retry(json!({ "max_elapsed_time_ms": -1 })),
        "retry.max_elapsed_time_ms",
        "at least 0",
    );
}

#[test]
fn the_longest_wait_is_not_shorter_than_the_first_whichever_of_them_is_set() {
    let place = "retry.max_interval_ms";
    for (members, text) in [
        (
            json!({ "initial_interval_ms": 70_000 }),
            "`retry.max_interval_ms` is 60000 by default, and",
        ),
        (json!({ "max_interval_ms": 499 }), "`retry.initial_interval_ms` is 500 by default."),
        (
            json!({ "initial_interval_ms": 2, "max_interval_ms": 1 }),
            "`retry.max_interval_ms` is 1, and `retry.initial_interval_ms` is 2.",
        ),
    ] {
        check_refused(json!({ "retry": members }), place, text);
    }
    let same = json!({ "retry": { "initial_interval_ms": 9, "max_interval_ms": 9 } });
    assert_eq!(refusals(&block(&same)), [""; 0]);
    let open = block(&json!({ "retry": { "initial_interval_ms": 70_000 } }));
    let retry = open.attribute(RETRY).clone().with_attribute(MAX_INTERVAL_MS, Value::UNKNOWN);
    assert_eq!(refusals(&open.with_attribute(RETRY, retry)), [""; 0]);
}

#[test]
fn what_is_not_known_yet_is_named_when_a_client_is_needed() {
    let environment =
        BTreeMap::from([("OPENROUTER_MANAGEMENT_KEY".to_owned(), "sk-or-mgmt-x".to_owned())]);
    let open_member = block(&json!({ "retry": {} }))
        .attribute(RETRY)
        .clone()
        .with_attribute(EXPONENT, Value::UNKNOWN);
    for (name, value) in
        [(MAX_CONCURRENT_REQUESTS, Value::UNKNOWN), (RETRY, Value::UNKNOWN), (RETRY, open_member)]
    {
        let config = block(&json!({})).with_attribute(name, value);
        assert_eq!(refusals(&config), [""; 0]);
        let api =
            configure(&environment, &CreateRegistry::default(), "1.15.5", &config).unwrap().value;
        api.stop();
        let error = api.client().unwrap_err();
        let detail = &error.iter().next().unwrap().detail;
        assert!(detail.starts_with(&format!("`{name}` is known only after an apply")), "{detail}");
    }
}

/// Keys are not all of one form: this one does not begin as those of OpenRouter do.
#[test]
fn the_configured_key_is_refused_in_any_other_place() {
    let key = "management-hunter2";
    let url = format!("https://openrouter.ai/{key}");
    for (name, value) in [
        ("http_referer", key),
        ("x_open_router_title", "the key management%2Dhunter2"),
        ("x_open_router_categories", "ci,management-hunter2"),
        ("server_url", url.as_str()),
        ("OPENROUTER_BASE_URL", url.as_str()),
        ("TF_APPEND_USER_AGENT", "ci/7 management-hunter2"),
    ] {
        let variables = [("OPENROUTER_MANAGEMENT_KEY", key), (name, value)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_attribute = FIELDS.iter().any(|field| field.name == name);
        let attributes = if is_attribute { json!({ name: value }) } else { json!({}) };
        let refused = client_config(&variables.into(), "1.15.5", &block(&attributes)).unwrap_err();
        assert!(refused.summary.contains(name) && refused.path.is_none(), "{refused:?}");
        assert!(refused.detail.contains("contains an API key"), "{refused:?}");
        assert!(!refused.detail.contains("hunter2"), "{refused:?}");
        if is_attribute {
            let attributes = json!({ "api_key": key, name: value });
            assert_eq!(validate(&block(&attributes)), refused.into());
        }
    }
}
