//! A large apply, and the destroy after it, while every fifth request goes wrong in some way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::{Value, json};

use crate::harness::Workspace;

/// Guardrails come in groups, so that the assignments of one are made while guardrails of others are.
const GROUPS: usize = 10;
const GUARDRAILS: usize = 30;
const KEYS: usize = 30;
const MEMBERS: usize = 3;

/// How many keys one more guardrail has, all in one resource.
const SET: usize = 250;

/// How many guardrails of a group are assigned to keys and members.
const IN_USE: usize = 10;

const SEED: u64 = 20_250_805;
const SEED_VARIABLE: &str = "OPENROUTER_STORM_SEED";

/// The share of all requests that goes wrong.
const SHARE: f64 = 0.2;

/// So long that a busy machine does not make requests fail that are meant to succeed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What goes wrong, and how often compared with the others. What takes long is rare, and so is what cannot be read: the
/// third answer of that kind to one and the same call ends it.
fn kinds() -> [(&'static str, f64, Action); 12] {
    let late = TIMEOUT + Duration::from_millis(1500);
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    [
        ("dropped before the work", 6.0, Action::dropped(When::Before)),
        ("dropped after the work", 6.0, Action::dropped(When::After)),
        ("429", 6.0, Action::status(429)),
        ("429 with Retry-After", 0.5, Action::retry_after(1)),
        ("500", 6.0, Action::status(500)),
        ("502 with a page", 6.0, Action::html(502, page, false)),
        ("502 with a page after the work", 3.0, Action::html(502, page, true)),
        ("503 after the work", 6.0, Action::status_after_work(503)),
        ("truncated", 0.5, Action::truncated()),
        ("wrong JSON", 0.5, Action::wrong_json(&json!({ "data": [17] }))),
        ("too slow, worked at once", 1.0, Action::slow(late, When::Before)),
        ("too slow, worked late", 1.0, Action::slow(late, When::After)),
    ]
}

/// The faults that a storm is made of, by their numbers at the mock.
fn begin(mock: &Mock, seed: u64) -> BTreeMap<u64, &'static str> {
    let total: f64 = kinds().iter().map(|(_, weight, _)| weight).sum();
    let mut left = 1.0;
    let faults = (seed..).zip(kinds()).map(|(seed, (kind, weight, action))| {
        // Each draws from what the ones before it have left.
        let share = SHARE * weight / total;
        let fault = Fault::any(action).with_probability(share / left, seed);
        left -= share;
        (mock.add_fault(fault).unwrap(), kind)
    });
    faults.collect()
}

fn config(keys: &[String], members: &[String]) -> String {
    let timeout = TIMEOUT.as_millis();
    let mut config = format!(
        "provider \"openrouter\" {{\n  max_concurrent_requests = 30\n  timeout_ms = {timeout}\n  retry = {{\n    \
         initial_interval_ms = 50\n    max_interval_ms = 1000\n    max_elapsed_time_ms = 120000\n  }}\n}}\n\
         locals {{\n  keys = {}\n  members = {}\n}}\n",
        json!(keys),
        json!(members)
    );
    for group in 0..GROUPS {
        let guardrail_id = format!("openrouter_guardrail.g{group}[count.index % {IN_USE}].id");
        let (first_key, first_member) = (group * KEYS, group * MEMBERS);
        write!(
            config,
            r#"
resource "openrouter_guardrail" "g{group}" {{
  count     = {GUARDRAILS}
  name      = "{group}/${{count.index}}"
  limit_usd = count.index + 1
  reset_interval = "daily"
}}
resource "openrouter_guardrail_key_assignment" "g{group}" {{
  count        = {KEYS}
  guardrail_id = {guardrail_id}
  key_hash     = local.keys[{first_key} + count.index]
}}
resource "openrouter_guardrail_member_assignment" "g{group}" {{
  count        = {MEMBERS}
  guardrail_id = {guardrail_id}
  user_id      = local.members[{first_member} + count.index]
}}
"#
        )
        .unwrap();
    }
    write!(
        config,
        r#"
resource "openrouter_guardrail" "set" {{
  name = "set"
}}
resource "openrouter_guardrail_key_assignments_exclusive" "set" {{
  guardrail_id = openrouter_guardrail.set.id
  key_hashes   = slice(local.keys, {first}, {last})
}}
"#,
        first = GROUPS * KEYS,
        last = GROUPS * KEYS + SET
    )
    .unwrap();
    config
}

/// The names of the guardrails that the configuration assigns, `each` of a group.
fn configured(subjects: &[String], each: usize) -> impl Iterator<Item = (&String, String)> {
    let place = move |index| format!("{}/{}", index / each, index % each % IN_USE);
    subjects.iter().enumerate().map(move |(index, subject)| (subject, place(index)))
}

/// Runs Terraform in a storm, says how it was, and clears the sky.
fn in_a_storm(workspace: &Workspace, seed: u64, args: &[&str]) {
    let mock = workspace.mock();
    mock.reset();
    let faults = begin(mock, seed);
    let begun = Instant::now();
    let run = workspace.run(args);
    let (seconds, total) = (begun.elapsed().as_secs_f64(), mock.log().total);
    let hits: BTreeMap<u64, u32> = mock.fault_hits();
    let hit: u32 = hits.values().sum();
    let mut told =
        format!("{}, seed {seed}: {total} requests in {seconds:.1} s, {hit} went wrong", run.line);
    for (number, kind) in &faults {
        write!(told, "\n  {:4} {kind}", hits[number]).unwrap();
    }
    // Past the test runner, which keeps what tests print to itself.
    std::io::stdout().write_all(format!("{told}\n").as_bytes()).unwrap();
    mock.clear_faults();
    run.succeeds();
    let share = f64::from(hit) / f64::from(u32::try_from(total).unwrap());
    assert!((share - SHARE).abs() < 0.05, "{told}");
}

#[test]
fn a_large_apply_in_a_storm_converges_and_doubles_nothing() {
    let seed = std::env::var(SEED_VARIABLE).ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let (keys, members) = (GROUPS * KEYS + SET, GROUPS * MEMBERS);
    let options = Options { seed_keys: keys, seed_members: members, ..Options::default() };
    let workspace = Workspace::with_mock(options);
    let mock = workspace.mock();
    let keys = mock.key_hashes(&mock.default_workspace_id())[..keys].to_vec();
    let members = mock.member_ids();
    // Everybody has a guardrail already, and must at no time have none.
    let before = mock.create_guardrail(json!({ "name": "before" })).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    mock.assign_keys(&before, &keys).unwrap();
    mock.assign_members(&before, &members).unwrap();

    workspace.config(&config(&keys, &members));
    in_a_storm(&workspace, seed, &["apply", "-auto-approve", "-parallelism=30"]);
    assert_eq!(mock.gaps(), []);
    mock.delete_guardrail(&before).unwrap();
    workspace.plans_nothing();
    is_as_configured(&workspace, &keys, &members);

    in_a_storm(&workspace, seed + 100, &["destroy", "-auto-approve", "-parallelism=30"]);
    assert_eq!(workspace.addresses(), [""; 0]);
    assert!(mock.guardrails().is_empty(), "{:#?}", mock.guardrails());
    assert!(mock.key_assignments().is_empty() && mock.member_assignments().is_empty());
}

/// The API has what is configured, once, and the state has what the API has.
#[track_caller]
fn is_as_configured(workspace: &Workspace, keys: &[String], members: &[String]) {
    let mock = workspace.mock();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let held: BTreeMap<String, String> =
        mock.guardrails().iter().map(|held| (text(&held["name"]), text(&held["id"]))).collect();
    let instances = workspace.instances();
    let guardrails = GROUPS * GUARDRAILS + 1;
    let total = guardrails + GROUPS * (KEYS + MEMBERS) + 1;
    assert_eq!(
        (mock.guardrails().len(), held.len(), instances.len()),
        (guardrails, guardrails, total)
    );
    for (address, instance) in &instances {
        assert_eq!(instance["status"], Value::Null, "{address} is tainted");
    }
    let guardrails =
        instances.iter().filter(|(address, _)| address.starts_with("openrouter_guardrail."));
    let known: BTreeSet<String> =
        guardrails.map(|(_, instance)| text(&instance["attributes"]["id"])).collect();
    assert_eq!(known, held.values().cloned().collect());
    let (single, set) = keys.split_at(GROUPS * KEYS);
    let mut expected: BTreeMap<String, String> =
        configured(single, KEYS).map(|(key, name)| (key.clone(), held[&name].clone())).collect();
    expected.extend(set.iter().map(|key| (key.clone(), held["set"].clone())));
    assert_eq!(mock.key_assignments(), expected);
    let in_workspace = |member| format!("{}/{member}", mock.default_workspace_id());
    let expected: BTreeMap<String, String> = configured(members, MEMBERS)
        .map(|(member, name)| (in_workspace(member), held[&name].clone()))
        .collect();
    assert_eq!(mock.member_assignments(), expected);
}
