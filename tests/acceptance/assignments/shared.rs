//! Two objects of the state that hold one row: the row stays for as long as one of them does.

use serde_json::json;

use super::{assert_warns, default_keys, existing, guardrails, key, member, under, warnings};
use crate::harness::Workspace;

/// Assignments of one key, or of one member, by their labels and the line that names the guardrail.
fn assigned(workspace: &Workspace, guardrail: &str, keys: &[&str], members: &[&str]) -> String {
    let hash = default_keys(workspace.mock()).remove(0);
    let user = workspace.mock().member_ids().remove(0);
    let keys = keys.iter().map(|label| key(label, &format!("{guardrail}\nkey_hash = {hash:?}")));
    let user = format!("{guardrail}\nuser_id = {user:?}");
    keys.chain(members.iter().map(|label| member(label, &user))).collect()
}

/// How many keys and members have a guardrail.
fn rows(workspace: &Workspace) -> usize {
    workspace.mock().key_assignments().len() + workspace.mock().member_assignments().len()
}

/// Where the guardrail is made in the same configuration, the one that goes is planned first.
#[test]
fn one_of_two_is_destroyed_and_the_row_stays() {
    let workspace = Workspace::new();
    let known = existing(workspace.mock(), json!({ "name": "known" }));
    for (own, line) in
        [(String::new(), format!("guardrail_id = {known:?}")), (guardrails(["a"]), under("a"))]
    {
        let both = assigned(&workspace, &line, &["one", "two", "three"], &["one", "two"]);
        for parallelism in ["-parallelism=1", "-parallelism=10"] {
            workspace.config(&(own.clone() + &both)).try_apply().succeeds();
            let plan = workspace.plans_nothing();
            assert_eq!(warnings(&plan), 2, "one for the key, one for the member\n{plan}");
            plan.says("Two resources manage the same assignment").says("terraform state rm");

            let one = assigned(&workspace, &line, &["one"], &["one"]);
            workspace.config(&(own.clone() + &one));
            let run = workspace.run(&["apply", "-auto-approve", parallelism]).succeeds();
            assert!(warnings(&run) >= 2, "{run}");
            assert_eq!(rows(&workspace), 2, "{run}");
            assert_eq!(warnings(&workspace.plans_nothing()), 0);
        }
        workspace.config(&(own.clone() + &both)).try_apply().succeeds();
        workspace.destroy();
        assert_eq!(rows(&workspace), 0, "the last ones remove the rows");
    }
}

#[test]
fn a_rename_whose_new_name_is_applied_first_keeps_the_row() {
    let workspace = Workspace::new();
    let config = |label| guardrails(["a"]) + &assigned(&workspace, &under("a"), &[label], &[]);
    workspace.config(&config("this")).apply();
    let target = "-target=openrouter_guardrail_key_assignment.that";
    workspace.config(&config("that"));
    workspace.run(&["apply", "-auto-approve", target]).succeeds().says("1 added");
    assert_warns(
        workspace.try_plan().exits_with(2).says("1 to destroy"),
        &["Two resources manage the same assignment"],
    );
    workspace.try_apply().succeeds().says("1 destroyed");
    assert_eq!(rows(&workspace), 1);
    assert_eq!(warnings(&workspace.plans_nothing()), 0);
}

#[test]
fn two_that_were_imported_are_told_apart() {
    let workspace = Workspace::new();
    let known = existing(workspace.mock(), json!({ "name": "known" }));
    let line = format!("guardrail_id = {known:?}");
    let hash = default_keys(workspace.mock()).remove(0);
    workspace.mock().assign_keys(&known, std::slice::from_ref(&hash)).unwrap();
    workspace.config(&assigned(&workspace, &line, &["this", "that"], &[]));
    for label in ["this", "that"] {
        let address = format!("openrouter_guardrail_key_assignment.{label}");
        workspace.try_import(&address, &format!("{known}/{hash}")).succeeds();
    }
    workspace.config(&assigned(&workspace, &line, &["that"], &[])).apply().says("1 destroyed");
    // If core plans the removal before it reads the other one, the row goes and comes back in this apply.
    assert_eq!(rows(&workspace), 1);
}

#[test]
fn both_are_destroyed_in_one_apply_and_the_row_goes() {
    let workspace = Workspace::new();
    let both = assigned(&workspace, &under("a"), &["this", "that"], &[]);
    workspace.config(&(guardrails(["a"]) + &both)).try_apply().succeeds();
    let run = workspace.config(&guardrails(["a"])).apply().says("2 destroyed");
    assert_eq!((rows(&workspace), warnings(&run)), (0, 0), "{run}");
}

/// Over one connection, where what an earlier run has planned is still known.
#[test]
fn runs_of_one_test_keep_the_row_for_as_long() {
    let workspace = Workspace::new();
    let hash = default_keys(workspace.mock()).remove(0);
    let block = |label: &str, least: usize| {
        let count = format!("count = var.number > {least} ? 1 : 0");
        key(label, &format!("{count}\n{}\nkey_hash = {hash:?}", under("a")))
    };
    let listed = "data \"openrouter_guardrail_key_assignments\" \"a\" {\n  \
                  guardrail_id = openrouter_guardrail.a.id\n  \
                  depends_on = [openrouter_guardrail_key_assignment.one, \
                  openrouter_guardrail_key_assignment.two]\n}\n";
    workspace.config(
        &("variable \"number\" {}\n".to_owned()
            + &guardrails(["a"])
            + &block("one", 0)
            + &block("two", 1)
            + listed),
    );
    let run = |(index, number): (usize, &usize)| {
        let rows = number.min(&1);
        format!(
            "run \"run_{index}\" {{\n  variables {{\n    number = {number}\n  }}\n  assert {{\n    \
             condition = data.openrouter_guardrail_key_assignments.a.total_count == {rows}\n    \
             error_message = \"not {rows}\"\n  }}\n}}\n"
        )
    };
    let runs: String = [2, 1, 2, 0, 2, 1, 0, 1, 2].iter().enumerate().map(run).collect();
    workspace.write("main.tftest.hcl", &("provider \"openrouter\" {}\n".to_owned() + &runs));
    let run = workspace.run(&["test"]).succeeds();
    assert_eq!(rows(&workspace), 0, "{run}");
}
