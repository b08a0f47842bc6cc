//! What tests that tell a longer story ask of a workspace: the one guardrail, what the API was told to do, and what
//! went wrong, as Terraform's machine-readable output has it.

use mock_openrouter::Mock;
use serde_json::Value;

use crate::harness::{Run, Workspace};

/// The guardrail that a story with only one is about.
pub(crate) const THIS: &str = "openrouter_guardrail.this";

/// A provider that sends nothing twice, for faults that last.
pub(crate) const ONCE: &str =
    "provider \"openrouter\" {\n  retry = { max_elapsed_time_ms = 0 }\n}\n";

/// A guardrail's block.
pub(crate) fn guardrail(label: &str, body: &str) -> String {
    format!("resource \"openrouter_guardrail\" \"{label}\" {{\n{body}\n}}\n")
}

/// The id that the state has for an address.
#[track_caller]
pub(crate) fn id_of(workspace: &Workspace, address: &str) -> String {
    workspace.attributes(address)["id"]
        .as_str()
        .expect("a guardrail in the state has an id")
        .to_owned()
}

/// The only guardrail that the API holds.
#[track_caller]
pub(crate) fn only_guardrail(mock: &Mock) -> Value {
    let mut held = mock.guardrails();
    assert_eq!(held.len(), 1, "{held:#?}");
    held.remove(0)
}

/// The names of all guardrails that the API holds, in order of the alphabet.
pub(crate) fn names(mock: &Mock) -> Vec<String> {
    let mut names: Vec<String> = mock
        .guardrails()
        .iter()
        .filter_map(|held| Some(held["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The calls since the log was reset that change something, in their order: `POST /guardrails`.
pub(crate) fn writes(mock: &Mock) -> Vec<String> {
    let log = mock.log();
    let calls = log.requests.iter().filter(|request| request.method != "GET");
    calls.map(|request| format!("{} {}", request.method, request.template)).collect()
}

/// The error diagnostics of a run with `-json`.
#[track_caller]
pub(crate) fn errors(run: &Run) -> Vec<Value> {
    let diagnostics = run.events().into_iter().map(|mut event| event["diagnostic"].take());
    diagnostics.filter(|diagnostic| diagnostic["severity"] == "error").collect()
}

/// The only error of a run with `-json`, which must have failed.
#[track_caller]
pub(crate) fn only_error(run: Run) -> Problem {
    let run = run.fails();
    let mut errors = errors(&run);
    assert_eq!(errors.len(), 1, "expected one error\n{run}");
    Problem { diagnostic: errors.remove(0) }
}

/// One diagnostic.
pub(crate) struct Problem {
    pub(crate) diagnostic: Value,
}

impl Problem {
    /// Summary and detail, on one line.
    pub(crate) fn text(&self) -> String {
        let part = |name: &str| self.diagnostic[name].as_str().unwrap_or_default();
        format!("{}: {}", part("summary"), part("detail"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Expects each of these texts in it.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(
                self.text().contains(part),
                "expected it to say {part:?}: {:#}",
                self.diagnostic
            );
        }
        self
    }

    /// Expects it to point at a line of the configuration that begins like this.
    #[track_caller]
    pub(crate) fn points_at(&self, code: &str) -> &Self {
        let shown = self.diagnostic["snippet"]["code"].as_str().unwrap_or_default();
        assert!(
            shown.trim_start().starts_with(code),
            "expected it to point at {code:?}: {:#}",
            self.diagnostic
        );
        self
    }
}
