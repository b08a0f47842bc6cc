//! Every example as users copy it: applied, planned again without a change, imported where it says how, and destroyed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod data_sources;
mod query;
mod rollout;

use std::fs;
use std::path::{Path, PathBuf};

use mock_openrouter::Mock;
use serde_json::json;

use crate::harness::Workspace;
use crate::story::{self, id_of, only_guardrail};

const RESOURCES: &str = "resources/openrouter_guardrail";
const DATA_SOURCES: &str = "data-sources/openrouter_guardrail";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The text of a file below examples/.
fn example(path: &str) -> String {
    let path = folder().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Hashes of keys of the default workspace.
fn hashes(mock: &Mock) -> Vec<String> {
    mock.key_hashes(&mock.default_workspace_id())
}

/// Gives a variable of the configuration a value: text, or JSON.
fn set(workspace: &mut Workspace, variable: &str, value: &impl ToString) {
    workspace.env(&format!("TF_VAR_{variable}"), &value.to_string());
}

/// Nothing is left at the API after a destroy, and nobody was without a guardrail before it.
#[track_caller]
fn ends_cleanly(workspace: &Workspace) {
    assert_eq!(workspace.mock().gaps(), []);
    workspace.destroy();
    let mock = workspace.mock();
    assert!(
        mock.guardrails().is_empty()
            && mock.key_assignments().is_empty()
            && mock.member_assignments().is_empty()
    );
}

/// Follows the import instructions of an example that is applied: forgets the resource and imports it, once by each
/// command and once by the block. `ids` are those that the commands' ids stand for, in the same order.
#[track_caller]
fn imports_as_told(workspace: &Workspace, folder: &str, ids: &[String]) {
    let script = example(&format!("{folder}/import.sh"));
    let commands: Vec<_> =
        script.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(commands.len(), ids.len(), "{script}");
    for (command, id) in commands.iter().zip(ids) {
        let [address, told] =
            command.strip_prefix("terraform import ").unwrap().split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("not an address and an id: {command}")
        };
        assert_eq!(form(told), form(id));
        workspace.run(&["state", "rm", address]).succeeds();
        workspace.try_import(address, id).succeeds();
        workspace.plans_nothing();
    }
    let address = commands[0].split(' ').nth(2).unwrap();
    let block = example(&format!("{folder}/import-by-string-id.tf"));
    assert!(block.contains(&format!("to = {address}\n")), "{block}");
    let told = block.split('"').nth(1).unwrap();
    assert_eq!(form(told), form(&ids[0]));
    workspace.run(&["state", "rm", address]).succeeds();
    workspace.write("import.tf", &block.replace(told, &ids[0]));
    workspace.apply().says("1 imported, 0 added, 0 changed, 0 destroyed");
    fs::remove_file(workspace.directory().join("import.tf")).unwrap();
}

/// What kinds of parts an id has.
fn form(id: &str) -> Vec<&'static str> {
    let hex = |part: &str| part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    id.split('/')
        .map(|part| match part.len() {
            36 if hex(part) => "UUID",
            64 if hex(part) => "hash",
            _ if part.starts_with("user_") => "user",
            _ => "name",
        })
        .collect()
}

#[test]
fn provider() {
    let workspace = Workspace::new();
    workspace.write("main.tf", &example("provider/provider.tf"));
    workspace.write("data.tf", &example(&format!("{DATA_SOURCES}s/data-source.tf")));
    workspace.apply();
    let log = workspace.mock().log();
    let headers = &log.requests[0].headers;
    assert_eq!(headers["http-referer"], "https://infrastructure.example.com");
    assert_eq!(headers["x-openrouter-title"], "Infrastructure");
}

#[test]
fn guardrail() {
    let workspace = Workspace::new();
    workspace.config(&example(&format!("{RESOURCES}/resource.tf"))).apply();
    let made = only_guardrail(workspace.mock());
    assert_eq!((&made["name"], &made["limit_usd"]), (&json!("production"), &json!(250)));
    let id = id_of(&workspace, "openrouter_guardrail.production");
    let by_name = format!("{}/production", workspace.mock().default_workspace_id());
    imports_as_told(&workspace, RESOURCES, &[id, by_name]);
    ends_cleanly(&workspace);
}

#[test]
fn key_assignments() {
    let mut workspace = Workspace::new();
    let hashes = hashes(workspace.mock());
    set(&mut workspace, "ci_key_hash", &hashes[0]);
    set(&mut workspace, "customer_key_hashes", &json!(hashes[1..4]));
    let folder = format!("{RESOURCES}_key_assignment");
    workspace.config(&example(&format!("{folder}/resource.tf"))).apply();
    assert_eq!(workspace.mock().key_assignments().len(), 4);
    let id = id_of(&workspace, "openrouter_guardrail_key_assignment.ci");
    imports_as_told(&workspace, &folder, &[id]);
    ends_cleanly(&workspace);
}

#[test]
fn member_assignments() {
    let mut workspace = Workspace::new();
    let members = workspace.mock().member_ids();
    set(&mut workspace, "lead_id", &members[0]);
    set(&mut workspace, "developer_ids", &json!(members[1..4]));
    let folder = format!("{RESOURCES}_member_assignment");
    workspace.config(&example(&format!("{folder}/resource.tf"))).apply();
    assert_eq!(workspace.mock().member_assignments().len(), 4);
    let id = id_of(&workspace, "openrouter_guardrail_member_assignment.lead");
    imports_as_told(&workspace, &folder, &[id]);
    ends_cleanly(&workspace);
}

#[test]
fn exclusive_assignments() {
    for (kind, variable, label) in [
        ("key", "production_key_hashes", "production"),
        ("member", "contractor_ids", "contractors"),
    ] {
        let mut workspace = Workspace::new();
        let mock = workspace.mock();
        let assignees = if kind == "key" { hashes(mock) } else { mock.member_ids() };
        set(&mut workspace, variable, &json!(assignees[..3]));
        let folder = format!("{RESOURCES}_{kind}_assignments_exclusive");
        workspace.config(&example(&format!("{folder}/resource.tf"))).apply();
        let mock = workspace.mock();
        assert_eq!(mock.key_assignments().len() + mock.member_assignments().len(), 3);
        let id = id_of(&workspace, &format!("openrouter_guardrail.{label}"));
        imports_as_told(&workspace, &folder, &[id]);
        ends_cleanly(&workspace);
    }
}

#[test]
fn workspace_default_guardrail() {
    let mut workspace = Workspace::new();
    let place = workspace.mock().production_workspace_id();
    set(&mut workspace, "workspace_id", &place);
    let folder = "resources/openrouter_workspace_default_guardrail";
    workspace.config(&example(&format!("{folder}/resource.tf"))).apply();
    let default = workspace.mock().default_guardrail_id(&place).unwrap();
    let held = || workspace.mock().guardrail(&default).unwrap();
    assert_eq!(held()["enforce_zdr_xai"], json!(true));
    imports_as_told(&workspace, folder, &[place, "production".to_owned()]);
    let before = held();
    workspace.destroy();
    assert_eq!(held(), before);
}

/// Makes the guardrail "production" that the data sources' examples look for, with two keys and three members; answers
/// its id.
fn managed_elsewhere(mock: &Mock) -> String {
    let body = json!({"name": "production", "allowed_models": ["openai/gpt-5"], "limit_usd": 5, "reset_interval": "daily"});
    let made = mock.create_guardrail(body).unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    mock.assign_keys(&id, &hashes(mock)[..2]).unwrap();
    mock.assign_members(&id, &mock.member_ids()[..3]).unwrap();
    id
}

#[test]
fn guardrail_found_by_name() {
    let mut workspace = Workspace::new();
    let guardrail = managed_elsewhere(workspace.mock());
    let hash = hashes(workspace.mock())[5].clone();
    set(&mut workspace, "key_hash", &hash);
    workspace.config(&example(&format!("{DATA_SOURCES}/data-source.tf"))).apply();
    assert_eq!(workspace.mock().key_assignments()[&hash], guardrail);
    let models = workspace.outputs()["models"]["value"].take();
    assert_eq!(models, only_guardrail(workspace.mock())["allowed_models"]);
    workspace.destroy();
    assert_eq!(workspace.mock().key_assignments().len(), 2);
}

#[test]
fn lists() {
    let workspace = Workspace::new();
    managed_elsewhere(workspace.mock());
    workspace.mock().create_guardrail(json!({"name": "free"})).unwrap();
    let read = |name: &str| {
        workspace.config(&example(&format!("{DATA_SOURCES}{name}/data-source.tf"))).apply();
        let outputs = workspace.outputs();
        move |output: &str| outputs[output]["value"].clone()
    };
    assert_eq!(read("s")("without_budget"), json!(["free"]));

    let keys = read("_key_assignments");
    let hashes = hashes(workspace.mock());
    assert_eq!(keys("production_keys"), json!({&hashes[0]: "key-1", &hashes[1]: "key-2"}));
    assert_eq!(keys("guarded_keys"), json!(2));

    let members = read("_member_assignments");
    assert_eq!(members("production_members").as_array().unwrap().len(), 3);
    assert_eq!(members("guarded_members"), json!(3));
}

#[test]
fn the_whole_story_in_one_file() {
    let mut workspace = Workspace::new();
    workspace.write("main.tf", &example("main.tf"));
    workspace.apply().says("2 added, 0 changed, 0 destroyed");
    assert_eq!(
        workspace.outputs()["assigned_to_production"]["value"],
        json!({"keys": [], "members": []})
    );

    let (hashes, members) = (hashes(workspace.mock()), workspace.mock().member_ids());
    set(&mut workspace, "production_keys", &json!(hashes[..3]));
    set(&mut workspace, "sandbox_keys", &json!(hashes[3..8]));
    set(&mut workspace, "production_members", &json!(members[..2]));
    set(&mut workspace, "sandbox_members", &json!(members));
    workspace.mock().reset();
    workspace.apply().says("18 added, 0 changed, 0 destroyed");
    let writes = |kind: &str| {
        workspace.mock().count("POST", &format!("/guardrails/{{id}}/assignments/{kind}"))
    };
    assert!(
        writes("keys") < 8 && writes("members") < 10,
        "{} and {}",
        writes("keys"),
        writes("members")
    );
    let under = workspace.outputs()["assigned_to_production"]["value"].take();
    assert_eq!(under, json!({"keys": ["key-1", "key-2", "key-3"], "members": members[..2]}));

    // Two keys change sets.
    set(&mut workspace, "production_keys", &json!(hashes[..5]));
    workspace.apply().says("0 added, 2 changed, 0 destroyed");
    ends_cleanly(&workspace);
}

/// What the guide on moving keys shows: a resource for each guardrail, and a `moved` block that hands the key over while
/// the guardrail that it leaves is deleted.
#[test]
fn key_handed_over_from_a_guardrail_that_goes() {
    let workspace = Workspace::new();
    let hash = hashes(workspace.mock())[0].clone();
    let guardrail = |label: &str| {
        let body = format!("name = \"{label}\"\nlifecycle {{\n  create_before_destroy = true\n}}");
        story::guardrail(label, &body)
    };
    let assignment = |label: &str| {
        let id = format!("guardrail_id = openrouter_guardrail.{label}.id");
        format!(
            "resource \"openrouter_guardrail_key_assignment\" \"{label}\" {{\n  {id}\n  key_hash = \"{hash}\"\n}}\n"
        )
    };
    let before = [guardrail("sandbox"), guardrail("production"), assignment("sandbox")].concat();
    workspace.config(&before).apply();

    let guide = fs::read_to_string(folder().join("../docs/guides/moving-keys.md")).unwrap();
    let block = guide.split("```terraform\n").find(|part| part.starts_with("moved {")).unwrap();
    let (moved, _) = block.split_once("```").unwrap();
    let after = [&guardrail("production"), &assignment("production"), moved].concat();
    workspace.mock().reset();
    let applied = workspace.config(&after).apply();
    applied
        .says("Check that guardrail \"sandbox\" is deleted last")
        .says("0 added, 1 changed, 1 destroyed");
    let writes = ["POST /guardrails/{id}/assignments/keys", "DELETE /guardrails/{id}"];
    assert_eq!(story::writes(workspace.mock()), writes);
    ends_cleanly(&workspace);
}

#[test]
fn guardrails_of_examples_go_last() {
    let mut examples = vec![folder()];
    while let Some(path) = examples.pop() {
        if path.is_dir() {
            examples.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            let text = fs::read_to_string(&path).unwrap();
            let count = |part: &str| text.matches(part).count();
            let guardrails = count("resource \"openrouter_guardrail\" ");
            assert_eq!(count("create_before_destroy = true"), guardrails, "{}", path.display());
        }
    }
}
