//! The data source over what several guardrails come to. How settings combine is proven beside the code; here, which
//! guardrails are found, and what a user sees.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod members;

use mock_openrouter::{Action, Fault, Mock, PolicyType};
use serde_json::{Value, json};

use crate::harness::Workspace;
use crate::story::{Problem, only_error};

const KEYS: &str = "/guardrails/assignments/keys";
const MEMBERS: &str = "/guardrails/assignments/members";

/// The data source, and an output with all that it gives.
fn source(lines: &str) -> String {
    format!(
        "data \"openrouter_effective_guardrail\" \"this\" {{\n{lines}\n}}\noutput \"this\" {{\n  value \
         = data.openrouter_effective_guardrail.this\n}}\n"
    )
}

/// What it gives, and that it gives the same when it is read again.
#[track_caller]
fn read(workspace: &Workspace, lines: &str) -> Value {
    workspace.config(&source(lines));
    workspace.apply();
    workspace.outputs()["this"]["value"].take()
}

#[track_caller]
fn refused(workspace: &Workspace, lines: &str) -> Problem {
    workspace.config(&source(lines));
    only_error(workspace.run(&["plan", "-json"]))
}

fn made(mock: &Mock, body: Value) -> String {
    mock.create_guardrail(body).unwrap()["id"].as_str().unwrap().to_owned()
}

/// A key of the production workspace, its owner, and the guardrails of three layers.
struct Layered {
    workspace: Workspace,
    place: String,
    hash: String,
    owner: String,
    default: String,
    of_member: String,
    of_key: String,
}

impl Layered {
    fn new() -> Self {
        let workspace = Workspace::new();
        let mock = workspace.mock();
        let place = mock.production_workspace_id();
        let (hash, owner) = (mock.key_hashes(&place).remove(0), mock.member_ids().remove(0));
        mock.edit_key(&hash, json!({ "creator_user_id": owner, "limit": 3 })).unwrap();
        let default = mock.default_guardrail_id(&place).unwrap();
        let of_default = json!({
            "ignored_providers": ["deepseek"], "enforce_zdr_xai": true, "enable_free_model_training": false,
            "content_filter_builtins": [{ "slug": "email", "action": "redact" }],
        });
        mock.patch_guardrail(&default, of_default).unwrap();
        // The owner has another guardrail in another workspace, which does not count here.
        let elsewhere = made(mock, json!({ "name": "elsewhere", "allowed_providers": ["azure"] }));
        let of_member = made(
            mock,
            json!({
                "name": "developers", "workspace_id": place, "limit_usd": 50, "reset_interval": "daily",
                "allowed_models": ["anthropic/claude-sonnet-4.5", "openai/gpt-5"],
            }),
        );
        let of_key = made(
            mock,
            json!({
                "name": "ci", "workspace_id": place, "limit_usd": 5, "reset_interval": "weekly",
                "allowed_models": ["openai/gpt-5", "google/gemini-2.5-pro"], "enforce_zdr_openai": true,
                "content_filter_builtins": [{ "slug": "email", "action": "block" }],
                "content_filters": [{ "pattern": "x+", "action": "flag", "label": "[X]" }],
                "ignored_providers": ["azure"], "allowed_data_regions": ["europe"],
            }),
        );
        for guardrail in [&elsewhere, &of_member] {
            mock.assign_members(guardrail, std::slice::from_ref(&owner)).unwrap();
        }
        mock.assign_keys(&of_key, std::slice::from_ref(&hash)).unwrap();
        Self { workspace, place, hash, owner, default, of_member, of_key }
    }

    fn key(&self) -> String {
        format!("key_hash = {:?}", self.hash)
    }

    fn member(&self) -> String {
        format!("user_id = {:?}\nworkspace_id = {:?}", self.owner, self.place)
    }
}

/// The names of the layers with their guardrails.
fn layers(found: &Value) -> Vec<(&str, &str)> {
    let layers = found["layers"].as_array().unwrap();
    layers
        .iter()
        .map(|one| (one["layer"].as_str().unwrap(), one["guardrail_id"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_key_has_three_layers() {
    let all = Layered::new();
    let found = read(&all.workspace, &all.key());
    assert_eq!(
        layers(&found),
        [
            ("workspace_default", all.default.as_str()),
            ("member", &all.of_member),
            ("key", &all.of_key)
        ]
    );
    let held = all.workspace.mock().guardrail(&all.of_key).unwrap();
    let expected = json!({
        "key_hash": all.hash, "user_id": all.owner, "workspace_id": all.place,
        "allowed_models": [held["allowed_models"][0]], "ignored_models": [],
        "allowed_providers": null, "ignored_providers": ["azure", "deepseek"],
        "allowed_data_regions": ["europe"],
        "content_filters": [{ "pattern": "x+", "action": "flag" }],
        "content_filter_builtins": [{ "slug": "email", "action": "block" }],
        "enforce_zdr_anthropic": false, "enforce_zdr_google": false, "enforce_zdr_openai": true,
        "enforce_zdr_xai": true, "enforce_zdr_other": false,
        "budgets": [
            { "layer": "member", "guardrail_id": all.of_member, "limit_usd": 50, "reset_interval": "daily",
                "include_byok_in_budgets": false },
            { "layer": "key", "guardrail_id": all.of_key, "limit_usd": 5, "reset_interval": "weekly",
                "include_byok_in_budgets": false },
        ],
    });
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(found[name], *expected, "{name}");
    }
    let [default, member, key] = &found["layers"].as_array().unwrap()[..] else {
        panic!("{found:#}")
    };
    assert_eq!(
        (&default["enable_free_model_training"], &member["name"]),
        (&json!(false), &json!("developers"))
    );
    assert_eq!(key["content_filters"][0]["label"], json!("[X]"));
}

#[test]
fn a_member_has_two_layers() {
    let all = Layered::new();
    let found = read(&all.workspace, &all.member());
    assert_eq!(
        layers(&found),
        [("workspace_default", all.default.as_str()), ("member", &all.of_member)]
    );
    assert_eq!((&found["key_hash"], &found["user_id"]), (&Value::Null, &json!(all.owner)));
    assert_eq!(found["budgets"].as_array().unwrap().len(), 1);
    // In the default workspace nothing was ever set, and the member has another guardrail.
    let place = all.workspace.mock().default_workspace_id();
    let found =
        read(&all.workspace, &format!("user_id = {:?}\nworkspace_id = {place:?}", all.owner));
    assert_eq!(found["layers"].as_array().unwrap().len(), 1);
    assert_eq!(found["allowed_providers"], json!(["azure"]));
}

#[test]
fn a_key_without_guardrails_has_no_layers() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let hash = mock.key_hashes(&mock.default_workspace_id()).remove(0);
    let found = read(&workspace, &format!("key_hash = {hash:?}"));
    assert_eq!((&found["layers"], &found["budgets"]), (&json!([]), &json!([])));
    assert_eq!((&found["user_id"], &found["allowed_models"]), (&Value::Null, &Value::Null));
    assert_eq!(workspace.mock().count("GET", MEMBERS), 0);
}

#[test]
fn lists_that_allow_nothing_together_are_told() {
    let all = Layered::new();
    all.workspace
        .mock()
        .patch_guardrail(&all.default, json!({ "allowed_models": ["x-ai/grok-4"] }))
        .unwrap();
    all.workspace.mock().edit_guardrail(&all.of_key, json!({ "name": "c\u{202e}i" })).unwrap();
    let found = read(&all.workspace, &all.key());
    assert_eq!(found["allowed_models"], json!([]));
    let plan = all.workspace.plans_nothing();
    plan.says(&format!("The guardrails that apply to key {} together allow no models", all.hash))
        .says(&format!("key (\"c\\u{{202e}}i\", {}). Change one of these guardrails", all.of_key));
}

#[test]
fn a_guardrail_that_cannot_be_read_is_an_error() {
    let all = Layered::new();
    let mock = all.workspace.mock();
    for (id, assignee) in [(&all.of_key, "key"), (&all.of_member, "member"), (&all.default, "")] {
        for status in [403, 404] {
            mock.clear_faults();
            let fault = Fault::on("GET", "/guardrails/{id}", Action::status(status)).forever();
            mock.add_fault(fault.path_regex(id)).unwrap();
            if (assignee, status) == ("", 404) {
                // A default guardrail that was never set.
                continue;
            }
            let told = refused(&all.workspace, &all.key());
            told.says(&[&format!("returned {status}")]);
            if assignee.is_empty() {
                told.says(&[&format!("read the default guardrail of workspace {}", all.place)]);
            } else {
                told.says(&[
                    &format!("read guardrail {id}, which is assigned to {assignee}"),
                    "cannot be determined",
                ]);
            }
        }
    }
}

#[test]
fn what_a_policy_enforces_is_told() {
    let all = Layered::new();
    all.workspace.mock().replace_with_policy(&all.of_key, PolicyType::Budget, "Cap").unwrap();
    read(&all.workspace, &all.key());
    let title = "The effective guardrail does not include a policy: the budget of guardrail";
    let plan = all.workspace.plans_nothing();
    plan.says(&format!("{title} \"ci\" ({})", all.of_key)).says("The policy \"Cap\"");
    read(&all.workspace, &all.member());
    all.workspace.plans_nothing().never_says("policy");
}

#[test]
fn keys_of_one_run_share_the_listings() {
    let all = Layered::new();
    let mock = all.workspace.mock();
    let hashes = mock.key_hashes(&all.place);
    for hash in &hashes {
        mock.edit_key(hash, json!({ "creator_user_id": all.owner })).unwrap();
    }
    let each = format!("for_each = toset({})\nkey_hash = each.key", json!(hashes));
    read(&all.workspace, &each);
    all.workspace.mock().reset();
    all.workspace.plans_nothing();
    let count = |template: &str| all.workspace.mock().count("GET", template);
    assert_eq!((count(KEYS), count(MEMBERS)), (1, 1));
    // The default guardrail, one key's, and two of the owner, of which one is of another workspace.
    assert_eq!((count("/workspaces/{id}"), count("/guardrails/{id}")), (1, 4));
    assert_eq!(count("/keys/{id}"), hashes.len() as u64);
    assert_eq!(count("/guardrails/policies/budget"), 1);
}

/// One guardrail can be in two layers: the member's, and that of a key.
#[test]
fn a_guardrail_in_two_layers_is_read_once() {
    let all = Layered::new();
    let mock = all.workspace.mock();
    let hashes = mock.key_hashes(&all.place);
    for hash in &hashes {
        mock.edit_key(hash, json!({ "creator_user_id": all.owner })).unwrap();
    }
    mock.assign_keys(&all.of_member, &hashes).unwrap();
    mock.replace_with_policy(&all.of_member, PolicyType::Budget, "Cap").unwrap();
    let each = format!("for_each = toset({})\nkey_hash = each.key", json!(hashes));
    read(&all.workspace, &each);
    all.workspace.mock().reset();
    all.workspace.plans_nothing();
    let count = |template: &str| all.workspace.mock().count("GET", template);
    // The default guardrail and two of the owner.
    assert_eq!((count("/guardrails/{id}"), count("/guardrails/policies/budget")), (3, 1));

    read(&all.workspace, &all.key());
    let plan = all.workspace.plans_nothing();
    plan.says("The policy \"Cap\"").never_says("similar warning");
}

#[test]
fn an_argument_that_is_not_known_yet_waits_for_the_apply() {
    let all = Layered::new();
    let fresh = all.workspace.mock().key_hashes(&all.place).remove(1);
    // The assignment's key is known only after it is made, so the data source shows what it has changed.
    let config = format!(
        "resource \"openrouter_guardrail_key_assignment\" \"this\" {{\n  guardrail_id = {:?}\n  key_hash = \
         {fresh:?}\n}}\n",
        all.of_key
    );
    let lines = "key_hash = split(\"/\", openrouter_guardrail_key_assignment.this.id)[1]";
    all.workspace.config(&(config + &source(lines)));
    all.workspace.mock().reset();
    all.workspace.plans_something();
    assert_eq!(all.workspace.mock().count("GET", "/keys/{id}"), 0);
    all.workspace.apply();
    let found = all.workspace.outputs()["this"]["value"].take();
    assert_eq!(layers(&found), [("workspace_default", all.default.as_str()), ("key", &all.of_key)]);
}

/// Reads are shared within a run, but never with what the run has changed since: here one before the change, and one
/// after it.
#[test]
fn what_an_apply_changes_is_shown() {
    const CHAIN: &str = r#"
        resource "terraform_data" "first" {
          input = LIMIT
        }
        data "openrouter_effective_guardrail" "before" {
          MEMBER
          depends_on = [terraform_data.first]
        }
        resource "openrouter_workspace_default_guardrail" "this" {
          workspace_id   = PLACE
          limit_usd      = LIMIT
          reset_interval = "daily"
          depends_on     = [data.openrouter_effective_guardrail.before]
        }
    "#;
    let all = Layered::new();
    for limit in ["7", "8"] {
        let chain = CHAIN.replace("MEMBER", &all.member()).replace("LIMIT", limit);
        let chain = chain.replace("PLACE", &format!("{:?}", all.place));
        let depends = "depends_on = [openrouter_workspace_default_guardrail.this]\n";
        all.workspace.config(&(chain + &source(&(depends.to_owned() + &all.key()))));
        all.workspace.try_apply().succeeds();
        let found = all.workspace.outputs()["this"]["value"].take();
        assert_eq!(found["budgets"][0]["limit_usd"].to_string(), limit);
    }
}

#[test]
fn a_key_or_a_member_with_a_workspace_is_asked_for() {
    let workspace = Workspace::new();
    let secret = "sk-or-v1-0123456789abcdef0123456789abcdef";
    let cases = [
        ("", "", "Set either `key_hash` or `user_id`, to select the key or member."),
        ("key_hash = \"a\"\nuser_id = \"b\"", "key_hash = ", "not both"),
        (
            "key_hash = \"a\"\nworkspace_id = \"b\"",
            "workspace_id = ",
            "`workspace_id` can only be set together with `user_id`",
        ),
        ("user_id = \"a\"", "user_id = ", "`user_id` must be set together with `workspace_id`"),
        ("user_id = \"a\"\nworkspace_id = \"\"", "workspace_id = ", "`workspace_id` is empty"),
    ];
    for (lines, line, text) in cases {
        refused(&workspace, lines).says(&[text]).points_at(line);
    }
    workspace.config(&source(&format!("key_hash = {secret:?}")));
    workspace.run(&["validate"]).fails().never_says(secret).says("API key instead of its hash");
    assert_eq!(workspace.mock().log().total, 0);

    let nobody = "0".repeat(64);
    refused(&workspace, &format!("key_hash = {nobody:?}"))
        .says(&["returned 404"])
        .points_at("key_hash = ");
    let place = workspace.mock().default_workspace_id();
    refused(&workspace, &format!("user_id = \"user_none\"\nworkspace_id = {place:?}"))
        .says(&["The organization has no member with this `user_id`."])
        .points_at("user_id = ");
    let user = workspace.mock().member_ids().remove(0);
    refused(&workspace, &format!("user_id = {user:?}\nworkspace_id = \"staging\""))
        .says(&["read workspace staging", "returned 404"])
        .points_at("workspace_id = ");
}
