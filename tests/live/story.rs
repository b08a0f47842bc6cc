//! What a user does, through Terraform and the provider: create, assign, update, import, destroy,
//! and an empty plan after each.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Run, Workspace};
use crate::ours::{MARK, Names};
use crate::recording::Recording;
use crate::service::Target;

const GUARDRAIL: &str = "openrouter_guardrail.this";
const KEY: &str = "openrouter_guardrail_key_assignment.this";
const MEMBER: &str = "openrouter_guardrail_member_assignment.this";

/// The variables of proxies, which a run of Terraform in a workspace does not get by itself.
const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"];

const SETTINGS: &str = r#"
  limit_usd               = 12.345
  reset_interval          = "weekly"
  allowed_models          = ["openai/gpt-5", "anthropic/claude-opus-4.1"]
  ignored_providers       = ["xai", "azure"]
  content_filters         = [{ pattern = "\\bx\\d{3}\\b", action = "redact", label = "[X]" }]
  content_filter_builtins = [{ slug = "email", action = "block" }, { slug = "phone", action = "redact" }]
  enforce_zdr             = true
"#;

const OTHER_SETTINGS: &str = r#"
  allowed_models          = ["google/gemini-2.5-pro"]
  content_filter_builtins = [{ slug = "email", action = "flag" }]
  enforce_zdr             = false
  include_byok_in_budgets = true
"#;

/// Plays the story and records what the state holds after each part. Fails when Terraform does not
/// do what it should.
pub(crate) fn run(target: &Target, names: &Names, recording: &mut Recording) -> Result<(), String> {
    Story::new(target, names, recording).play()
}

struct Story<'a> {
    target: &'a Target,
    name: String,
    recording: &'a mut Recording,
    workspace: Workspace,
}

impl<'a> Story<'a> {
    fn new(target: &'a Target, names: &Names, recording: &'a mut Recording) -> Self {
        let mut workspace = Workspace::new();
        workspace.env("OPENROUTER_BASE_URL", &target.base_url);
        workspace.env("OPENROUTER_MANAGEMENT_KEY", target.key.expose());
        for name in PROXIES {
            workspace.env(name, &std::env::var(name).unwrap_or_default());
        }
        Self { target, name: names.of("terraform"), recording, workspace }
    }

    fn play(&mut self) -> Result<(), String> {
        self.workspace.config(&(self.guardrail(SETTINGS) + &self.assignments()));
        self.applied("create and assign")?;
        self.workspace.config(&(self.guardrail(OTHER_SETTINGS) + &self.assignments()));
        self.applied("update")?;
        self.workspace.config(&self.guardrail(OTHER_SETTINGS));
        self.applied("remove the assignments")?;
        let id = self.workspace.attributes(GUARDRAIL)["id"].as_str().unwrap_or_default().to_owned();
        self.imported("import by id", &id)?;
        self.imported("import by name", &format!("{}/{}", self.target.workspace, self.name))?;
        self.terraform("destroy", &["destroy", "-auto-approve"])?;
        Ok(())
    }

    fn guardrail(&self, settings: &str) -> String {
        let (name, workspace) = (&self.name, &self.target.workspace);
        format!(
            "resource \"openrouter_guardrail\" \"this\" {{\n  name = {name:?}\n  description = {MARK:?}\n  \
             workspace_id = {workspace:?}\n{settings}}}\n"
        )
    }

    /// The assignments that the run may make.
    fn assignments(&self) -> String {
        let block = |kind: &str, field: &str, subject: &Option<String>| match subject {
            Some(subject) => format!(
                "resource \"openrouter_guardrail_{kind}_assignment\" \"this\" {{\n  guardrail_id = {GUARDRAIL}.id\n  \
                 {field} = {subject:?}\n}}\n"
            ),
            None => String::new(),
        };
        block("key", "key_hash", &self.target.key_hash)
            + &block("member", "user_id", &self.target.user_id)
    }

    /// Applies the configuration, records the state, and expects nothing left to do.
    fn applied(&mut self, what: &str) -> Result<(), String> {
        self.terraform(what, &["apply", "-auto-approve"])?;
        self.record(what);
        self.plans_nothing(what)
    }

    /// Forgets the guardrail and imports it.
    fn imported(&mut self, what: &str, id: &str) -> Result<(), String> {
        self.terraform(what, &["state", "rm", GUARDRAIL])?;
        self.terraform(what, &["import", GUARDRAIL, id])?;
        self.record(what);
        self.plans_nothing(what)
    }

    fn plans_nothing(&self, what: &str) -> Result<(), String> {
        self.terraform(&format!("{what}, the plan after it"), &["plan", "-detailed-exitcode"])
    }

    fn record(&mut self, what: &str) {
        let addresses = self.workspace.addresses();
        let mut state = json!({});
        for address in [GUARDRAIL, KEY, MEMBER] {
            if addresses.iter().any(|known| known == address) {
                state[address] = self.workspace.attributes(address);
            }
        }
        self.recording.outcome(
            &format!("{what} (Terraform)"),
            &Value::Object(state.as_object().cloned().unwrap_or_default()),
        );
    }

    /// Runs Terraform and expects exit code 0.
    fn terraform(&self, what: &str, words: &[&str]) -> Result<(), String> {
        let output = self.workspace.command(words).output();
        let output = output.map_err(|error| format!("Terraform cannot be started: {error}"))?;
        let run = Run::new(format!("terraform {}", words.join(" ")), output);
        if let Some(place) = self.place_of_key(&run) {
            return Err(format!("{what}: {place} holds the management key"));
        }
        if run.code == Some(0) { Ok(()) } else { Err(format!("{what}: Terraform failed\n{run}")) }
    }

    /// Where the management key has got to, which is not said in the key's own words.
    fn place_of_key(&self, run: &Run) -> Option<&'static str> {
        let key = self.target.key.expose();
        let log = fs::read_to_string(self.workspace.log_file()).unwrap_or_default();
        let state = self.workspace.state_file().to_string();
        let places = [
            ("Terraform's output", &run.stdout),
            ("Terraform's output", &run.stderr),
            ("the log", &log),
            ("the state", &state),
        ];
        places.into_iter().find(|(_, text)| text.contains(key)).map(|(place, _)| place)
    }
}
