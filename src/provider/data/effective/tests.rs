//! Combinations, from the published rules: what each comes to is written here by hand.

use serde_json::{Value as Json, json};

use crate::{
    cty::Value,
    table::{JsonObject, decode, field::Field},
};

use super::{
    super::super::guardrail::FIELDS as OF_A_GUARDRAIL, combine::Layer, contradictions,
    fields::FIELDS, with_layers,
};

/// A value of one attribute, as `fields` have it.
#[track_caller]
fn value(fields: &[Field], name: &str, json: &Json) -> Value {
    let field = fields.iter().find(|field| field.name == name);
    let field = field.unwrap_or_else(|| panic!("there is no attribute {name}"));
    decode(field, &JsonObject::from_iter([(name.to_owned(), json.clone())])).unwrap()
}

/// Guardrails with these settings, in the order of the layers. None where a setting is null: a layer
/// without a guardrail.
fn layers(guardrails: [Json; 3]) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (name, settings) in ["workspace_default", "member", "key"].into_iter().zip(guardrails) {
        let Json::Object(mut object) = settings else { continue };
        object.insert("id".to_owned(), json!(format!("id-{name}")));
        object.insert("name".to_owned(), json!(format!("n-{name}")));
        let attribute = |field: &Field| (field.name, decode(field, &object).unwrap());
        layers.push(Layer { name, guardrail: Value::object(OF_A_GUARDRAIL.iter().map(attribute)) });
    }
    layers
}

fn effective(guardrails: [Json; 3]) -> Value {
    with_layers(Value::object([("key_hash", "k")]), &layers(guardrails))
}

/// One setting of three layers, and what it comes to.
#[track_caller]
fn check(setting: &str, given: &[Json; 3], expected: &Json) {
    let guardrails = given.clone().map(|value| json!({ setting: value }));
    let found = effective(guardrails);
    let expected = value(&FIELDS, setting, expected);
    assert_eq!(*found.attribute(setting), expected, "{setting}: {given:?}");
}

/// "Model and provider allowlists intersect." A region must be allowed by each layer.
#[test]
fn allowlists_intersect() {
    let n = Json::Null;
    let table = [
        ([n.clone(), n.clone(), n.clone()], n.clone()),
        ([json!(["a", "b"]), n.clone(), n.clone()], json!(["a", "b"])),
        ([n.clone(), json!(["b", "a"]), n.clone()], json!(["a", "b"])),
        ([n.clone(), n.clone(), json!(["a"])], json!(["a"])),
        ([json!(["a", "b"]), json!(["b", "c"]), n.clone()], json!(["b"])),
        ([json!(["a", "b"]), n.clone(), json!(["b", "c"])], json!(["b"])),
        ([json!(["a", "b"]), json!(["b", "c"]), json!(["b", "d"])], json!(["b"])),
        ([json!(["a", "b"]), json!(["b", "c"]), json!(["a", "c"])], json!([])),
        ([json!(["a"]), json!(["b"]), n.clone()], json!([])),
        ([json!(["a"]), n.clone(), json!(["b"])], json!([])),
        // A variant is another name.
        ([json!(["a"]), json!(["a:free"]), n.clone()], json!([])),
        ([json!(["a:free", "a"]), json!(["a:free"]), n], json!(["a:free"])),
    ];
    for setting in ["allowed_models", "allowed_providers", "allowed_data_regions"] {
        for (given, expected) in &table {
            check(setting, given, expected);
        }
    }
}

/// A model or provider that one layer ignores is ignored.
#[test]
fn ignored_lists_unite() {
    let n = Json::Null;
    let table = [
        ([n.clone(), n.clone(), n.clone()], json!([])),
        ([json!(["a"]), n.clone(), n.clone()], json!(["a"])),
        ([json!(["a"]), json!(["a"]), json!(["a"])], json!(["a"])),
        ([json!(["b", "a"]), n.clone(), json!(["c"])], json!(["a", "b", "c"])),
        ([n, json!(["b"]), json!(["a", "b"])], json!(["a", "b"])),
    ];
    for setting in ["ignored_models", "ignored_providers"] {
        for (given, expected) in &table {
            check(setting, given, expected);
        }
    }
}

/// The rules once more, as decisions: a provider may be used if each layer by itself lets it be used.
#[test]
fn the_lists_together_decide_as_all_layers_do() {
    const LISTS: [&[&str]; 4] = [&[], &["a"], &["a", "b"], &["b", "c"]];
    let is_usable = |guardrail: &Value, provider: &str| {
        let has = |name: &str| {
            let list = guardrail.attribute(name).elements();
            list.map(|list| list.iter().any(|one| one.as_str() == Some(provider)))
        };
        has("allowed_providers") != Some(false) && has("ignored_providers") != Some(true)
    };
    let list = |names: &[&str]| if names.is_empty() { Json::Null } else { json!(names) };
    for case in 0..4_usize.pow(6) {
        let of = |layer: u32| {
            let pick = |place: u32| list(LISTS[case / 4_usize.pow(2 * layer + place) % 4]);
            json!({ "allowed_providers": pick(0), "ignored_providers": pick(1) })
        };
        let layers = layers([of(0), of(1), of(2)]);
        let together = with_layers(Value::object([("key_hash", "k")]), &layers);
        for provider in ["a", "b", "c", "d"] {
            let expected = layers.iter().all(|layer| is_usable(&layer.guardrail, provider));
            assert_eq!(is_usable(&together, provider), expected, "{provider}: {together:?}");
        }
    }
}

/// "Zero data retention holds when any layer asks for it."
#[test]
fn zero_data_retention_holds_when_any_layer_asks_for_it() {
    let (n, no, yes) = (Json::Null, json!(false), json!(true));
    let table = [
        ([&n, &n, &n], false),
        ([&no, &n, &no], false),
        ([&yes, &n, &n], true),
        ([&n, &yes, &no], true),
        ([&no, &no, &yes], true),
        ([&yes, &yes, &yes], true),
    ];
    for vendor in ["anthropic", "google", "openai", "xai", "other"] {
        for (given, expected) in table {
            check(&format!("enforce_zdr_{vendor}"), &given.map(Clone::clone), &json!(expected));
        }
    }
    // Each by itself.
    let both = effective([
        json!({ "enforce_zdr_xai": true }),
        json!({ "enforce_zdr_other": true }),
        Json::Null,
    ]);
    for (vendor, expected) in [("xai", true), ("other", true), ("google", false)] {
        assert_eq!(*both.attribute(&format!("enforce_zdr_{vendor}")), Value::Bool(expected));
    }
}

/// "Filters unite, and for one entity or pattern `block` beats `redact` beats `flag`."
#[test]
fn the_strictest_action_wins() {
    let table = [
        ("block", "block", "block"),
        ("block", "redact", "block"),
        ("block", "flag", "block"),
        ("redact", "block", "block"),
        ("redact", "redact", "redact"),
        ("redact", "flag", "redact"),
        ("flag", "block", "block"),
        ("flag", "redact", "redact"),
        ("flag", "flag", "flag"),
    ];
    for (setting, key) in [("content_filters", "pattern"), ("content_filter_builtins", "slug")] {
        let filter = |name: &str, action: &str| json!({ key: name, "action": action });
        for (one, other, expected) in table {
            let expected = json!([filter("x", expected)]);
            for place in 0..3 {
                let mut given =
                    [json!([filter("x", one)]), json!([filter("x", other)]), Json::Null];
                given.rotate_right(place);
                check(setting, &given, &expected);
            }
        }
    }
}

#[test]
fn filters_of_all_layers_apply() {
    let table = [
        (json!([]), json!([]), json!([])),
        (json!(null), json!(null), json!([])),
        (json!([["x", "flag"]]), json!(null), json!([["x", "flag"]])),
        (
            json!([["y", "flag"], ["x", "redact"]]),
            json!([["z", "block"], ["y", "redact"]]),
            json!([["x", "redact"], ["y", "redact"], ["z", "block"]]),
        ),
        // The order of an action that is not known is not known either.
        (json!([["x", "mask"]]), json!([["x", "mask"]]), json!([["x", "mask"]])),
        (json!([["x", "mask"]]), json!([["x", "block"]]), json!([["x", null]])),
    ];
    for (setting, key) in [("content_filters", "pattern"), ("content_filter_builtins", "slug")] {
        let filters = |pairs: &Json| match pairs {
            Json::Array(pairs) => {
                pairs.iter().map(|pair| json!({ key: pair[0], "action": pair[1] })).collect()
            }
            _ => Json::Null,
        };
        for (one, other, expected) in &table {
            check(setting, &[filters(one), Json::Null, filters(other)], &filters(expected));
        }
    }
}

/// "Each is checked by itself, the first limit reached blocks."
#[test]
fn budgets_stand_beside_each_other() {
    let found = effective([
        json!({ "limit_usd": 250, "reset_interval": "monthly", "include_byok_in_budgets": true }),
        json!({ "include_byok_in_budgets": false }),
        json!({ "limit_usd": 5, "reset_interval": "daily", "include_byok_in_budgets": false }),
    ]);
    let expected = json!([
        { "layer": "workspace_default", "guardrail_id": "id-workspace_default", "limit_usd": 250,
            "reset_interval": "monthly", "include_byok_in_budgets": true },
        { "layer": "key", "guardrail_id": "id-key", "limit_usd": 5, "reset_interval": "daily",
            "include_byok_in_budgets": false },
    ]);
    assert_eq!(*found.attribute("budgets"), value(&FIELDS, "budgets", &expected));
}

/// What no rule combines is the layers' own.
#[test]
fn layers_show_what_is_not_combined() {
    const UNSTATED: [&str; 7] = [
        "allow_safety_retention_google",
        "allow_safety_retention_other",
        "description",
        "enable_free_model_publication",
        "enable_free_model_training",
        "enable_paid_model_training",
        "enforce_first_party_harness_models",
    ];
    let of_default = json!({ "description": "d", "enable_free_model_training": true });
    let builtin =
        json!({ "slug": "regex-prompt-injection", "action": "flag", "scan_scope": "user_only" });
    let of_key = json!({
        "enable_free_model_training": false,
        "content_filters": [{ "pattern": "x", "action": "redact", "label": "[X]" }],
        "content_filter_builtins": [builtin],
    });
    let found = effective([of_default.clone(), Json::Null, of_key.clone()]);
    let mut expected = [of_default, of_key];
    for (layer, name) in expected.iter_mut().zip(["workspace_default", "key"]) {
        layer["layer"] = json!(name);
        layer["guardrail_id"] = json!(format!("id-{name}"));
        layer["name"] = json!(format!("n-{name}"));
    }
    assert_eq!(*found.attribute("layers"), value(&FIELDS, "layers", &json!(expected)));
    for name in UNSTATED {
        assert!(found.attribute(name).is_null(), "{name} is combined by no rule");
        let [Value::Object(layer), _] = found.attribute("layers").elements().unwrap() else {
            panic!("two layers")
        };
        assert!(layer.contains_key(name), "{name}");
    }
}

#[test]
fn every_setting_is_shown_once_or_left_out_with_a_reason() {
    let found = effective([json!({ "limit_usd": 1 }), Json::Null, Json::Null]);
    let first = |list: &str| found.attribute(list).elements().unwrap()[0].clone();
    let has = |object: &Value, name: &str| match object {
        Value::Object(attributes) => attributes.contains_key(name),
        _ => false,
    };
    for setting in super::SETTINGS {
        let is_shown = has(&found, setting.name)
            || has(&first("layers"), setting.name)
            || has(&first("budgets"), setting.name);
        // The five flags are the truth.
        assert_eq!(is_shown, setting.name != "enforce_zdr", "{}", setting.name);
    }
    // Nothing but what the schema has.
    let Value::Object(attributes) = &found else { panic!("an object") };
    for name in attributes.keys() {
        assert!(FIELDS.iter().any(|field| field.name == *name), "{name}");
    }
}

#[test]
fn a_contradiction_is_told() {
    let warned = |guardrails: [Json; 3]| {
        let warnings = contradictions(&layers(guardrails), "key k");
        warnings.into_iter().map(|warning| (warning.summary, warning.detail)).collect::<Vec<_>>()
    };
    let n = Json::Null;
    let fine = [
        [n.clone(), n.clone(), n.clone()],
        [json!({ "allowed_models": ["a", "b"] }), json!({ "ignored_models": ["a"] }), n.clone()],
        // What that comes to is not stated.
        [
            json!({ "allowed_providers": ["a"] }),
            json!({ "ignored_providers": ["a", "b"] }),
            n.clone(),
        ],
        [json!({ "ignored_models": ["a"] }), n.clone(), n.clone()],
    ];
    for guardrails in fine {
        assert_eq!(warned(guardrails), []);
    }
    let found = warned([
        json!({ "allowed_models": ["a"], "allowed_data_regions": ["us"] }),
        json!({ "limit_usd": 1 }),
        json!({ "allowed_models": ["b"], "allowed_data_regions": ["europe"] }),
    ]);
    let summaries: Vec<_> = found.iter().map(|(summary, _)| summary.as_str()).collect();
    let together = "The guardrails that apply to key k together allow no";
    assert_eq!(summaries, [format!("{together} models"), format!("{together} data regions")]);
    let named = "rejected: workspace_default (\"n-workspace_default\", id-workspace_default), key \
                 (\"n-key\", id-key). Change";
    assert!(found[0].1.contains(named), "{}", found[0].1);
    let regions =
        "The lists `allowed_data_regions` of the following layers have no value in common";
    assert!(found[1].1.starts_with(regions), "{}", found[1].1);
}
