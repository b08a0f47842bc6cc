//! Providers that the API does not list are warned of, and accepted.

use mock_openrouter::{Action, Fault};

use crate::guardrails::named;
use crate::harness::{Run, Workspace};

fn lists(workspace: &Workspace) -> u64 {
    workspace.mock().count("GET", "/providers")
}

/// How often a plan warns of a slug.
fn told(run: &Run, slug: &str) -> usize {
    run.words().matches(&format!("does not list \"{slug}\"")).count()
}

#[test]
fn an_unlisted_provider_is_a_warning_once() {
    let workspace = Workspace::new();
    let config = |providers: &str| {
        ["a", "b", "c"]
            .map(|label| named(label, &format!("allowed_providers = [\"openai\", {providers}]")))
            .concat()
    };
    workspace.config(&config("\"antropic\""));
    let run = workspace.run(&["plan"]).succeeds().says("Unknown provider in `allowed_providers`");
    assert_eq!((told(&run, "antropic"), lists(&workspace)), (1, 1), "{run}");
    workspace.try_apply().succeeds();

    // What is there costs nothing, and is told no more.
    workspace.mock().reset();
    let run = workspace.plans_nothing();
    assert_eq!((told(&run, "antropic"), lists(&workspace)), (0, 0), "{run}");

    workspace.config(&config("\"antropic\", \"azzure\""));
    let run = workspace.run(&["plan"]).succeeds();
    assert_eq!((told(&run, "antropic"), told(&run, "azzure")), (0, 1), "{run}");
    workspace.config(&config("\"azure\""));
    workspace.run(&["plan"]).succeeds().never_says("Unknown provider");
}

#[test]
fn without_the_list_nothing_is_said() {
    let workspace = Workspace::new();
    workspace
        .mock()
        .add_fault(Fault::on("GET", "/providers", Action::status(503)).forever())
        .expect("it is valid");
    workspace.config(&named("a", "ignored_providers = [\"antropic\"]"));
    workspace.run(&["plan"]).succeeds().never_says("Unknown provider");
    assert_eq!(lists(&workspace), 1);
    workspace.apply();
}
