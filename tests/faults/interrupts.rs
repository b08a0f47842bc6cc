//! Runs that are interrupted as Ctrl-C does it: Terraform and the provider both get the signal, and Terraform tells the provider
//! to stop.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::{Value, json};

use crate::harness::{Run, Workspace, changes};

/// How many guardrails there are to create: so many that a third round of requests would be needed.
const COUNT: usize = 48;

/// More than the requests that the provider sends at a time, so that some wait within it.
const PARALLELISM: &str = "-parallelism=22";

/// How long slow requests take: longer than a busy machine needs to deliver a signal.
const SLOW: Duration = Duration::from_secs(3);

/// The limit for everything, which the busiest machine keeps.
const LIMIT: Duration = Duration::from_secs(120);

/// How long a request or a wait takes that the signal must cut short.
const HANGING: Duration = Duration::from_secs(240);

fn guardrails() -> String {
    format!(
        "resource \"openrouter_guardrail\" \"this\" {{\n  count = {COUNT}\n  name  = \"${{count.index}}\"\n}}\n"
    )
}

/// The ids of the guardrails that the API has.
fn guardrail_ids(mock: &Mock) -> BTreeSet<String> {
    mock.guardrails().iter().map(|fields| fields["id"].as_str().unwrap().to_owned()).collect()
}

const APPLY: &[&str] = &["apply", "-auto-approve", PARALLELISM];

/// Starts a run, interrupts it once the mock is in that state, and waits for its end.
#[track_caller]
fn interrupted(workspace: &Workspace, args: &[&str], state: impl FnMut(&Mock) -> bool) -> Run {
    let mock = workspace.mock();
    let running = workspace.start(args);
    assert!(mock.wait_until(LIMIT, state), "{:?}", mock.log().counts);
    running.interrupt();
    running.ends_within(LIMIT).fails()
}

/// Expects that the state has what the API has, nothing tainted, and that the next plan creates the rest of `total` resources and
/// does nothing else.
#[track_caller]
fn only_the_rest_is_missing(workspace: &Workspace, total: usize) {
    let mock = workspace.mock();
    let (mut guardrails, mut assignments) = (BTreeSet::new(), BTreeMap::new());
    let instances = workspace.instances();
    for (address, instance) in &instances {
        assert_eq!(instance["status"], Value::Null, "{address} is tainted");
        let text = |name: &str| instance["attributes"][name].as_str().map(str::to_owned);
        match text("key_hash") {
            Some(key) => drop(assignments.insert(key, text("guardrail_id").unwrap())),
            None => drop(guardrails.insert(text("id").unwrap())),
        }
    }
    let in_api = (guardrail_ids(mock), mock.key_assignments());
    assert_eq!((guardrails, assignments), in_api, "state and API");
    let plan = workspace.plan_json();
    let changes = changes(&plan);
    let others: Vec<_> =
        changes.iter().filter(|(_, change)| change["actions"] != json!(["create"])).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(changes.len() + instances.len(), total);
}

/// Applies the rest, and expects all that is configured, with what was there before unchanged.
#[track_caller]
fn converges(workspace: &Workspace) {
    let mock = workspace.mock();
    let (guardrails, assignments) = (guardrail_ids(mock), mock.key_assignments());
    workspace.apply();
    let all = mock.guardrails();
    assert!(guardrails.is_subset(&guardrail_ids(mock)), "{guardrails:?}");
    let all_assignments = mock.key_assignments();
    for (key, id) in &assignments {
        assert_eq!(all_assignments.get(key), Some(id));
    }
    let names: BTreeSet<String> = all.iter().map(|fields| fields["name"].to_string()).collect();
    assert_eq!(names.len(), all.len(), "none exists twice");
    assert_eq!(workspace.addresses().len(), all.len() + all_assignments.len());
}

/// Ends latency and faults.
fn recover(mock: &Mock) {
    mock.set_latency(Duration::ZERO);
    mock.clear_faults();
}

/// Some guardrails are created, some under way, some wait in the provider, some were not passed to it.
#[test]
fn slow_creates_are_finished_and_kept() {
    let workspace = Workspace::new();
    workspace.config(&guardrails());
    let mock = workspace.mock();
    mock.set_latency(SLOW);
    let mut done = 0;
    let under_way = |mock: &Mock| {
        done = mock.guardrails().len();
        done >= 10 && mock.count("POST", "/guardrails") >= 18
    };
    let run = interrupted(&workspace, APPLY, under_way);
    run.says("Interrupt received")
        .says("POST /guardrails was not sent, because the run was interrupted");
    let (created, sent) = (mock.guardrails().len(), mock.count("POST", "/guardrails"));
    assert!(done < created && created < COUNT, "first {done}, then {created}");
    assert_eq!(usize::try_from(sent).unwrap(), created, "what was sent was finished");
    recover(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

/// After the signal no create has a response, whether the work was done or not.
#[test]
fn creates_whose_responses_are_lost_after_the_signal_are_found() {
    let workspace = Workspace::new();
    workspace.config(&guardrails());
    let mock = workspace.mock();
    mock.set_latency(SLOW);
    for fault in [
        Fault::on("POST", "/guardrails", Action::status_after_work(503)).times(5),
        Fault::on("POST", "/guardrails", Action::status(503)).forever(),
    ] {
        mock.add_fault(fault.skip(10)).unwrap();
    }
    let under_way = |mock: &Mock| mock.count("POST", "/guardrails") >= 18;
    interrupted(&workspace, APPLY, under_way);
    let log = mock.log();
    let sent = log.requests.iter().filter(|request| request.method == "POST");
    let names: Vec<_> = sent.map(|request| request.body["name"].to_string()).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "nothing was sent twice: {names:?}");
    assert_eq!(mock.guardrails().len(), 15);
    recover(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

#[test]
fn creates_that_wait_for_a_retry_end_at_once() {
    let workspace = Workspace::new();
    workspace.config(&guardrails());
    let mock = workspace.mock();
    let later = Action::retry_after(HANGING.as_secs());
    mock.add_fault(Fault::on("POST", "/guardrails", later).skip(3).forever()).unwrap();
    let waiting =
        |mock: &Mock| mock.fault_hits().values().any(|hits| *hits > 0) && mock.log().in_flight == 0;
    interrupted(&workspace, APPLY, waiting);
    assert_eq!(mock.guardrails().len(), 3);
    recover(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

#[test]
fn a_slow_refresh_ends_at_once() {
    let workspace = Workspace::new();
    workspace.config(&guardrails()).apply();
    let mock = workspace.mock();
    let before = workspace.state_file();
    // The first guardrail is read by itself, and then the listing.
    let slow = Action::slow(HANGING, When::Before);
    mock.add_fault(Fault::on("GET", "/guardrails", slow).forever()).unwrap();
    let reading = |mock: &Mock| mock.fault_hits().values().any(|hits| *hits > 0);
    interrupted(&workspace, &["plan", PARALLELISM], reading);
    assert_eq!(workspace.state_file(), before);
    recover(mock);
    workspace.plans_nothing();
}

const ASSIGN: &str = "/guardrails/{id}/assignments/keys";
const UNSENT: &str = "/assignments/keys was not sent, because the run was interrupted";

/// A provider that sends one request at a time, and a workspace with as many keys.
fn one_at_a_time(keys: usize) -> (Workspace, String, Vec<String>) {
    let workspace = Workspace::with_mock(Options { seed_keys: keys, ..Options::default() });
    let mock = workspace.mock();
    let keys = mock.key_hashes(&mock.default_workspace_id())[..keys].to_vec();
    (workspace, "provider \"openrouter\" {\n  max_concurrent_requests = 1\n}\n".to_owned(), keys)
}

/// One request with assignments is under way, and others wait.
#[test]
fn assignments_under_way_are_kept_and_no_others_are_sent() {
    let (workspace, provider, keys) = one_at_a_time(90);
    let mock = workspace.mock();
    let config = format!(
        "{provider}resource \"openrouter_guardrail\" \"this\" {{\n  count = 3\n  name  = \"${{count.index}}\"\n}}\n\
         resource \"openrouter_guardrail_key_assignment\" \"this\" {{\n  count = {}\n  \
         guardrail_id = openrouter_guardrail.this[count.index % 3].id\n  key_hash = {}[count.index]\n}}\n",
        keys.len(),
        json!(keys)
    );
    workspace.config(&config);
    let slow = Action::slow(SLOW, When::After);
    mock.add_fault(Fault::on("POST", ASSIGN, slow).forever()).unwrap();
    let mut done = 0;
    let second_is_under_way = |mock: &Mock| {
        done = mock.key_assignments().len();
        done > 0 && mock.count("POST", ASSIGN) == 2
    };
    let args = ["apply", "-auto-approve", "-parallelism=30"];
    interrupted(&workspace, &args, second_is_under_way).says(UNSENT);
    let assigned = mock.key_assignments().len();
    assert!(assigned > done && assigned < keys.len(), "first {done}, then {assigned}");
    recover(mock);
    only_the_rest_is_missing(&workspace, 3 + keys.len());
    converges(&workspace);
}

/// Assignments to one guardrail come one by one, each after a guardrail of its own, so that a request waits for more of them
/// nearly all the time.
#[test]
fn assignments_that_wait_for_more_are_not_sent() {
    let (workspace, provider, keys) = one_at_a_time(16);
    let mock = workspace.mock();
    let mut config =
        provider + "resource \"openrouter_guardrail\" \"common\" {\n  name = \"common\"\n}\n";
    workspace.config(&config).apply();
    for (number, key) in keys.iter().enumerate() {
        write!(
            config,
            "resource \"openrouter_guardrail\" \"g{number}\" {{\n  name = \"{number}\"\n}}\n\
             resource \"openrouter_guardrail_key_assignment\" \"k{number}\" {{\n  \
             guardrail_id = openrouter_guardrail.common.id\n  key_hash = {key:?}\n  \
             depends_on = [openrouter_guardrail.g{number}]\n}}\n"
        )
        .unwrap();
    }
    workspace.config(&config);
    let slow = Action::slow(Duration::from_millis(400), When::After);
    mock.add_fault(Fault::on("POST", "/guardrails", slow).forever()).unwrap();
    let gathering = |mock: &Mock| mock.guardrails().len() >= 10;
    interrupted(&workspace, APPLY, gathering).says(UNSENT);
    recover(mock);
    only_the_rest_is_missing(&workspace, 1 + 2 * keys.len());
    converges(&workspace);
}

/// A set grows by three requests' worth of keys: the state has those that were assigned.
#[test]
fn a_set_that_was_assigned_in_part_is_kept_in_part() {
    let (workspace, provider, keys) = one_at_a_time(250);
    let mock = workspace.mock();
    let config = |keys: &[String]| {
        format!(
            "{provider}resource \"openrouter_guardrail\" \"this\" {{\n  name = \"this\"\n}}\n\
             resource \"openrouter_guardrail_key_assignments_exclusive\" \"this\" {{\n  \
             guardrail_id = openrouter_guardrail.this.id\n  key_hashes = {}\n}}\n",
            json!(keys)
        )
    };
    workspace.config(&config(&keys[..1])).apply();
    workspace.config(&config(&keys));
    let slow = Action::slow(SLOW, When::After);
    mock.add_fault(Fault::on("POST", ASSIGN, slow).forever()).unwrap();
    let mut done = 0;
    let second_is_under_way = |mock: &Mock| {
        done = mock.key_assignments().len();
        done > 1 && mock.count("POST", ASSIGN) == 3
    };
    interrupted(&workspace, APPLY, second_is_under_way).says(UNSENT);
    let attributes = workspace.attributes("openrouter_guardrail_key_assignments_exclusive.this");
    let held: BTreeSet<String> = serde_json::from_value(attributes["key_hashes"].clone()).unwrap();
    let assigned: BTreeSet<String> = mock.key_assignments().into_keys().collect();
    assert_eq!(held, assigned);
    assert!(held.len() > done && held.len() < keys.len(), "first {done}, then {}", held.len());
    recover(mock);
    workspace.apply();
    assert_eq!(mock.key_assignments().len(), keys.len());
}
