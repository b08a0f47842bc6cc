use serde_json::json;

use super::{WIDGET, no_names, state, stored, widget, with_catalog};
use crate::{
    cty::{Path, Value},
    protocol::resource::PlanReply,
    table::{canonical_names::CanonicalNames, plan::plan},
};

fn update(prior: serde_json::Value, config: serde_json::Value) -> PlanReply {
    plan(WIDGET, &state(prior), &widget(config), &no_names())
}

/// The plan keeps the prior state to the letter, which is what makes it "No changes".
#[track_caller]
fn check_no_change(prior: serde_json::Value, config: serde_json::Value) {
    assert_eq!(update(prior.clone(), config).planned, state(prior));
}

#[test]
fn a_create_leaves_to_the_service_what_the_configuration_does_not_say() {
    let planned = plan(
        WIDGET,
        &Value::Null,
        &widget(json!({ "name": "a", "all": true, "two": false })),
        &no_names(),
    );
    let planned = planned.planned;
    assert!(planned.attribute("id").is_unknown());
    assert!(planned.attribute("place").is_unknown());
    assert!(planned.attribute("updated_at").is_unknown());
    assert_eq!(planned.attribute("note"), &Value::Null);
    assert_eq!(planned.attribute("strict"), &Value::Bool(false));
    assert_eq!(planned.attribute("all"), &Value::Bool(true));
    assert_eq!(planned.attribute("one"), &Value::Bool(true));
    assert_eq!(planned.attribute("two"), &Value::Bool(false));
}

#[test]
fn nothing_changes_when_the_configuration_says_what_state_holds() {
    check_no_change(json!({}), json!({ "name": "a" }));
    check_no_change(
        json!({ "limit": 0.1, "interval": "daily" }),
        json!({ "name": "a", "limit": 0.1, "interval": "daily" }),
    );
    check_no_change(json!({ "place": null }), json!({ "name": "a" }));
    check_no_change(json!({ "filters": [] }), json!({ "name": "a", "filters": [] }));
}

#[test]
fn numbers_of_one_double_are_the_same() {
    let config: serde_json::Value =
        serde_json::from_str(r#"{"name":"a","limit":9007199254740993,"interval":"daily"}"#)
            .unwrap();
    check_no_change(json!({ "limit": 9_007_199_254_740_992_i64, "interval": "daily" }), config);
}

#[test]
fn an_update_keeps_the_id_and_only_then_asks_for_the_time() {
    let planned = update(json!({ "note": "x" }), json!({ "name": "b", "note": "x" }));
    assert_eq!(planned.planned.attribute("id"), &Value::from("w1"));
    assert!(planned.planned.attribute("updated_at").is_unknown());
    assert_eq!(planned.requires_replace, []);
}

#[test]
fn silence_clears_what_is_nullable_resets_defaults_and_keeps_the_place() {
    let planned = update(json!({ "note": "x", "strict": true }), json!({ "name": "a" })).planned;
    assert_eq!(planned.attribute("note"), &Value::Null);
    assert_eq!(planned.attribute("strict"), &Value::Bool(false));
    assert_eq!(planned.attribute("place"), &Value::from("p1"));
}

#[test]
fn another_place_needs_a_new_object_and_so_does_one_not_known_yet() {
    let moved = update(json!({}), json!({ "name": "a", "place": "p2" }));
    assert_eq!(moved.requires_replace, [Path::attribute("place")]);
    let config = widget(json!({ "name": "a" })).with_attribute("place", Value::UNKNOWN);
    let unknown = plan(WIDGET, &state(json!({})), &config, &no_names());
    assert_eq!(unknown.requires_replace, [Path::attribute("place")]);
    assert_eq!(plan(WIDGET, &Value::Null, &config, &no_names()).requires_replace, []);
}

#[test]
fn unknown_configuration_stays_unknown_in_the_plan() {
    let config = widget(json!({ "name": "a" })).with_attribute("all", Value::UNKNOWN);
    let planned = plan(WIDGET, &state(json!({ "one": true })), &config, &no_names()).planned;
    assert!(planned.attribute("all").is_unknown());
    assert!(planned.attribute("one").is_unknown());
    assert!(planned.attribute("updated_at").is_unknown());
}

#[test]
fn builtins_in_another_order_with_other_labels_or_a_default_said_aloud_are_the_same() {
    let prior = json!({ "builtins": [
        { "slug": "inject", "action": "block", "scope": null, "label": null },
        { "slug": "email", "action": "flag", "scope": null, "label": "[EMAIL]" },
    ] });
    let config = json!({ "name": "a", "builtins": [
        { "slug": "email", "action": "flag" },
        { "slug": "inject", "action": "block", "scope": "all" },
    ] });
    check_no_change(prior.clone(), config);
    let narrower = json!({ "name": "a", "builtins": [
        { "slug": "inject", "action": "block", "scope": "user" },
        { "slug": "email", "action": "flag" },
    ] });
    let planned = update(prior, narrower.clone()).planned;
    assert_eq!(planned.attribute("builtins"), widget(narrower).attribute("builtins"));
}

#[test]
fn a_leader_is_told_from_its_followers_after_an_import() {
    let imported = json!({ "all": true, "one": true, "two": true });
    check_no_change(imported.clone(), json!({ "name": "a", "all": true }));
    check_no_change(imported.clone(), json!({ "name": "a", "one": true, "two": true }));
    let late = widget(json!({ "name": "a", "one": true })).with_attribute("two", Value::UNKNOWN);
    let planned = plan(WIDGET, &state(imported.clone()), &late, &no_names()).planned;
    assert!(planned.attribute("all").is_unknown(), "it can still become true or null");
    let planned = update(imported, json!({ "name": "a", "one": true })).planned;
    assert_eq!(planned.attribute("all"), &Value::Null);
    assert_eq!(planned.attribute("two"), &Value::Null);
}

#[test]
fn another_name_for_the_same_model_changes_nothing_once_the_catalogue_is_known() {
    let prior = state(json!({ "models": ["short-2024"] }));
    let planned = |models: serde_json::Value, names: CanonicalNames| {
        let config = widget(json!({ "name": "a", "models": models }));
        let planned = plan(WIDGET, &prior, &config, &names).planned;
        (planned == prior, names.needs_catalog())
    };
    assert_eq!(planned(json!(["short"]), no_names()), (false, true));
    assert_eq!(planned(json!(["short"]), with_catalog()), (true, false));
    assert_eq!(
        planned(json!(["short"]), CanonicalNames::new(stored(json!(["short"])))),
        (true, false)
    );
    assert_eq!(planned(json!(["short", "other"]), with_catalog()), (false, false));
    assert_eq!(planned(json!(["short-2024"]), no_names()), (true, false));
    assert_eq!(planned(json!(null), no_names()), (false, false));
}
