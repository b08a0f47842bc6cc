//! Fields that the table does not have, given as JSON in a text.

use serde_json::json;

use super::{WIDGET, no_names, object, state, widget};
use crate::{
    cty::Value,
    table::{
        body::{create_body, update_body},
        plan::plan,
        state::{imported_state, state_after_apply, state_after_read},
    },
};

fn with_extra(text: &str) -> Value {
    state(json!({ "extra": text }))
}

/// What `extra` is after a refresh in which the API returns these members.
fn refreshed(extra: &str, returned: serde_json::Value) -> Value {
    let mut response = json!({ "id": "w1", "name": "a", "place": "p1", "strict": false });
    for (name, value) in returned.as_object().unwrap() {
        response[name] = value.clone();
    }
    let read = state_after_read(WIDGET, &with_extra(extra), &object(response), &no_names());
    read.unwrap().attribute("extra").clone()
}

#[test]
fn they_are_sent_beside_the_others() {
    let planned = widget(json!({ "name": "a", "extra": r#"{"new":{"n":3.0},"gone":null}"# }));
    let body = serde_json::Value::from(create_body(WIDGET, &planned));
    assert_eq!(body.to_string(), r#"{"gone":null,"name":"a","new":{"n":3.0}}"#);
}

#[test]
fn an_update_sends_what_changed_and_clears_what_leaves() {
    for (prior, planned, expected) in [
        (r#"{"a":1,"b":2}"#, r#"{"b":3,"c":4}"#, json!({ "a": null, "b": 3, "c": 4 })),
        (r#"{"a":1}"#, r#"{"a":null}"#, json!({ "a": null })),
        ("{}", r#"{"a":null}"#, json!({ "a": null })),
        (r#"{"a":[1,2]}"#, r#"{"a":[1.0,2],"b":1}"#, json!({ "b": 1 })),
        // The table has got a field of this name: it is left to that.
        (r#"{"note":"x","a":1}"#, r#"{"a":1}"#, json!({})),
    ] {
        let body = update_body(WIDGET, &with_extra(prior), &with_extra(planned));
        assert_eq!(serde_json::Value::from(body), expected, "{prior} to {planned}");
    }
    let body = update_body(WIDGET, &with_extra(r#"{"a":1}"#), &state(json!({})));
    assert_eq!(serde_json::Value::from(body), json!({ "a": null }), "all of them leave");
}

#[test]
fn json_is_compared_by_value() {
    let written = r#"{ "b": [1, {"x": 3, "y": null}], "a": "\u00e9" }"#;
    let returned = json!({ "a": "e\u{301}", "b": [1.0, { "x": 3.0, "z": null }], "other": 1 });
    assert_eq!(refreshed(written, returned), Value::from(written));
    let config = widget(json!({ "name": "a", "extra": r#"{"a":"é","b":[1e0,{"x":3.00}]}"# }));
    let prior = with_extra(written);
    assert_eq!(plan(WIDGET, &prior, &config, &no_names()).planned, prior);
}

#[test]
fn a_null_that_comes_or_goes_is_a_change() {
    for (prior, config) in
        [(r#"{"a":1}"#, r#"{"a":1,"b":null}"#), (r#"{"a":1,"b":null}"#, r#"{"a":1}"#)]
    {
        let config = widget(json!({ "name": "a", "extra": config }));
        let planned = plan(WIDGET, &with_extra(prior), &config, &no_names()).planned;
        assert_eq!(planned.attribute("extra"), config.attribute("extra"), "{prior}");
    }
}

#[test]
fn a_change_outside_shows_for_the_names_of_the_state_alone() {
    for (extra, returned, expected) in [
        (r#"{"a":1,"b":true}"#, json!({ "a": 2, "b": true, "c": 3 }), r#"{"a":2,"b":true}"#),
        (r#"{"a":1}"#, json!({}), r#"{"a":null}"#),
        (r#"{"a":[1,2]}"#, json!({ "a": [2, 1] }), r#"{"a":[2,1]}"#),
        (r#"{"a":1}"#, json!({ "a": "1" }), r#"{"a":"1"}"#),
    ] {
        assert_eq!(refreshed(extra, returned), Value::from(expected), "{extra}");
    }
    assert_eq!(refreshed(r#"{"a":null}"#, json!({})), Value::from(r#"{"a":null}"#));
    assert_eq!(refreshed("{}", json!({ "a": 1 })), Value::from("{}"));
}

/// A later version of the provider has the field, and the state is of an earlier one.
#[test]
fn a_name_that_the_table_has_got_leaves_the_text_without_a_diff() {
    let read = refreshed(r#"{"note":"x"}"#, json!({ "note": "x" }));
    assert_eq!(read, Value::Null);
    assert_eq!(refreshed(r#"{"note":"x","a":1}"#, json!({ "a": 1 })), Value::from(r#"{"a":1}"#));
}

#[test]
fn after_an_apply_the_written_form_stays_and_another_value_is_a_mismatch() {
    let planned = with_extra(r#"{ "a": 1.0 }"#);
    let applied = |a: serde_json::Value| {
        let response = object(json!({ "id": "w1", "name": "a", "place": "p1", "strict": false,
            "updated_at": "t1", "a": a }));
        let (state, mismatches) = state_after_apply(WIDGET, &planned, &response, &no_names());
        assert_eq!(state, planned);
        mismatches.iter().map(|mismatch| mismatch.name).collect::<Vec<_>>()
    };
    assert_eq!(applied(json!(1)), [""; 0]);
    assert_eq!(applied(json!(2)), ["extra"]);
    let response = object(json!({ "id": "w1", "name": "a", "place": "p1", "a": 1 }));
    let imported = imported_state(WIDGET, &response).unwrap();
    assert_eq!(imported.attribute("extra"), &Value::Null);
}

#[test]
fn an_unknown_text_is_planned_unknown() {
    let config = widget(json!({ "name": "a" })).with_attribute("extra", Value::UNKNOWN);
    for prior in [Value::Null, with_extra("{}"), with_extra(r#"{"a":1}"#)] {
        let planned = plan(WIDGET, &prior, &config, &no_names()).planned;
        assert!(planned.attribute("extra").is_unknown());
    }
}
