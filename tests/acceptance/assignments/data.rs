//! The data sources over the two lists of assignments.

use std::collections::BTreeSet;

use mock_openrouter::Options;
use serde_json::{Value, json};

use super::{NOBODY, existing, invalid};
use crate::harness::Workspace;

/// A data source and an output of the same label with all that it gives.
pub(super) fn source(kind: &str, label: &str, lines: &str) -> String {
    format!(
        "data \"openrouter_{kind}\" \"{label}\" {{\n{lines}\n}}\noutput \"{label}\" {{\n  value = \
         data.openrouter_{kind}.{label}\n}}\n"
    )
}

/// What an output of `source` holds.
#[track_caller]
pub(super) fn read(workspace: &Workspace, labels: &[&str]) -> Vec<Value> {
    workspace.apply();
    let mut outputs = workspace.outputs();
    labels.iter().map(|label| outputs[*label]["value"].take()).collect()
}

pub(super) fn rows(source: &Value) -> &[Value] {
    source["data"].as_array().unwrap()
}

/// One attribute of every row.
pub(super) fn all<'a>(source: &'a Value, name: &str) -> BTreeSet<&'a str> {
    rows(source).iter().map(|row| row[name].as_str().unwrap()).collect()
}

const KEYS: &str = "guardrail_key_assignments";
const MEMBERS: &str = "guardrail_member_assignments";

/// A workspace where one guardrail is assigned to 250 keys and 250 members, and another to a few.
fn crowded() -> (Workspace, String, String) {
    let workspace =
        Workspace::with_mock(Options { seed_keys: 250, seed_members: 250, ..Options::default() });
    let mock = workspace.mock();
    let (a, b) = (existing(mock, json!({ "name": "a" })), existing(mock, json!({ "name": "b" })));
    let keys = super::default_keys(mock);
    mock.assign_keys(&a, &keys[..250]).unwrap();
    mock.assign_keys(&b, &keys[250..]).unwrap();
    mock.assign_members(&a, &mock.member_ids()).unwrap();
    mock.assign_members(&b, &mock.organization_only_member_ids()).unwrap();
    (workspace, a, b)
}

#[test]
fn all_of_250_keys_and_members_are_read() {
    let (workspace, a, b) = crowded();
    let mut config = String::new();
    for (kind, noun) in [(KEYS, "keys"), (MEMBERS, "members")] {
        config += &source(kind, &format!("{noun}_all"), "");
        config += &source(kind, &format!("{noun}_a"), &format!("guardrail_id = {a:?}"));
        config += &source(kind, &format!("{noun}_b"), &format!("guardrail_id = {b:?}"));
        config += &source(kind, &format!("{noun}_rest"), "offset = 130");
        config += &source(
            kind,
            &format!("{noun}_part"),
            &format!("guardrail_id = {a:?}\noffset = 90\nlimit = 120"),
        );
        config += &source(kind, &format!("{noun}_beyond"), "offset = 400");
    }
    workspace.config(&config).apply();
    let outputs = workspace.outputs();
    for (noun, subject, few) in [("keys", "key_hash", 2), ("members", "user_id", 3)] {
        let found = ["all", "a", "b", "rest", "part", "beyond"]
            .map(|part| outputs[format!("{noun}_{part}")]["value"].clone());
        let [everybody, of_a, of_b, rest, part, beyond] = &found[..] else { panic!("{found:#?}") };
        let expected: BTreeSet<String> = match noun {
            "keys" => workspace.mock().key_assignments().into_keys().collect(),
            _ => [workspace.mock().member_ids(), workspace.mock().organization_only_member_ids()]
                .concat()
                .into_iter()
                .collect(),
        };
        assert_eq!(all(everybody, subject), expected.iter().map(String::as_str).collect());
        assert_eq!((rows(of_a).len(), rows(of_b).len()), (250, few));
        assert_eq!(all(of_a, "guardrail_id"), [a.as_str()].into());
        assert_eq!(all(of_b, "guardrail_id"), [b.as_str()].into());
        assert_eq!(rows(rest).len(), 120 + few);
        assert_eq!(rows(part), &rows(of_a)[90..210]);
        assert_eq!(rows(beyond), [Value::Null; 0]);
        let totals =
            found.iter().map(|source| source["total_count"].as_u64().unwrap()).collect::<Vec<_>>();
        let (total, few) = (250 + few as u64, few as u64);
        assert_eq!(totals, [total, 250, few, total, 250, total]);
    }
}

#[test]
fn rows_have_every_field() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let guardrail = existing(mock, json!({ "name": "a" }));
    let hash = super::default_keys(mock).remove(0);
    let user = mock.member_ids().remove(0);
    mock.assign_keys(&guardrail, std::slice::from_ref(&hash)).unwrap();
    mock.assign_members(&guardrail, std::slice::from_ref(&user)).unwrap();
    workspace.config(&(source(KEYS, "keys", "") + &source(MEMBERS, "members", "")));
    let found = read(&workspace, &["keys", "members"]);
    let label = format!("sk-or-v1-{}...{}", &hash[..3], &hash[60..]);
    let mut known = [
        json!({ "key_hash": hash, "guardrail_id": guardrail, "key_name": "key-1", "key_label": label,
            "assigned_by": null }),
        json!({ "user_id": user, "guardrail_id": guardrail, "organization_id": "org_mock0001", "assigned_by": user }),
    ];
    for (source, known) in found.iter().zip(&mut known) {
        let [row] = rows(source) else { panic!("one row expected: {source:#}") };
        // What only the API knows is there, and of its form.
        assert!(row["id"].as_str().is_some_and(|id| id.len() == 36), "{row:#}");
        assert!(row["created_at"].as_str().is_some_and(|time| time.ends_with('Z')), "{row:#}");
        (known["id"], known["created_at"]) = (row["id"].clone(), row["created_at"].clone());
        assert_eq!(row, known);
        assert_eq!(source["total_count"], json!(1));
        assert_eq!(source["guardrail_id"], Value::Null);
    }
}

#[test]
fn an_argument_that_cannot_be_is_told_at_its_attribute() {
    let workspace = Workspace::new();
    for kind in [KEYS, MEMBERS, "guardrails"] {
        let place = if kind == "guardrails" { "workspace_id" } else { "guardrail_id" };
        let cases = [
            ("offset = -1", "offset"),
            ("offset = 1.5", "offset"),
            ("limit = 0", "limit"),
            ("limit = -3", "limit"),
            ("limit = 0.5", "limit"),
            (&format!("{place} = \"a b\""), place),
        ];
        for (line, attribute) in cases {
            invalid(&workspace, &source(kind, "this", line)).says(&[attribute]).points_at(line);
        }
    }
    assert_eq!(workspace.mock().log().total, 0);
}

#[test]
fn a_guardrail_that_does_not_exist_is_an_error() {
    let workspace = Workspace::new();
    for kind in [KEYS, MEMBERS] {
        workspace.config(&source(kind, "this", &format!("guardrail_id = \"{NOBODY}\"")));
        crate::story::only_error(workspace.run(&["plan", "-json"]))
            .says(&["Could not list the assignments", "returned 404", NOBODY])
            .points_at("guardrail_id = ");
    }
}
