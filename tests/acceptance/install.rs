//! `cargo xtask install` as its user sees it: without any setting, Terraform finds the provider; and then everything is
//! taken away again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Run, Workspace, programs};
use crate::story::{guardrail, only_guardrail};

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-openrouter");

/// The program of `cargo xtask`, built anew if it is not what its source says.
fn xtask() -> PathBuf {
    programs::build(&["--package", "xtask"]);
    programs::place("xtask")
}

/// A script that stands for cargo: it runs `cargo xtask install` with the provider that is built already.
pub(crate) fn with_the_built_provider() -> String {
    format!(
        "test \"$*\" = 'xtask install'\ncd {:?}\nCARGO={:?} exec '{}' install --provider {BINARY:?}",
        env!("CARGO_MANIFEST_DIR"),
        env!("CARGO"),
        xtask().display(),
    )
}

/// A user, with a home directory and nothing in it.
struct User {
    workspace: Workspace,
    xtask: PathBuf,
}

impl User {
    fn new() -> Self {
        Self { workspace: Workspace::new(), xtask: xtask() }
    }

    fn home(&self) -> PathBuf {
        self.workspace.directory().parent().unwrap().join("home")
    }

    /// Runs `cargo xtask install`.
    fn install(&self, args: &[&str]) -> Run {
        let mut command = Command::new(&self.xtask);
        command
            .arg("install")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO", env!("CARGO"))
            .env("HOME", self.home())
            .env_remove("XDG_CONFIG_HOME");
        Run::new(format!("xtask install {}", args.join(" ")), command.output().unwrap())
    }

    /// Runs Terraform with no CLI configuration.
    fn terraform(&self, args: &[&str]) -> Run {
        let mut command = self.workspace.command(args);
        command.env_remove("TF_CLI_CONFIG_FILE").env_remove("XDG_DATA_HOME");
        Run::new(format!("terraform {}", args.join(" ")), command.output().unwrap())
    }

    /// What is in the home directory.
    fn belongings(&self) -> Vec<PathBuf> {
        fs::read_dir(self.home()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

/// The block that opens with that line, of what a command has printed with indentation.
fn block(printed: &str, opening: &str) -> String {
    let from = printed.lines().skip_while(|line| line.trim() != opening);
    let lines: Vec<_> = from.take_while(|line| line.starts_with("    ")).collect();
    assert!(!lines.is_empty(), "no {opening:?} in {printed}");
    lines.join("\n") + "\n"
}

#[test]
fn terraform_finds_it_without_any_setting_until_it_is_taken_away() {
    let user = User::new();
    let installed = user.install(&["--provider", BINARY]).succeeds();
    let requirement = block(&installed.stdout, "terraform {");
    user.workspace.write("main.tf", &(requirement + &guardrail("ci", "name = \"ci\"")));
    user.terraform(&["init"]).succeeds().says(concat!("Installed ", env!("SOURCE_ADDRESS")));
    user.terraform(&["apply", "-auto-approve"]).succeeds().says("1 added");
    assert_eq!(only_guardrail(user.workspace.mock())["name"], "ci");

    user.install(&["--uninstall"]).succeeds().says("removed");
    assert_eq!(user.belongings(), Vec::<PathBuf>::new());
    user.install(&["--uninstall"]).succeeds().says("nothing is installed");
    user.terraform(&["plan"]).fails();
}

/// The same version, but other bytes, as after a change of the source.
#[test]
fn a_new_build_is_used_once_the_lock_file_is_as_the_command_says() {
    let user = User::new();
    let installed = user.install(&["--provider", BINARY]).succeeds().never_says("lock.hcl");
    let requirement = block(&installed.stdout, "terraform {");
    user.workspace.write("main.tf", &(requirement + &guardrail("ci", "name = \"ci\"")));
    user.terraform(&["init"]).succeeds();

    let other = user.home().join("rebuilt");
    let bytes = [fs::read(BINARY).unwrap(), b"rebuilt".to_vec()].concat();
    fs::copy(BINARY, &other).unwrap();
    fs::write(&other, bytes).unwrap();
    let replaced = user.install(&["--provider", other.to_str().unwrap()]).succeeds();
    assert!(replaced.words().contains("delete the block"), "{replaced}");
    user.terraform(&["init"]).fails().says("checksums");

    let lock = user.workspace.directory().join(".terraform.lock.hcl");
    let text = fs::read_to_string(&lock).unwrap();
    let (before, block) = text.split_once("provider \"").unwrap();
    assert!(block.split('"').next().unwrap().ends_with(env!("SOURCE_ADDRESS")), "{text}");
    fs::write(&lock, before).unwrap();
    user.terraform(&["init"]).succeeds();
    user.terraform(&["apply", "-auto-approve"]).succeeds().says("1 added");
}

#[test]
fn a_development_override_is_printed_and_works() {
    let user = User::new();
    let printed = user.install(&["--dev-overrides", "--provider", BINARY]).succeeds();
    assert_eq!(user.belongings(), Vec::<PathBuf>::new());
    let settings = block(&printed.stdout, "provider_installation {");
    fs::write(user.home().join(".terraformrc"), settings).unwrap();
    user.workspace.config(&guardrail("ci", "name = \"ci\""));
    user.terraform(&["apply", "-auto-approve"]).succeeds().says("1 added");
}
