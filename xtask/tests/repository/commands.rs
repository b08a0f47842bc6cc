//! The commands that workflows, scripts and guides name: that there are such ones, with such options.

use std::collections::BTreeSet;
use std::process::Command;

use crate::workflow;

/// Beside the workflows, where a command is named that somebody will type.
const FILES: [&str; 5] = [".ci/run", "CONTRIBUTING.md", "README.md", "RELEASING.md", "SECURITY.md"];

/// The lines of all of them.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for workflow in workflow::all() {
        for job in workflow.jobs() {
            lines.extend(job.scripts().flat_map(str::lines).map(str::to_owned));
        }
    }
    assert!(lines.len() > 10, "the workflows run something");
    lines.extend(
        FILES
            .iter()
            .flat_map(|file| crate::text(file).lines().map(str::to_owned).collect::<Vec<_>>()),
    );
    lines
}

/// What follows each mention of a command on a line, up to where a shell or a text ends it.
fn mentions<'a>(line: &'a str, command: &str) -> Vec<Vec<&'a str>> {
    let uses = line.split(command).skip(1);
    uses.map(|rest| rest.split(['`', '#', '|', ';', '&', ')', ',']).next().unwrap_or_default())
        .map(|words| words.split_whitespace().collect())
        .collect()
}

#[test]
fn every_command_of_xtask_that_is_named_exists_with_its_options() {
    let mut named = BTreeSet::new();
    for line in lines() {
        for words in mentions(&line, "cargo xtask ") {
            let Some((command, rest)) = words.split_first() else { continue };
            let options = rest.iter().filter(|word| word.starts_with("--"));
            named.insert((*command).to_owned());
            let help = help(command);
            for option in options {
                let option = option.split('=').next().unwrap_or_default();
                assert!(help.contains(option), "`{command}` has no {option}: {line}");
            }
        }
    }
    for expected in ["dist", "fuzz", "lint", "test"] {
        assert!(named.contains(expected), "{expected} is not among {named:?}");
    }
}

fn help(command: &str) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args([command, "--help"]).output().unwrap();
    assert!(output.status.success(), "there is no `cargo xtask {command}`");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_script_and_test_target_that_is_named_exists() {
    let (mut scripts, mut targets) = (0, 0);
    for line in lines() {
        for words in mentions(&line, ".ci/") {
            let name = words.first().copied().unwrap_or_default().trim_matches(['"', '\'']);
            assert!(crate::root().join(".ci").join(name).is_file(), "no .ci/{name}: {line}");
            scripts += 1;
        }
        for words in mentions(&line, "cargo test ") {
            for pair in words.windows(2).filter(|pair| pair[0] == "--test") {
                let tests = crate::root().join("tests");
                let file = tests.join(pair[1]).join("main.rs");
                let exists = file.is_file() || tests.join(format!("{}.rs", pair[1])).is_file();
                assert!(exists, "no test target {}: {line}", pair[1]);
                targets += 1;
            }
        }
    }
    assert!(scripts > 3 && targets > 3, "{scripts} scripts, {targets} test targets");
}
