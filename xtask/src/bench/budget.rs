//! The budgets that the project has set itself, and `cargo xtask bench --check`, which fails when one is exceeded.
//!
//! Only what does not depend on how busy the machine is: requests, memory, size, and CPU time with room. All limits are in
//! the constants at the top.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bench::measured::Usage;
use crate::bench::report::mebibytes;
use crate::bench::stage::{Sample, Stage, Step};
use crate::bench::startup;
use crate::bench::workload::Work;
use crate::console;

/// From spawn to the handshake line, where `/bin/true` takes a fifth of it. Reported, never a failure.
pub(crate) const START: Duration = Duration::from_millis(5);
/// Resident memory of a provider that has started and is left alone.
pub(crate) const AT_REST: Limit = Limit::Memory(8 * MIB);
/// The size of the program.
pub(crate) const SIZE: Limit = Limit::Memory(8 * MIB);

/// The latency of the API in these cases: it decides how many reads are under way at a time.
const LATENCY_MS: u64 = 50;
/// How often a command is measured whose CPU time is over its limit.
const ATTEMPTS: usize = 3;
const MIB: u64 = 1 << 20;

/// The most that something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The requests of the command, but for the listings of policies.
    Requests(u64),
    /// The listings of policies. They are optional: one that takes longer than two seconds is given up, so that a slow
    /// machine sees fewer of them, never more.
    Policies(u64),
    /// CPU time of all the provider's processes in the command.
    Cpu(Duration),
    /// The most memory of one process, or the size of a file.
    Memory(u64),
}

use Limit::{Cpu, Memory, Policies, Requests};

/// Work whose plan has limits.
struct Case {
    work: Work,
    /// How many objects are in the state.
    n: usize,
    made: Made,
    plan: &'static [Limit],
}

/// Where a case has its objects from.
enum Made {
    /// From an apply, which has limits too.
    ByApply(&'static [Limit]),
    /// From calls of the API and a state that is written.
    ByOtherMeans,
    /// From the case before, which had so many: its first objects stay in the state, and all of them at the API.
    Before(usize),
}

use Made::{Before, ByApply, ByOtherMeans};

const CASES: &[Case] = &[
    Case {
        work: Work::Guardrails,
        n: 1000,
        made: ByApply(&[Requests(1000), Cpu(Duration::from_millis(1300))]),
        plan: &[Requests(21), Policies(3), Cpu(Duration::from_millis(500)), Memory(28 * MIB)],
    },
    Case { work: Work::Keys, n: 1000, made: ByOtherMeans, plan: &[Requests(21), Policies(3)] },
    Case { work: Work::Pairs, n: 600, made: ByOtherMeans, plan: &[Requests(35), Policies(3)] },
    Case { work: Work::Guardrails, n: 5000, made: ByOtherMeans, plan: &[Memory(40 * MIB)] },
    Case { work: Work::Guardrails, n: 4, made: Before(5000), plan: &[Requests(8), Policies(3)] },
    Case { work: Work::Guardrails, n: 1, made: Before(5000), plan: &[Requests(2), Policies(3)] },
];

/// What the paths of the listings of policies begin with.
const POLICIES: &str = "GET /guardrails/policies/";

/// The number of keys that the API must have for the cases.
pub(crate) const KEYS: usize = 1000;

/// What was held against a limit.
struct Finding {
    within: bool,
    cells: [String; 4],
}

/// Measures all cases, prints what they took, and fails when a limit is exceeded.
pub(crate) fn check(stage: &Stage, provider: &Path) -> Result<()> {
    let memory = startup::measure_memory(provider)?;
    let size = fs::metadata(provider)?.len();
    let mut findings = vec![
        AT_REST.finding("memory at rest", "", memory.resident),
        SIZE.finding("size of the program", "", size),
    ];
    for work in [Work::Guardrails, Work::Keys, Work::Pairs] {
        stage.prepare(work)?;
    }
    for case in CASES {
        findings.extend(case.check(stage)?);
    }
    conclude(&findings)
}

/// Prints all findings, and fails when one is over its limit.
fn conclude(findings: &[Finding]) -> Result<()> {
    console::title("Budget");
    let mut rows = vec![["what", "took", "at most", ""].map(str::to_owned)];
    rows.extend(findings.iter().map(|finding| finding.cells.clone()));
    for line in console::columns(&rows) {
        println!("{line}");
    }
    match findings.iter().filter(|finding| !finding.within).count() {
        0 => Ok(()),
        over => bail!("over budget: {}", console::count(over, "figure")),
    }
}

impl Case {
    fn check(&self, stage: &Stage) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        match self.made {
            ByApply(limits) => findings.extend(self.step(stage, Step::Apply, limits)?),
            ByOtherMeans => stage.seed(self.work, self.n)?,
            Before(_) => stage.keep(self.work, self.n)?,
        }
        findings.extend(self.step(stage, Step::Plan, self.plan)?);
        Ok(findings)
    }

    fn step(&self, stage: &Stage, step: Step, limits: &[Limit]) -> Result<Vec<Finding>> {
        let sample = self.measure(stage, step, limits)?;
        let title = self.title(step);
        let Usage { cpu, peak, .. } = sample.provider;
        println!("{title}: CPU {}, peak {}", seconds(cpu), mebibytes(peak));
        for (operation, count) in &sample.requests {
            println!("  {count} x {operation}");
        }
        Ok(limits.iter().map(|limit| limit.held_against(&title, &sample)).collect())
    }

    /// A busy machine can only add to the CPU time, so the best of a few attempts counts.
    fn measure(&self, stage: &Stage, step: Step, limits: &[Limit]) -> Result<Sample> {
        let too_long = |sample: &Sample| {
            let cpu = sample.provider.cpu;
            limits.iter().any(|limit| matches!(limit, Cpu(most) if cpu > *most))
        };
        let mut attempt = 1;
        loop {
            if step == Step::Apply {
                stage.clear(self.work, self.n)?;
            }
            let sample = stage.measure(self.work, step, LATENCY_MS)?;
            if attempt == ATTEMPTS || !too_long(&sample) {
                return Ok(sample);
            }
            attempt += 1;
        }
    }

    fn title(&self, step: Step) -> String {
        let among = match self.made {
            Before(all) => format!(" among {all}"),
            ByApply(_) | ByOtherMeans => String::new(),
        };
        format!("{} of {} {}{among}", step.name(), self.n, self.work)
    }
}

impl Limit {
    fn held_against(self, title: &str, sample: &Sample) -> Finding {
        let policies = sample.requests_to(POLICIES);
        let (figure, took) = match self {
            Requests(_) => ("requests", sample.total() - policies),
            Policies(_) => ("listings of policies", policies),
            Cpu(_) => ("CPU", u64::try_from(sample.provider.cpu.as_micros()).unwrap_or(u64::MAX)),
            Memory(_) => ("peak memory", sample.provider.peak),
        };
        self.finding(title, figure, took)
    }

    /// Compares a figure, in requests, microseconds or bytes.
    pub(crate) fn exceeded_by(self, took: u64) -> bool {
        match self {
            Requests(most) | Policies(most) | Memory(most) => took > most,
            Cpu(most) => Duration::from_micros(took) > most,
        }
    }

    fn finding(self, title: &str, figure: &str, took: u64) -> Finding {
        let within = !self.exceeded_by(took);
        let verdict = if within { "ok" } else { "OVER BUDGET" }.to_owned();
        let what = [title, figure].join(if figure.is_empty() { "" } else { ": " });
        Finding { within, cells: [what, self.unit(took), self.shown(), verdict] }
    }

    /// The limit, as it is printed.
    pub(crate) fn shown(self) -> String {
        match self {
            Requests(most) | Policies(most) | Memory(most) => self.unit(most),
            Cpu(most) => seconds(most),
        }
    }

    fn unit(self, figure: u64) -> String {
        match self {
            Requests(_) | Policies(_) => figure.to_string(),
            Cpu(_) => seconds(Duration::from_micros(figure)),
            Memory(_) => mebibytes(figure),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_most_that_passes() {
        for limit in [Requests(21), Memory(21)] {
            assert!(!limit.exceeded_by(21) && limit.exceeded_by(22), "{limit:?}");
        }
        let cpu = Cpu(Duration::from_millis(1));
        assert!(!cpu.exceeded_by(1000) && cpu.exceeded_by(1001));
    }

    #[test]
    fn findings_say_what_is_over() {
        let cells = |took| Requests(2).finding("plan", "requests", took).cells;
        assert_eq!(cells(3), ["plan: requests", "3", "2", "OVER BUDGET"]);
        assert_eq!(cells(2)[3], "ok");
        let findings = [1, 3].map(|took| Requests(2).finding("plan", "requests", took));
        assert!(conclude(&findings[..1]).is_ok());
        assert_eq!(conclude(&findings).unwrap_err().to_string(), "over budget: 1 figure");
    }

    #[test]
    fn the_cases_need_no_more_keys_than_there_are() {
        assert!(CASES.iter().all(|case| case.work == Work::Guardrails || case.n <= KEYS));
    }
}
