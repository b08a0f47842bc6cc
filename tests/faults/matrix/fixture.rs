//! A workspace that goes from step to step, and whether its state and the API hold the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mock_openrouter::{Mock, Options};
use serde_json::Value;

use super::fault::{FAULTS, Mode};
use super::operation::{Declared, Operation, What};
use super::provider;
use crate::harness::{Run, Workspace};

/// The setting `max_elapsed_time_ms`. Where nothing can succeed, it is enough for two attempts that run into the timeout, or for
/// two creates that are each looked for.
fn budget(operation: Operation, mode: Mode) -> Duration {
    match (mode, operation) {
        (Mode::Once, _) => NO_LIMIT,
        (Mode::Forever, Operation::Create) => Duration::from_secs(3),
        (Mode::Forever, _) => Duration::from_secs(2),
    }
}

/// More than the busiest machine needs.
const NO_LIMIT: Duration = Duration::from_secs(60);

/// A workspace at a step.
pub(super) struct Fixture {
    pub(super) workspace: Workspace,
    pub(super) operation: Operation,
    pub(super) mode: Mode,
    /// Says what is configured; see `Operation::declared`.
    pub(super) step: usize,
}

impl Fixture {
    /// A fresh workspace in which everything is as a step wants it.
    pub(super) fn prepared(operation: Operation, mode: Mode, step: usize) -> Result<Self, String> {
        let seeded = FAULTS.len() + 1;
        let workspace = Workspace::with_mock(Options {
            seed_keys: seeded,
            seed_members: seeded,
            ..Options::default()
        });
        operation.populate(workspace.mock());
        let fixture = Self { workspace, operation, mode, step };
        fixture.configure(NO_LIMIT);
        fixture.converge()?;
        Ok(fixture)
    }

    pub(super) fn mock(&self) -> &Mock {
        self.workspace.mock()
    }

    /// How long is retried.
    pub(super) fn budget(&self) -> Duration {
        budget(self.operation, self.mode)
    }

    /// Writes the configuration of the step, with that much time for each attempt.
    pub(super) fn configure(&self, timeout: Duration) {
        let hcl = self.operation.hcl(self.step, self.mock());
        self.workspace.config(&format!("{}{hcl}", provider(timeout, self.budget())));
    }

    /// Applies without any fault, which must make everything as it is configured.
    pub(super) fn converge(&self) -> Result<(), String> {
        let run = self.apply();
        if run.code != Some(0) {
            return Err(format!("an apply without faults fails\n{run}"));
        }
        self.is_as_configured()
            .map_err(|reason| format!("after an apply without faults, {reason}\n{run}"))
    }

    pub(super) fn apply(&self) -> Run {
        self.workspace.run(&["apply", "-auto-approve", "-json"])
    }

    /// Whether a plan is empty.
    pub(super) fn plans_nothing(&self) -> Result<(), String> {
        let run = self.workspace.try_plan();
        if run.code == Some(0) { Ok(()) } else { Err(format!("the plan is not empty\n{run}")) }
    }

    /// The resources and outputs in the state file.
    pub(super) fn stored_state(&self) -> (Value, Value) {
        let mut file = self.workspace.state_file();
        (file["resources"].take(), file["outputs"].take())
    }

    /// The id in the state of the guardrail with that label.
    pub(super) fn id_of(&self, label: &str) -> String {
        let attributes = self.workspace.attributes(&format!("openrouter_guardrail.{label}"));
        attributes["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether the API holds exactly one object for each resource in the state, and no others; and nothing is tainted.
    pub(super) fn state_matches_api(&self) -> Result<(), String> {
        if self.operation == Operation::List {
            return Ok(());
        }
        let mut in_state = Objects::default();
        for address in self.workspace.addresses() {
            let instance = self.workspace.instance(&address);
            if !instance["status"].is_null() || !instance["deposed"].is_null() {
                return Err(format!("{address} is tainted or deposed: {instance:#}"));
            }
            in_state.add(&address, &instance["attributes"])?;
        }
        let in_api = Objects::of(self.mock());
        if in_state == in_api {
            Ok(())
        } else {
            Err(format!("the state holds\n{in_state:#?}\nand the API\n{in_api:#?}"))
        }
    }

    /// Whether the state and the API hold all that is configured and nothing else.
    pub(super) fn is_as_configured(&self) -> Result<(), String> {
        if self.operation == Operation::List {
            return self.is_listed();
        }
        self.state_matches_api()?;
        let declared = self.operation.declared(self.step, self.mock());
        let wanted: BTreeSet<String> = declared.iter().map(Declared::address).collect();
        let there: BTreeSet<String> = self.workspace.addresses().into_iter().collect();
        if wanted != there {
            return Err(format!("configured is\n{wanted:#?}\nand in the state\n{there:#?}"));
        }
        for resource in declared {
            let What::Guardrail(description) = &resource.what else { continue };
            let address = resource.address();
            let in_state = self.workspace.attributes(&address);
            let in_api = self.mock().guardrail(&self.id_of(&resource.label)).unwrap_or_default();
            for fields in [&in_state, &in_api] {
                if fields["name"] != *resource.label || fields["description"] != **description {
                    return Err(format!("{address} should have {description:?}: {fields:#}"));
                }
            }
        }
        Ok(())
    }

    /// Whether the data sources gave what the API holds.
    fn is_listed(&self) -> Result<(), String> {
        let (mut guardrails, mut keys, mut members) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for guardrail in self.mock().guardrails() {
            let id = guardrail["id"].as_str().unwrap_or_default().to_owned();
            guardrails.insert(id, guardrail["description"].clone());
        }
        for (hash, id) in self.mock().key_assignments() {
            keys.insert(hash, Value::from(id));
        }
        for (workspace_and_user, id) in self.mock().member_assignments() {
            let (_, user_id) = workspace_and_user.split_once('/').unwrap_or_default();
            members.insert(user_id.to_owned(), Value::from(id));
        }
        let (_, outputs) = self.stored_state();
        for (name, rows) in [("guardrails", guardrails), ("keys", keys), ("members", members)] {
            let expected = Value::from_iter(rows);
            let output = &outputs[name]["value"];
            if *output != expected {
                return Err(format!(
                    "the list of {name} should be {expected:#}, and is {output:#}"
                ));
            }
        }
        Ok(())
    }
}

/// Guardrails and assignments by their ids.
#[derive(Debug, Default, PartialEq)]
struct Objects {
    guardrails: BTreeSet<String>,
    /// The guardrail of each key.
    keys: BTreeMap<String, String>,
    /// The guardrail of each member, by `<workspace id>/<user id>`.
    members: BTreeMap<String, String>,
}

impl Objects {
    /// What the API holds.
    fn of(mock: &Mock) -> Self {
        let ids = mock.guardrails().into_iter();
        let ids = ids.filter_map(|guardrail| Some(guardrail["id"].as_str()?.to_owned()));
        Self {
            guardrails: ids.collect(),
            keys: mock.key_assignments(),
            members: mock.member_assignments(),
        }
    }

    /// Adds what the state holds under an address.
    fn add(&mut self, address: &str, attributes: &Value) -> Result<(), String> {
        let text = |name: &str| attributes[name].as_str().unwrap_or_default().to_owned();
        let (kind, _) = address.split_once('.').unwrap_or_default();
        let twice = match kind {
            "openrouter_guardrail" => !self.guardrails.insert(text("id")),
            "openrouter_guardrail_key_assignment" => {
                self.keys.insert(text("key_hash"), text("guardrail_id")).is_some()
            }
            "openrouter_guardrail_key_assignments_exclusive" => {
                let hashes = attributes["key_hashes"].as_array().into_iter().flatten();
                let hashes = hashes.filter_map(|hash| hash.as_str().map(str::to_owned));
                let mut twice = false;
                for hash in hashes {
                    twice |= self.keys.insert(hash, text("guardrail_id")).is_some();
                }
                twice
            }
            _ => {
                let member = format!("{}/{}", text("workspace_id"), text("user_id"));
                self.members.insert(member, text("guardrail_id")).is_some()
            }
        };
        if twice { Err(format!("{address} is in the state twice: {attributes:#}")) } else { Ok(()) }
    }
}
