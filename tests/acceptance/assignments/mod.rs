//! Assignments of guardrails to keys and members. Here: configurations, what the state and the API hold, and which calls were made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bulk;
mod conflicts;
mod data;
mod data_guardrails;
mod exclusive;
mod imports;
mod keys;
mod members;
mod moves;
mod outside;
mod plans;
mod secrets;
mod shared;
mod test_runs;

use std::collections::BTreeMap;

use mock_openrouter::{Mock, Options};
use serde_json::{Value, json};

use crate::harness::{Run, Workspace, changes};
use crate::story::Problem;

/// The calls as the log names them; `GET` of the first and third lists one guardrail's.
const ASSIGN_KEYS: &str = "POST /guardrails/{id}/assignments/keys";
const REMOVE_KEYS: &str = "POST /guardrails/{id}/assignments/keys/remove";
const ASSIGN_MEMBERS: &str = "POST /guardrails/{id}/assignments/members";
const REMOVE_MEMBERS: &str = "POST /guardrails/{id}/assignments/members/remove";
const LIST_KEYS: &str = "GET /guardrails/{id}/assignments/keys";
const LIST_ALL_KEYS: &str = "GET /guardrails/assignments/keys";

/// The one assignment that a story with only one is about.
const KEY: &str = "openrouter_guardrail_key_assignment.this";
const MEMBER: &str = "openrouter_guardrail_member_assignment.this";

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The block of a key assignment.
fn key(label: &str, lines: &str) -> String {
    format!("resource \"openrouter_guardrail_key_assignment\" \"{label}\" {{\n{lines}\n}}\n")
}

/// The block of a member assignment.
fn member(label: &str, lines: &str) -> String {
    format!("resource \"openrouter_guardrail_member_assignment\" \"{label}\" {{\n{lines}\n}}\n")
}

/// The line that names a guardrail of the configuration.
fn under(guardrail: &str) -> String {
    format!("guardrail_id = openrouter_guardrail.{guardrail}.id")
}

/// Guardrails with these names, which are their labels too.
fn guardrails<const N: usize>(labels: [&str; N]) -> String {
    labels.iter().map(|label| crate::guardrails::named(label, "")).collect()
}

/// Guardrails of these names that go last when they are replaced or deleted.
fn lasting<const N: usize>(labels: [&str; N]) -> String {
    let lifecycle = "lifecycle {\n  create_before_destroy = true\n}";
    labels.iter().map(|label| crate::guardrails::named(label, lifecycle)).collect()
}

/// A map and not a set: to evaluate a set, Terraform compares each element with all others, for every instance anew, which
/// takes minutes for a thousand.
const SUBJECTS: &str = "variable \"subjects\" {\n  type = map(string)\n}\n";

/// One assignment for each of `var.subjects`, which `subjects` sets.
fn each_key(guardrail: &str) -> String {
    let lines = format!("for_each = var.subjects\nkey_hash = each.value\n{}", under(guardrail));
    SUBJECTS.to_owned() + &key("each", &lines)
}

/// As `each_key`, for members.
fn each_member(guardrail: &str) -> String {
    let lines = format!("for_each = var.subjects\nuser_id = each.value\n{}", under(guardrail));
    SUBJECTS.to_owned() + &member("each", &lines)
}

/// Sets `var.subjects`, each under its own name.
fn subjects(workspace: &Workspace, subjects: &[String]) {
    let subjects: BTreeMap<_, _> = subjects.iter().map(|subject| (subject, subject)).collect();
    workspace.write("terraform.tfvars.json", &json!({ "subjects": subjects }).to_string());
}

/// A workspace whose account has that many keys in its default workspace, beside a disabled and an expired one.
fn with_keys(seed_keys: usize) -> (Workspace, Vec<String>) {
    let workspace = Workspace::with_mock(Options { seed_keys, ..Options::default() });
    let mut hashes = default_keys(workspace.mock());
    hashes.truncate(seed_keys);
    (workspace, hashes)
}

/// The keys of the default workspace.
fn default_keys(mock: &Mock) -> Vec<String> {
    mock.key_hashes(&mock.default_workspace_id())
}

/// A guardrail that someone made outside, and its id.
fn existing(mock: &Mock, body: Value) -> String {
    let made = mock.create_guardrail(body).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// The id of a guardrail in the state, by its label.
#[track_caller]
fn id(workspace: &Workspace, label: &str) -> String {
    crate::guardrails::id(workspace, label)
}

/// How often each call that changes something was made since the log was reset.
fn writes(mock: &Mock) -> BTreeMap<String, u64> {
    let mut counts = mock.log().counts;
    counts.retain(|call, _| !call.starts_with("GET "));
    counts
}

/// How often one call was made since the log was reset.
fn count(mock: &Mock, call: &str) -> u64 {
    mock.log().counts.get(call).copied().unwrap_or(0)
}

/// Plans; each address that would change, with what would be done to it: `create`, `update`, `delete create`.
#[track_caller]
fn planned(workspace: &Workspace) -> BTreeMap<String, String> {
    let plan = workspace.plan_json();
    let planned =
        changes(&plan).into_iter().map(|(address, change)| (address.to_owned(), actions(change)));
    planned.collect()
}

/// What a planned change does.
fn actions(change: &Value) -> String {
    let actions: Vec<_> =
        change["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    actions.join(" ")
}

/// One planned change by its address.
#[track_caller]
fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let found = changes(plan).into_iter().find(|(known, _)| *known == address);
    found.unwrap_or_else(|| panic!("no change of {address} is planned: {plan:#}")).1
}

/// How many warnings a run printed, beside the one that each test of a provider that is not installed brings.
fn warnings(run: &Run) -> usize {
    let words = run.words();
    let own = "Warning: Provider development overrides are in effect";
    words.matches("Warning: ").count() - words.matches(own).count()
}

/// Expects exactly one warning in what a run printed, and these texts in it.
#[track_caller]
fn assert_warns(run: Run, texts: &[&str]) {
    assert_eq!(warnings(&run), 1, "one warning expected\n{run}");
    texts.iter().fold(run, |run, text| run.says(text));
}

/// Validates the configuration and expects exactly one error.
#[track_caller]
fn invalid(workspace: &Workspace, config: &str) -> Problem {
    workspace.config(config);
    let answer = workspace.validate_json();
    let mut errors: Vec<_> = answer["diagnostics"].as_array().unwrap().clone();
    errors.retain(|diagnostic| diagnostic["severity"] == "error");
    assert_eq!(errors.len(), 1, "{config}: {answer:#}");
    Problem { diagnostic: errors.remove(0) }
}

/// Expects that nobody who had a guardrail was without one since the log was reset.
#[track_caller]
fn assert_no_gaps(mock: &Mock) {
    assert_eq!(mock.gaps(), []);
}
