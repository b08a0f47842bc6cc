//! The data sources over what the account holds besides guardrails: keys, members and workspaces.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use mock_openrouter::{Mock, Options};
use serde_json::{Value, json};

use crate::harness::Workspace;
use crate::story::{Problem, errors, only_error};

/// A data source and an output of the same label with all that it gives.
fn source(kind: &str, label: &str, lines: &str) -> String {
    format!(
        "data \"openrouter_{kind}\" \"{label}\" {{\n{lines}\n}}\noutput \"{label}\" {{\n  value = \
         data.openrouter_{kind}.{label}\n}}\n"
    )
}

/// What the outputs of `source` hold.
#[track_caller]
fn read<const N: usize>(workspace: &Workspace, labels: [&str; N]) -> [Value; N] {
    workspace.apply();
    let mut outputs = workspace.outputs();
    labels.map(|label| outputs[label]["value"].take())
}

/// One attribute of every row.
fn column<'a>(source: &'a Value, name: &str) -> BTreeSet<&'a str> {
    let rows = source["data"].as_array().unwrap();
    rows.iter().map(|row| row[name].as_str().unwrap()).collect()
}

/// The error of a plan with one data source.
#[track_caller]
fn refused(workspace: &Workspace, kind: &str, lines: &str) -> Problem {
    workspace.config(&source(kind, "this", lines));
    only_error(workspace.run(&["plan", "-json"]))
}

fn first_key(mock: &Mock) -> String {
    mock.key_hashes(&mock.default_workspace_id()).remove(0)
}

#[test]
fn all_keys_of_a_workspace_are_read() {
    let workspace = Workspace::with_mock(Options { seed_keys: 230, ..Options::default() });
    let production = workspace.mock().production_workspace_id();
    let config = [
        source("api_keys", "default", ""),
        source("api_keys", "disabled", "include_disabled = true"),
        source("api_keys", "all", "include_disabled = true\ninclude_expired = true"),
        source("api_keys", "production", &format!("workspace_id = {production:?}")),
    ];
    workspace.config(&config.concat());
    let [default, disabled, all, of_production] =
        read(&workspace, ["default", "disabled", "all", "production"]);
    let hashes = workspace.mock().key_hashes(&workspace.mock().default_workspace_id());
    let first = |count: usize| hashes[..count].iter().map(String::as_str).collect::<BTreeSet<_>>();
    assert_eq!(column(&default, "hash"), first(230));
    assert_eq!(column(&disabled, "hash"), first(231));
    assert_eq!(column(&all, "hash"), first(232));
    let hashes = workspace.mock().key_hashes(&production);
    assert_eq!(column(&of_production, "hash"), hashes.iter().map(String::as_str).collect());
}

/// The API tells other figures with each request; `read` plans again after it has applied.
#[test]
fn a_key_is_shown_without_what_changes_with_each_request() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let hash = first_key(mock);
    let told = json!({
        "creator_user_id": "user_mock0001", "limit": 12.5, "limit_reset": "weekly", "disabled": true,
        "updated_at": "2026-03-04T05:06:07.000Z", "expires_at": "2099-01-01T00:00:00.000Z",
    });
    mock.edit_key(&hash, told.clone()).unwrap();
    let config = [
        source("api_keys", "all", "include_disabled = true"),
        source("api_key", "by_hash", &format!("hash = {hash:?}")),
        source("api_key", "by_name", "name = \"key-1\""),
    ];
    workspace.config(&config.concat());
    let [all, by_hash, by_name] = read(&workspace, ["all", "by_hash", "by_name"]);
    let listed = all["data"].as_array().unwrap();
    let key = listed.iter().find(|key| key["hash"] == hash.as_str()).unwrap();
    let mut expected = told;
    expected["hash"] = json!(hash);
    expected["name"] = json!("key-1");
    expected["label"] = json!(format!("sk-or-v1-{}...{}", &hash[..3], &hash[60..]));
    expected["workspace_id"] = json!(workspace.mock().default_workspace_id());
    assert!(key["created_at"].as_str().is_some_and(|time| time.ends_with('Z')), "{key:#}");
    expected["created_at"] = key["created_at"].clone();
    assert_eq!(*key, expected);
    assert_eq!(by_hash, expected);
    assert_eq!(by_name, expected);
}

/// What the contract says of an object, but for what is left out on purpose.
#[test]
fn rows_have_every_field() {
    // Figures that change with each request, and what nobody has asked for yet.
    const LEFT_OUT: [&str; 11] = [
        "limit_remaining",
        "usage",
        "usage_daily",
        "usage_weekly",
        "usage_monthly",
        "byok_usage",
        "byok_usage_daily",
        "byok_usage_weekly",
        "byok_usage_monthly",
        "include_byok_in_limit",
        "io_logging_api_key_ids",
    ];
    let workspace = Workspace::new();
    let kinds =
        [("api_keys", "Key"), ("organization_members", "Member"), ("workspaces", "Workspace")];
    workspace.config(&kinds.map(|(kind, _)| source(kind, kind, "")).concat());
    let found = read(&workspace, kinds.map(|(kind, _)| kind));
    for ((kind, definition), found) in kinds.into_iter().zip(found) {
        let shown: BTreeSet<_> = found["data"][0].as_object().unwrap().keys().cloned().collect();
        let contract = &mock_openrouter::contract()["$defs"][definition]["properties"];
        let told = contract.as_object().unwrap().keys().cloned();
        let told = told.filter(|name| !LEFT_OUT.contains(&name.as_str())).collect();
        assert_eq!(shown, told, "{kind}");
    }
}

#[test]
fn a_key_that_is_not_the_only_one_of_its_name_is_refused() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    let hashes = mock.key_hashes(&mock.default_workspace_id());
    mock.edit_key(&hashes[1], json!({ "name": "key-1", "disabled": true })).unwrap();
    refused(&workspace, "api_key", "name = \"key-1\"")
        .says(&[
            "Could not read API key \"key-1\" of the default workspace",
            "The default workspace has 2 keys with this `name`. Select one by its `hash`: ",
            &hashes[0],
            &hashes[1],
        ])
        .points_at("name = ");
    refused(&workspace, "api_key", "name = \"production-key-1\"")
        .says(&[
            "The default workspace has no key with this `name`. Disabled and expired keys were \
             searched too. Check the spelling; to search another workspace, set `workspace_id`.",
        ])
        .points_at("name = ");
    // A terminal obeys no name.
    refused(&workspace, "api_key", "name = \"a\\u001b[31m\"")
        .says(&["Could not read API key \"a\\u{1b}[31m\" of the default workspace"]);
    let lines = format!("name = \"key-1\"\nworkspace_id = {production:?}");
    refused(&workspace, "api_key", &lines).says(&[
        &format!("Workspace {production} has no key with this `name`. "),
        "`workspace_id`.",
    ]);
    let nobody = "0".repeat(64);
    refused(&workspace, "api_key", &format!("hash = {nobody:?}"))
        .says(&["returned 404", &nobody])
        .points_at("hash = ");
}

#[test]
fn a_key_itself_is_refused_and_not_repeated() {
    let workspace = Workspace::new();
    let secret = "sk-or-v1-0123456789abcdef0123456789abcdef";
    let cases = [
        ("api_key", format!("hash = {secret:?}")),
        ("api_key", format!("name = {secret:?}")),
        ("api_key", format!("hash = {secret:?}\nname = \"x\"")),
        ("organization_member", format!("id = {secret:?}")),
        ("workspace", format!("slug = {secret:?}")),
    ];
    for (kind, lines) in cases {
        workspace.config(&source(kind, "this", &lines));
        let run = workspace.run(&["validate"]).fails().never_says("0123456789abcdef");
        run.says("API key instead of its hash or an id");
    }
    workspace.config(&source("api_key", "this", "hash = \"sk-or-v1-012...cdef\""));
    workspace.run(&["validate"]).fails().says("Label of an API key instead of its hash");
    assert_eq!(workspace.mock().log().total, 0);
}

#[test]
fn members_are_found_by_id_or_address_in_one_listing() {
    let workspace = Workspace::with_mock(Options { seed_members: 130, ..Options::default() });
    let mock = workspace.mock();
    let ids = mock.member_ids();
    mock.edit_member(&ids[120], json!({ "email": "Ada@Example.com", "first_name": null })).unwrap();
    let each = format!(
        "for_each = toset({})\nemail = each.key",
        json!(ids[..20].iter().map(|id| format!("{id}@EXAMPLE.com")).collect::<Vec<_>>())
    );
    let config = [
        source("organization_member", "each", &each),
        source("organization_member", "ada", "email = \"ADA@example.COM\""),
        source("organization_member", "by_id", &format!("id = {:?}", ids[120])),
    ];
    workspace.config(&config.concat());
    workspace.plans_something();
    assert_eq!(workspace.mock().count("GET", "/organization/members"), 2, "one listing, two pages");
    let [each, ada, by_id] = read(&workspace, ["each", "ada", "by_id"]);
    let found: Vec<&Value> = each.as_object().unwrap().values().map(|one| &one["id"]).collect();
    assert_eq!(json!(found), json!(ids[..20]));
    assert_eq!(ada, by_id);
    assert_eq!(
        ada,
        json!({
            "id": ids[120], "email": "Ada@Example.com", "first_name": null,
            "last_name": ada["last_name"], "role": "org:member",
        })
    );

    let all = [
        source("organization_members", "all", ""),
        source("organization_member", "ada", "email = \"ada@example.com\""),
    ];
    workspace.config(&all.concat());
    let [all, ada] = read(&workspace, ["all", "ada"]);
    let expected = [ids, workspace.mock().organization_only_member_ids()].concat();
    assert_eq!(column(&all, "id"), expected.iter().map(String::as_str).collect());
    assert_eq!(all["data"][120], ada);
}

#[test]
fn a_member_who_is_not_the_only_one_is_refused() {
    let workspace = Workspace::new();
    let ids = workspace.mock().member_ids();
    for (id, email) in [(&ids[0], "two@example.com"), (&ids[1], "TWO@example.com")] {
        workspace.mock().edit_member(id, json!({ "email": email })).unwrap();
    }
    refused(&workspace, "organization_member", "email = \"Two@example.com\"")
        .says(&[
            "Could not read member Two@example.com",
            "The organization has 2 members with this `email`. Select one by its `id`: ",
            &ids[0],
            &ids[1],
        ])
        .points_at("email = ");
    refused(&workspace, "organization_member", "email = \"none@example.com\"")
        .says(&["The organization has no member with this `email`. Check the spelling"])
        .points_at("email = ");
    refused(&workspace, "organization_member", "id = \"user_none\"")
        .says(&["The organization has no member with this `id`."])
        .points_at("id = ");
}

#[test]
fn workspaces_are_found_by_id_or_slug() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let production = mock.production_workspace_id();
    mock.edit_workspace(&production, json!({ "description": "for customers" })).unwrap();
    let config = [
        source("workspaces", "all", ""),
        source("workspace", "by_id", &format!("id = {production:?}")),
        source("workspace", "by_slug", "slug = \"production\""),
    ];
    workspace.config(&config.concat());
    let [all, by_id, by_slug] = read(&workspace, ["all", "by_id", "by_slug"]);
    assert_eq!(column(&all, "slug"), BTreeSet::from(["default", "production"]));
    assert_eq!((&all["data"][1], &by_id), (&by_id, &by_slug));
    assert_eq!(by_id["id"], json!(production));
    assert_eq!(by_id["description"], json!("for customers"));
    assert_eq!(
        by_id["default_guardrail_id"],
        json!(workspace.mock().default_guardrail_id(&production))
    );
    assert_eq!(by_id["io_logging_sampling_rate"], json!(1));

    refused(&workspace, "workspace", "slug = \"staging\"")
        .says(&["Could not read workspace staging", "returned 404"])
        .points_at("slug = ");
    refused(&workspace, "workspace", "id = \"production\"")
        .says(&[&format!("it is the `slug` of workspace production ({production})")])
        .points_at("id = ");
    refused(&workspace, "workspace", &format!("slug = {production:?}"))
        .says(&["Set `id` instead."])
        .points_at("slug = ");
}

#[test]
fn exactly_one_argument_finds_an_object() {
    let workspace = Workspace::new();
    let neither_or_both = [
        ("api_key", "", "", "Set either `hash` or `name`, to select the key"),
        (
            "api_key",
            "hash = \"a\"\nname = \"b\"",
            "hash = ",
            "Set either `hash` or `name`, not both",
        ),
        (
            "api_key",
            "hash = \"a\"\nworkspace_id = \"w\"",
            "workspace_id = ",
            "can only be set together with `name`",
        ),
        ("organization_member", "", "", "Set either `id` or `email`, to select the member"),
        ("organization_member", "id = \"a\"\nemail = \"b\"", "id = ", "not both"),
        ("workspace", "", "", "Set either `id` or `slug`, to select the workspace"),
        ("workspace", "id = \"a\"\nslug = \"b\"", "id = ", "not both"),
        ("workspace", "slug = \"\"", "slug = ", "`slug` is empty"),
        ("api_key", "name = \"\"", "name = ", "must have 1 to 1000 characters"),
    ];
    for (kind, lines, line, text) in neither_or_both {
        refused(&workspace, kind, lines).says(&[text]).points_at(line);
    }
    assert_eq!(workspace.mock().log().total, 0);
}

#[test]
fn an_argument_that_is_not_known_yet_waits_for_the_apply() {
    let workspace = Workspace::new();
    let later = "resource \"terraform_data\" \"later\" {\n  input = INPUT\n}\n";
    for (kind, attribute, value) in [
        ("api_key", "name", "key-1".to_owned()),
        ("api_key", "hash", first_key(workspace.mock())),
        ("organization_member", "email", "user_mock0001@example.com".to_owned()),
        ("workspace", "slug", "production".to_owned()),
    ] {
        let line = format!("{attribute} = terraform_data.later.output");
        let config = later.replace("INPUT", &format!("{value:?}")) + &source(kind, "this", &line);
        workspace.config(&config);
        workspace.mock().reset();
        workspace.plans_something();
        assert_eq!(workspace.mock().log().total, 0, "{kind}.{attribute}");
        let [found] = read(&workspace, ["this"]);
        assert_eq!(found[attribute], json!(value));
        workspace.destroy();
    }
}

#[test]
fn a_key_of_one_workspace_is_told_which_it_may_not_read() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    mock.restrict_key(Some("production")).unwrap();
    refused(&workspace, "api_keys", "").says(&[
        "Could not list the API keys",
        "This call was for the account's default workspace.",
    ]);
    let default = mock.default_workspace_id();
    let lines = format!("name = \"key-1\"\nworkspace_id = {default:?}");
    refused(&workspace, "api_key", &lines)
        .says(&[&format!("This call was for workspace {default}.")])
        .points_at("workspace_id = ");
    workspace.config(&source("workspaces", "all", ""));
    let [all] = read(&workspace, ["all"]);
    assert_eq!(column(&all, "slug"), BTreeSet::from(["production"]));
    assert!(errors(&workspace.run(&["plan", "-json"])).is_empty());
}
