//! What becomes of a run that is interrupted as Ctrl-C does it: Terraform and the provider both get the signal, and Terraform
//! tells the provider to stop.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::{Value, json};

use crate::harness::{Run, Workspace, changes};

/// How many guardrails there are to make.
const COUNT: usize = 30;

/// More than the provider has under way at a time, so that some wait for their turn within it.
const PARALLELISM: &str = "-parallelism=22";

/// How long slow requests take: longer than a busy machine needs to hand on a signal.
const SLOW: Duration = Duration::from_secs(2);

/// For what should be seen long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// Within which a run ends that has only waits and reads to give up. Terraform itself takes most of it on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// Within which a run ends that has writes to finish.
const LAST_WRITES: Duration = Duration::from_secs(25);

fn guardrails() -> String {
    format!(
        "resource \"openrouter_guardrail\" \"this\" {{\n  count = {COUNT}\n  name  = \"${{count.index}}\"\n}}\n"
    )
}

fn id(fields: &Value) -> String {
    fields["id"].as_str().unwrap().to_owned()
}

/// The ids of the guardrails that the service has.
fn held(mock: &Mock) -> BTreeSet<String> {
    mock.guardrails().iter().map(id).collect()
}

const APPLY: &[&str] = &["apply", "-auto-approve", PARALLELISM];

/// Begins a run, interrupts it once `moment` has come, and waits for its end.
#[track_caller]
fn interrupted(
    workspace: &Workspace,
    args: &[&str],
    moment: impl FnMut(&Mock) -> bool,
    patience: Duration,
) -> Run {
    let mock = workspace.mock();
    let running = workspace.start(args);
    assert!(mock.wait_until(PATIENCE, moment), "{:?}", mock.log().counts);
    running.interrupt();
    running.ends_within(patience).fails()
}

/// Expects that the state has what the service has, nothing tainted, and that the next plan creates the rest of `total`
/// resources and does nothing else.
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
    assert_eq!(
        (guardrails, assignments),
        (held(mock), mock.key_assignments()),
        "state and service"
    );
    let plan = workspace.plan_json();
    let changes = changes(&plan);
    let others: Vec<_> =
        changes.iter().filter(|(_, change)| change["actions"] != json!(["create"])).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(changes.len() + instances.len(), total);
}

/// Applies the rest, and expects what was asked for in the first place.
#[track_caller]
fn converges(workspace: &Workspace) {
    let mock = workspace.mock();
    let before = (held(mock), mock.key_assignments());
    workspace.apply();
    let after = (held(mock), mock.key_assignments());
    assert!(
        before.0.is_subset(&after.0)
            && before.1.iter().all(|(key, id)| after.1.get(key) == Some(id)),
        "{before:?}"
    );
    let names: BTreeSet<String> =
        mock.guardrails().iter().map(|held| held["name"].to_string()).collect();
    assert_eq!(names.len(), mock.guardrails().len(), "none is there twice");
    assert_eq!(workspace.addresses().len(), after.0.len() + after.1.len());
}

/// The service is as fast and as good as ever.
fn calm(mock: &Mock) {
    mock.set_latency(Duration::ZERO);
    mock.clear_faults();
}

/// Some guardrails are made, some under way, some wait in the provider, some were not handed to it.
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
    let run = interrupted(&workspace, APPLY, under_way, LAST_WRITES);
    run.says("Interrupt received")
        .says("POST /guardrails was not sent, because the run was interrupted");
    let (made, asked) = (mock.guardrails().len(), mock.count("POST", "/guardrails"));
    assert!(
        made > done && made < COUNT,
        "{done} were made before the signal, and {made} in the end"
    );
    assert_eq!(usize::try_from(asked).unwrap(), made, "what was sent was finished");
    calm(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

/// After the signal no create brings an answer, whether the service has done the work or not.
#[test]
fn creates_whose_answers_are_lost_after_the_signal_are_found() {
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
    interrupted(&workspace, APPLY, under_way, LAST_WRITES);
    let log = mock.log();
    let sent = log.requests.iter().filter(|request| request.method == "POST");
    let names: Vec<_> = sent.map(|request| request.body["name"].to_string()).collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "nothing was sent twice: {names:?}");
    assert_eq!(held(mock).len(), 15);
    calm(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

/// The service has asked for a minute's patience.
#[test]
fn creates_that_wait_to_be_tried_again_end_at_once() {
    let workspace = Workspace::new();
    workspace.config(&guardrails());
    let mock = workspace.mock();
    mock.add_fault(Fault::on("POST", "/guardrails", Action::retry_after(60)).skip(3).forever())
        .unwrap();
    let waiting =
        |mock: &Mock| mock.fault_hits().values().any(|hits| *hits > 0) && mock.log().in_flight == 0;
    interrupted(&workspace, APPLY, waiting, SOON);
    assert_eq!(held(mock).len(), 3);
    calm(mock);
    only_the_rest_is_missing(&workspace, COUNT);
    converges(&workspace);
}

#[test]
fn a_slow_refresh_ends_at_once() {
    let workspace = Workspace::new();
    workspace.config(&guardrails()).apply();
    let mock = workspace.mock();
    let before = workspace.state_file();
    let slow = Action::slow(Duration::from_secs(60), When::Before);
    mock.add_fault(Fault::on("GET", "/guardrails/{id}", slow).skip(5).forever()).unwrap();
    let reading = |mock: &Mock| mock.fault_hits().values().any(|hits| *hits > 3);
    interrupted(&workspace, &["plan", PARALLELISM], reading, SOON);
    assert_eq!(workspace.state_file(), before);
    calm(mock);
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

/// One request with assignments is under way, and others wait for their turn.
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
    interrupted(&workspace, &args, second_is_under_way, LAST_WRITES).says(UNSENT);
    let assigned = mock.key_assignments().len();
    assert!(assigned > done && assigned < keys.len(), "first {done}, then {assigned}");
    calm(mock);
    only_the_rest_is_missing(&workspace, 3 + keys.len());
    converges(&workspace);
}

/// Assignments under one guardrail come one by one, each after a guardrail of its own, so that a request waits for more of
/// them nearly all the time.
#[test]
fn assignments_that_are_being_gathered_are_not_sent_any_more() {
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
    interrupted(&workspace, APPLY, gathering, LAST_WRITES).says(UNSENT);
    calm(mock);
    only_the_rest_is_missing(&workspace, 1 + 2 * keys.len());
    converges(&workspace);
}
