//! The table of CONTRIBUTING.md: a reason for each direct dependency.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What the manifests of the workspace name, but for each other.
fn direct() -> BTreeSet<String> {
    let words = ["metadata", "--locked", "--no-deps", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(words).current_dir(crate::root()).output();
    let metadata: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let dependencies =
        packages.iter().flat_map(|package| package["dependencies"].as_array().unwrap());
    dependencies
        .filter(|dependency| dependency["path"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The names in the first column of the table that is headed so.
fn explained() -> BTreeSet<String> {
    let text = crate::text("CONTRIBUTING.md");
    let table = text.split("| crate | used by | why |\n").nth(1).expect("there is the table");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn each_direct_dependency_has_a_reason_and_nothing_else_has() {
    let (direct, explained) = (direct(), explained());
    let unexplained: Vec<_> = direct.difference(&explained).collect();
    let gone: Vec<_> = explained.difference(&direct).collect();
    assert!(
        unexplained.is_empty() && gone.is_empty(),
        "CONTRIBUTING.md gives no reason for {unexplained:?}, and one for {gone:?}, which nothing needs"
    );
}
