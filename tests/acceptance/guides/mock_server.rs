//! The mock server as its page describes it: options, commands, faults.

use std::collections::BTreeSet;
use std::process::Command;

use super::server::Server;
use super::{Guide, program, run};
use crate::harness::Workspace;
use crate::story::{guardrail, id_of};

const PAGE: &str = "mock-server.md";

#[test]
fn the_mock_server_does_what_its_page_says() {
    let guide = Guide::read(PAGE);
    let workspace = Workspace::installed();
    workspace.config(&guardrail("this", "name = \"ci\"")).init();
    let server = Server::start(&guide);
    let start = guide.shell("export OPENROUTER_BASE_URL");
    server.run(&workspace, start).succeeds().says("1 added");
    let exports = start.replace("terraform apply\n", "");
    let follow = |script: &str| server.run(&workspace, &format!("{exports}{script}")).succeeds();

    let seen = follow(guide.shell("/_mock/requests"));
    let seen = seen.says("\"default_guardrail_id\"").says("\"POST /guardrails\":1");
    seen.says("{\"gaps\":[]}");
    follow(guide.shell("/_mock/reset"));

    let faults = follow(guide.shell("/_mock/faults"));
    guide.shown_by(faults.says("1 added"), "hits");

    follow(guide.shell("/_mock/latency"));
    let id = id_of(&workspace, "openrouter_guardrail.this");
    let policies = guide.shell("/_mock/policies/replace").replace("GUARDRAIL_ID", &id);
    workspace
        .config(&guardrail("this", "name = \"ci\"\nlimit_usd = 5\nreset_interval = \"daily\""));
    follow("terraform apply");
    follow(&policies).says("A policy has replaced");
    each_action_is_accepted(&server, &workspace);
}

fn page() -> String {
    std::fs::read_to_string(super::folder().join(PAGE)).unwrap()
}

/// The first column of the table that has this heading, as code.
fn first_column(heading: &str) -> Vec<String> {
    let page = page();
    let (_, table) = page.split_once(&format!("| {heading} |")).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

fn each_action_is_accepted(server: &Server, workspace: &Workspace) {
    let actions = first_column("`action`");
    assert!(actions.len() > 10, "{actions:?}");
    for action in actions {
        let fault = format!("{{\"match\": {{\"method\": \"NONE\"}}, \"action\": {action}}}");
        let url = format!("http://{}/_mock/faults", server.address);
        run(workspace, &format!("curl -sf {url} -d '{fault}'")).succeeds().says("\"id\":");
    }
}

#[test]
fn the_table_of_options_is_complete() {
    let help = Command::new(program("mock-openrouter")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words = help.split_whitespace().filter(|word| word.starts_with("--"));
    let known = words.map(|word| word.trim_end_matches(['.', ',', ';']).to_owned());
    let mut known: BTreeSet<String> = known.collect();
    for general in ["--help", "--version"] {
        assert!(known.remove(general));
    }
    assert_eq!(BTreeSet::from_iter(first_column("option")), known);
}
