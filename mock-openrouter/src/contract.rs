//! The contract file, compiled: what a request body may hold and what an answer must look like.
//!
//! The rules come from `contract.json` alone. Rules that need two fields or the state of the API are not here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

static TEXT: &str = include_str!("../contract.json");

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(TEXT).expect("contract.json is JSON, as its test shows"));

static VALIDATORS: LazyLock<BTreeMap<&'static str, Validator>> =
    LazyLock::new(|| definitions().keys().map(|name| (name.as_str(), compile(name))).collect());

/// The contract file, a JSON Schema (draft 2020-12) whose `$defs` name every request body and every answer. A
/// provider's own table of fields can be compared with `$defs/GuardrailFields`.
pub fn contract() -> &'static Value {
    &DOCUMENT
}

/// Checks `value` against `$defs/<definition>`; the error is one line that names the place and the rule.
pub(crate) fn check(definition: &str, value: &Value) -> Result<(), String> {
    let Some(validator) = VALIDATORS.get(definition) else {
        return Err(format!("contract.json has no definition {definition}"));
    };
    validator.validate(value).map_err(|error| {
        let path = error.instance_path().to_string();
        format!("{}: {}", if path.is_empty() { "body" } else { &path }, error.masked())
    })
}

/// Checks like [`check`], but guardrails may have the fields `extra` beside those of the contract, with any value.
pub(crate) fn check_with_extra(
    definition: &str,
    value: &Value,
    extra: &BTreeSet<String>,
) -> Result<(), String> {
    if extra.is_empty() {
        return check(definition, value);
    }
    let mut known = value.clone();
    for guardrail in guardrails_in(definition, &mut known) {
        if let Some(fields) = guardrail.as_object_mut() {
            fields.retain(|name, _| !extra.contains(name));
        }
    }
    check(definition, &known)
}

/// The guardrails that a request body or an answer of that definition consists of.
fn guardrails_in<'a>(definition: &str, value: &'a mut Value) -> Vec<&'a mut Value> {
    match definition {
        "CreateGuardrailRequest" | "UpdateGuardrailRequest" => vec![value],
        "GuardrailResponse" => value.get_mut("data").into_iter().collect(),
        "ListGuardrailsResponse" => match value.get_mut("data") {
            Some(Value::Array(rows)) => rows.iter_mut().collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The names of all fields an answer about a guardrail has.
pub(crate) fn guardrail_fields() -> impl Iterator<Item = &'static str> {
    properties("GuardrailFields").chain(properties("Guardrail"))
}

/// The names of the properties that a definition lists itself.
pub(crate) fn properties(definition: &str) -> impl Iterator<Item = &'static str> {
    let properties = DOCUMENT["$defs"][definition]["properties"].as_object();
    properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str))
}

fn definitions() -> &'static serde_json::Map<String, Value> {
    DOCUMENT["$defs"].as_object().expect("contract.json has $defs, as its test shows")
}

fn compile(name: &str) -> Validator {
    let schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": DOCUMENT["$defs"] });
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .expect("every definition of contract.json compiles, as its test shows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_a_valid_schema_and_compiles() {
        assert!(jsonschema::meta::is_valid(contract()));
        assert_eq!(VALIDATORS.len(), definitions().len());
    }

    #[test]
    fn unknown_properties_wrong_types_and_limits_are_named() {
        let cases = [
            (json!({"name": "a", "nmae": "b"}), "nmae"),
            (json!({"name": null}), "/name"),
            (json!({"name": ""}), "/name"),
            (json!({"name": "a".repeat(201)}), "/name"),
            (json!({}), "name"),
            (json!({"name": "a", "include_byok_in_budgets": null}), "/include_byok_in_budgets"),
            (json!({"name": "a", "allowed_models": []}), "/allowed_models"),
            (json!({"name": "a", "allowed_data_regions": ["mars"]}), "/allowed_data_regions/0"),
            (
                json!({"name": "a", "content_filters": [{"action": "block", "pattern": "x", "x": 1}]}),
                "x",
            ),
            (json!({"name": "a", "workspace_id": "production"}), "/workspace_id"),
        ];
        for (body, place) in cases {
            let error = check("CreateGuardrailRequest", &body).unwrap_err();
            assert!(error.contains(place), "{body}: {error}");
        }
        let update = check("UpdateGuardrailRequest", &json!({"workspace_id": "x"})).unwrap_err();
        assert!(update.contains("workspace_id"), "{update}");
    }

    #[test]
    fn the_error_does_not_repeat_the_content() {
        let pattern = "secret".repeat(20_000);
        let body =
            json!({"name": "a", "content_filters": [{"action": "block", "pattern": pattern}]});
        let error = check("CreateGuardrailRequest", &body).unwrap_err();
        assert!(error.len() < 200 && !error.contains("secretsecret"), "{error}");
    }
}
