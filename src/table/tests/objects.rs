//! An attribute that is one object, all the way: its type, its rules, plans, bodies and answers.

use serde_json::json;

use super::{WIDGET, answer, no_names, state, widget};
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

fn refreshed(held: serde_json::Value, answered: serde_json::Value) -> Value {
    let answered = answer(
        json!({ "id": "w1", "name": "a", "place": "p1", "strict": false, "updated_at": "t1",
        "size": answered }),
    );
    let held = state(json!({ "size": held }));
    state_after_read(WIDGET, &held, &answered, &no_names()).unwrap().attribute("size").clone()
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
    let planned = |held, configured| {
        let config = widget(json!({ "name": "a", "size": configured }));
        plan(WIDGET, &state(json!({ "size": held })), &config, &no_names())
            .planned
            .attribute("size")
            .clone()
    };
    let held = json!({ "width": 1, "unit": "m", "label": "mine" });
    assert_eq!(planned(held.clone(), json!({ "width": 1.0 })), size(held.clone()));
    let wider = json!({ "width": 2 });
    assert_eq!(planned(held.clone(), wider.clone()), size(wider));
    assert_eq!(planned(held, json!(null)), Value::Null);
    let empty = json!({ "width": null });
    assert_eq!(
        planned(json!(null), empty.clone()),
        size(empty),
        "an empty object is more than null"
    );
}

#[test]
fn it_is_sent_whole_without_what_is_absent_or_the_services() {
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
fn an_answer_that_means_the_same_keeps_its_form_in_state() {
    let held = json!({ "width": 1, "label": "mine" });
    let answered =
        json!({ "width": 1.0, "height": null, "unit": "m", "label": "theirs", "new": true });
    assert_eq!(refreshed(held.clone(), answered.clone()), size(held.clone()));
    let planned = widget(json!({ "name": "a", "size": held }));
    let (settled, mismatches) = state_after_apply(
        WIDGET,
        &planned,
        &answer(json!({ "name": "a", "size": answered })),
        &no_names(),
    );
    assert_eq!((settled.attribute("size"), mismatches), (planned.attribute("size"), vec![]));
}

#[test]
fn an_answer_that_differs_shows_the_members_that_do() {
    let held = json!({ "width": 1, "label": "mine" });
    let answered = json!({ "width": 2, "unit": "m", "label": "theirs" });
    assert_eq!(
        refreshed(held.clone(), answered.clone()),
        size(json!({ "width": 2, "label": "mine" }))
    );
    assert_eq!(refreshed(held.clone(), json!(null)), Value::Null);
    assert_eq!(refreshed(json!(null), answered.clone()), size(json!({ "width": 2 })));
    let imported = imported_state(WIDGET, &answer(json!({ "size": answered }))).unwrap();
    assert_eq!(imported.attribute("size"), &size(json!({ "width": 2 })));

    let planned = widget(json!({ "name": "a", "size": held }));
    let (settled, mismatches) = state_after_apply(
        WIDGET,
        &planned,
        &answer(json!({ "name": "a", "size": null })),
        &no_names(),
    );
    assert_eq!(settled.attribute("size"), planned.attribute("size"));
    assert_eq!(mismatches.iter().map(|mismatch| mismatch.name).collect::<Vec<_>>(), ["size"]);
}

#[test]
fn an_answer_of_another_type_is_an_error_at_its_place() {
    for (answered, message) in [
        (json!([]), "size: an object is expected, not an array"),
        (json!({ "width": "1" }), "size.width: a number is expected, not a string"),
    ] {
        let error = state_after_read(
            WIDGET,
            &state(json!({})),
            &answer(json!({ "size": answered })),
            &no_names(),
        );
        assert_eq!(error.unwrap_err().to_string(), message);
    }
}
