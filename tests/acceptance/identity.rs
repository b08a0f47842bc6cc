//! Identities: stored with the state, the same through every change, and enough to import by (Terraform 1.12 and later;
//! earlier ones neither store nor send them).

use serde_json::{Value, json};

use crate::harness::{Terraform, Workspace};

/// A workspace for a Terraform that has identities. `cargo xtask test` passes these tests over with any other.
fn workspace() -> Workspace {
    Terraform::get().needs(1, 12);
    Workspace::new()
}

/// The identity that the state file has for an address.
fn identity(workspace: &Workspace, address: &str) -> Value {
    workspace.instance(address)["identity"].clone()
}

const GUARDRAIL: &str = "openrouter_guardrail.this";
const KEY: &str = "openrouter_guardrail_key_assignment.this";
const MEMBER: &str = "openrouter_guardrail_member_assignment.this";
const DEFAULT: &str = "openrouter_workspace_default_guardrail.this";

/// One object of each resource, assigned to the guardrail of that label.
fn everything(workspace: &Workspace, guardrail: &str) -> String {
    let mock = workspace.mock();
    let place = mock.default_workspace_id();
    let (hash, user) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
    let other_place = mock.production_workspace_id();
    format!(
        "resource \"openrouter_guardrail\" \"this\" {{\nname = \"this\"\n}}\n\
         resource \"openrouter_guardrail\" \"that\" {{\nname = \"that\"\n}}\n\
         resource \"openrouter_guardrail\" \"elsewhere\" {{\nname = \"elsewhere\"\nworkspace_id = {other_place:?}\n}}\n\
         resource \"openrouter_guardrail_key_assignment\" \"this\" {{\nguardrail_id = openrouter_guardrail.{guardrail}.id\nkey_hash = {hash:?}\n}}\n\
         resource \"openrouter_guardrail_member_assignment\" \"this\" {{\nguardrail_id = openrouter_guardrail.{guardrail}.id\nuser_id = {user:?}\n}}\n\
         resource \"openrouter_workspace_default_guardrail\" \"this\" {{\nworkspace_id = {place:?}\n}}\n"
    )
}

/// The identity of all assignments of a guardrail is that guardrail, so that another one is another object.
#[test]
fn exclusive_assignments_are_identified_by_their_guardrail() {
    let workspace = workspace();
    let hash = workspace.mock().key_hashes(&workspace.mock().default_workspace_id()).remove(0);
    let config = |guardrail: &str| {
        format!(
            "resource \"openrouter_guardrail\" \"a\" {{\nname = \"a\"\n}}\n\
             resource \"openrouter_guardrail\" \"b\" {{\nname = \"b\"\n}}\n\
             resource \"openrouter_guardrail_key_assignments_exclusive\" \"this\" {{\n\
             guardrail_id = openrouter_guardrail.{guardrail}.id\nkey_hashes = [{hash:?}]\n}}\n"
        )
    };
    let address = "openrouter_guardrail_key_assignments_exclusive.this";
    let id =
        |label: &str| workspace.attributes(&format!("openrouter_guardrail.{label}"))["id"].clone();
    workspace.config(&config("a")).apply();
    assert_eq!(identity(&workspace, address), json!({ "guardrail_id": id("a") }));
    workspace.mock().reset();
    workspace.config(&config("b")).apply().says("1 added, 0 changed, 1 destroyed");
    assert_eq!(identity(&workspace, address), json!({ "guardrail_id": id("b") }));
    assert_eq!(workspace.mock().gaps(), []);
    workspace.run(&["state", "rm", address]).succeeds();
    let import =
        format!("import {{\nto = {address}\nidentity = {{\nguardrail_id = {}\n}}\n}}\n", id("b"));
    workspace.write("import.tf", &import);
    workspace.apply().says("1 imported, 0 added, 0 changed, 0 destroyed");
}

#[test]
fn every_object_has_one_that_outlives_its_changes() {
    let workspace = workspace();
    workspace.config(&everything(&workspace, "this"));
    workspace.apply();
    let mock = workspace.mock();
    let place = mock.default_workspace_id();
    let (hash, user) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
    let id = workspace.attributes(GUARDRAIL)["id"].clone();
    let expected = [
        (GUARDRAIL, json!({ "id": id })),
        (KEY, json!({ "key_hash": hash })),
        (MEMBER, json!({ "workspace_id": place, "user_id": user })),
        (DEFAULT, json!({ "workspace_id": place })),
    ];
    for (address, wanted) in &expected {
        assert_eq!(&identity(&workspace, address), wanted, "{address}");
    }
    workspace
        .config(&everything(&workspace, "that").replace("name = \"this\"", "name = \"renamed\""));
    workspace.apply().says("0 added, 3 changed, 0 destroyed");
    for (address, wanted) in &expected {
        assert_eq!(&identity(&workspace, address), wanted, "{address}");
    }
    workspace.destroy();
}

/// A member who moves to a guardrail of another workspace is another row.
#[test]
fn a_member_that_changes_workspace_gets_the_identity_of_the_new_one() {
    let workspace = workspace();
    let keyless = |guardrail: &str| {
        let all = everything(&workspace, guardrail);
        let begin =
            all.find("resource \"openrouter_guardrail_key_assignment\"").unwrap_or(all.len());
        let end =
            all.find("resource \"openrouter_guardrail_member_assignment\"").unwrap_or(all.len());
        format!("{}{}", &all[..begin], &all[end..])
    };
    workspace.config(&keyless("this"));
    workspace.apply();
    workspace.config(&keyless("elsewhere"));
    workspace.apply().says("0 added, 1 changed, 0 destroyed");
    let place = workspace.mock().production_workspace_id();
    assert_eq!(identity(&workspace, MEMBER)["workspace_id"], json!(place));
}

/// A state from before identities, or of a version of Terraform without them.
#[test]
fn a_state_without_identities_gets_them_with_a_refresh() {
    let workspace = workspace();
    workspace.config(&everything(&workspace, "this"));
    workspace.apply();
    let mut state = workspace.state_file();
    let before: Vec<_> =
        [GUARDRAIL, KEY, MEMBER, DEFAULT].map(|address| identity(&workspace, address)).into();
    for resource in state["resources"].as_array_mut().expect("there are resources") {
        for instance in resource["instances"].as_array_mut().expect("there are instances") {
            let instance = instance.as_object_mut().expect("it is an object");
            instance.remove("identity");
            instance.remove("identity_schema_version");
        }
    }
    state["serial"] = json!(state["serial"].as_u64().expect("a number") + 1);
    workspace.write("terraform.tfstate", &format!("{state:#}"));
    workspace.run(&["apply", "-refresh-only", "-auto-approve"]).succeeds();
    let after = [GUARDRAIL, KEY, MEMBER, DEFAULT].map(|address| identity(&workspace, address));
    assert_eq!(before, after);
    workspace.plans_nothing();
}

#[test]
fn every_resource_is_imported_by_identity() {
    let workspace = workspace();
    let mock = workspace.mock();
    let place = mock.default_workspace_id();
    let (hash, user) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
    let made = mock.create_guardrail(json!({ "name": "this" })).expect("the mock accepts it");
    let id = made["id"].as_str().expect("it has an id").to_owned();
    mock.assign_keys(&id, std::slice::from_ref(&hash)).expect("the mock assigns it");
    mock.assign_members(&id, std::slice::from_ref(&user)).expect("the mock assigns it");
    let import = |address: &str, identity: &str| {
        format!("import {{\nto = {address}\nidentity = {{\n{identity}\n}}\n}}\n")
    };
    let imports = import(GUARDRAIL, &format!("id = {id:?}"))
        + &import(KEY, &format!("key_hash = {hash:?}"))
        + &import(
            MEMBER,
            &format!("workspace_id = {:?}\nuser_id = {user:?}", place.to_uppercase()),
        )
        + &import(DEFAULT, &format!("workspace_id = {place:?}"));
    let all = everything(&workspace, "this");
    workspace.config(&(all.clone() + &imports));
    workspace.try_apply().succeeds().says("4 imported, 2 added, 0 changed, 0 destroyed");
    workspace.config(&all);
    workspace.plans_nothing();

    workspace.run(&["state", "rm", GUARDRAIL, KEY, MEMBER, DEFAULT]).succeeds();
    for (address, given, says) in [
        (GUARDRAIL, "id = \"\"", "The attribute `id` of the identity is null or empty"),
        (GUARDRAIL, "id = \"0b7f3f4e-0000-4000-8000-000000000000\"", "Could not import guardrail"),
        (GUARDRAIL, &format!("id = \"{place}/this\""), "is not the `id` of the object"),
        (KEY, "key_hash = \"\"", "The attribute `key_hash` of the identity is null or empty"),
        (KEY, "key_hash = \"my key\"", "`key_hash` must be the hash of an API key"),
        (DEFAULT, "workspace_id = \"default\"", "is not the `workspace_id` of the object"),
        (KEY, "key_hash = \"sk-or-v1-0123456789abcdef\"", "API key instead of its hash"),
        (KEY, &format!("key_hash = \"{}\"", "0".repeat(64)), "No guardrail is assigned to the key"),
        (
            MEMBER,
            &format!("workspace_id = {:?}\nuser_id = {user:?}", mock.production_workspace_id()),
            "No guardrail of the workspace is assigned to the member",
        ),
        (MEMBER, "workspace_id = \"default\"\nuser_id = \"x\"", "must be the id of the workspace"),
        (
            DEFAULT,
            "workspace_id = \"\"",
            "The attribute `workspace_id` of the identity is null or empty",
        ),
    ] {
        workspace.config(&(all.clone() + &import(address, given)));
        let refused = workspace.run(&["plan"]).fails();
        assert!(refused.words().contains(says), "{says}: {refused}");
    }
}

/// What Terraform shows of a provider has both, for every resource but those that a query does not list.
#[test]
fn the_schema_that_terraform_shows_has_identities_and_lists() {
    let workspace = workspace();
    workspace.config("");
    let answer = workspace.run(&["providers", "schema", "-json"]).succeeds().json();
    let providers = answer["provider_schemas"].as_object().expect("there are providers");
    let (_, provider) = providers
        .iter()
        .find(|(source, _)| source.ends_with(env!("SOURCE_ADDRESS")))
        .expect("ours is among them");
    let names = |kind: &str| -> Vec<String> {
        provider[kind].as_object().expect("there are some").keys().cloned().collect()
    };
    let resources = names("resource_schemas");
    assert_eq!(names("resource_identity_schemas"), resources);
    let listed = resources.into_iter().filter(|name| !name.ends_with("_exclusive"));
    assert_eq!(names("list_resource_schemas"), listed.collect::<Vec<_>>());
    let member = &provider["resource_identity_schemas"]["openrouter_guardrail_member_assignment"];
    let attributes = member["attributes"].as_object().expect("it has attributes");
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["user_id", "workspace_id"]);
}
