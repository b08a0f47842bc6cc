//! Terraform and the provider over a port of the loopback interface: the only way on Windows.

use std::fs;

use crate::harness::Workspace;
use crate::story::{guardrail, only_guardrail};

#[test]
fn a_guardrail_is_created_and_destroyed_over_tcp() {
    let workspace = Workspace::over_tcp();
    workspace.config(&guardrail("this", "name = \"ci\""));
    workspace.apply().says("1 added");
    assert_eq!(only_guardrail(workspace.mock())["name"], "ci");
    workspace.destroy().says("1 destroyed");
    assert!(workspace.mock().guardrails().is_empty());

    let log = fs::read_to_string(workspace.log_file()).expect("every run is logged");
    let serving: Vec<_> = log.lines().filter(|line| line.contains("serving")).collect();
    assert!(!serving.is_empty(), "{log}");
    for line in serving {
        assert!(line.contains("127.0.0.1:") && line.contains("tls=true"), "{line}");
    }
    assert_eq!(workspace.leftovers(), Vec::<String>::new());
}
