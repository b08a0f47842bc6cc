//! One cell: a step of the workspace while something goes wrong, and whether it ended as it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use mock_openrouter::{Action, Fault, LoggedRequest};
use serde_json::Value;

use super::Verdict;
use super::bench::Bench;
use super::fault::{Kind, Mode, SHORT};
use super::operation::Call;
use crate::harness::Run;

/// How long a create is looked for.
const SETTLE: Duration = Duration::from_secs(2);

/// What a busy machine may add to the time that is promised.
const SLACK: Duration = Duration::from_secs(4);

/// How long work may take that is done when nobody waits for it any more.
const PATIENCE: Duration = Duration::from_secs(30);

/// How an operation ended.
pub(super) struct Ending {
    pub(super) word: Word,
    /// How often the operation was tried, refused connections included.
    pub(super) attempts: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Done.
    Done,
    /// Done, though no attempt had an answer that says so.
    DoneUnanswered,
    /// An error, and nothing done.
    Error,
}

/// A run of Terraform in which something went wrong.
struct Trial<'a> {
    bench: &'a Bench,
    calls: Vec<Call>,
    /// The id in the path of the calls.
    target: String,
    run: Run,
    /// What the state held before.
    before: (Value, Value),
    /// What the provider logged of refused connections.
    refusals: Vec<String>,
    /// How often each fault hit.
    hits: Vec<u32>,
}

/// Takes the workspace to its next step, past a fault of that kind.
pub(super) fn run(bench: &mut Bench, kind: &Kind) -> Verdict {
    let target = bench.operation.target(bench.step + 1);
    let target =
        target.map(|label| bench.workspace.attributes(&format!("openrouter_guardrail.{label}")));
    let target =
        target.map_or(String::new(), |found| found["id"].as_str().unwrap_or_default().to_owned());
    bench.step += 1;
    bench.operation.touch(bench.step, bench.mock());
    bench.configure(kind.timeout);
    let before = bench.kept();
    let mut trial = match &kind.action {
        Some(action) => Trial::faulty(bench, target, before, action),
        None => Trial::refused(bench, target, before)?,
    };
    if kind.is_late {
        let landed = bench.mock().wait_until(PATIENCE, |mock| {
            mock.log()
                .requests
                .iter()
                .all(|request| request.fault.is_none() || request.work_status.is_some())
        });
        assert!(landed, "late work is done in the end");
    }
    trial.hits = bench.mock().fault_hits().into_values().collect();
    bench.mock().clear_faults();
    trial.verdict()
}

impl<'a> Trial<'a> {
    fn new(
        bench: &'a Bench,
        target: String,
        before: (Value, Value),
        calls: Vec<Call>,
        run: Run,
    ) -> Self {
        Self { bench, calls, target, run, before, refusals: Vec::new(), hits: Vec::new() }
    }

    /// Applies while the service does this to the calls.
    fn faulty(bench: &'a Bench, target: String, before: (Value, Value), action: &Action) -> Self {
        let calls = bench.operation.calls(bench.step, &target, bench.mock());
        bench.mock().reset();
        for call in &calls {
            let fault = Fault::on(call.method, call.template, action.clone());
            let fault = if bench.mode == Mode::Forever { fault.forever() } else { fault };
            bench.mock().add_fault(fault).expect("there is no pattern in it");
        }
        let run = bench.apply();
        Self::new(bench, target, before, calls, run)
    }

    /// Applies while nothing listens: until the first attempt has failed, or to the end.
    fn refused(bench: &'a Bench, target: String, before: (Value, Value)) -> Result<Self, String> {
        let calls = bench.operation.calls_when_refused(bench.step, &target, bench.mock());
        let (workspace, mock) = (&bench.workspace, bench.mock());
        let mut args = vec!["apply", "-auto-approve", "-json"];
        if !bench.operation.only_reads() {
            let planned = workspace.run(&["plan", "-out=plan.bin"]);
            if planned.code != Some(0) {
                return Err(format!("cannot plan\n{planned}"));
            }
            args.push("plan.bin");
        }
        mock.reset();
        mock.refuse_connections();
        let log = workspace.directory().join(format!("refused-{}.log", bench.step));
        let mut command = workspace.command(&args);
        command.env("TF_LOG_PROVIDER", "DEBUG").env("TF_LOG_PATH", &log);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("Terraform can be started");
        while bench.mode == Mode::Once && refusals(&log).is_empty() {
            if child.try_wait().expect("it is our child").is_some() {
                break;
            }
            sleep(Duration::from_millis(5));
        }
        if bench.mode == Mode::Once {
            mock.accept_connections().expect("the port is kept");
        }
        let output = child.wait_with_output().expect("it is our child");
        mock.accept_connections().expect("the port is kept");
        let run = Run::new(format!("terraform {}", args.join(" ")), output);
        let refusals = refusals(&log);
        Ok(Self { refusals, ..Self::new(bench, target, before, calls, run) })
    }

    fn verdict(&self) -> Verdict {
        self.judge().map_err(|reason| {
            let log = self.bench.mock().log();
            let line = |request: &LoggedRequest| {
                let (at, method, path) = (request.at_ms, &request.method, &request.path);
                format!(
                    "{at:>7} {method} {path} {:?} work {:?} fault {:?}",
                    request.status, request.work_status, request.fault
                )
            };
            let requests: Vec<_> = log.requests.iter().map(line).collect();
            format!("{reason}\n{}\n{}\n{}", self.run, requests.join("\n"), self.refusals.join("\n"))
        })
    }

    fn judge(&self) -> Verdict {
        self.was_hit()?;
        self.does_nothing_else()?;
        self.bench.is_paired()?;
        let attempts = self.calls.iter().map(|call| self.attempts(call)).sum();
        if self.run.stdout.contains("may exist twice") {
            return Err("a twin is reported".to_owned());
        }
        match (self.run.code, self.bench.mode) {
            (Some(0), _) => {
                self.bench.is_as_configured()?;
                let hits: u64 = self.hits.iter().copied().map(u64::from).sum();
                let word = if hits == attempts { Word::DoneUnanswered } else { Word::Done };
                Ok(Ending { word, attempts })
            }
            (Some(1), Mode::Forever) => {
                self.errors_are_clear()?;
                self.was_in_time()?;
                if self.bench.kept() != self.before {
                    return Err(format!("the state was\n{:#?}\nand is not now", self.before));
                }
                self.bench.converge()?;
                Ok(Ending { word: Word::Error, attempts })
            }
            _ => Err("it should not end like this".to_owned()),
        }
    }

    /// A cell that is past its fault without meeting it proves nothing.
    fn was_hit(&self) -> Result<(), String> {
        let met = match self.bench.mode {
            _ if self.hits.is_empty() => !self.refusals.is_empty(),
            Mode::Once => self.hits.iter().all(|hits| *hits == 1),
            Mode::Forever => self.hits.iter().any(|hits| *hits > 0),
        };
        if met { Ok(()) } else { Err(format!("the faults hit {:?} times", self.hits)) }
    }

    /// Whatever else changes something is not what the cell is about.
    fn does_nothing_else(&self) -> Result<(), String> {
        let calls = self.bench.operation.calls(self.bench.step, &self.target, self.bench.mock());
        let log = self.bench.mock().log();
        let mut writes = log.requests.iter().filter(|request| request.method != "GET");
        match writes.find(|request| !calls.iter().any(|call| call.is_made_by(request))) {
            Some(other) => Err(format!("it also does {} {}", other.method, other.path)),
            None => Ok(()),
        }
    }

    /// How often a call was tried.
    fn attempts(&self, call: &Call) -> u64 {
        let refused = format!("error=\"{}", call.line(&self.target));
        let is_of_call = |line: &&String| {
            let rest = line.split_once(&refused).map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.starts_with([':', '?']))
        };
        let refused = self.refusals.iter().filter(is_of_call).count();
        self.bench.mock().count(call.method, call.template)
            + u64::try_from(refused).unwrap_or(u64::MAX)
    }

    /// One error for each call that failed: it names the act and the call, and how often and how long it was tried.
    fn errors_are_clear(&self) -> Result<(), String> {
        let errors = self.errors();
        let mut told = BTreeSet::new();
        for error in &errors {
            let names = |call: &Call| {
                let line = call.line(&self.target);
                let is_named = [" ", ":", "?"]
                    .iter()
                    .any(|end| error.contains(&[line.as_str(), end].concat()));
                error.starts_with(&format!("Could not {}", call.act)) && is_named
            };
            let Some(place) = self.calls.iter().position(names) else {
                return Err(format!("an error that names neither act nor call: {error}"));
            };
            let attempts = self.attempts(&self.calls[place]);
            let took = tried_for(error, attempts);
            if attempts > 1 && took.is_none_or(|took| took > self.limit()) {
                return Err(format!(
                    "an error that does not tell of {attempts} attempts in time: {error}"
                ));
            }
            if !told.insert(place) {
                return Err(format!("the same error twice: {error}"));
            }
        }
        if errors.is_empty() { Err("an end without an error".to_owned()) } else { Ok(()) }
    }

    /// Summary and detail of each error, on one line.
    fn errors(&self) -> Vec<String> {
        let events =
            self.run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let diagnostics = events.map(|mut event| event["diagnostic"].take());
        let errors = diagnostics.filter(|diagnostic| diagnostic["severity"] == "error");
        let text = |error: Value| {
            let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            [part("summary"), part("detail")]
                .join(": ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        errors.map(text).collect()
    }

    /// From the first attempt to the last request.
    fn was_in_time(&self) -> Result<(), String> {
        let log = self.bench.mock().log();
        let is_ours =
            |request: &&LoggedRequest| self.calls.iter().any(|call| call.is_made_by(request));
        let first = log.requests.iter().find(is_ours);
        let (Some(first), Some(last)) = (first, log.requests.back()) else { return Ok(()) };
        let took = Duration::from_millis(last.at_ms - first.at_ms);
        if took <= self.limit() { Ok(()) } else { Err(format!("it took {took:?}")) }
    }

    /// For how long it may be tried: in the budget, in an attempt that begins at its end, and in looking for a create.
    fn limit(&self) -> Duration {
        self.bench.budget() + SHORT + SETTLE + SLACK
    }
}

/// The time in which an error says that so many attempts were made. Which of two errors it is depends on who meets the 429
/// first: a call whose own time is over gave up, and one that may not be sent any more, as another one was asked for more
/// patience than is left, ends after its attempts.
fn tried_for(error: &str, attempts: u64) -> Option<Duration> {
    let tried =
        [format!("; gave up after {attempts} attempts in "), format!("; {attempts} attempts in ")];
    let (_, rest) = tried.iter().find_map(|tried| error.split_once(tried))?;
    let (seconds, _) = rest.split_once(" s")?;
    seconds.parse().ok().map(Duration::from_secs_f64)
}

#[test]
fn both_ends_of_a_call_that_was_held_back_are_read() {
    for (error, expected) in [
        (
            "GET /guardrails answered 429: slow down; gave up after 4 attempts in 1.5 s. Wait",
            Some(1500),
        ),
        (
            "GET /guardrails was not sent: the API has asked for no requests for another 1 s; 4 attempts in 1.5 s. Wait",
            Some(1500),
        ),
        ("GET /guardrails answered 429: slow down; gave up after 3 attempts in 1.5 s", None),
        ("GET /guardrails answered 429: slow down", None),
    ] {
        assert_eq!(tried_for(error, 4), expected.map(Duration::from_millis), "{error}");
    }
}

/// What the provider has logged of refused connections so far, one line for each.
fn refusals(log: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    // The last line may be in the making.
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let refused =
        lines.filter(|line| line.contains("request failed:") && line.contains("cannot connect"));
    refused.map(str::to_owned).collect()
}
