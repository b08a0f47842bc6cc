//! Every attribute of `openrouter_guardrail` by itself and all of them together: set, changed, changed behind Terraform's
//! back, cleared; and the plan is empty after each step.

mod cases;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::cases::{CASES, Case};
use crate::guardrails::{
    address, extend, guardrail, held, id, members, named, patch, planned_updates, state,
};
use crate::harness::{Workspace, changes};
use crate::story::writes;

/// What the provider decides, and what has tests of its own.
const NOT_IN_THE_TABLE: [&str; 5] =
    ["id", "created_at", "updated_at", "workspace_id", "extra_settings"];

#[test]
fn the_table_names_every_attribute() {
    let workspace = Workspace::new();
    workspace.config("");
    let answer = workspace.run(&["providers", "schema", "-json"]).succeeds().json();
    let providers = answer["provider_schemas"].as_object().unwrap();
    let (_, provider) =
        providers.iter().find(|(source, _)| source.ends_with(env!("SOURCE_ADDRESS"))).unwrap();
    let schema = &provider["resource_schemas"]["openrouter_guardrail"]["block"]["attributes"];
    let mut offered: Vec<_> = schema.as_object().unwrap().keys().map(String::as_str).collect();
    let mut tried: Vec<_> =
        CASES.iter().map(|case| case.attribute).chain(NOT_IN_THE_TABLE).collect();
    offered.sort_unstable();
    tried.sort_unstable();
    assert_eq!(
        offered, tried,
        "each attribute of the schema needs its row in the table of this test"
    );
}

/// One guardrail for each attribute, and what the API has to hold of it.
struct Matrix {
    workspace: Workspace,
    expected: BTreeMap<&'static str, Value>,
}

#[test]
fn each_attribute_is_created_changed_repaired_and_cleared() {
    let mut matrix = Matrix { workspace: Workspace::new(), expected: BTreeMap::new() };
    matrix.configure(|case| Some(case.configured[0]));
    matrix.workspace.apply();
    matrix.remember_created();

    matrix.configure(|case| Some(case.configured[1]));
    matrix.plans(CASES, |case| shown(case, true));
    matrix.applies(CASES, |case| case.held(1));

    for case in CASES {
        patch(&matrix.workspace, case.attribute, Value::Object(case.drifted()));
    }
    matrix.plans(CASES, |case| shown(case, false));
    matrix.applies(CASES, |case| case.held(1));

    // The first row is the name, which cannot be cleared.
    let clearable = &CASES[1..];
    matrix.configure(|case| Some(case.configured[1]).filter(|_| case.attribute == "name"));
    matrix.plans(clearable, |case| {
        let beside = case.beside.map(|(name, _)| name);
        shown(case, true).into_iter().chain(beside).collect()
    });
    matrix.applies(clearable, Case::cleared);
}

/// The attributes that a plan shows when this one changes: in the configuration, or only at the API.
fn shown(case: &Case, configured: bool) -> Vec<&'static str> {
    let itself = Some(case.attribute).filter(|name| configured && !case.fields().contains(name));
    case.fields().into_iter().chain(itself).collect()
}

impl Matrix {
    /// Gives each guardrail this value of its attribute, with what goes beside it. Whatever depends on an id must never
    /// be touched.
    fn configure(&self, value: impl Fn(&Case) -> Option<&'static str>) {
        let mut hcl = String::new();
        let mut ids = Vec::new();
        for case in CASES {
            let mut lines = value(case).map(|value| lines(case, value)).unwrap_or_default();
            if case.attribute != "name" {
                lines = format!("name = \"{}\"\n{lines}", case.attribute);
            }
            hcl.push_str(&guardrail(case.attribute, &lines));
            ids.push(format!("{}.id", address(case.attribute)));
        }
        let dependant =
            format!("resource \"terraform_data\" \"ids\" {{\ninput = [{}]\n}}", ids.join(", "));
        self.workspace.config(&(hcl + &dependant));
    }

    /// Each guardrail was created with its attribute and with nothing else.
    fn remember_created(&mut self) {
        for case in CASES {
            let (held, state) =
                (held(&self.workspace, case.attribute), state(&self.workspace, case.attribute));
            let mut expected: Map<_, _> =
                members(&held).keys().map(|name| (name.clone(), Value::Null)).collect();
            expected.insert("name".to_owned(), json!(case.attribute));
            expected.insert("include_byok_in_budgets".to_owned(), json!(false));
            for computed in ["id", "workspace_id", "created_at"] {
                expected.insert(computed.to_owned(), state[computed].clone());
            }
            expected.extend(case.held(0));
            assert_eq!(held, Value::Object(expected), "{}", case.attribute);
            self.expected.insert(case.attribute, held);
        }
    }

    /// Plans an update in place of exactly these guardrails and attributes.
    fn plans(&self, changing: &[Case], shown: impl Fn(&Case) -> Vec<&'static str>) {
        let mut expected = BTreeMap::new();
        for case in changing {
            let mut names: Vec<_> =
                shown(case).into_iter().chain(["updated_at"]).map(str::to_owned).collect();
            names.sort();
            expected.insert(address(case.attribute), names);
        }
        assert_eq!(planned_updates(&self.workspace), expected);
    }

    /// Applies. The API then holds these fields, all others as before, and was sent no more than needed.
    fn applies(&mut self, changing: &[Case], fields: impl Fn(&Case) -> Map<String, Value>) {
        self.workspace.mock().reset();
        self.workspace.apply();
        let log = self.workspace.mock().log();
        let updates: Vec<_> =
            log.requests.iter().filter(|request| request.method == "PATCH").collect();
        assert_eq!(updates.len(), changing.len(), "one request for each change");
        for case in changing {
            let wanted = fields(case);
            let id = id(&self.workspace, case.attribute);
            let update =
                updates.iter().find(|request| request.path.ends_with(&id)).expect("it was updated");
            let mut sent: Vec<_> = members(&update.body).keys().map(String::as_str).collect();
            sent.sort_unstable();
            assert_eq!(sent, case.sent(), "fields sent for a change of {}", case.attribute);

            let held = held(&self.workspace, case.attribute);
            let expected = self.expected.get_mut(case.attribute).expect("it was created");
            extend(expected, &wanted);
            assert_ne!(held["updated_at"], Value::Null);
            expected["updated_at"] = held["updated_at"].clone();
            assert_eq!(&held, expected, "what the API holds after a change of {}", case.attribute);
            let state = state(&self.workspace, case.attribute);
            for computed in ["id", "workspace_id", "created_at", "updated_at"] {
                assert_eq!(state[computed], held[computed], "{computed} of {}", case.attribute);
            }
        }
    }
}

/// An attribute of the configuration, with what goes beside it.
fn lines(case: &Case, value: &str) -> String {
    let beside = case.beside.map(|(name, value)| format!("{name} = {value}\n"));
    format!("{} = {value}\n{}", case.attribute, beside.unwrap_or_default())
}

/// A guardrail with everything set but the attributes named.
fn everything_but(label: &str, left_out: &[&str]) -> String {
    let mut attributes = vec![format!("name = \"{label}\"")];
    for case in
        CASES.iter().filter(|case| case.attribute != "name" && !left_out.contains(&case.attribute))
    {
        let value =
            if case.attribute == "enforce_zdr" { case.configured[1] } else { case.configured[0] };
        attributes.push(format!("{} = {value}", case.attribute));
    }
    guardrail(label, &attributes.join("\n"))
}

#[test]
fn any_attribute_can_be_taken_away_from_all_of_them() {
    let optional = &CASES[1..];
    let workspace = Workspace::new();
    let complete: String =
        optional.iter().map(|case| everything_but(case.attribute, &[])).collect();
    workspace.config(&(complete + &named("bare", "")));
    workspace.apply();
    let before: Vec<_> = optional.iter().map(|case| held(&workspace, case.attribute)).collect();
    for held in &before {
        let unset: Vec<_> = members(held).iter().filter(|(_, value)| value.is_null()).collect();
        let names: Vec<_> = unset.iter().map(|(name, _)| name.as_str()).collect();
        // The abbreviation is nothing that the API holds.
        assert_eq!(names, ["enforce_zdr", "updated_at"]);
    }

    let without = |case: &Case| {
        let beside = case.beside.map(|(name, _)| name);
        let left_out: Vec<_> = [case.attribute].into_iter().chain(beside).collect();
        everything_but(case.attribute, &left_out)
    };
    workspace.config(&(optional.iter().map(without).collect::<String>() + &named("bare", "")));
    workspace.apply();
    for (case, before) in optional.iter().zip(before) {
        let (held, mut expected) = (held(&workspace, case.attribute), before);
        match case.attribute {
            // All five flags are said aloud: the abbreviation said nothing.
            "enforce_zdr" => {}
            // The abbreviation says it now.
            flag if flag.starts_with("enforce_zdr_") => expected[flag] = json!(false),
            _ => extend(&mut expected, &case.cleared()),
        }
        expected["updated_at"] = held["updated_at"].clone();
        assert_eq!(held, expected, "without {}", case.attribute);
    }
    assert_eq!(held(&workspace, "bare")["updated_at"], Value::Null, "nothing touched it");
}

#[test]
fn everything_is_found_again_by_an_import() {
    let workspace = Workspace::new();
    workspace.config(&everything_but("all", &["enforce_zdr"]));
    workspace.apply();
    let (id, before) = (id(&workspace, "all"), held(&workspace, "all"));

    for given in [id.clone(), format!("{}/all", workspace.mock().default_workspace_id())] {
        std::fs::remove_file(workspace.directory().join("terraform.tfstate")).unwrap();
        workspace.try_import(&address("all"), &given).succeeds();
        workspace.plans_nothing();
        workspace.apply();
        assert_eq!(held(&workspace, "all"), before);
    }
}

#[test]
fn a_guardrail_moves_to_another_workspace_by_replacement_only() {
    let workspace = Workspace::new();
    let (default, production) =
        (workspace.mock().default_workspace_id(), workspace.mock().production_workspace_id());
    let placed = |label: &str, id: &str| named(label, &format!("workspace_id = {id:?}"));
    let config = |parts: &[String]| {
        let dependant =
            "resource \"terraform_data\" \"id\" {\ninput = openrouter_guardrail.kept.id\n}\n";
        workspace.config(&(parts.concat() + dependant));
    };

    config(&[placed("kept", &production), placed("moved", &production), named("named_later", "")]);
    workspace.apply();
    for (label, id) in [("kept", &production), ("moved", &production), ("named_later", &default)] {
        assert_eq!(state(&workspace, label)["workspace_id"], json!(id));
        assert_eq!(held(&workspace, label)["workspace_id"], json!(id));
    }

    // Silence keeps the workspace, and naming the one that it is in says nothing new.
    config(&[named("kept", ""), placed("moved", &production), placed("named_later", &default)]);
    workspace.plans_nothing();

    config(&[named("kept", ""), placed("moved", &default), placed("named_later", &default)]);
    let plan = workspace.plan_json();
    let [(address, change)] = changes(&plan)[..] else { panic!("one change, not {plan:#}") };
    assert_eq!(address, "openrouter_guardrail.moved");
    assert_eq!(change["actions"], json!(["delete", "create"]));
    assert_eq!(change["replace_paths"], json!([["workspace_id"]]));
    let old = id(&workspace, "moved");
    workspace.mock().reset();
    workspace.apply();
    let replacement = ["DELETE /guardrails/{id}", "POST /guardrails"];
    assert_eq!(writes(workspace.mock()), replacement);
    assert_ne!(id(&workspace, "moved"), old);
    assert_eq!(held(&workspace, "moved")["workspace_id"], json!(default));
    assert_eq!(workspace.mock().guardrail(&old), None);
    assert_eq!(workspace.mock().guardrails().len(), 3);
}
