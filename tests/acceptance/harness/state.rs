//! Reading Terraform's state file and plans: addresses and attributes.

use serde_json::Value;

/// All instances in a state file as pairs of address and instance, in the order of the file.
pub(crate) fn instances(state: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for resource in items(&state["resources"]) {
        for instance in items(&resource["instances"]) {
            found.push((address(resource, instance), instance));
        }
    }
    found
}

/// The address as Terraform writes it, such as `module.team["a"].openrouter_guardrail.this[0]`.
fn address(resource: &Value, instance: &Value) -> String {
    let mut address = String::new();
    if let Some(module) = resource["module"].as_str() {
        address.push_str(module);
        address.push('.');
    }
    if resource["mode"] == "data" {
        address.push_str("data.");
    }
    let part = |name: &str| resource[name].as_str().unwrap_or_default();
    address += &[part("type"), part("name")].join(".");
    match &instance["index_key"] {
        Value::Null => {}
        key => address += &["[", &key.to_string(), "]"].concat(),
    }
    address
}

/// The changes of a plan (`terraform show -json`) that do something, as pairs of address and change.
pub(crate) fn changes(plan: &Value) -> Vec<(&str, &Value)> {
    let changes = items(&plan["resource_changes"]).iter();
    changes
        .filter(|resource| resource["change"]["actions"] != serde_json::json!(["no-op"]))
        .filter_map(|resource| Some((resource["address"].as_str()?, &resource["change"])))
        .collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
