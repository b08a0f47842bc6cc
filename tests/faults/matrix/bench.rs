//! A workspace that goes from step to step, and whether what its state holds and what the service holds are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mock_openrouter::{Mock, Options};
use serde_json::Value;

use super::fault::{FAULTS, LONG, Mode};
use super::operation::{Declared, Operation, What};
use super::provider;
use crate::harness::{Run, Workspace};

/// How long is tried where it comes to nothing: two attempts that run into the timeout, or two creates that are each
/// looked for.
fn budget(operation: Operation, mode: Mode) -> Duration {
    match (mode, operation) {
        // As long as it takes: a busy machine is no fault.
        (Mode::Once, _) => Duration::from_secs(60),
        (Mode::Forever, Operation::Create) => Duration::from_secs(3),
        (Mode::Forever, _) => Duration::from_secs(2),
    }
}

/// A workspace at a step.
pub(super) struct Bench {
    pub(super) workspace: Workspace,
    pub(super) operation: Operation,
    pub(super) mode: Mode,
    /// What is configured.
    pub(super) step: usize,
}

impl Bench {
    /// A fresh workspace in which everything is as a step wants it.
    pub(super) fn prepared(operation: Operation, mode: Mode, step: usize) -> Result<Self, String> {
        // One more than there are steps.
        let seeded = FAULTS.len() + 1;
        let workspace = Workspace::with_mock(Options {
            seed_keys: seeded,
            seed_members: seeded,
            ..Options::default()
        });
        operation.populate(workspace.mock());
        let bench = Self { workspace, operation, mode, step };
        bench.configure(LONG);
        bench.converge()?;
        Ok(bench)
    }

    pub(super) fn mock(&self) -> &Mock {
        self.workspace.mock()
    }

    /// How long is tried.
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
    pub(super) fn is_at_rest(&self) -> Result<(), String> {
        let run = self.workspace.try_plan();
        if run.code == Some(0) { Ok(()) } else { Err(format!("the plan is not empty\n{run}")) }
    }

    /// What the state file holds, numbers of the file excepted.
    pub(super) fn kept(&self) -> (Value, Value) {
        let mut file = self.workspace.state_file();
        (file["resources"].take(), file["outputs"].take())
    }

    /// Whether there is exactly one object at the service for each resource in the state, and none besides; and nothing is
    /// tainted.
    pub(super) fn is_paired(&self) -> Result<(), String> {
        if self.operation == Operation::List {
            return Ok(());
        }
        let mut known = Objects::default();
        for address in self.workspace.addresses() {
            let instance = self.workspace.instance(&address);
            if !instance["status"].is_null() || !instance["deposed"].is_null() {
                return Err(format!("{address} is tainted or deposed: {instance:#}"));
            }
            known.add(&address, &instance["attributes"])?;
        }
        let held = Objects::of(self.mock());
        if known == held {
            Ok(())
        } else {
            Err(format!("the state holds\n{known:#?}\nand the service\n{held:#?}"))
        }
    }

    /// Whether all that is configured, and nothing else, is in the state and at the service.
    pub(super) fn is_as_configured(&self) -> Result<(), String> {
        if self.operation == Operation::List {
            return self.is_listed();
        }
        self.is_paired()?;
        let declared = self.operation.declared(self.step, self.mock());
        let wanted: BTreeSet<String> = declared.iter().map(Declared::address).collect();
        let there: BTreeSet<String> = self.workspace.addresses().into_iter().collect();
        if wanted != there {
            return Err(format!("configured is\n{wanted:#?}\nand in the state\n{there:#?}"));
        }
        for resource in declared {
            let What::Guardrail(description) = &resource.what else { continue };
            let state = self.workspace.attributes(&resource.address());
            let held =
                self.mock().guardrail(state["id"].as_str().unwrap_or_default()).unwrap_or_default();
            for said in [&state, &held] {
                if said["name"] != *resource.label || said["description"] != **description {
                    return Err(format!(
                        "{} should say {description:?}: {said:#}",
                        resource.address()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the data sources gave what the service holds.
    fn is_listed(&self) -> Result<(), String> {
        let held = self.mock().guardrails();
        let pair =
            |held: &Value| Some((held["id"].as_str()?.to_owned(), held["description"].clone()));
        let guardrails: BTreeMap<_, _> = held.iter().filter_map(pair).collect();
        let members = self.mock().member_assignments().into_iter();
        let members: BTreeMap<_, _> =
            members.map(|(place, id)| (user_of(&place).to_owned(), Value::from(id))).collect();
        let keys: BTreeMap<_, _> = self
            .mock()
            .key_assignments()
            .into_iter()
            .map(|(hash, id)| (hash, Value::from(id)))
            .collect();
        let (_, outputs) = self.kept();
        for (name, rows) in [("guardrails", guardrails), ("keys", keys), ("members", members)] {
            let wanted = Value::from_iter(rows);
            let given = &outputs[name]["value"];
            if *given != wanted {
                return Err(format!("the list of {name} should be {wanted:#}, and is {given:#}"));
            }
        }
        Ok(())
    }
}

/// The user id in `<workspace id>/<user id>`.
fn user_of(place: &str) -> &str {
    place.split_once('/').map_or(place, |(_, user_id)| user_id)
}

/// What there is, by what tells one from another.
#[derive(Debug, Default, PartialEq)]
struct Objects {
    /// Sorted.
    guardrails: Vec<String>,
    /// The guardrail of each key.
    keys: BTreeMap<String, String>,
    /// The guardrail of each member, by `<workspace id>/<user id>`.
    members: BTreeMap<String, String>,
}

impl Objects {
    /// What the service holds.
    fn of(mock: &Mock) -> Self {
        let ids =
            mock.guardrails().into_iter().filter_map(|held| Some(held["id"].as_str()?.to_owned()));
        let mut guardrails: Vec<_> = ids.collect();
        guardrails.sort();
        Self { guardrails, keys: mock.key_assignments(), members: mock.member_assignments() }
    }

    /// Adds what the state holds under an address.
    fn add(&mut self, address: &str, attributes: &Value) -> Result<(), String> {
        let text = |name: &str| attributes[name].as_str().unwrap_or_default().to_owned();
        let (kind, _) = address.split_once('.').unwrap_or_default();
        let twice = match kind {
            "openrouter_guardrail" => {
                let id = text("id");
                let place = self.guardrails.binary_search(&id);
                self.guardrails.insert(place.unwrap_or_else(|place| place), id);
                place.is_ok()
            }
            "openrouter_guardrail_key_assignment" => {
                self.keys.insert(text("key_hash"), text("guardrail_id")).is_some()
            }
            _ => {
                let place = format!("{}/{}", text("workspace_id"), text("user_id"));
                self.members.insert(place, text("guardrail_id")).is_some()
            }
        };
        if twice { Err(format!("{address} is in the state twice: {attributes:#}")) } else { Ok(()) }
    }
}
