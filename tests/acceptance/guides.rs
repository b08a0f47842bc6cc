//! The guides as users follow them: their commands are run by a shell, their configurations applied, and what they say
//! that is printed is compared with what is.
//!
//! A guide that is read here must be used up: a `terraform`, `shell` or `text` block that no test has taken fails the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adopting;
mod assigning;
mod ci_and_drift;
mod getting_started;
mod migrating;
mod mock_server;
mod readme;
mod reliability;
mod security;
mod server;
mod testing;
mod troubleshooting;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Run, Terraform, Workspace, programs};

/// The guides of this repository.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides")
}

/// A guide, which knows which of its blocks have been used.
struct Guide {
    name: &'static str,
    /// Language and text of each block, in order.
    blocks: Vec<(String, String)>,
    used: RefCell<BTreeSet<usize>>,
}

impl Guide {
    fn read(name: &'static str) -> Self {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        let fenced = text.split("\n```").skip(1).step_by(2);
        let blocks = fenced.map(|block| {
            let (language, body) = block.split_once('\n').unwrap();
            (language.to_owned(), format!("{body}\n"))
        });
        Self { name, blocks: blocks.collect(), used: RefCell::default() }
    }

    /// The first block of a language, not used before, that contains a text.
    #[track_caller]
    fn next(&self, language: &str, contained: &str) -> &str {
        let is_it = |(at, (known, body)): &(usize, &(String, String))| {
            known == language && body.contains(contained) && !self.used.borrow().contains(at)
        };
        let found = self.blocks.iter().enumerate().find(is_it);
        let Some((at, (_, body))) = found else {
            panic!("{}: no {language} block left with {contained:?}", self.name)
        };
        self.used.borrow_mut().insert(at);
        body
    }

    #[track_caller]
    fn terraform(&self, contained: &str) -> &str {
        self.next("terraform", contained)
    }

    #[track_caller]
    fn shell(&self, contained: &str) -> &str {
        self.next("shell", contained)
    }

    /// Expects a run to have printed the next `text` block with this in it; `…` stands for anything.
    #[track_caller]
    fn shown_by(&self, run: Run, contained: &str) -> Run {
        let text = self.next("text", contained);
        text.split('…').fold(run, |run, part| run.says(part))
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let used = self.used.borrow();
        let left = |(at, (language, _)): &(usize, &(String, String))| {
            ["terraform", "shell", "text"].contains(&language.as_str()) && !used.contains(at)
        };
        if let Some((_, (language, body))) = self.blocks.iter().enumerate().find(left) {
            panic!("{}: no test uses this {language} block:\n{body}", self.name);
        }
    }
}

/// A folder for commands that come before those of the system, with `terraform` in it.
fn commands(workspace: &Workspace) -> PathBuf {
    let folder = workspace.directory().parent().unwrap().join("bin");
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
        symlink(&Terraform::get().path, folder.join("terraform")).unwrap();
    }
    folder
}

/// Gives the shell a command of its own.
fn command(workspace: &Workspace, name: &str, script: &str) {
    let path = commands(workspace).join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a script as a user would who answers "yes", in the workspace's directory and environment; it ends with the first
/// command that fails.
fn run(workspace: &Workspace, script: &str) -> Run {
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    for (name, value) in workspace.command(&[]).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    for command in ["apply", "destroy"] {
        shell.env(format!("TF_CLI_ARGS_{command}"), "-auto-approve");
    }
    shell
        .args(["-e", "-c", script])
        .current_dir(workspace.directory())
        .env("PATH", format!("{}:{path}", commands(workspace).display()))
        .stdin(Stdio::null());
    Run::new(script.to_owned(), shell.output().unwrap())
}

/// A script of a guide with the mock's management key where the guide has a placeholder, for a workspace without a key.
fn with_key(workspace: &mut Workspace, script: &str) -> String {
    let key = workspace.mock().management_key().to_owned();
    workspace.env("OPENROUTER_MANAGEMENT_KEY", "");
    assert!(script.contains("'sk-or-mgmt-...'"), "{script}");
    script.replace("sk-or-mgmt-...", &key)
}

/// A program of this workspace, which tests of the whole workspace have built beside the provider.
fn program(name: &str) -> PathBuf {
    let program = programs::place(name);
    if !program.exists() {
        programs::build(&["--workspace", "--bin", name]);
    }
    program
}
