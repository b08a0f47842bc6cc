//! The README: its configuration is applied, and its picture is that of the plan.

use std::fs;
use std::path::Path;

use super::{Guide, run, with_key};
use crate::harness::{Terraform, Workspace};
use crate::story::only_guardrail;

/// What the picture shows, line by line.
fn pictured() -> Vec<String> {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/plan.svg");
    let picture = fs::read_to_string(picture).unwrap();
    let lines = picture.lines().filter(|line| line.starts_with("<text"));
    lines
        .map(|line| text(line).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .collect()
}

/// The text of an element, without tags.
fn text(element: &str) -> String {
    element.split('<').filter_map(|part| Some(part.split_once('>')?.1)).collect()
}

#[test]
fn readme_is_what_happens() {
    let guide = Guide::read("../../README.md");
    let mut workspace = Workspace::installed();
    workspace.write("main.tf", guide.terraform("required_providers"));
    workspace.init();
    // OpenTofu says who it is.
    if !Terraform::get().is_opentofu {
        let plan = workspace.plans_something();
        let lines = pictured();
        assert_eq!(lines[0], "$ terraform plan");
        assert!(lines.len() > 20, "{lines:#?}");
        let shown = |line: &&String| !plan.stdout.lines().any(|printed| printed == line.as_str());
        assert_eq!(lines[1..].iter().find(shown), None, "run `cargo xtask demo --picture`\n{plan}");
    }
    let script = with_key(&mut workspace, guide.shell("terraform apply"));
    guide.shown_by(run(&workspace, &script).succeeds(), "2 added");
    assert_eq!(only_guardrail(workspace.mock())["limit_usd"], 5);
    assert_eq!(workspace.mock().key_assignments().len(), 1);
}
