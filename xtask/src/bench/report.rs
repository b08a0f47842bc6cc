//! What was measured, as a table to read and as JSON: medians of the rounds, and how they compare to Terraform core's own work.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::stage::{Sample, Step};
use crate::bench::workload::Work;
use crate::console;

/// What is measured in each round. The fields are in the order by which the table is sorted: the numbers of objects come last,
/// so that the lines of a command show how its figures grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// What the objects are.
    pub(crate) work: Work,
    /// How long the API takes for each request.
    pub(crate) latency_ms: u64,
    /// The command.
    pub(crate) step: Step,
    /// The number of objects.
    pub(crate) n: usize,
}

/// A subject's samples, one of each round.
#[derive(Default)]
pub(crate) struct Rounds(BTreeMap<Subject, Vec<Sample>>);

/// A subject in figures.
pub(crate) struct Row {
    subject: Subject,
    wall: Duration,
    cpu: Duration,
    peak: u64,
    starts: usize,
    requests: BTreeMap<String, u64>,
    /// How many times core's floor the wall time is.
    to_floor: Option<f64>,
}

impl Rounds {
    /// Adds what a round measured.
    pub(crate) fn add(&mut self, subject: Subject, sample: Sample) {
        self.0.entry(subject).or_default().push(sample);
    }

    /// One row of each subject.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.0.iter().map(|(subject, samples)| self.row(*subject, samples)).collect()
    }

    /// Times are medians. Memory and requests are the most that a round took: they hardly vary, and a bound is about the most.
    fn row(&self, subject: Subject, samples: &[Sample]) -> Row {
        let mut requests = BTreeMap::new();
        for (operation, count) in samples.iter().flat_map(|sample| &sample.requests) {
            let most = requests.entry(operation.clone()).or_default();
            *most = (*count).max(*most);
        }
        let wall = wall(samples);
        Row {
            subject,
            wall,
            cpu: median(samples.iter().map(|sample| sample.provider.cpu)),
            peak: samples.iter().map(|sample| sample.provider.peak).max().unwrap_or_default(),
            starts: samples.iter().map(|sample| sample.provider.starts).max().unwrap_or_default(),
            requests,
            to_floor: self.floor(subject).map(|floor| wall.as_secs_f64() / floor.as_secs_f64()),
        }
    }

    /// How long the same command takes for as many objects that need no provider.
    fn floor(&self, subject: Subject) -> Option<Duration> {
        let step = match subject.step {
            Step::PlanWithoutRefresh => Step::Plan,
            step => step,
        };
        let floor = Subject { work: Work::Floor, latency_ms: 0, step, ..subject };
        let samples = self.0.get(&floor).filter(|_| subject.work != Work::Floor)?;
        Some(wall(samples))
    }
}

fn wall(samples: &[Sample]) -> Duration {
    median(samples.iter().map(|sample| sample.wall))
}

/// The middle one; of an even number, the shorter of the two.
pub(crate) fn median(durations: impl IntoIterator<Item = Duration>) -> Duration {
    let mut sorted: Vec<_> = durations.into_iter().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Prints the figures, and then the requests by operation.
pub(crate) fn print(rows: &[Row]) {
    let header = [
        "work", "latency", "command", "n", "wall", "to floor", "CPU", "peak", "starts", "requests",
    ];
    let lines: Vec<_> =
        std::iter::once(header.map(str::to_owned)).chain(rows.iter().map(Row::cells)).collect();
    for line in console::columns(&lines) {
        println!("{line}");
    }
    console::title("Requests by operation");
    let mut lines = Vec::new();
    for row in rows {
        let Subject { n, work, latency_ms, step } = row.subject;
        for (operation, count) in &row.requests {
            let subject = format!("{n} {work}, {latency_ms} ms, {}", step.name());
            lines.push([subject, format!("{count} x"), operation.clone()]);
        }
    }
    for line in console::columns(&lines) {
        println!("{line}");
    }
}

impl Row {
    fn cells(&self) -> [String; 10] {
        let Subject { n, work, latency_ms, step } = self.subject;
        let seconds = |duration: Duration| format!("{:.2} s", duration.as_secs_f64());
        // Core's floor has neither requests nor a provider's process.
        let own = |text: String| if work == Work::Floor { "-".to_owned() } else { text };
        [
            work.to_string(),
            own(format!("{latency_ms} ms")),
            step.name().to_owned(),
            n.to_string(),
            seconds(self.wall),
            self.to_floor.map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
            own(seconds(self.cpu)),
            own(mebibytes(self.peak)),
            own(self.starts.to_string()),
            own(self.requests.values().sum::<u64>().to_string()),
        ]
    }

    /// The row for programs.
    pub(crate) fn to_json(&self) -> Value {
        let Subject { n, work, latency_ms, step } = self.subject;
        json!({
            "n": n,
            "work": work.to_string(),
            "latency_ms": latency_ms,
            "command": step.name(),
            "wall_s": self.wall.as_secs_f64(),
            "wall_to_floor": self.to_floor,
            "provider_cpu_s": self.cpu.as_secs_f64(),
            "provider_peak_bytes": self.peak,
            "provider_starts": self.starts,
            "requests": self.requests,
        })
    }
}

/// `7.25 MiB`
#[expect(clippy::cast_precision_loss, reason = "two digits after the point are shown")]
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::Usage;

    fn sample(wall: u64, peak: u64, reads: u64) -> Sample {
        Sample {
            wall: Duration::from_secs(wall),
            provider: Usage { starts: 3, cpu: Duration::from_secs(wall), peak },
            requests: BTreeMap::from([("GET /guardrails".to_owned(), reads)]),
        }
    }

    #[test]
    fn rows_have_medians_of_times_and_the_most_of_memory_and_requests() {
        let mut rounds = Rounds::default();
        let floor = Subject { n: 5, work: Work::Floor, latency_ms: 0, step: Step::Plan };
        let plan = Subject { work: Work::Guardrails, latency_ms: 50, ..floor };
        rounds.add(floor, sample(2, 0, 0));
        rounds.add(Subject { n: 6, ..plan }, sample(9, 9, 9));
        for (wall, peak, reads) in [(9, 10, 4), (3, 30, 4), (4, 20, 5)] {
            rounds.add(plan, sample(wall, peak, reads));
        }
        let rows = rounds.rows();
        assert_eq!(rows[0].cells()[5..], ["-", "-", "-", "-", "-"].map(str::to_owned));
        let row = &rows[1];
        assert_eq!((row.wall, row.cpu), (Duration::from_secs(4), Duration::from_secs(4)));
        assert_eq!(rows[2].to_floor, None, "there is no floor of as many objects");
        assert_eq!((row.peak, row.requests["GET /guardrails"], row.to_floor), (30, 5, Some(2.0)));
    }

    #[test]
    fn a_median_was_measured() {
        let seconds = |numbers: &[u64]| median(numbers.iter().map(|n| Duration::from_secs(*n)));
        assert_eq!(seconds(&[4, 1]), Duration::from_secs(1));
        assert_eq!(seconds(&[]), Duration::ZERO);
    }
}
