//! Everything that exists is found by `terraform query` and brought under management by identity (Terraform 1.14 and
//! later; earlier ones never ask for it).

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::harness::{Terraform, Workspace};

const PROVIDER: &str = "provider \"openrouter\" {}\n";

/// A workspace for a Terraform that has queries. `cargo xtask test` passes these tests over with any other.
fn workspace() -> Workspace {
    Terraform::get().needs(1, 14);
    Workspace::new()
}

/// A list block with these settings besides its provider.
fn list(resource: &str, settings: &str) -> String {
    format!("list \"{resource}\" \"all\" {{\nprovider = openrouter\n{settings}\n}}\n")
}

/// What a query finds: the identity and the display name of each object, and its attributes where they are included.
fn found(workspace: &Workspace, blocks: &str) -> Vec<(Value, String, Value)> {
    workspace.config(PROVIDER).write("main.tfquery.hcl", blocks);
    let run = workspace.run(&["query", "-json"]).succeeds();
    let events = run.events();
    let found = events.iter().filter(|event| event["type"] == "list_resource_found");
    let object = |event: &Value| {
        let found = &event["list_resource_found"];
        let name = found["display_name"].as_str().expect("it has a name").to_owned();
        (found["identity"].clone(), name, found["resource_object"].clone())
    };
    found.map(object).collect()
}

fn names(found: &[(Value, String, Value)]) -> BTreeSet<&str> {
    found.iter().map(|(_, name, _)| name.as_str()).collect()
}

/// An organization with guardrails in both workspaces, and assignments.
fn organization(workspace: &Workspace, guardrails: usize, assigned: usize) {
    let mock = workspace.mock();
    let places = [mock.default_workspace_id(), mock.production_workspace_id()];
    let mut ids = Vec::new();
    for index in 0..guardrails {
        let place = &places[index % 2];
        let mut body = json!({ "name": format!("g{index:03}"), "workspace_id": place });
        if index % 3 == 0 {
            body["limit_usd"] = json!(5.5);
            body["reset_interval"] = json!("daily");
            body["allowed_models"] = json!(["openai/gpt-5"]);
            body["enforce_zdr"] = json!(true);
            body["content_filters"] = json!([{ "action": "block", "pattern": "${a}%{b}\"" }]);
            body["content_filter_builtins"] = json!([{ "slug": "email", "action": "redact" }, { "slug": "ssn", "action": "flag" }]);
        }
        let made = mock.create_guardrail(body).expect("the mock accepts it");
        ids.push((made["id"].as_str().expect("it has an id").to_owned(), place.clone()));
    }
    for index in 0..assigned {
        let (guardrail, place) = &ids[index % ids.len()];
        let hash = mock.add_key(&format!("key {index}"), place).expect("the mock adds it");
        mock.assign_keys(guardrail, &[hash]).expect("the mock assigns it");
        let user = format!("user_q{index:03}");
        mock.add_member(&user, &places).expect("the mock adds it");
        mock.assign_members(guardrail, &[user]).expect("the mock assigns it");
    }
}

#[test]
fn a_query_lists_what_there_is_with_names_that_a_person_knows() {
    let workspace = workspace();
    organization(&workspace, 3, 2);
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let default = mock.default_guardrail_id(&production).expect("there is one");
    mock.patch_guardrail(&default, json!({ "ignored_providers": ["azure"] })).expect("it is valid");

    let guardrails = found(&workspace, &list("openrouter_guardrail", ""));
    assert_eq!(
        names(&guardrails),
        ["g000 (Default)", "g001 (Production)", "g002 (Default)"].into()
    );
    assert!(guardrails.iter().all(|(identity, _, object)| {
        let id = identity["id"].as_str().expect("it is a text");
        mock.guardrail(id).is_some() && object.is_null()
    }));
    let settings = format!("include_resource = true\nconfig {{\nworkspace_id = {production:?}\n}}");
    let one = found(&workspace, &list("openrouter_guardrail", &settings));
    assert_eq!(names(&one), ["g001 (Production)"].into());
    assert_eq!(one[0].2["workspace_id"], json!(production));

    let defaults = found(
        &workspace,
        &list("openrouter_workspace_default_guardrail", "include_resource = true"),
    );
    assert_eq!(
        names(&defaults),
        ["Default guardrail of Default", "Default guardrail of Production"].into()
    );
    let of_production =
        defaults.iter().find(|(identity, ..)| identity["workspace_id"] == json!(production));
    let (_, _, object) = of_production.expect("it is listed");
    assert_eq!((&object["id"], &object["ignored_providers"]), (&json!(default), &json!(["azure"])));

    let keys =
        found(&workspace, &list("openrouter_guardrail_key_assignment", "include_resource = true"));
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|(identity, name, object)| {
        name.starts_with("key ")
            && name.ends_with(')')
            && identity["key_hash"] == object["key_hash"]
    }));
    let settings = format!("config {{\nworkspace_id = {production:?}\n}}");
    let keys = found(&workspace, &list("openrouter_guardrail_key_assignment", &settings));
    assert_eq!(keys.len(), 1);
    let members = found(&workspace, &list("openrouter_guardrail_member_assignment", ""));
    assert!(names(&members).iter().all(|name| name.contains('@')), "{members:#?}");
    let (g000, ..) =
        guardrails.iter().find(|(_, name, _)| name == "g000 (Default)").expect("it is listed");
    let settings = format!("config {{\nguardrail_id = {}\n}}", g000["id"]);
    let list = list("openrouter_guardrail_member_assignment", &settings);
    let of_one = found(&workspace, &list);
    assert_eq!(of_one.len(), 1);
    assert_eq!(of_one[0].0["user_id"], json!("user_q000"));
}

#[test]
fn a_limit_ends_the_list_and_with_it_the_requests() {
    let workspace = workspace();
    organization(&workspace, 250, 0);
    workspace.mock().reset();
    assert_eq!(found(&workspace, &list("openrouter_guardrail", "limit = 7")).len(), 7);
    assert_eq!(workspace.mock().count("GET", "/guardrails"), 1);
    assert_eq!(
        found(&workspace, &list("openrouter_guardrail", "")).len(),
        100,
        "Terraform's own limit"
    );
}

#[test]
fn what_a_query_cannot_ask_for_is_refused() {
    let workspace = workspace();
    workspace.config(PROVIDER).write(
        "main.tfquery.hcl",
        &list("openrouter_guardrail", "config {\nworkspace_id = \"sk-or-v1-0123456789abcdef\"\n}"),
    );
    workspace.run(&["query"]).fails().says("API key instead of its hash or an id");
    workspace.write(
        "main.tfquery.hcl",
        &list(
            "openrouter_guardrail",
            "config {\nworkspace_id = \"0b7f3f4e-0000-4000-8000-000000000000\"\n}",
        ),
    );
    workspace.run(&["query"]).fails().says("Could not read workspace 0b7f3f4e");
}

/// The whole way: found, written as configuration, imported, and nothing is left to do.
#[test]
fn an_organization_is_brought_under_management() {
    let workspace = workspace();
    organization(&workspace, 120, 150);
    workspace.mock().reset();
    let lists = [
        "openrouter_guardrail",
        "openrouter_guardrail_key_assignment",
        "openrouter_guardrail_member_assignment",
        "openrouter_workspace_default_guardrail",
    ];
    let blocks: String = lists.iter().map(|resource| list(resource, "limit = 1000")).collect();
    workspace.config(PROVIDER).write("main.tfquery.hcl", &blocks);
    workspace.run(&["query", "-generate-config-out=found.tf"]).succeeds();
    let requests = workspace.mock().log().requests.len();
    assert!(requests <= 40, "{requests} requests");

    let path = workspace.directory().join("found.tf");
    let generated = fs::read_to_string(&path).expect("Terraform has written it");
    assert!(!generated.contains("enforce_zdr "), "nothing deprecated: {generated}");
    assert!(!generated.contains("[EMAIL]"), "nothing computed: {generated}");
    workspace.try_apply().succeeds().says("422 imported, 0 added, 0 changed, 0 destroyed");
    workspace.plans_nothing();
    let writes = workspace.mock().log().requests.iter().filter(|one| one.method != "GET").count();
    assert_eq!(writes, 0);
    assert_eq!(workspace.addresses().len(), 422);
}
