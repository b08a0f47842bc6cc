//! What the API does with a guardrail's fields before it stores them, and the rules between fields: all that
//! JSON Schema cannot say.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Refusal, models::Catalogue, patterns};

const ZDR_FLAGS: [&str; 5] = [
    "enforce_zdr_anthropic",
    "enforce_zdr_google",
    "enforce_zdr_openai",
    "enforce_zdr_other",
    "enforce_zdr_xai",
];

/// The order in which the API returns builtin filters, with the label it gives each. The last two labels are
/// undocumented: one is made up here and one left out, so that a client relies on neither.
const BUILTINS: [(&str, Option<&str>); 9] = [
    ("regex-prompt-injection", None),
    ("address", Some("[ADDRESS]")),
    ("credit-card", Some("[CREDIT_CARD]")),
    ("email", Some("[EMAIL]")),
    ("ip-address", Some("[IP_ADDRESS]")),
    ("person-name", Some("[PERSON_NAME]")),
    ("phone", Some("[PHONE]")),
    ("secrets", Some("[SECRET]")),
    ("ssn", Some("[SSN]")),
];

/// Turns the fields of a create or update request, valid by the contract, into the fields to store.
pub(super) fn prepare(
    mut body: Map<String, Value>,
    catalogue: &Catalogue,
) -> Result<Map<String, Value>, Refusal> {
    if body.contains_key("limit_usd") != body.contains_key("reset_interval") {
        return Err(limit_pair());
    }
    check_result(&body)?;
    spread_zdr(&mut body);
    for field in ["allowed_models", "ignored_models"] {
        if let Some(Value::Array(models)) = body.get_mut(field) {
            *models = canonical_models(field, models, catalogue)?;
        }
    }
    if let Some(Value::Array(filters)) = body.get_mut("content_filters") {
        prepare_filters(filters)?;
    }
    if let Some(value) = body.get_mut("content_filter_builtins") {
        *value = builtins_as_stored(value)?;
    }
    Ok(body)
}

/// The rule that holds for a request as well as for what a request would leave behind.
pub(super) fn check_result(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let has = |field| fields.get(field).is_some_and(|value| !value.is_null());
    if has("limit_usd") == has("reset_interval") { Ok(()) } else { Err(limit_pair()) }
}

fn limit_pair() -> Refusal {
    Refusal::bad_request("limit_usd and reset_interval must be set or cleared together")
}

/// `enforce_zdr` is an abbreviation for those of the five flags that the request leaves out; it is not stored itself.
fn spread_zdr(body: &mut Map<String, Value>) {
    let Some(value) = body.remove("enforce_zdr") else { return };
    for flag in ZDR_FLAGS {
        body.entry(flag).or_insert_with(|| value.clone());
    }
}

fn canonical_models(
    field: &str,
    models: &[Value],
    catalogue: &Catalogue,
) -> Result<Vec<Value>, Refusal> {
    let mut seen = BTreeSet::new();
    let mut canonical = Vec::new();
    for model in models.iter().filter_map(Value::as_str) {
        let Some(name) = catalogue.resolve(model) else {
            return Err(Refusal::bad_request(format!("Invalid {field}: {model}")));
        };
        if seen.insert(name.clone()) {
            canonical.push(json!(name));
        }
    }
    Ok(canonical)
}

fn prepare_filters(filters: &mut [Value]) -> Result<(), Refusal> {
    for (index, filter) in filters.iter_mut().enumerate() {
        let pattern = filter["pattern"].as_str().unwrap_or_default();
        if let Err(reason) = patterns::check(pattern) {
            let text = format!("invalid_regex_pattern: content_filters[{index}].pattern: {reason}");
            return Err(Refusal::bad_request(text));
        }
        if let Some(fields) = filter.as_object_mut() {
            fields.entry("label").or_insert(Value::Null);
        }
    }
    Ok(())
}

/// An empty list is stored as null here, but as `[]` for `content_filters`: what the API does is unknown, and a
/// client has to take either for "none".
fn builtins_as_stored(value: &Value) -> Result<Value, Refusal> {
    let entries = value.as_array().map_or(&[][..], Vec::as_slice);
    let mut stored = Vec::new();
    for (slug, label) in BUILTINS {
        let mut named = entries.iter().filter(|entry| entry["slug"] == slug);
        let Some(entry) = named.next() else { continue };
        if named.next().is_some() {
            return Err(Refusal::bad_request(format!(
                "content_filter_builtins: duplicate slug {slug}"
            )));
        }
        stored.push(builtin_as_stored(slug, label, entry)?);
    }
    Ok(if stored.is_empty() { Value::Null } else { Value::Array(stored) })
}

fn builtin_as_stored(slug: &str, label: Option<&str>, entry: &Value) -> Result<Value, Refusal> {
    let mut stored = json!({ "slug": slug, "action": entry["action"] });
    if let Some(label) = label {
        stored["label"] = json!(label);
    }
    match (slug, entry.get("scan_scope")) {
        ("regex-prompt-injection", scope) => {
            stored["scan_scope"] = scope.cloned().unwrap_or_else(|| json!("all_messages"));
        }
        (_, None) => {}
        (_, Some(_)) => {
            let text = format!("content_filter_builtins: scan_scope does not apply to {slug}");
            return Err(Refusal::bad_request(text));
        }
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[test]
    fn every_slug_of_the_contract_has_its_place_in_the_order() {
        let slugs =
            &contract::contract()["$defs"]["ContentFilterBuiltin"]["properties"]["slug"]["enum"];
        let ours: BTreeSet<&str> = BUILTINS.iter().map(|(slug, _)| *slug).collect();
        let theirs: BTreeSet<&str> =
            slugs.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn every_zdr_flag_of_the_contract_is_filled() {
        let fields: BTreeSet<&str> =
            contract::guardrail_fields().filter(|name| name.starts_with("enforce_zdr_")).collect();
        assert_eq!(fields, BTreeSet::from(ZDR_FLAGS));
    }
}
