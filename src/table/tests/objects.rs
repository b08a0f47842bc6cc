//! An attribute that is one object: its type, validation, plans, bodies and state.

use serde_json::json;

use super::{WIDGET, no_names, object, state, widget};
use crate::{
    cty::Value,
    table::{
        body::{create_body, update_body},
        plan::plan,
        state::{imported_state, state_after_apply, state_after_read},
        validate::validate,
    },
};

/// The errors about the size of a widget.
fn refusals(size: Value) -> Vec<String> {
    let config = widget(json!({ "name": "a" })).with_attribute("size", size);
    validate(WIDGET, &config).iter().map(|diagnostic| diagnostic.detail.clone()).collect()
}

fn size(members: serde_json::Value) -> Value {
    widget(json!({ "size": members })).attribute("size").clone()
}

fn refreshed(prior: serde_json::Value, returned: serde_json::Value) -> Value {
    let returned = object(
        json!({ "id": "w1", "name": "a", "place": "p1", "strict": false, "updated_at": "t1",
        "size": returned }),
    );
    let prior = state(json!({ "size": prior }));
    state_after_read(WIDGET, &prior, &returned, &no_names()).unwrap().attribute("size").clone()
}

#[test]
fn its_type_lets_a_configuration_leave_members_out() {
    let field = WIDGET.iter().find(|field| field.name == "size").unwrap();
    let members =
        json!({ "width": "number", "height": "number", "unit": "string", "label": "string" });
    assert_eq!(field.ty().to_json(), json!(["object", members, ["height", "label", "unit"]]));
}

#[test]
fn its_members_have_rules_of_their_own() {
    assert_eq!(
        refusals(size(json!({ "width": 0.5 }))),
        ["`size.width` must be at least 1; it is 0.5."]
    );
    assert_eq!(
        refusals(size(json!({ "height": 1 }))),
        ["`size.width` is required, but its value is null."]
    );
    let unit = "`size.unit` cannot be \"in\". It can be \"m\" or \"ft\".";
    assert_eq!(refusals(size(json!({ "width": 1, "unit": "in" }))), [unit]);
    let unknown_member = size(json!({ "height": null })).with_attribute("width", Value::UNKNOWN);
    for right in
        [size(json!({ "width": 1, "unit": "ft" })), Value::Null, Value::UNKNOWN, unknown_member]
    {
        assert_eq!(refusals(right), [""; 0]);
    }
}

#[test]
fn the_bound_itself_is_at_least_the_bound_and_infinity_is_no_number() {
    let width =
        |text| size(json!({ "width": serde_json::from_str::<serde_json::Value>(text).unwrap() }));
    assert_eq!(refusals(width("1.0")), [""; 0]);
    assert_eq!(refusals(width("0.99")), ["`size.width` must be at least 1; it is 0.99."]);
    assert!(refusals(width("1e400"))[0].contains("`size.width` is too large"));
}

#[test]
fn a_plan_changes_it_only_where_it_means_something_else() {
    let planned = |prior, configured| {
        let config = widget(json!({ "name": "a", "size": configured }));
        plan(WIDGET, &state(json!({ "size": prior })), &config, &no_names())
            .planned
            .attribute("size")
            .clone()
    };
    let prior = json!({ "width": 1, "unit": "m", "label": "mine" });
    assert_eq!(planned(prior.clone(), json!({ "width": 1.0 })), size(prior.clone()));
    let wider = json!({ "width": 2 });
    assert_eq!(planned(prior.clone(), wider.clone()), size(wider));
    assert_eq!(planned(prior, json!(null)), Value::Null);
    let empty = json!({ "width": null });
    assert_eq!(
        planned(json!(null), empty.clone()),
        size(empty),
        "an empty object is more than null"
    );
}

#[test]
fn it_is_sent_whole_without_null_members_and_those_of_the_api() {
    let planned = json!({ "name": "a", "size": { "width": 1, "label": "mine" } });
    let body = create_body(WIDGET, &widget(planned));
    assert_eq!(body["size"], json!({ "width": 1 }));
    let update = |prior, planned| {
        let sizes = [prior, planned].map(|size| state(json!({ "size": size })));
        serde_json::Value::from(update_body(WIDGET, &sizes[0], &sizes[1]))
    };
    let both = json!({ "width": 1, "height": 2 });
    assert_eq!(update(both.clone(), json!({ "width": 3 })), json!({ "size": { "width": 3 } }));
    assert_eq!(update(both, json!(null)), json!({ "size": null }));
}

#[test]
fn a_response_that_means_the_same_keeps_its_form_in_state() {
    let prior = json!({ "width": 1, "label": "mine" });
    let returned =
        json!({ "width": 1.0, "height": null, "unit": "m", "label": "theirs", "new": true });
    assert_eq!(refreshed(prior.clone(), returned.clone()), size(prior.clone()));
    let planned = widget(json!({ "name": "a", "size": prior }));
    let (state, mismatches) = state_after_apply(
        WIDGET,
        &planned,
        &object(json!({ "name": "a", "size": returned })),
        &no_names(),
    );
    assert_eq!((state.attribute("size"), mismatches), (planned.attribute("size"), vec![]));
}

#[test]
fn a_response_that_differs_shows_the_members_that_do() {
    let prior = json!({ "width": 1, "label": "mine" });
    let returned = json!({ "width": 2, "unit": "m", "label": "theirs" });
    assert_eq!(
        refreshed(prior.clone(), returned.clone()),
        size(json!({ "width": 2, "label": "mine" }))
    );
    assert_eq!(refreshed(prior.clone(), json!(null)), Value::Null);
    assert_eq!(refreshed(json!(null), returned.clone()), size(json!({ "width": 2 })));
    let imported = imported_state(WIDGET, &object(json!({ "size": returned }))).unwrap();
    assert_eq!(imported.attribute("size"), &size(json!({ "width": 2 })));

    let planned = widget(json!({ "name": "a", "size": prior }));
    let (state, mismatches) = state_after_apply(
        WIDGET,
        &planned,
        &object(json!({ "name": "a", "size": null })),
        &no_names(),
    );
    assert_eq!(state.attribute("size"), planned.attribute("size"));
    assert_eq!(mismatches.iter().map(|mismatch| mismatch.name).collect::<Vec<_>>(), ["size"]);
}
