//! The examples of list resources, run by `terraform query` (Terraform 1.14 and later).

use std::collections::BTreeMap;

use serde_json::json;

use super::{example, managed_elsewhere};
use crate::harness::{Terraform, Workspace};

/// What each list of an example finds, by its label: the names of the objects, and whether these are shown whole.
fn found(
    workspace: &Workspace,
    resource: &str,
    known: &[(&str, &str)],
) -> BTreeMap<String, Vec<(String, bool)>> {
    let path = format!("list-resources/openrouter_{resource}/list-resource.tfquery.hcl");
    let mut text = example(&path);
    for (placeholder, id) in known {
        text = text.replace(placeholder, id);
    }
    workspace.config("provider \"openrouter\" {}\n").write("list.tfquery.hcl", &text);
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for mut event in workspace.run(&["query", "-json"]).succeeds().events() {
        let object = event["list_resource_found"].take();
        if let Some(address) = object["address"].as_str() {
            let label = address.rsplit('.').next().unwrap().to_owned();
            let name = object["display_name"].as_str().unwrap().to_owned();
            found.entry(label).or_default().push((name, object["resource_object"].is_object()));
        }
    }
    for objects in found.values_mut() {
        objects.sort();
    }
    found
}

#[test]
fn each_example_finds_what_it_says() {
    Terraform::get().needs(1, 14);
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let guardrail = managed_elsewhere(mock);
    let place = mock.production_workspace_id();
    let made = mock.create_guardrail(json!({"name": "batch", "workspace_id": place})).unwrap();
    let other = made["id"].as_str().unwrap();
    mock.assign_keys(other, &mock.key_hashes(&place)[..1]).unwrap();
    mock.assign_members(other, &mock.member_ids()[..1]).unwrap();
    let known = [
        ("0df9e665-d932-5740-b2c7-b52af166bc11", &*place),
        ("550e8400-e29b-41d4-a716-446655440000", &*guardrail),
    ];
    let found = |resource: &str| found(&workspace, resource, &known);
    let named = |name: &str, whole: bool| vec![(name.to_owned(), whole)];

    let guardrails = found("guardrail");
    assert_eq!(guardrails["all"].len(), 2);
    assert_eq!(guardrails["production"], named("batch (Production)", true));
    let defaults = found("workspace_default_guardrail");
    assert_eq!(defaults["all"].len(), 2);
    assert_eq!(defaults["production"], named("Default guardrail of Production", true));
    let keys = found("guardrail_key_assignment");
    assert_eq!((keys["all"].len(), keys["production"].len()), (3, 2));
    let members = found("guardrail_member_assignment");
    assert_eq!((members["all"].len(), members["production"].len()), (4, 3));
}
