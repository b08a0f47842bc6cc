//! The operations of the API, called without the provider in between: what is accepted, what is
//! refused, and what comes back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::ours::{MARK, Names};
use crate::recording::{Detail, Recording};
use crate::service::{Response, Service, bulk};

/// A hash and a user id that nobody has.
const NO_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const NO_USER: &str = "user_of_nobody";

/// Changes that a guardrail takes one after the other. Each says what is learned from it.
fn changes() -> Vec<(&'static str, Value)> {
    vec![
        ("change the description", json!({ "description": format!("{MARK} Changed.") })),
        ("change the limit", json!({ "limit_usd": 0.1, "reset_interval": "monthly" })),
        ("clear the limit", json!({ "limit_usd": null, "reset_interval": null })),
        ("include own provider keys", json!({ "include_byok_in_budgets": true })),
        (
            "set models by their slugs, one twice",
            json!({ "allowed_models": ["openai/gpt-5", "x-ai/grok-4", "openai/gpt-5"] }),
        ),
        ("set a model with a variant", json!({ "allowed_models": ["openai/gpt-5:nitro"] })),
        ("clear the models", json!({ "allowed_models": null })),
        ("set providers", json!({ "ignored_providers": ["xai", "azure"] })),
        ("set data regions", json!({ "allowed_data_regions": ["us", "europe"] })),
        (
            "set content filters",
            json!({ "content_filters": [{ "action": "redact", "pattern": "\\bx\\d{3}\\b" }] }),
        ),
        ("set no content filters", json!({ "content_filters": [] })),
        (
            "set builtin filters",
            json!({ "content_filter_builtins": [
                { "slug": "email", "action": "block" },
                { "slug": "secrets", "action": "flag" },
                { "slug": "regex-prompt-injection", "action": "flag" },
            ] }),
        ),
        ("set no builtin filters", json!({ "content_filter_builtins": [] })),
        ("enforce zero data retention", json!({ "enforce_zdr": true, "enforce_zdr_xai": false })),
        ("stop enforcing zero data retention", json!({ "enforce_zdr": false })),
    ]
}

/// Changes that are refused.
fn mistakes() -> Vec<(&'static str, Value)> {
    vec![
        ("a limit of 0", json!({ "limit_usd": 0, "reset_interval": "daily" })),
        ("a limit without an interval", json!({ "limit_usd": 5 })),
        ("an unknown interval", json!({ "limit_usd": 5, "reset_interval": "yearly" })),
        ("an empty list of models", json!({ "allowed_models": [] })),
        ("an unknown model", json!({ "allowed_models": ["nobody/nothing"] })),
        (
            "a pattern that looks ahead",
            json!({ "content_filters": [{ "action": "block", "pattern": "(?=a)" }] }),
        ),
        (
            "an unknown builtin filter",
            json!({ "content_filter_builtins": [{ "slug": "none", "action": "block" }] }),
        ),
        ("no name", json!({ "name": "" })),
        ("an unknown field", json!({ "no_such_field": true })),
    ]
}

/// Calls every operation and records what came of it. Fails only where nothing else can be tried.
pub(crate) fn run(
    service: &Service,
    names: &Names,
    recording: &mut Recording,
) -> Result<(), String> {
    let mut calls = Calls { service, names, recording };
    calls.account()?;
    let id = calls.create()?;
    calls.change(&id)?;
    calls.second(&id)?;
    calls.assign(&id, "keys", "key_hashes", NO_KEY, service.target.key_hash.as_deref())?;
    calls.assign(&id, "members", "user_ids", NO_USER, service.target.user_id.as_deref())?;
    calls.delete(&id)
}

struct Calls<'a> {
    service: &'a Service,
    names: &'a Names,
    recording: &'a mut Recording,
}

impl Calls<'_> {
    fn call(
        &mut self,
        what: &str,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, String> {
        let response = self.service.call(method, path, body)?;
        self.recording.response(&format!("{what} ({method})"), &response, Detail::Values);
        Ok(response)
    }

    /// Objects of the account, of which only the fields are compared.
    fn account(&mut self) -> Result<(), String> {
        let target = &self.service.target;
        let workspace = format!("/workspaces/{}", target.workspace);
        let key = target.key_hash.as_ref().map(|hash| format!("/keys/{hash}"));
        for (what, path) in [("read the workspace", Some(workspace)), ("read the key", key)] {
            let Some(path) = path else { continue };
            let response = self.service.call(&Method::GET, &path, None)?;
            self.recording.response(&format!("{what} (GET)"), &response, Detail::FieldNames);
        }
        Ok(())
    }

    fn body(&self, role: &str) -> Value {
        let workspace = &self.service.target.workspace;
        json!({ "name": self.names.of(role), "description": MARK, "workspace_id": workspace })
    }

    fn create(&mut self) -> Result<String, String> {
        let mut body = self.body("api");
        body["limit_usd"] = json!(12.345);
        body["reset_interval"] = json!("daily");
        let made = self.call("create a guardrail", &Method::POST, "/guardrails", Some(&body))?;
        let id = made.id().map(str::to_owned);
        let id = id.ok_or_else(|| {
            format!("no guardrail could be created: {}", self.service.described(&made))
        })?;
        self.call("read the guardrail", &Method::GET, &format!("/guardrails/{id}"), None)?;
        self.list("list it")?;
        Ok(id)
    }

    /// Records the guardrails of this run that the list of the workspace shows, sorted by name.
    fn list(&mut self, what: &str) -> Result<(), String> {
        let query = format!("workspace_id={}&", self.service.target.workspace);
        let mut rows = self.service.list("/guardrails", &query)?;
        let is_ours = |row: &Value| {
            row["name"].as_str().is_some_and(|name| name.starts_with(&self.names.prefix))
        };
        rows.retain(is_ours);
        rows.sort_by_key(|row| row["name"].to_string());
        self.recording.outcome(&format!("{what} (GET)"), &json!({ "of this run": rows }));
        Ok(())
    }

    fn change(&mut self, id: &str) -> Result<(), String> {
        let path = format!("/guardrails/{id}");
        for (what, body) in changes() {
            self.call(what, &Method::PATCH, &path, Some(&body))?;
        }
        for (what, body) in mistakes() {
            self.call(&format!("refuse {what}"), &Method::PATCH, &path, Some(&body))?;
        }
        let rename = json!({ "name": self.names.of("renamed") });
        self.call("rename it", &Method::PATCH, &path, Some(&rename))?;
        Ok(())
    }

    /// A second guardrail, and names that are taken.
    fn second(&mut self, id: &str) -> Result<(), String> {
        let second = self.body("second");
        self.call("create a second guardrail", &Method::POST, "/guardrails", Some(&second))?;
        let twin =
            self.call("create one of the same name", &Method::POST, "/guardrails", Some(&second))?;
        let rename = json!({ "name": second["name"] });
        self.call(
            "rename to a name that is taken",
            &Method::PATCH,
            &format!("/guardrails/{id}"),
            Some(&rename),
        )?;
        if let Some(twin) = twin.id() {
            self.call(
                "delete the one of the same name",
                &Method::DELETE,
                &format!("/guardrails/{twin}"),
                None,
            )?;
        }
        self.list("list both")
    }

    /// Assignments of keys or members: of nobody, and of the one who may be assigned.
    fn assign(
        &mut self,
        id: &str,
        kind: &str,
        field: &str,
        nobody: &str,
        subject: Option<&str>,
    ) -> Result<(), String> {
        let path = format!("/guardrails/{id}/assignments/{kind}");
        let remove = format!("{path}/remove");
        self.call(&format!("list no {kind}"), &Method::GET, &path, None)?;
        self.call(
            &format!("assign an empty list of {kind}"),
            &Method::POST,
            &path,
            Some(&json!({ field: [] })),
        )?;
        self.call(
            &format!("assign {kind} that do not exist"),
            &Method::POST,
            &path,
            Some(&bulk(field, nobody)),
        )?;
        self.call(
            &format!("remove {kind} that do not exist"),
            &Method::POST,
            &remove,
            Some(&bulk(field, nobody)),
        )?;
        let Some(subject) = subject else { return Ok(()) };
        let body = bulk(field, subject);
        self.call(&format!("assign one of the {kind}"), &Method::POST, &path, Some(&body))?;
        self.call(&format!("assign one of the {kind} again"), &Method::POST, &path, Some(&body))?;
        self.call(&format!("list one of the {kind}"), &Method::GET, &path, None)?;
        self.call(&format!("remove one of the {kind}"), &Method::POST, &remove, Some(&body))?;
        self.call(&format!("remove one of the {kind} again"), &Method::POST, &remove, Some(&body))?;
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<(), String> {
        let path = format!("/guardrails/{id}");
        self.call("delete the guardrail", &Method::DELETE, &path, None)?;
        self.call("delete it again", &Method::DELETE, &path, None)?;
        self.call("read what is deleted", &Method::GET, &path, None)?;
        self.call(
            "change what is deleted",
            &Method::PATCH,
            &path,
            Some(&json!({ "description": MARK })),
        )?;
        Ok(())
    }
}
