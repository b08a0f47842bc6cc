//! What must hold for every workflow, and for the one that publishes. GitHub alone can run them; the workflow `ci` has
//! actionlint look at what is GitHub's own in them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use yaml_rust2::Yaml;

use crate::workflow::{self, Job, parse};

fn every_job(check: impl Fn(&Job<'_>)) {
    let mut count = 0;
    for workflow in workflow::all() {
        for job in workflow.jobs() {
            check(&job);
            count += 1;
        }
    }
    assert!(count > 5, "only {count} jobs");
}

/// The permissions with write access.
fn writes<'a>(job: &Job<'a>) -> Vec<&'a str> {
    let granted = job.permissions.as_hash();
    let granted = granted.unwrap_or_else(|| panic!("{} does not limit its permissions", job.place));
    let written = granted.iter().filter(|(_, access)| access.as_str() == Some("write"));
    written.map(|(name, _)| name.as_str().unwrap()).collect()
}

#[test]
fn every_job_has_a_limit_of_time_and_of_permissions() {
    every_job(|job| {
        assert!(job.yaml["timeout-minutes"].as_i64().is_some(), "{}", job.place);
        let expected: &[&str] = match job.name {
            "sign" => &["id-token", "attestations"],
            "draft" | "publish" => &["contents"],
            _ => &[],
        };
        assert_eq!(writes(job), expected, "{}", job.place);
    });
}

/// An action runs with the job's permissions, and its tag can be moved by whoever owns it.
#[test]
fn actions_are_githubs_own_and_leave_no_token_in_the_checkout() {
    every_job(|job| {
        for step in job.steps() {
            let Some(action) = step["uses"].as_str() else { continue };
            assert!(
                action.starts_with("actions/") && action.contains("@v"),
                "{}: {action}",
                job.place
            );
            if action.starts_with("actions/checkout@") {
                let kept = &step["with"]["persist-credentials"];
                assert_eq!(kept, &Yaml::Boolean(false), "{}", job.place);
            }
        }
    });
}

#[test]
fn every_script_is_one_that_bash_can_read() {
    every_job(|job| {
        for script in job.scripts() {
            let script = without_expressions(script);
            let (fine, said) = bash_reads(&script);
            assert!(fine, "{}: {said}in\n{script}", job.place);
        }
    });
    assert!(!bash_reads("if true; then echo").0);
}

/// What GitHub puts in place of an expression is a word here.
fn without_expressions(script: &str) -> String {
    let mut parts = script.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (_, rest) = part.split_once("}}").expect("an expression ends");
        text + "expression" + rest
    })
}

fn bash_reads(script: &str) -> (bool, String) {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("there is bash");
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Who may write to a script's text could run a command with the job's secrets: a tag's name is only data, in a variable.
#[test]
fn no_script_of_the_release_contains_what_a_tag_is_called() {
    for job in workflow::named("release.yml").jobs() {
        for script in job.scripts() {
            assert!(!script.contains("${{"), "{}: {script}", job.place);
        }
    }
}

#[test]
fn a_release_is_published_only_after_it_was_checked_signed_and_verified() {
    let release = workflow::named("release.yml");
    let chain = ["publish", "verify", "draft", "sign", "assemble", "package", "check"];
    for pair in chain.windows(2) {
        assert!(
            release.job(pair[0]).needs().contains(&pair[1]),
            "{} goes before {}",
            pair[1],
            pair[0]
        );
    }
    let runs =
        |job: &str, command: &str| release.job(job).scripts().any(|run| run.contains(command));
    for (job, command) in [
        ("check", ".ci/release check \"$GITHUB_REF_NAME\""),
        ("package", "cargo test --locked --target \"$TARGET\""),
        ("sign", ".ci/release sign dist/*_SHA256SUMS"),
        ("draft", "gh release create \"$GITHUB_REF_NAME\" --draft --verify-tag"),
        ("verify", "cargo xtask dist --verify uploaded --public-key release-key.asc"),
        ("publish", "gh release edit \"$GITHUB_REF_NAME\" --draft=false"),
    ] {
        assert!(runs(job, command), "{job} does not run {command}");
    }
    for job in release.jobs().iter().filter(|job| job.name != "publish") {
        assert!(job.scripts().all(|run| !run.contains("--draft=false")), "{}", job.place);
        let waits = job.yaml["if"].as_str();
        let by_hand = matches!(job.name, "package" | "assemble" | "sbom");
        let only_tags =
            waits.is_some_and(|condition| condition.contains("github.event_name == 'push'"));
        let after_a_tag = job.needs().iter().any(|name| ["sign", "draft", "verify"].contains(name));
        assert!(by_hand || only_tags || after_a_tag, "{} runs without a tag", job.place);
    }
}

#[test]
fn updates_are_proposed_for_what_is_pinned() {
    let settings = parse(".github/dependabot.yml");
    let updates = settings["updates"].as_vec().unwrap().iter();
    let kinds: Vec<_> =
        updates.map(|update| update["package-ecosystem"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["cargo", "github-actions"]);
}

/// A workflow that is never started would hold nothing.
#[test]
fn each_workflow_says_when_it_runs() {
    for workflow in workflow::all() {
        assert!(
            workflow.yaml()["on"].as_hash().is_some_and(|events| !events.is_empty()),
            "{}",
            workflow.name
        );
    }
}
