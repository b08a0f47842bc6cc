//! The whole benchmark: the provider's work beside Terraform core's own, in several rounds. What is compared is measured in
//! turn, so that a machine that becomes slower meanwhile is slower for all.

use anyhow::Result;

use crate::bench::report::{Rounds, Subject};
use crate::bench::stage::{Stage, Step};
use crate::bench::workload::Work;

/// What to measure, and how often.
pub(crate) struct Settings {
    /// The numbers of objects.
    pub(crate) n: Vec<usize>,
    /// How long the API takes for each request.
    pub(crate) latency_ms: u64,
    /// How often everything is measured.
    pub(crate) rounds: usize,
    /// Whether the objects are there already and only plans are measured.
    pub(crate) plan_only: bool,
}

/// The samples, and what the provider could not do, each with the reason.
pub(crate) struct Outcome {
    /// What was measured.
    pub(crate) rounds: Rounds,
    /// What was left out.
    pub(crate) left_out: Vec<String>,
}

/// Measures everything the provider can do.
pub(crate) fn run(stage: &Stage, settings: &Settings) -> Result<Outcome> {
    let mut outcome = Outcome { rounds: Rounds::default(), left_out: Vec::new() };
    let mut works = vec![(Work::Floor, 0)];
    stage.prepare(Work::Floor)?;
    for work in [Work::Guardrails, Work::Keys] {
        if let Err(reason) = stage.prepare(work) {
            outcome.left_out.push(format!("{work}: {reason:#}"));
            continue;
        }
        works.push((work, settings.latency_ms));
        if settings.latency_ms != 0 {
            works.push((work, 0));
        }
    }
    for round in 1..=settings.rounds {
        for &n in &settings.n {
            println!("round {round} of {}, n = {n}", settings.rounds);
            for &(work, latency_ms) in &works {
                let all = Subject { n, work, latency_ms, step: Step::Apply };
                measure(stage, settings, all, &mut outcome.rounds)?;
            }
        }
    }
    Ok(outcome)
}

/// Measures the commands of one work.
fn measure(stage: &Stage, settings: &Settings, all: Subject, rounds: &mut Rounds) -> Result<()> {
    let Subject { n, work, latency_ms, .. } = all;
    let mut steps = Vec::new();
    if settings.plan_only {
        stage.seed(work, n)?;
    } else {
        stage.clear(work, n)?;
        steps.push(Step::Apply);
    }
    steps.push(Step::Plan);
    // Core's own objects are not read from anywhere.
    if work != Work::Floor {
        steps.push(Step::PlanWithoutRefresh);
    }
    for step in steps {
        let sample = stage.measure(work, step, latency_ms)?;
        println!(
            "  {work:<15} at {latency_ms:>2} ms  {:<20} {:6.2} s, {} requests",
            step.name(),
            sample.wall.as_secs_f64(),
            sample.total()
        );
        rounds.add(Subject { step, ..all }, sample);
    }
    Ok(())
}
