//! What a plan shows to those who review it.

use super::{Guide, run};
use crate::harness::Workspace;

#[test]
fn a_plan_names_what_it_destroys() {
    let guide = Guide::read("security.md");
    let workspace = Workspace::new();
    let config = guide.terraform("prevent_destroy");
    workspace.config(config).try_apply().succeeds();
    let review = guide.shell("will be destroyed");
    run(&workspace, review).succeeds().says("Nothing is destroyed.");
    guide.shown_by(workspace.run(&["plan", "-destroy"]).fails(), "cannot be destroyed");

    workspace.config("");
    let named = run(&workspace, review).succeeds().never_says("Nothing is destroyed.");
    named.says("# openrouter_guardrail.production will be destroyed");

    workspace.config("resource \"openrouter_guardrail\" \"production\" {}\n");
    run(&workspace, review).fails().never_says("Nothing is destroyed.");
}
