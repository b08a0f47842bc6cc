//! Start-up: from spawn to the handshake line, beside the cheapest program there is; memory at rest; size of the binary.
//!
//! Terraform starts a provider three times for a plan and four times for an apply, so this is paid over and over. Memory
//! and size are the same on every run, so they have limits; time drifts with the machine, so it is only reported.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use serde_json::{Value, json};

use crate::bench::budget;
use crate::bench::report::mebibytes;
use crate::console;
use crate::host::hermetic;

const ROUNDS: usize = 50;
const WARM_UP: usize = 3;
/// What a provider in Go takes on the machine the budgets were set on.
const GO_PEER: Duration = Duration::from_millis(20);
/// A median below this multiple of the budget is within what another machine, or a busy one, adds.
const NOISE: f64 = 1.5;
/// How long a process is left alone before it counts as at rest.
const SETTLE: Duration = Duration::from_millis(300);

/// The value by which go-plugin tells that a provider was started by Terraform and not by hand.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The kind of certificate that Terraform sends: self-signed, P-521, a CA. Nobody has its key.
const CLIENT_CERTIFICATE: &str = include_str!("client-certificate.pem");

/// What starting the provider takes.
pub(crate) struct Startup {
    times: Times,
    memory: Memory,
    size: u64,
}

impl Startup {
    /// Measures a provider.
    pub(crate) fn measure(binary: &Path) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        Ok(Self {
            times: measure_times(binary, directory.path())?,
            memory: measure_memory(binary)?,
            size: fs::metadata(binary)?.len(),
        })
    }

    /// Prints the figures.
    pub(crate) fn report(&self) {
        console::title(format_args!("{ROUNDS} starts, in turn with /bin/true"));
        self.times.report();
        console::title("Memory and size");
        check("memory at rest (VmRSS)", self.memory.resident, budget::AT_REST);
        println!("highest memory so far (VmHWM): {}", mebibytes(self.memory.peak));
        check("size of the program", self.size, budget::SIZE);
    }

    /// Whether memory and size are within the budget.
    pub(crate) fn is_within_budget(&self) -> bool {
        !budget::AT_REST.exceeded_by(self.memory.resident) && !budget::SIZE.exceeded_by(self.size)
    }

    /// The figures for programs.
    pub(crate) fn to_json(&self) -> Value {
        let median = |times| milliseconds(percentile(times, 50));
        let p90 = |times| milliseconds(percentile(times, 90));
        json!({
            "handshake_ms": { "median": median(&self.times.handshake), "p90": p90(&self.times.handshake) },
            "bin_true_ms": { "median": median(&self.times.floor), "p90": p90(&self.times.floor) },
            "at_rest_bytes": self.memory.resident,
            "at_rest_peak_bytes": self.memory.peak,
            "size_bytes": self.size,
        })
    }
}

fn check(what: &str, bytes: u64, budget: budget::Limit) {
    let word = if budget.exceeded_by(bytes) { "OVER BUDGET" } else { "ok" };
    println!("{what}: {}, budget {}: {word}", mebibytes(bytes), budget.shown());
}

/// Sorted durations of both programs.
struct Times {
    handshake: Vec<Duration>,
    floor: Vec<Duration>,
}

impl Times {
    fn report(&self) {
        let row = |name: &str, times: &[Duration]| {
            let shown = |rank| format!("{:.2} ms", milliseconds(percentile(times, rank)));
            [name.to_owned(), shown(50), shown(90)]
        };
        let header = [String::new(), "median".to_owned(), "p90".to_owned()];
        let rows = [
            header,
            row("spawn to handshake line", &self.handshake),
            row("/bin/true, spawn to exit", &self.floor),
        ];
        for line in console::columns(&rows) {
            println!("{line}");
        }
        let median = milliseconds(percentile(&self.handshake, 50));
        let floor = milliseconds(percentile(&self.floor, 50));
        println!("ratio of the medians: {:.1}", median / floor);
        let budget = milliseconds(budget::START);
        let verdict = match median {
            within if within <= budget => "ok",
            near if near <= budget * NOISE => "ok within noise",
            _ => "over budget (reported only: times drift with the machine)",
        };
        println!(
            "budget {budget} ms, where a provider in Go takes {} ms: {verdict}",
            milliseconds(GO_PEER)
        );
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The value below which `rank` of a hundred of the sorted values lie.
fn percentile(sorted: &[Duration], rank: usize) -> Duration {
    let index = (sorted.len() * rank).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

fn measure_times(binary: &Path, tmp: &Path) -> Result<Times> {
    let mut times = Times { handshake: Vec::new(), floor: Vec::new() };
    for round in 0..WARM_UP + ROUNDS {
        let begun = Instant::now();
        let provider = Running::start(binary, tmp)?;
        let handshake = begun.elapsed();
        drop(provider);
        let begun = Instant::now();
        Command::new("/bin/true").status().context("cannot run /bin/true")?;
        let floor = begun.elapsed();
        if round >= WARM_UP {
            times.handshake.push(handshake);
            times.floor.push(floor);
        }
    }
    times.handshake.sort_unstable();
    times.floor.sort_unstable();
    Ok(times)
}

/// The memory of a provider that has started and is left alone, in bytes.
pub(crate) struct Memory {
    /// What it has.
    pub(crate) resident: u64,
    /// The most it had.
    peak: u64,
}

/// Starts a provider, leaves it alone, and looks.
pub(crate) fn measure_memory(binary: &Path) -> Result<Memory> {
    let directory = tempfile::tempdir()?;
    let provider = Running::start(binary, directory.path())?;
    std::thread::sleep(SETTLE);
    let path = format!("/proc/{}/status", provider.0.id());
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let read = |name| field(&status, name).with_context(|| format!("{path} has no {name}"));
    Ok(Memory { resident: read("VmRSS:")?, peak: read("VmHWM:")? })
}

/// Reads a line such as `VmRSS:     5120 kB`, in bytes.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// A provider that has shaken hands. Dropping it ends it.
struct Running(Child);

impl Running {
    /// Starts the provider as Terraform does, and returns once the handshake line is there.
    fn start(binary: &Path, tmp: &Path) -> Result<Self> {
        let child = hermetic(binary)
            .env("TMPDIR", tmp)
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
            .env("PLUGIN_CLIENT_CERT", CLIENT_CERTIFICATE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let mut running = Self(child);
        let output = running.0.stdout.as_mut().context("the provider has no stdout")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("cannot read the handshake line")?;
        if !is_handshake(&line) {
            bail!("the provider's first line is no handshake with a certificate: {line:?}");
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `1|5|unix|/path|grpc|CERTIFICATE`; other providers may speak protocol 6.
fn is_handshake(line: &str) -> bool {
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    matches!(fields.as_slice(), ["1", "5" | "6", _, _, "grpc", certificate] if certificate.len() > 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=50).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(25));
        assert_eq!(percentile(&times, 90), Duration::from_millis(45));
        assert_eq!(percentile(&times[..1], 90), Duration::from_millis(1));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "VmHWM:\t    6144 kB\nVmRSS:\t    5120 kB\n";
        assert_eq!(field(status, "VmRSS:"), Some(5 << 20));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn a_handshake_without_certificate_is_none() {
        let certificate = "A".repeat(60);
        assert!(is_handshake(&format!("1|5|unix|/tmp/plugin1|grpc|{certificate}\n")));
        assert!(is_handshake(&format!("1|6|unix|/tmp/plugin1|grpc|{certificate}\n")));
        assert!(!is_handshake("1|5|unix|/tmp/plugin1|grpc|\n"));
        assert!(!is_handshake(""));
    }
}
