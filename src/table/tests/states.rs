use serde_json::json;

use super::{
    Catalog, WIDGET, answer, members_of_state, no_names, state, stored, widget, with_catalog,
};
use crate::{
    cty::Value,
    table::{
        canonical_names::{CanonicalNames, StoredNames},
        json::JsonObject,
        state::{Mismatch, imported_state, matches_plan, state_after_apply, state_after_read},
    },
};

/// The state after a refresh of `held` with what the service answers beside id, name and times.
fn refreshed(held: serde_json::Value, answered: serde_json::Value) -> Value {
    state_after_read(WIDGET, &state(held), &full(answered), &no_names()).unwrap()
}

fn full(changes: serde_json::Value) -> JsonObject {
    answer(members_of_state(changes))
}

fn applied(planned: serde_json::Value, answered: serde_json::Value) -> (Value, Vec<&'static str>) {
    let planned = widget(planned)
        .with_attribute("id", Value::UNKNOWN)
        .with_attribute("updated_at", Value::UNKNOWN);
    let (state, mismatches) =
        state_after_apply(WIDGET, &planned, &answer(answered), &with_catalog());
    (state, mismatches.iter().map(|mismatch| mismatch.name).collect())
}

#[test]
fn a_create_is_completed_from_the_answer_and_keeps_the_planned_form() {
    let planned =
        json!({ "name": "a", "models": ["short"], "strict": false, "builtins": [], "all": true });
    let answered = json!({ "id": "w9", "name": "a", "models": ["short-2024"], "strict": false, "all": null, "builtins": null });
    let (state, mismatches) = applied(planned.clone(), answered);
    assert_eq!(mismatches, [""; 0]);
    assert_eq!(state, widget(planned).with_attribute("id", Value::from("w9")));
}

#[test]
fn what_the_answer_contradicts_keeps_the_plan_and_is_told() {
    let answered = json!({ "id": "w9", "name": "b", "models": ["other-2025"], "limit": "five" });
    let (state, mismatches) = applied(json!({ "name": "a", "models": ["short"] }), answered);
    assert_eq!(mismatches, ["name", "limit", "models"]);
    assert_eq!(state.attribute("name"), &Value::from("a"));
    let mismatch = Mismatch { name: "note", planned: Value::from("x"), returned: Ok(Value::Null) };
    let warning = mismatch.warning();
    assert!(
        warning.detail.contains("`note` was planned as \"x\", but the service answered null"),
        "{}",
        warning.detail
    );
}

/// How an object is recognised that was made by a call whose answer was lost.
#[test]
fn an_object_is_what_was_planned_or_is_not_or_only_the_list_can_tell() {
    let planned = json!({ "name": "a", "models": ["short"], "limit": 5, "interval": "daily" });
    let planned = widget(planned).with_attribute("id", Value::UNKNOWN);
    let says = |changes: serde_json::Value, aliases| {
        let mut members = json!({ "id": "w9", "name": "a", "models": ["short"], "limit": 5.0, "interval": "daily" });
        for (name, value) in changes.as_object().unwrap() {
            members[name] = value.clone();
        }
        matches_plan(WIDGET, &planned, &answer(members), aliases)
    };
    assert_eq!(says(json!({}), None), Some(true));
    assert_eq!(says(json!({ "name": "b" }), None), Some(false));
    assert_eq!(says(json!({ "interval": null }), None), Some(false));
    assert_eq!(says(json!({ "models": null }), None), Some(false));
    assert_eq!(says(json!({ "models": ["short-2024"] }), None), None);
    assert_eq!(says(json!({ "models": ["short-2024"] }), Some(&Catalog)), Some(true));
    assert_eq!(says(json!({ "models": ["other-2025"] }), Some(&Catalog)), Some(false));
    assert_eq!(
        says(json!({ "models": ["short-2024"], "name": "b" }), None),
        Some(false),
        "without the list"
    );
}

#[test]
fn names_that_are_lost_or_come_from_nowhere_are_told_even_without_the_list() {
    for (planned, answered) in [
        (json!(["short"]), json!(null)),
        (json!(["short"]), json!([])),
        (json!(null), json!(["x"])),
    ] {
        let planned = widget(json!({ "name": "a", "models": planned }));
        let answered = answer(json!({ "name": "a", "models": answered }));
        let (state, mismatches) = state_after_apply(WIDGET, &planned, &answered, &no_names());
        assert_eq!(mismatches.len(), 1, "{mismatches:?}");
        assert_eq!(state.attribute("models"), planned.attribute("models"));
    }
    let held = state(json!({ "models": ["short"] }));
    let now = state_after_read(WIDGET, &held, &full(json!({ "models": [] })), &no_names()).unwrap();
    assert_eq!(now, state(json!({})));
}

#[test]
fn a_hidden_model_that_the_service_accepted_is_no_contradiction() {
    let answered = json!({ "id": "w9", "name": "a", "models": ["hidden-2023", "short-2024"] });
    assert_eq!(
        applied(json!({ "name": "a", "models": ["hidden", "short"] }), answered.clone()).1,
        [""; 0]
    );
    assert_eq!(
        applied(json!({ "name": "a", "models": ["other", "short"] }), answered).1,
        ["models"]
    );
}

#[test]
fn a_refresh_that_says_the_same_keeps_state_to_the_letter() {
    let same = [
        (json!({ "note": null }), json!({})),
        (json!({ "filters": [] }), json!({ "filters": null })),
        (json!({ "filters": null }), json!({ "filters": [] })),
        (json!({ "limit": 0.1 }), json!({ "limit": 0.1 })),
        (json!({ "models": ["b", "a"] }), json!({ "models": ["a", "b", "a"] })),
        (json!({ "all": true, "one": true }), json!({ "all": false, "one": true })),
        (
            json!({ "builtins": [{ "slug": "x", "action": "flag", "label": "mine" }, { "slug": "inject", "action": "flag" }] }),
            json!({ "builtins": [{ "slug": "inject", "action": "flag", "scope": "all" }, { "slug": "x", "action": "flag", "label": "[X]" }] }),
        ),
    ];
    for (held, answered) in same {
        assert_eq!(refreshed(held.clone(), answered), state(held));
    }
}

#[test]
fn a_refresh_shows_what_differs_and_only_that() {
    let held = json!({ "note": "x", "builtins": [{ "slug": "x", "action": "flag", "label": "mine" }, { "slug": "gone", "action": "flag" }] });
    let now = refreshed(
        held,
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
    ];
    for (answered, place) in wrong {
        let error =
            state_after_read(WIDGET, &state(json!({})), &full(answered), &no_names()).unwrap_err();
        assert_eq!(error.path().to_string(), place);
    }
}

#[test]
fn texts_are_compared_as_terraform_holds_them() {
    assert_eq!(
        refreshed(json!({ "note": "é" }), json!({ "note": "e\u{301}" })),
        state(json!({ "note": "é" }))
    );
}

#[test]
fn canonical_names_keep_the_spelling_of_state() {
    let check = |held: &str, answered: &str, names: CanonicalNames, needs_catalog: bool| {
        let held = state(json!({ "models": [held] }));
        let answered = full(json!({ "models": [answered] }));
        let now = state_after_read(WIDGET, &held, &answered, &names).unwrap();
        assert_eq!((now == held, names.needs_catalog()), (!needs_catalog, needs_catalog));
    };
    check("short", "short-2024", no_names(), true);
    check("short", "short-2024", with_catalog(), false);
    check("hidden", "hidden-2023", CanonicalNames::new(stored(json!(["hidden-2023"]))), false);
    check("short", "short", no_names(), false);
}

#[test]
fn a_drift_of_models_shows_only_the_model_that_differs() {
    let held = state(json!({ "models": ["short"] }));
    let answered = full(json!({ "models": ["short-2024", "other-2025"] }));
    let now = state_after_read(WIDGET, &held, &answered, &with_catalog()).unwrap();
    assert_eq!(now, state(json!({ "models": ["short", "other-2025"] })));
}

#[test]
fn an_import_leaves_out_what_only_repeats_the_service() {
    let answered = full(
        json!({ "one": true, "two": true, "models": ["short-2024"], "filters": [], "builtins": [
        { "slug": "inject", "action": "block", "scope": "all", "label": "[I]" },
    ] }),
    );
    let expected = json!({ "all": true, "one": true, "two": true, "models": ["short-2024"], "builtins": [
        { "slug": "inject", "action": "block" },
    ] });
    assert_eq!(imported_state(WIDGET, &answered).unwrap(), state(expected));
    let answered = full(json!({ "one": true, "two": false }));
    assert_eq!(
        imported_state(WIDGET, &answered).unwrap(),
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
