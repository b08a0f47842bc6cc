//! A provider that runs on its own under `--debug`, for a debugger, and Terraform attached to it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mock_openrouter::{Mock, Options};
use tempfile::{NamedTempFile, TempDir};

use crate::harness::Workspace;
use crate::story::{guardrail, only_guardrail};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-openrouter");
/// As long as it takes.
const PATIENCE: Duration = Duration::from_secs(60);

const VARIABLE: &str = "TF_REATTACH_PROVIDERS";

/// A provider that waits for Terraform to attach.
struct Attachable {
    process: Child,
    temporary: TempDir,
    /// What it logs at DEBUG.
    log: NamedTempFile,
    /// The value of the variable that it told to set.
    value: String,
}

impl Attachable {
    /// Starts it. Nothing in its environment but what marks its requests.
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let log = NamedTempFile::new().unwrap();
        let mut process = Command::new(BINARY)
            .arg("--debug")
            .env_clear()
            .env("TMPDIR", temporary.path())
            .env("TF_APPEND_USER_AGENT", "attached")
            .env("TF_LOG_PROVIDER", "debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
        let prefix = format!("export {VARIABLE}='");
        let value = lines.map_while(Result::ok).find_map(|line| {
            Some(line.trim().strip_prefix(&prefix)?.strip_suffix('\'')?.to_owned())
        });
        Self { value: value.expect("it prints a line to paste"), process, temporary, log }
    }

    /// Ends it as Ctrl-C does, and answers its exit code.
    fn interrupt(&mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let code = self.process.wait().unwrap().code();
        let mut rest = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        code
    }
}

impl Drop for Attachable {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Each alias has its own connection, and the configuration belongs to that.
#[test]
fn one_process_serves_two_aliases_for_several_runs() {
    let mut provider = Attachable::start();
    let key = "sk-or-mgmt-second";
    let second =
        Mock::start(Options { management_key: key.to_owned(), ..Options::default() }).unwrap();
    let mut workspace = Workspace::new();
    let first = workspace.mock();
    let config = |name: &str| {
        format!(
            "provider \"openrouter\" {{\n  server_url = \"{}\"\n  api_key = {:?}\n}}\n\
             provider \"openrouter\" {{\n  alias = \"second\"\n  server_url = \"{}\"\n  api_key = \"{key}\"\n}}\n{}{}",
            first.base_url(),
            first.management_key(),
            second.base_url(),
            guardrail("this", &format!("count = 5\nname = \"first {name} ${{count.index}}\"")),
            guardrail("other", &format!("provider = openrouter.second\nname = \"second {name}\"")),
        )
    };
    let (one, two) = (config("one"), config("two"));
    workspace.env(VARIABLE, &provider.value);
    for (config, name) in [(one, "one"), (two, "two")] {
        workspace.config(&config).apply();
        assert_eq!(workspace.mock().guardrails().len(), 5);
        assert_eq!(only_guardrail(&second)["name"], format!("second {name}"));
    }
    workspace.destroy();
    assert!(workspace.mock().guardrails().is_empty() && second.guardrails().is_empty());
    for mock in [workspace.mock(), &second] {
        let log = mock.log();
        let attached = |agent: &String| agent.ends_with(" attached");
        assert!(
            log.requests.iter().all(|request| attached(&request.headers["user-agent"])),
            "{log:#?}"
        );
    }

    assert_eq!(provider.interrupt(), Some(0));
    assert_eq!(fs::read_dir(provider.temporary.path()).unwrap().count(), 0);
    workspace.try_plan().fails();
    let log = fs::read_to_string(provider.log.path()).unwrap();
    assert!(log.contains("serving") && !log.contains("a connection failed"), "{log}");
}

/// Terraform dies in the middle of a call.
#[test]
fn a_break_is_logged_as_one() {
    let mut workspace = Workspace::new();
    let provider = Attachable::start();
    workspace.env(VARIABLE, &provider.value);
    workspace.config(&format!(
        "provider \"openrouter\" {{\n  server_url = \"{}\"\n  api_key = {:?}\n}}\n{}",
        workspace.mock().base_url(),
        workspace.mock().management_key(),
        guardrail("this", "name = \"ci\"")
    ));
    workspace.mock().set_latency(Duration::from_secs(8));
    let mut command = workspace.command(&["apply", "-auto-approve"]);
    let mut terraform = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(workspace.mock().wait_until(PATIENCE, |mock| mock.log().in_flight > 0));
    terraform.kill().unwrap();
    terraform.wait().unwrap();
    let log = || fs::read_to_string(provider.log.path()).unwrap();
    let is_told = |log: String| {
        log.lines().any(|line| line.contains("warn") && line.contains("a connection failed"))
    };
    assert!(workspace.mock().wait_until(PATIENCE, |_| is_told(log())), "{}", log());
}

/// However a host leaves, Terraform's way of leaving is none that anybody has to look into.
#[test]
fn a_normal_end_is_not_logged_as_a_break() {
    let mut workspace = Workspace::new();
    workspace.env("TF_LOG_PROVIDER", "debug").config(&guardrail("this", "name = \"ci\""));
    let run = workspace.try_apply().succeeds();
    assert!(run.stderr.contains("the host requested it"), "{run}");
    run.never_says("a connection failed")
        .never_says("[WARN]  provider.terraform-provider-openrouter");
}

/// Both ask for a guardrail of the same name at the same time, and neither hears what became of it.
#[test]
fn aliases_of_one_account_do_not_take_each_others_guardrails() {
    use mock_openrouter::{Action, Fault, When};
    let provider = Attachable::start();
    let mut workspace = Workspace::new();
    let settings = format!(
        "server_url = {:?}\n  api_key = {:?}",
        workspace.mock().base_url(),
        workspace.mock().management_key()
    );
    workspace.config(&format!(
        "provider \"openrouter\" {{\n  {settings}\n}}\nprovider \"openrouter\" {{\n  alias = \"second\"\n  {settings}\n}}\n{}{}",
        guardrail("one", "name = \"same\""),
        guardrail("two", "provider = openrouter.second\nname = \"same\""),
    ));
    workspace.env(VARIABLE, &provider.value);
    for _ in 0..2 {
        workspace
            .mock()
            .add_fault(Fault::on("POST", "/guardrails", Action::dropped(When::After)))
            .unwrap();
    }
    workspace.apply().says("2 added");
    let kept: std::collections::BTreeSet<_> =
        ["one", "two"].map(|label| crate::guardrails::id(&workspace, label)).into();
    assert_eq!((kept.len(), workspace.mock().guardrails().len()), (2, 2));
    assert_eq!(workspace.mock().count("POST", "/guardrails"), 2);
}
