//! One cell: a step of the workspace while something goes wrong, and whether it ended as it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use mock_openrouter::{Action, Fault, LoggedRequest};
use serde_json::Value;

use super::fault::{Kind, Mode, SHORT_TIMEOUT};
use super::fixture::Fixture;
use super::operation::Call;
use super::{Cell, FIRST_WAIT, LONGEST_WAIT};
use crate::harness::Run;

/// The time after which work that the mock does late is taken for lost.
const LATE_WORK_LIMIT: Duration = Duration::from_secs(60);

/// How an operation ended.
pub(super) struct Outcome {
    pub(super) end: End,
    /// How often the operation was tried, refused connections included.
    pub(super) attempts: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// Done, though no attempt had a response that says so.
    DoneUnconfirmed,
    /// An error, and nothing done.
    Error,
}

/// A run of Terraform in which something went wrong.
struct FaultyRun<'a> {
    fixture: &'a Fixture,
    /// The calls that the fault hits.
    calls: Vec<Call>,
    /// The id in the path of the calls.
    target: String,
    timeout: Duration,
    run: Run,
    /// What the state held before.
    before: (Value, Value),
    /// The provider's log lines about refused connections.
    refusals: Vec<String>,
    /// How often each fault hit.
    hits: Vec<u32>,
}

/// Takes the workspace to its next step, through a fault of that kind.
pub(super) fn next_step(fixture: &mut Fixture, kind: &Kind) -> Cell {
    let target = match fixture.operation.target(fixture.step + 1) {
        Some(label) => fixture.id_of(&label),
        None => String::new(),
    };
    fixture.step += 1;
    fixture.operation.change_outside(fixture.step, fixture.mock());
    fixture.configure(kind.timeout);
    let mut run = match &kind.action {
        Some(action) => FaultyRun::with_fault(fixture, target, kind.timeout, action),
        None => FaultyRun::with_refused_connections(fixture, target, kind.timeout)?,
    };
    if kind.is_late {
        let is_done =
            |request: &LoggedRequest| request.fault.is_none() || request.work_status.is_some();
        let all_done = fixture
            .mock()
            .wait_until(LATE_WORK_LIMIT, |mock| mock.log().requests.iter().all(is_done));
        assert!(all_done, "late work is done in the end");
    }
    run.hits = fixture.mock().fault_hits().into_values().collect();
    fixture.mock().clear_faults();
    run.check().map_err(|reason| run.explained(&reason))
}

impl<'a> FaultyRun<'a> {
    /// Applies while the mock does this to the calls.
    fn with_fault(
        fixture: &'a Fixture,
        target: String,
        timeout: Duration,
        action: &Action,
    ) -> Self {
        let (before, mock) = (fixture.stored_state(), fixture.mock());
        let calls = fixture.operation.calls(fixture.step, &target, mock);
        mock.reset();
        for call in &calls {
            let fault = Fault::on(call.method, call.template, action.clone());
            let fault = if fixture.mode == Mode::Forever { fault.forever() } else { fault };
            mock.add_fault(fault).expect("the fault has no pattern");
        }
        let run = fixture.apply();
        let (refusals, hits) = (Vec::new(), Vec::new());
        Self { fixture, calls, target, timeout, run, before, refusals, hits }
    }

    /// Applies while nothing listens: until the first attempt has failed, or to the end.
    fn with_refused_connections(
        fixture: &'a Fixture,
        target: String,
        timeout: Duration,
    ) -> Result<Self, String> {
        let (workspace, mock) = (&fixture.workspace, fixture.mock());
        let before = fixture.stored_state();
        let calls = fixture.operation.calls_when_refused(fixture.step, &target, mock);
        let mut args = vec!["apply", "-auto-approve", "-json"];
        if !fixture.operation.only_reads() {
            let planned = workspace.run(&["plan", "-out=plan.bin"]);
            if planned.code != Some(0) {
                return Err(format!("cannot plan\n{planned}"));
            }
            args.push("plan.bin");
        }
        mock.reset();
        mock.refuse_connections();
        let log = workspace.directory().join(format!("refused-{}.log", fixture.step));
        let mut command = workspace.command(&args);
        command.env("TF_LOG_PROVIDER", "DEBUG").env("TF_LOG_PATH", &log);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("Terraform can be started");
        if fixture.mode == Mode::Once {
            while refusals(&log).is_empty() && child.try_wait().is_ok_and(|end| end.is_none()) {
                sleep(Duration::from_millis(5));
            }
            mock.accept_connections().expect("the port is kept");
        }
        let output = child.wait_with_output().expect("Terraform can be waited for");
        mock.accept_connections().expect("the port is kept");
        let run = Run::new(format!("terraform {}", args.join(" ")), output);
        let (refusals, hits) = (refusals(&log), Vec::new());
        Ok(Self { fixture, calls, target, timeout, run, before, refusals, hits })
    }

    /// A reason to fail, with all that helps to understand it.
    fn explained(&self, reason: &str) -> String {
        let mut text = format!("{reason}\n{}", self.run);
        for request in self.fixture.mock().log().requests {
            let LoggedRequest { at_ms, method, path, status, work_status, fault, .. } = request;
            let line = format!(
                "\n{at_ms:>7} {method} {path} {status:?} work {work_status:?} fault {fault:?}"
            );
            text.push_str(&line);
        }
        text + "\n" + &self.refusals.join("\n")
    }

    fn check(&self) -> Cell {
        self.was_hit()?;
        self.does_nothing_else()?;
        self.fixture.state_matches_api()?;
        if self.run.stdout.contains("may exist twice") {
            return Err("a duplicate is reported".to_owned());
        }
        let attempts = self.calls.iter().map(|call| self.attempts(call)).sum();
        match (self.run.code, self.fixture.mode) {
            (Some(0), _) => {
                self.fixture.is_as_configured()?;
                let hits: u64 = self.hits.iter().copied().map(u64::from).sum();
                let end = if hits == attempts { End::DoneUnconfirmed } else { End::Done };
                Ok(Outcome { end, attempts })
            }
            (Some(1), Mode::Forever) => {
                self.errors_are_clear()?;
                self.waits_between_attempts()?;
                if self.fixture.stored_state() != self.before {
                    return Err(format!("the state was\n{:#?}\nand has changed", self.before));
                }
                self.fixture.converge()?;
                Ok(Outcome { end: End::Error, attempts })
            }
            _ => Err("it should not end like this".to_owned()),
        }
    }

    /// A cell that its fault does not hit proves nothing.
    fn was_hit(&self) -> Result<(), String> {
        let was_hit = match self.fixture.mode {
            _ if self.hits.is_empty() => !self.refusals.is_empty(),
            Mode::Once => self.hits.iter().all(|hits| *hits == 1),
            Mode::Forever => self.hits.iter().any(|hits| *hits > 0),
        };
        if was_hit { Ok(()) } else { Err(format!("the faults hit {:?} times", self.hits)) }
    }

    /// Another write than the operation's calls would make the cell say something about that one.
    fn does_nothing_else(&self) -> Result<(), String> {
        let (fixture, mock) = (self.fixture, self.fixture.mock());
        let calls = fixture.operation.calls(fixture.step, &self.target, mock);
        for request in mock.log().requests {
            if request.method != "GET" && !calls.iter().any(|call| call.is_made_by(&request)) {
                return Err(format!("it also does {} {}", request.method, request.path));
            }
        }
        Ok(())
    }

    /// How often a call was tried.
    fn attempts(&self, call: &Call) -> u64 {
        let refused = format!("error=\"{}", call.line(&self.target));
        let is_of_call = |line: &&String| {
            let rest = line.split_once(&refused).map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.starts_with([':', '?']))
        };
        let refused = self.refusals.iter().filter(is_of_call).count();
        self.fixture.mock().count(call.method, call.template)
            + u64::try_from(refused).unwrap_or(u64::MAX)
    }

    /// One error for each call that failed: it names what was attempted and the call, and says how often it was tried.
    fn errors_are_clear(&self) -> Result<(), String> {
        let errors = self.errors();
        let mut explained = BTreeSet::new();
        for error in &errors {
            let Some(index) = self.calls.iter().position(|call| self.names(error, call)) else {
                return Err(format!("an error that does not name action and call: {error}"));
            };
            let attempts = self.attempts(&self.calls[index]);
            let is_right = match attempts_in(error) {
                // An attempt that runs out of time may not have got as far as the mock.
                Some(said) if self.timeout == SHORT_TIMEOUT => said >= attempts,
                Some(said) => said == attempts,
                None => attempts <= 1,
            };
            if !is_right {
                return Err(format!("an error that does not tell of {attempts} attempts: {error}"));
            }
            if !explained.insert(index) {
                return Err(format!("the same error twice: {error}"));
            }
        }
        if errors.is_empty() { Err("no error is shown".to_owned()) } else { Ok(()) }
    }

    /// Whether an error says what was attempted, and by which call.
    fn names(&self, error: &str, call: &Call) -> bool {
        let line = call.line(&self.target);
        error.starts_with(&format!("Could not {}", call.action))
            && [" ", ":", "?"].iter().any(|end| error.contains(&format!("{line}{end}")))
    }

    /// Summary and detail of each error, on one line.
    fn errors(&self) -> Vec<String> {
        let mut errors = Vec::new();
        for line in self.run.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            let diagnostic = &event["diagnostic"];
            if diagnostic["severity"] == "error" {
                let part = |name: &str| diagnostic[name].as_str().unwrap_or_default();
                let text = format!("{}: {}", part("summary"), part("detail"));
                errors.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
        errors
    }

    /// There are no more attempts than fit into the budget with the waits between them. A busy machine makes fewer.
    fn waits_between_attempts(&self) -> Result<(), String> {
        let most = most_attempts(self.fixture.budget());
        for call in &self.calls {
            let attempts = self.attempts(call);
            if attempts > most {
                return Err(format!("{attempts} attempts, and only {most} fit into the time"));
            }
        }
        Ok(())
    }
}

/// The most attempts that there can be: each wait grows by half, and is shortened by a random part of it, half at most.
fn most_attempts(budget: Duration) -> u64 {
    let (mut attempts, mut wait, mut elapsed) = (1, FIRST_WAIT, FIRST_WAIT / 2);
    while elapsed <= budget {
        attempts += 1;
        wait = (wait * 3 / 2).min(LONGEST_WAIT);
        elapsed += wait / 2;
    }
    attempts
}

/// How many attempts an error tells of: `…; gave up after 4 attempts in 1.5 s`, or `…; 4 attempts in 1.5 s` where the API has
/// asked another call to wait longer than there was time.
fn attempts_in(error: &str) -> Option<u64> {
    let (before, _) = error.split_once(" attempts in ")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// What the provider has logged of refused connections so far, one line for each.
fn refusals(log: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    // The last line may be incomplete.
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let refused =
        lines.filter(|line| line.contains("request failed:") && line.contains("cannot connect"));
    refused.map(str::to_owned).collect()
}
