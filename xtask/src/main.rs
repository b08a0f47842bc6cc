//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! This file owns the command line and nothing else; each command is a module. Nothing here is needed by users of the
//! provider.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a terminal is what these commands talk to"
)]

mod bench;
mod ci;
mod console;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod host;
mod mirror;
mod mock;
mod project;
mod provision;
mod terraform;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::bench::{BenchArgs, measured};
use crate::dist::DistArgs;
use crate::project::Project;
use crate::terraform::Minor;

#[derive(Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "The project's own commands",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch real Terraform drive the provider against a mock of the service: init, apply, plan, move keys, output, destroy.
    Demo {
        #[arg(
            long,
            value_name = "PATH",
            help = "The Terraform or OpenTofu to use [default: terraform or tofu on the PATH, else one from PyPI]"
        )]
        tf: Option<PathBuf>,
    },
    /// Run every test with one Terraform, and with each other one found what depends on its version.
    Test(TestArgs),
    /// Check formatting, clippy and rustdoc; any warning fails.
    Lint,
    /// What has to pass before a merge: lint, then test with every pinned Terraform version.
    Ci,
    /// Write the reference pages under docs/ from the field tables and the examples.
    Docs,
    /// Try hostile input on the decoders and on every call of the protocol, for a time.
    Fuzz {
        /// For how long, in seconds.
        #[arg(long, value_name = "N")]
        seconds: u64,
        #[arg(
            long,
            help = "The seed of the first input; a failure names the one to use [default: a fresh one]"
        )]
        seed: Option<u64>,
    },
    /// Measure the release build: plans and applies beside Terraform core's own work, start-up, and the budgets.
    Bench(BenchArgs),
    /// Package the provider as registries take it: build for one target, assemble those of several, or check a directory.
    Dist(DistArgs),
    /// Run a provider and write down what it took; `bench` installs this in the provider's place.
    #[command(name = measured::COMMAND, hide = true)]
    Measured { records: PathBuf, program: OsString },
}

#[derive(Args)]
struct TestArgs {
    #[arg(
        long,
        value_name = "PATH",
        help = "Use this Terraform or OpenTofu, and beside it only what --require asks for. Can be given more than once"
    )]
    tf: Vec<PathBuf>,
    /// Fail unless this minor version of Terraform, such as 1.15, is among them. Can be given more than once.
    #[arg(long, value_name = "MINOR")]
    require: Vec<Minor>,
    /// Run every test that drives Terraform with each of them.
    #[arg(long)]
    full: bool,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    // It runs in the provider's place, where there is no project and no cargo.
    if let Command::Measured { records, program } = command {
        return measured::run(&records, &program);
    }
    run_in(&Project::locate()?, command).map(|()| ExitCode::SUCCESS)
}

fn run_in(project: &Project, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo { tf } => demo::run(project, tf),
        Command::Test(TestArgs { tf, require, full }) => test::run(project, &tf, &require, full),
        Command::Lint => ci::lint(project),
        Command::Ci => ci::run(project),
        Command::Docs => docs::run(project),
        Command::Fuzz { seconds, seed } => fuzz::run(project, seconds, seed),
        Command::Bench(args) => bench::run(project, args),
        Command::Dist(args) => dist::run(project, args),
        Command::Measured { .. } => Ok(()),
    }
}
