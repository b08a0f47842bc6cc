use serde_json::json;

use super::{
    Catalog, WIDGET, members_of_state, no_names, object, state, stored, widget, with_catalog,
};
use crate::{
    cty::Value,
    table::{
        canonical_names::{CanonicalNames, StoredNames},
        json::JsonObject,
        state::{Mismatch, imported_state, matches_plan, state_after_apply, state_after_read},
    },
};

/// The state after a refresh of `prior` with these changes to what the API returns.
fn refreshed(prior: serde_json::Value, returned: serde_json::Value) -> Value {
    state_after_read(WIDGET, &state(prior), &full(returned), &no_names()).unwrap()
}

fn full(changes: serde_json::Value) -> JsonObject {
    object(members_of_state(changes))
}

fn applied(planned: serde_json::Value, returned: serde_json::Value) -> (Value, Vec<&'static str>) {
    let planned = widget(planned)
        .with_attribute("id", Value::UNKNOWN)
        .with_attribute("updated_at", Value::UNKNOWN);
    let (state, mismatches) =
        state_after_apply(WIDGET, &planned, &object(returned), &with_catalog());
    (state, mismatches.iter().map(|mismatch| mismatch.name).collect())
}

#[test]
fn a_create_is_completed_from_the_response_and_keeps_the_planned_form() {
    let planned =
        json!({ "name": "a", "models": ["short"], "strict": false, "builtins": [], "all": true });
    let returned = json!({ "id": "w9", "name": "a", "models": ["short-2024"], "strict": false,
        "all": null, "builtins": null });
    let (state, mismatches) = applied(planned.clone(), returned);
    assert_eq!(mismatches, [""; 0]);
    assert_eq!(state, widget(planned).with_attribute("id", Value::from("w9")));
}

#[test]
fn what_the_response_contradicts_keeps_the_plan_and_is_a_mismatch() {
    let returned = json!({ "id": "w9", "name": "b", "models": ["other-2025"], "limit": "five" });
    let (state, mismatches) = applied(json!({ "name": "a", "models": ["short"] }), returned);
    assert_eq!(mismatches, ["name", "limit", "models"]);
    assert_eq!(state.attribute("name"), &Value::from("a"));
    let mismatch = Mismatch {
        name: "note",
        planned: Value::from("x"),
        returned: Ok(Value::Null),
        members: Vec::new(),
    };
    let warning = mismatch.warning();
    assert!(
        warning.detail.contains("`note` was planned as \"x\", but the API returned null"),
        "{}",
        warning.detail
    );
}

/// How an object is recognised that a call without a response has made.
#[test]
fn an_object_matches_a_plan_or_does_not_or_only_the_catalogue_decides() {
    let planned = json!({ "name": "a", "models": ["short"], "limit": 5, "interval": "daily" });
    let planned = widget(planned).with_attribute("id", Value::UNKNOWN);
    let matches = |changes: serde_json::Value, catalog| {
        let mut members = json!({ "id": "w9", "name": "a", "models": ["short"], "limit": 5.0,
            "interval": "daily" });
        for (name, value) in changes.as_object().unwrap() {
            members[name] = value.clone();
        }
        matches_plan(WIDGET, &planned, &object(members), catalog)
    };
    assert_eq!(matches(json!({}), None), Some(true));
    assert_eq!(matches(json!({ "name": "b" }), None), Some(false));
    assert_eq!(matches(json!({ "interval": null }), None), Some(false));
    assert_eq!(matches(json!({ "models": null }), None), Some(false));
    assert_eq!(matches(json!({ "models": ["short-2024"] }), None), None);
    assert_eq!(matches(json!({ "models": ["short-2024"] }), Some(&Catalog)), Some(true));
    assert_eq!(matches(json!({ "models": ["other-2025"] }), Some(&Catalog)), Some(false));
    assert_eq!(
        matches(json!({ "models": ["short-2024"], "name": "b" }), None),
        Some(false),
        "without the catalogue"
    );
}

#[test]
fn missing_or_unexpected_names_are_a_mismatch_even_without_the_catalogue() {
    for (planned, returned) in [
        (json!(["short"]), json!(null)),
        (json!(["short"]), json!([])),
        (json!(null), json!(["x"])),
    ] {
        let planned = widget(json!({ "name": "a", "models": planned }));
        let returned = object(json!({ "name": "a", "models": returned }));
        let (state, mismatches) = state_after_apply(WIDGET, &planned, &returned, &no_names());
        assert_eq!(mismatches.len(), 1, "{mismatches:?}");
        assert_eq!(state.attribute("models"), planned.attribute("models"));
    }
    let prior = state(json!({ "models": ["short"] }));
    let now =
        state_after_read(WIDGET, &prior, &full(json!({ "models": [] })), &no_names()).unwrap();
    assert_eq!(now, state(json!({})));
}

#[test]
fn an_unlisted_name_that_the_api_accepted_is_no_mismatch() {
    let returned = json!({ "id": "w9", "name": "a", "models": ["hidden-2023", "short-2024"] });
    assert_eq!(
        applied(json!({ "name": "a", "models": ["hidden", "short"] }), returned.clone()).1,
        [""; 0]
    );
    assert_eq!(
        applied(json!({ "name": "a", "models": ["other", "short"] }), returned).1,
        ["models"]
    );
}

#[test]
fn a_refresh_that_means_the_same_keeps_state_unchanged() {
    let same = [
        (json!({ "note": null }), json!({})),
        (json!({ "filters": [] }), json!({ "filters": null })),
        (json!({ "filters": null }), json!({ "filters": [] })),
        (json!({ "limit": 0.1 }), json!({ "limit": 0.1 })),
        (json!({ "models": ["b", "a"] }), json!({ "models": ["a", "b", "a"] })),
        (json!({ "all": true, "one": true }), json!({ "all": false, "one": true })),
        (
            json!({ "builtins": [
                { "slug": "x", "action": "flag", "label": "mine" },
                { "slug": "inject", "action": "flag" },
            ] }),
            json!({ "builtins": [
                { "slug": "inject", "action": "flag", "scope": "all" },
                { "slug": "x", "action": "flag", "label": "[X]" },
            ] }),
        ),
    ];
    for (prior, returned) in same {
        assert_eq!(refreshed(prior.clone(), returned), state(prior));
    }
}

#[test]
fn a_refresh_shows_what_differs_and_only_that() {
    let prior = json!({ "note": "x", "builtins": [
        { "slug": "x", "action": "flag", "label": "mine" },
        { "slug": "gone", "action": "flag" },
    ] });
    let now = refreshed(
        prior,
        json!({ "note": "y", "unheard_of": 1, "builtins": [
            { "slug": "new", "action": "vaporise", "label": "[N]", "scope": "all" },
            { "slug": "x", "action": "block", "label": "[X]", "scope": "all" },
        ] }),
    );
    let expected = json!({ "note": "y", "builtins": [
        { "slug": "x", "action": "block", "label": "mine" },
        { "slug": "new", "action": "vaporise" },
    ] });
    assert_eq!(now, state(expected));
}

#[test]
fn a_refresh_of_another_type_is_an_error_at_its_place() {
    let wrong = [
        (json!({ "limit": "5" }), "limit"),
        (json!({ "models": ["a", 5] }), "models[1]"),
        (json!({ "builtins": [{ "slug": "x", "action": true }] }), "builtins[0].action"),
        (json!({ "filters": {} }), "filters"),
        (json!({ "size": [] }), "size"),
        (json!({ "size": { "width": "1" } }), "size.width"),
    ];
    for (returned, place) in wrong {
        let error =
            state_after_read(WIDGET, &state(json!({})), &full(returned), &no_names()).unwrap_err();
        assert_eq!(error.path().to_string(), place);
    }
}

#[test]
fn texts_are_compared_in_unicode_nfc() {
    assert_eq!(
        refreshed(json!({ "note": "é" }), json!({ "note": "e\u{301}" })),
        state(json!({ "note": "é" }))
    );
}

#[test]
fn canonical_names_keep_the_spelling_of_state() {
    let check = |prior: &str, returned: &str, names: CanonicalNames, needs_catalog: bool| {
        let prior = state(json!({ "models": [prior] }));
        let returned = full(json!({ "models": [returned] }));
        let now = state_after_read(WIDGET, &prior, &returned, &names).unwrap();
        assert_eq!((now == prior, names.needs_catalog()), (!needs_catalog, needs_catalog));
    };
    check("short", "short-2024", no_names(), true);
    check("short", "short-2024", with_catalog(), false);
    check("hidden", "hidden-2023", CanonicalNames::new(stored(json!(["hidden-2023"]))), false);
    check("short", "short", no_names(), false);
}

#[test]
fn a_drift_of_models_shows_only_the_model_that_differs() {
    let prior = state(json!({ "models": ["short"] }));
    let returned = full(json!({ "models": ["short-2024", "other-2025"] }));
    let now = state_after_read(WIDGET, &prior, &returned, &with_catalog()).unwrap();
    assert_eq!(now, state(json!({ "models": ["short", "other-2025"] })));
}

#[test]
fn an_import_leaves_out_defaults_and_what_the_api_assigns() {
    let returned = full(
        json!({ "one": true, "two": true, "models": ["short-2024"], "filters": [], "builtins": [
        { "slug": "inject", "action": "block", "scope": "all", "label": "[I]" },
    ] }),
    );
    let expected = json!({ "all": true, "one": true, "two": true, "models": ["short-2024"],
        "builtins": [{ "slug": "inject", "action": "block" }] });
    assert_eq!(imported_state(WIDGET, &returned).unwrap(), state(expected));
    let returned = full(json!({ "one": true, "two": false }));
    assert_eq!(
        imported_state(WIDGET, &returned).unwrap(),
        state(json!({ "one": true, "two": false }))
    );
}

#[test]
fn private_state_of_an_earlier_version_is_read_and_that_of_another_provider_ignored() {
    let private = br#"{"canonical":{"models":["short-2024"]}}"#;
    assert_eq!(StoredNames::from_private(private), stored(json!(["short-2024"])));
    assert_eq!(stored(json!(["short-2024"])).to_private(), private);
    for private in
        [&b""[..], b"{}", b"not json", b"\xff\xfe", br#"{"canonical":5}"#, br#"{"key":"AAAA"}"#]
    {
        assert_eq!(StoredNames::from_private(private), StoredNames::default());
    }
}
