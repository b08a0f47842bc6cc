//! Start-up: from spawn to the handshake line, beside the cheapest program there is; memory at rest; size of the binary.
//!
//! Terraform starts a provider three times for a plan and four times for an apply, so this is paid over and over. Memory
//! and size are the same on every run, so being over budget fails; time drifts with the machine, so it is only reported.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::console;
use crate::host::hermetic;
use crate::project::Project;

const ROUNDS: usize = 50;
const WARM_UP: usize = 3;
/// What a provider in Go takes on the machine the budgets were set on.
const GO_PEER: Duration = Duration::from_millis(20);
const TIME_BUDGET: Duration = Duration::from_millis(5);
/// A median below this multiple of the budget is within what another machine, or a busy one, adds.
const NOISE: f64 = 1.5;
const MEMORY_BUDGET: u64 = 8 << 20;
const SIZE_BUDGET: u64 = 8 << 20;
/// How long a process is left alone before it counts as at rest.
const SETTLE: Duration = Duration::from_millis(300);

/// The value by which go-plugin tells that a provider was started by Terraform and not by hand.
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The kind of certificate that Terraform sends: self-signed, P-521, a CA. Nobody has its key.
const CLIENT_CERTIFICATE: &str = include_str!("client-certificate.pem");

/// Builds, measures and reports. Fails when memory or size is over budget.
pub(crate) fn run(project: &Project) -> Result<()> {
    console::title("Building the provider as users get it");
    let binary = project.build_release_provider()?;
    let directory = tempfile::tempdir()?;
    console::title(format_args!("{ROUNDS} starts, in turn with /bin/true"));
    let times = measure_times(&binary, directory.path())?;
    times.report();
    console::title("Memory and size");
    let memory = measure_memory(&binary, directory.path())?;
    let size = fs::metadata(&binary)?.len();
    let over = [
        check("memory at rest (VmRSS)", memory.resident, MEMORY_BUDGET),
        check("binary size", size, SIZE_BUDGET),
    ];
    println!("highest memory so far (VmHWM): {}", mebibytes(memory.peak));
    if over.contains(&Verdict::Over) {
        bail!("over budget");
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Within,
    Over,
}

fn check(what: &str, bytes: u64, budget: u64) -> Verdict {
    let (verdict, word) =
        if bytes <= budget { (Verdict::Within, "ok") } else { (Verdict::Over, "OVER BUDGET") };
    println!("{what}: {}, budget {}: {word}", mebibytes(bytes), mebibytes(budget));
    verdict
}

#[expect(clippy::cast_precision_loss, reason = "two digits after the point are shown")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20))
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
        let budget = milliseconds(TIME_BUDGET);
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

fn milliseconds(duration: Duration) -> f64 {
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

struct Memory {
    resident: u64,
    peak: u64,
}

fn measure_memory(binary: &Path, tmp: &Path) -> Result<Memory> {
    let provider = Running::start(binary, tmp)?;
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

/// `1|5|unix|/path|grpc|CERTIFICATE`
fn is_handshake(line: &str) -> bool {
    let fields: Vec<&str> = line.trim_end().split('|').collect();
    matches!(fields.as_slice(), ["1", "5", _, _, "grpc", certificate] if certificate.len() > 50)
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
        assert!(!is_handshake("1|5|unix|/tmp/plugin1|grpc|\n"));
        assert!(!is_handshake(""));
    }
}
