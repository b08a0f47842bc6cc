use serde_json::json;

use super::{WIDGET, state, widget};
use crate::{
    cty::Value,
    table::body::{create_body, update_body},
};

fn update(prior: serde_json::Value, planned: serde_json::Value) -> serde_json::Value {
    update_body(WIDGET, &state(prior), &state(planned)).into()
}

#[test]
fn a_create_sends_what_is_set_and_nothing_else() {
    let builtins = json!([{ "slug": "email", "action": "flag", "scope": null, "label": "[E]" }]);
    let planned = widget(
        json!({ "name": "a", "all": true, "one": true, "builtins": builtins, "strict": false }),
    )
    .with_attribute("id", Value::UNKNOWN)
    .with_attribute("place", Value::UNKNOWN);
    let expected = json!({ "name": "a", "one": true, "strict": false,
        "builtins": [{ "slug": "email", "action": "flag" }] });
    assert_eq!(serde_json::Value::from(create_body(WIDGET, &planned)), expected);
}

#[test]
fn an_update_sends_what_changed_and_clears_with_null() {
    assert_eq!(
        update(json!({ "note": "x" }), json!({ "note": "x", "name": "b" })),
        json!({ "name": "b" })
    );
    assert_eq!(update(json!({ "note": "x" }), json!({})), json!({ "note": null }));
    assert_eq!(update(json!({}), json!({ "models": ["b", "a"] })), json!({ "models": ["b", "a"] }));
}

#[test]
fn fields_of_a_group_are_sent_together() {
    let prior = json!({ "limit": 5, "interval": "daily" });
    assert_eq!(
        update(prior.clone(), json!({ "limit": 6, "interval": "daily" })),
        json!({ "limit": 6, "interval": "daily" })
    );
    assert_eq!(update(prior, json!({})), json!({ "limit": null, "interval": null }));
    assert_eq!(
        update(json!({ "all": true, "one": true }), json!({ "one": true })),
        json!({ "one": true, "two": null })
    );
}

#[test]
fn numbers_are_sent_as_they_are_written() {
    let planned: serde_json::Value =
        serde_json::from_str(r#"{"name":"a","limit":9007199254740993,"interval":"daily"}"#)
            .unwrap();
    let body = create_body(WIDGET, &widget(planned));
    assert_eq!(body["limit"].to_string(), "9007199254740993");
    let body =
        create_body(WIDGET, &widget(json!({ "name": "a", "limit": 0.1, "interval": "daily" })));
    assert_eq!(body["limit"].to_string(), "0.1");
}
