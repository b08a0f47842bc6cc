//! Drives real Terraform against the mock: a directory, an environment and a mock of its own for each test, so that
//! tests can run side by side.
//!
//! Most tests use `Workspace::new`, which hands the built provider to Terraform by `dev_overrides`: that needs no `init`,
//! which saves a Terraform start per test, and where 1.11 would look for the provider in its registry. Use
//! `Workspace::installed` for what only a real installation shows. Terraform's starts take most of the time: prefer
//! `attributes`, which reads the state file, to `state`, which starts Terraform.
//!
//! Every run is logged in full, the API repeats the key in every answer, and when a workspace is dropped, nothing that
//! it leaves may hold a part of the key.

#[cfg(unix)]
mod background;
#[path = "../../../xtask/src/host.rs"]
pub(crate) mod host;
mod leaks;
pub(crate) mod programs;
pub(crate) mod provider;
mod state;
mod terraform;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use mock_openrouter::{Mock, Options};
use serde_json::Value;
use tempfile::TempDir;

use self::leaks::Marks;
pub(crate) use self::state::changes;
pub(crate) use self::terraform::{Run, Terraform};

/// What every configuration opens with. The provider's settings come from the environment.
const PREAMBLE: &str = concat!(
    r#"terraform {
  required_providers {
    openrouter = {
      source = ""#,
    env!("SOURCE_ADDRESS"),
    r#""
    }
  }
}
"#
);

/// A directory with a configuration, and the mock that its provider talks to.
pub(crate) struct Workspace {
    root: TempDir,
    cli_config: PathBuf,
    environment: Vec<(String, String)>,
    mock: Mock,
    marks: Marks,
    /// Whether the test itself has put the key where Terraform keeps or shows it.
    disclosed: AtomicBool,
}

/// The provider's variables that take the key.
const KEY_VARIABLES: [&str; 2] = ["OPENROUTER_MANAGEMENT_KEY", "OPENROUTER_API_KEY"];

impl Workspace {
    /// A workspace whose provider needs no `init`, and an empty mock.
    pub(crate) fn new() -> Self {
        Self::with_mock(Options::default())
    }

    /// As `new`, with a mock of that kind.
    pub(crate) fn with_mock(options: Options) -> Self {
        Self::set_up(options, provider::override_with)
    }

    /// As `new`, with a provider that listens on a port, as it does on Windows.
    #[cfg(unix)]
    pub(crate) fn over_tcp() -> Self {
        Self::set_up(Options::default(), provider::override_over_tcp)
    }

    /// A workspace where `init` installs the provider from a filesystem mirror, and everything before it fails.
    pub(crate) fn installed() -> Self {
        Self::set_up(Options::default(), provider::mirror_for)
    }

    /// As `new`, with a provider that is offered in some other way: the function gets a directory of the workspace's own, and
    /// gives the CLI configuration.
    pub(crate) fn offered(offer: impl FnOnce(&Path) -> PathBuf) -> Self {
        Self::set_up(Options::default(), offer)
    }

    fn set_up(mut options: Options, offer: impl FnOnce(&Path) -> PathBuf) -> Self {
        options.echo_key = true;
        if options.management_key == Options::default().management_key {
            leaks::KEY.clone_into(&mut options.management_key);
        }
        let mock = Mock::start(options).expect("the mock starts");
        let marks = Marks::of(mock.management_key());
        let root = tempfile::Builder::new()
            .prefix("acc")
            .tempdir()
            .expect("there is a directory for temporary files");
        for folder in ["home", "tmp", "work"] {
            fs::create_dir(root.path().join(folder)).expect("the workspace is writable");
        }
        let cli_config = offer(root.path());
        let environment = vec![
            ("OPENROUTER_BASE_URL".to_owned(), mock.base_url().to_owned()),
            ("OPENROUTER_MANAGEMENT_KEY".to_owned(), mock.management_key().to_owned()),
        ];
        Self { root, cli_config, environment, mock, marks, disclosed: AtomicBool::new(false) }
    }

    /// The mock, to look into or to change behind Terraform's back.
    pub(crate) fn mock(&self) -> &Mock {
        &self.mock
    }

    /// Where everything is that belongs to this workspace.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where the configuration and the state are.
    pub(crate) fn directory(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Sets a variable for all later runs; the empty string unsets one that the workspace sets.
    pub(crate) fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.retain(|(known, _)| known != name);
        if !KEY_VARIABLES.contains(&name) {
            self.note_disclosure(value);
        }
        if !value.is_empty() {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Makes `hcl`, after the block that names the provider's source, the whole configuration.
    pub(crate) fn config(&self, hcl: &str) -> &Self {
        self.write("main.tf", &format!("{PREAMBLE}\n{hcl}"))
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        self.note_disclosure(text);
        fs::write(self.directory().join(name), text).expect("the workspace is writable");
        self
    }

    fn note_disclosure(&self, text: &str) {
        if self.marks.are_in(text) {
            self.disclosed.store(true, Ordering::Relaxed);
        }
    }

    /// A Terraform command in this workspace that has not started yet: for signals, and runs side by side.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = host::hermetic(&Terraform::get().path);
        command
            .args(args)
            .current_dir(self.directory())
            .env("HOME", self.root.path().join("home"))
            .env("TMPDIR", self.root.path().join("tmp"))
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        // A test that sets one of these wants the log for itself.
        if !self.environment.iter().any(|(name, _)| name.starts_with("TF_LOG")) {
            command.env("TF_LOG_PROVIDER", "TRACE").env("TF_LOG_PATH", self.log_file());
        }
        command
    }

    /// Runs Terraform and expects nothing: follow with `succeeds`, `fails` or `exits_with`.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().expect("Terraform can be started");
        self.check_run(format!("terraform {}", args.join(" ")), output)
    }

    /// A run that has ended, which has not shown the key.
    #[track_caller]
    fn check_run(&self, line: String, output: Output) -> Run {
        let run = Run::new(line, output);
        if !self.disclosed.load(Ordering::Relaxed) {
            let shown = self.marks.line_in(&run.stdout).or_else(|| self.marks.line_in(&run.stderr));
            assert!(shown.is_none(), "{} shows the key: {}", run.line, shown.unwrap_or_default());
        }
        run
    }

    /// Where everything goes that the provider has to say.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.root.path().join("provider.log")
    }

    /// Where a part of the key is, in the log or in a file that Terraform has written.
    fn leak(&self) -> Option<String> {
        let files = || self.marks.found_below(&self.directory());
        let leak = self.marks.found_below(&self.log_file());
        leak.or_else(|| if self.disclosed.load(Ordering::Relaxed) { None } else { files() })
    }

    /// `terraform init`.
    #[track_caller]
    pub(crate) fn init(&self) -> Run {
        self.run(&["init"]).succeeds()
    }

    /// `terraform apply` without saved plan; follow with an expectation.
    pub(crate) fn try_apply(&self) -> Run {
        self.run(&["apply", "-auto-approve"])
    }

    /// `terraform apply`, and nothing is left to do after it.
    #[track_caller]
    pub(crate) fn apply(&self) -> Run {
        let applied = self.try_apply().succeeds();
        self.plans_nothing();
        applied
    }

    /// `terraform plan -detailed-exitcode`; follow with an expectation. Exit code 0 is an empty plan, 2 one with changes.
    pub(crate) fn try_plan(&self) -> Run {
        self.run(&["plan", "-detailed-exitcode"])
    }

    /// Expects an empty plan.
    #[track_caller]
    pub(crate) fn plans_nothing(&self) -> Run {
        self.try_plan().exits_with(0)
    }

    /// Expects a plan with changes.
    #[track_caller]
    pub(crate) fn plans_something(&self) -> Run {
        self.try_plan().exits_with(2)
    }

    /// Plans and gives the plan as `terraform show -json` tells it; `changes` picks what it would do.
    #[track_caller]
    pub(crate) fn plan_json(&self) -> Value {
        self.run(&["plan", "-out=plan.bin"]).succeeds();
        self.run(&["show", "-json", "plan.bin"]).succeeds().json()
    }

    /// `terraform destroy`.
    #[track_caller]
    pub(crate) fn destroy(&self) -> Run {
        self.run(&["destroy", "-auto-approve"]).succeeds()
    }

    /// `terraform import`; follow with an expectation.
    pub(crate) fn try_import(&self, address: &str, id: &str) -> Run {
        self.run(&["import", address, id])
    }

    /// The answer of `terraform validate -json`, valid or not; its `diagnostics` name the attributes.
    #[track_caller]
    pub(crate) fn validate_json(&self) -> Value {
        self.run(&["validate", "-json"]).json()
    }

    /// The outputs, each with `value`, `type` and `sensitive`.
    #[track_caller]
    pub(crate) fn outputs(&self) -> Value {
        self.run(&["output", "-json"]).succeeds().json()
    }

    /// The state as `terraform show -json` tells it.
    #[track_caller]
    pub(crate) fn state(&self) -> Value {
        self.run(&["show", "-json"]).succeeds().json()
    }

    /// The state file as it is stored, without starting Terraform; null before the first apply.
    pub(crate) fn state_file(&self) -> Value {
        match fs::read(self.directory().join("terraform.tfstate")) {
            Ok(bytes) => serde_json::from_slice(&bytes).expect("Terraform writes JSON"),
            Err(_) => Value::Null,
        }
    }

    /// The addresses of everything in the state file.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let state = self.state_file();
        state::instances(&state).into_iter().map(|(address, _)| address).collect()
    }

    /// Everything in the state file: addresses and instances.
    pub(crate) fn instances(&self) -> Vec<(String, Value)> {
        let state = self.state_file();
        state::instances(&state)
            .into_iter()
            .map(|(address, found)| (address, found.clone()))
            .collect()
    }

    /// One instance of the state file: its `attributes`, whether it is tainted (`status`), its `private` bytes.
    #[track_caller]
    pub(crate) fn instance(&self, address: &str) -> Value {
        let state = self.state_file();
        let found = state::instances(&state).into_iter().find(|(known, _)| known == address);
        let Some((_, instance)) = found else {
            panic!("{address} is not in the state:\n{state:#}")
        };
        instance.clone()
    }

    /// What the state file holds for an address.
    #[track_caller]
    pub(crate) fn attributes(&self, address: &str) -> Value {
        self.instance(address)["attributes"].clone()
    }

    /// Names of the files that are left in the directory for temporary files: a provider that ended leaves none.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let entries =
            fs::read_dir(self.root.path().join("tmp")).expect("the workspace is readable");
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // A test that has failed has enough to tell, and a second panic would end all tests.
        if !std::thread::panicking()
            && let Some(leak) = self.leak()
        {
            panic!("the key has got out: {leak}");
        }
    }
}
