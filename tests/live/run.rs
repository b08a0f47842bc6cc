//! One live run from beginning to end: the suite against the mock, then the same against the live
//! API, then what differed. Whatever happens in between, what the run has made is deleted.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mock_openrouter::{Mock, Options};
use reqwest::Method;

use crate::difference::{Difference, differences};
use crate::ours::{self, Names};
use crate::recording::Recording;
use crate::service::{ManagementKey, Service, Target};
use crate::settings::{KEY_HASH, USER_ID};
use crate::{calls, story};

/// What a run has found out.
pub(crate) struct Report {
    /// What was left out, with the reason.
    pub(crate) not_run: Vec<String>,
    /// The names of what an earlier run had left.
    pub(crate) removed: Vec<String>,
    /// How many operations the live API has carried out or refused.
    pub(crate) operations: usize,
    pub(crate) differences: Vec<Difference>,
    /// What went wrong. A run that failed has compared what it had done until then.
    pub(crate) failures: Vec<String>,
}

/// A recording, and what went wrong on the way.
struct Recorded {
    recording: Recording,
    failures: Vec<String>,
}

/// Runs the suite against a service, and fails before anything is written there where it, the
/// workspace, the key or the member is not as it must be. `output` is told what is deleted before
/// it is.
pub(crate) fn run(target: Target, output: &mut dyn Write) -> Result<Report, String> {
    say(output, &format!("live API: {}, workspace {}", target.base_url, target.workspace));
    let service = Service::new(target)?;
    workspace_exists(&service)?;
    key_is_in_workspace(&service)?;
    let leftovers = ours::find(&service)?;
    ours::assignees_are_free(&service, &leftovers).map_err(|found| {
        format!("{found}, which must stay in force. Name one that has no guardrail")
    })?;
    let expected = expected(&service.target)?;
    for left in &leftovers {
        say(
            output,
            &format!("left by an earlier run, and deleted now: {} ({})", left.name, left.id),
        );
    }
    ours::delete(&service, &leftovers)?;
    // The mock's part has taken its time: somebody may have assigned the key or the member meanwhile.
    ours::assignees_are_free(&service, &[])
        .map_err(|found| format!("{found} by now, which must stay in force"))?;
    let live = record(&service);
    Ok(Report {
        not_run: not_run(&service.target),
        removed: leftovers.into_iter().map(|left| left.name).collect(),
        operations: live.recording.observations.len(),
        differences: differences(&live.recording, &expected),
        failures: live.failures,
    })
}

/// Fails if the key that may be assigned is of another workspace than the confirmed one.
fn key_is_in_workspace(service: &Service) -> Result<(), String> {
    let Some(hash) = &service.target.key_hash else { return Ok(()) };
    let found = service.expect(&Method::GET, &format!("/keys/{hash}"), None)?;
    if found.body["data"]["workspace_id"] != service.target.workspace {
        return Err(format!("key {hash} is not in the workspace {}", service.target.workspace));
    }
    Ok(())
}

/// What the mock does. Where the suite fails against the mock, nothing is sent elsewhere.
fn expected(target: &Target) -> Result<Recording, String> {
    let mock = Mock::start(Options::default()).map_err(|error| error.to_string())?;
    let workspace = mock.default_workspace_id();
    let key_hash = target.key_hash.as_ref().map(|_| mock.key_hashes(&workspace).remove(0));
    let user_id = target.user_id.as_ref().map(|_| mock.member_ids().remove(0));
    let key = ManagementKey::new(mock.management_key().to_owned());
    let base_url = mock.base_url().to_owned();
    let recorded = record(&Service::new(Target { base_url, key, workspace, key_hash, user_id })?);
    if recorded.failures.is_empty() {
        return Ok(recorded.recording);
    }
    let failures = recorded.failures.join("\n");
    Err(format!("the suite fails against the mock, so nothing was sent elsewhere:\n{failures}"))
}

fn workspace_exists(service: &Service) -> Result<(), String> {
    let path = format!("/workspaces/{}", service.target.workspace);
    let found = service.expect(&Method::GET, &path, None)?;
    if found.id() == Some(&service.target.workspace) {
        return Ok(());
    }
    Err(format!("GET {path} was answered with another workspace"))
}

/// Runs both parts of the suite and cleans up after them.
fn record(service: &Service) -> Recorded {
    let names = Names::random();
    let mut recording = Recording::new(&service.target, &names);
    let parts = catch_unwind(AssertUnwindSafe(|| {
        let called = calls::run(service, &names, &mut recording);
        let told = story::run(&service.target, &names, &mut recording);
        [called, told]
    }));
    let parts = parts.unwrap_or_else(|_| [Err("the suite has a bug".to_owned()), Ok(())]);
    let outcomes = parts.into_iter().chain([clean_up(service, &names)]);
    Recorded { recording, failures: outcomes.filter_map(Result::err).collect() }
}

/// Deletes what this run has made, and makes sure that key and member have no guardrail, as before.
fn clean_up(service: &Service, names: &Names) -> Result<(), String> {
    let mut made = ours::find(service)?;
    made.retain(|guardrail| guardrail.name.starts_with(&names.prefix));
    ours::delete(service, &made)?;
    ours::assignees_are_free(service, &[]).map_err(|found| format!("{found} after the run"))
}

fn not_run(target: &Target) -> Vec<String> {
    let parts = [
        (&target.key_hash, "assigning a key", KEY_HASH),
        (&target.user_id, "assigning a member", USER_ID),
    ];
    let missing = parts.into_iter().filter(|(given, _, _)| given.is_none());
    missing.map(|(_, what, variable)| format!("{what}: {variable} is not set")).collect()
}

impl Report {
    /// Prints all of it, and fails if something went wrong. A difference is no failure: it is what
    /// the run is for.
    pub(crate) fn print(&self, output: &mut dyn Write) -> Result<(), String> {
        for left_out in &self.not_run {
            say(output, &format!("not run: {left_out}"));
        }
        for difference in &self.differences {
            say(output, &format!("differs: {difference}"));
        }
        let (differences, operations) = (self.differences.len(), self.operations);
        say(
            output,
            &format!(
                "{operations} operations, {differences} differences between live API and mock"
            ),
        );
        if self.failures.is_empty() { Ok(()) } else { Err(self.failures.join("\n")) }
    }
}

fn say(output: &mut dyn Write, line: &str) {
    // A run whose output nobody reads must clean up all the same.
    let _ = writeln!(output, "{line}");
}
