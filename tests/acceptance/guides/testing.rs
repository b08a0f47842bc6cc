//! A module that is tested with `mock_provider`, and against the mock as a program.

use super::server::Server;
use super::{Guide, run};
use crate::harness::Workspace;

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
}
