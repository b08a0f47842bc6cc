//! Guardrails in a configuration, in a plan, in the state and at the mock: what the tests of the resource share.

use std::collections::BTreeMap;

use mock_openrouter::{Action, Fault, Matcher};
use serde_json::{Map, Value, json};

use crate::harness::{Workspace, changes};

/// A resource block with the given label and lines.
pub(crate) fn guardrail(label: &str, lines: &str) -> String {
    format!("resource \"openrouter_guardrail\" \"{label}\" {{\n{lines}\n}}\n")
}

/// The same with a name of its own.
pub(crate) fn named(label: &str, lines: &str) -> String {
    guardrail(label, &format!("name = \"{label}\"\n{lines}"))
}

/// The address of the guardrail with that label.
pub(crate) fn address(label: &str) -> String {
    format!("openrouter_guardrail.{label}")
}

/// What the state holds.
#[track_caller]
pub(crate) fn state(workspace: &Workspace, label: &str) -> Value {
    workspace.attributes(&address(label))
}

/// The id that the state holds.
#[track_caller]
pub(crate) fn id(workspace: &Workspace, label: &str) -> String {
    state(workspace, label)["id"].as_str().expect("the state has the id").to_owned()
}

/// What the API holds.
#[track_caller]
pub(crate) fn held(workspace: &Workspace, label: &str) -> Value {
    workspace.mock().guardrail(&id(workspace, label)).expect("the API has the guardrail")
}

/// Someone else changes the guardrail, by the API's rules.
#[track_caller]
pub(crate) fn patch(workspace: &Workspace, label: &str, fields: Value) {
    workspace.mock().patch_guardrail(&id(workspace, label), fields).expect("the mock accepts it");
}

/// The API itself changes what it holds, past all rules that we know.
#[track_caller]
pub(crate) fn edit(workspace: &Workspace, label: &str, fields: Value) {
    workspace.mock().edit_guardrail(&id(workspace, label), fields).expect("the mock accepts it");
}

/// Sets these members of an object.
#[track_caller]
pub(crate) fn extend(object: &mut Value, members: &Map<String, Value>) {
    for (name, value) in members {
        object[name] = value.clone();
    }
}

/// The members of an object.
#[track_caller]
pub(crate) fn members(object: &Value) -> &Map<String, Value> {
    object.as_object().expect("it is an object")
}

/// Makes the requests that `matcher` selects go wrong.
pub(crate) fn fault(workspace: &Workspace, matcher: Matcher, action: Action) {
    workspace.mock().add_fault(Fault { matcher, action }).expect("the fault is valid");
}

/// Expects that `actual` holds these members, whatever else it holds.
#[track_caller]
pub(crate) fn assert_holds(actual: &Value, wanted: &Value) {
    for (name, wanted) in members(wanted) {
        assert_eq!(&actual[name], wanted, "{name}");
    }
}

/// Plans, expects updates in place and nothing else, and gives the names of the attributes that each would change.
#[track_caller]
pub(crate) fn planned_updates(workspace: &Workspace) -> BTreeMap<String, Vec<String>> {
    let plan = workspace.plan_json();
    let updates = changes(&plan).into_iter().map(|(address, change)| {
        assert_eq!(change["actions"], json!(["update"]), "{address}: {change:#}");
        (address.to_owned(), differing(change))
    });
    updates.collect()
}

/// Expects a plan that updates one guardrail in place, and of it these attributes beside `updated_at`.
#[track_caller]
pub(crate) fn assert_plans_update(workspace: &Workspace, label: &str, attributes: &[&str]) {
    let mut attributes: Vec<_> = attributes.iter().map(|name| (*name).to_owned()).collect();
    attributes.push("updated_at".to_owned());
    attributes.sort();
    assert_eq!(planned_updates(workspace), BTreeMap::from([(address(label), attributes)]));
}

/// The attributes that a planned change changes or does not know yet, sorted.
pub(crate) fn differing(change: &Value) -> Vec<String> {
    let (before, after, unknown) = (&change["before"], &change["after"], &change["after_unknown"]);
    let mut names: Vec<_> = [before, after, unknown]
        .into_iter()
        .flat_map(|object| object.as_object().into_iter().flatten())
        .map(|(name, _)| name)
        .filter(|name| before[name] != after[name] || unknown[name] == true)
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}
