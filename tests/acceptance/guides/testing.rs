//! A module that is tested with `mock_provider`, and against the mock as a program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::{Guide, program, run};
use crate::harness::{Run, Workspace};

/// The address that the guide has, which may be in use on this machine.
const ADDRESS: &str = "127.0.0.1:4010";

/// The mock as a program, until this is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts what the guide's command line runs, at a free port.
    fn start(guide: &Guide) -> Self {
        let line = guide.shell("cargo run").replace(ADDRESS, "127.0.0.1:0");
        let (cargo, arguments) = line.trim().split_once(" -- ").unwrap();
        assert_eq!(cargo, "cargo run -q -p mock-openrouter");
        let mut process = Command::new(program("mock-openrouter"))
            .args(arguments.split(' '))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let url = said["base_url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let told = guide.next("text", "base_url").replace(ADDRESS, &address);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), said);
        Self { process, address }
    }

    /// Runs a script of the guide against this server.
    fn run(&self, workspace: &Workspace, script: &str) -> Run {
        run(workspace, &script.replace(ADDRESS, &self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_module_is_tested_offline_and_against_the_server() {
    let guide = Guide::read("testing.md");
    let mut workspace = Workspace::installed();
    std::fs::create_dir_all(workspace.directory().join("tests/setup")).unwrap();
    workspace.write("main.tf", guide.terraform("variable \"daily_budget\""));
    workspace.write("tests/offline.tftest.hcl", guide.terraform("mock_provider"));
    workspace.env("OPENROUTER_MANAGEMENT_KEY", "").env("OPENROUTER_BASE_URL", "");
    let tested = run(&workspace, guide.shell("terraform test\n")).succeeds();
    guide.shown_by(tested, "budget_is_bounded");

    let server = Server::start(&guide);
    workspace.write("tests/setup/main.tf", guide.terraform("data \"openrouter_api_key\""));
    workspace.write("tests/server.tftest.hcl", guide.terraform("run \"setup\""));
    let script = guide.shell("terraform test -filter");
    guide.shown_by(server.run(&workspace, script).succeeds(), "key_has_the_guardrail");

    workspace.env("OPENROUTER_BASE_URL", &format!("http://{}/api/v1", server.address));
    workspace.env("OPENROUTER_MANAGEMENT_KEY", "sk-or-mgmt-mock");
    let failed = server.run(&workspace, guide.shell("/_mock/faults")).succeeds();
    guide.shown_by(failed.says("pass"), "hits");

    server
        .run(&workspace, guide.shell("/_mock/gaps"))
        .succeeds()
        .says("{\"gaps\":[")
        .says("POST /guardrails/{id}/assignments/keys");
    server.run(&workspace, "curl -sf http://127.0.0.1:4010/_mock/requests").says("\"total\":0");
}
