//! The provider as a measured process: what CPU time each of its processes took, and the most memory.
//!
//! The provider is a child of Terraform, which starts it several times in one command. So the installed program is a
//! script that runs this very command as a parent of the real provider: standard input, output and error and the
//! environment are passed on as they are, and once the provider has ended, the operating system's account of it is
//! written to a file. That account is exact, and costs some milliseconds for each start. The real provider lies beside
//! the script, so that the package that Terraform checks has the size it has for users.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::host::SourceAddress;
use crate::provision::{quoted, write_executable};
use crate::{host, mirror};

/// The real provider's name inside the package.
const REAL: &str = "measured";
/// The name of the hidden command that [`run`] is.
pub(crate) const COMMAND: &str = "measured";
/// How long after Terraform the last account may take to appear.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the processes of the provider took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// How often the provider was started.
    pub(crate) starts: usize,
    /// CPU time, of all processes.
    pub(crate) cpu: Duration,
    /// The most memory that one of them had, in bytes.
    pub(crate) peak: u64,
}

/// The directory where the accounts are written.
pub(crate) struct Records(PathBuf);

impl Records {
    /// Makes the directory.
    pub(crate) fn new(directory: PathBuf) -> Result<Self> {
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(Self(directory))
    }

    /// Installs the provider into a mirror, to be measured.
    pub(crate) fn install(
        &self,
        mirror: &Path,
        provider: &Path,
        source: &SourceAddress,
        version: &str,
    ) -> Result<()> {
        let script = self.0.with_extension("sh");
        let xtask = std::env::current_exe().context("cannot tell where this program is")?;
        write_executable(
            &script,
            &format!(
                "#!/bin/sh\nexec {} {COMMAND} {} \"${{0%/*}}/{REAL}\"\n",
                quoted(&xtask.to_string_lossy()),
                quoted(&self.0.to_string_lossy())
            ),
        )?;
        mirror::install(mirror, &script, source, version)?;
        for installed in host::mirrored(mirror, source, version) {
            fs::copy(provider, installed.with_file_name(REAL))
                .with_context(|| format!("cannot copy {}", provider.display()))?;
        }
        Ok(())
    }

    /// The sum of the accounts since the last call. Waits until each started provider has ended.
    pub(crate) fn take(&self) -> Result<Usage> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(usage) = self.read()? {
                self.clear()?;
                return Ok(usage);
            }
            if Instant::now() > deadline {
                self.clear()?;
                bail!("the provider was killed, or runs on after Terraform: it cannot be measured");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The sum, or nothing while one is still running.
    fn read(&self) -> Result<Option<Usage>> {
        let mut sum = Usage::default();
        for entry in fs::read_dir(&self.0)? {
            let text = fs::read_to_string(entry?.path())?;
            let Ok(account) = serde_json::from_str::<Value>(&text) else {
                return Ok(None);
            };
            let number = |name: &str| account[name].as_u64().context("not an account");
            sum.starts += 1;
            sum.cpu += Duration::from_micros(number("cpu_us")?);
            sum.peak = sum.peak.max(number("peak_bytes")?);
        }
        Ok(Some(sum))
    }

    fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.0)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }
}

/// Runs a program as if it were this one, and writes down what it took.
pub(crate) fn run(records: &Path, program: &OsStr) -> Result<ExitCode> {
    let record = records.join(std::process::id().to_string());
    // Empty: it runs.
    fs::write(&record, "").with_context(|| format!("cannot write {}", record.display()))?;
    let status = Command::new(program).status().context("cannot run the provider")?;
    let (cpu, peak) = usage_of_children()?;
    let account = json!({ "cpu_us": u64::try_from(cpu.as_micros())?, "peak_bytes": peak });
    fs::write(&record, account.to_string())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The CPU time of the only child, and the most memory it had. Linux counts the moment before the child became another
/// program too, but then it had the memory of this one, which is less than that of any provider.
#[cfg(unix)]
fn usage_of_children() -> Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    const UNIT: u64 = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    let cpu = Duration::from_micros(u64::try_from(microseconds)?);
    Ok((cpu, u64::try_from(usage.max_rss())? * UNIT))
}

#[cfg(not(unix))]
fn usage_of_children() -> Result<(Duration, u64)> {
    bail!("what a process took is only known on Unix")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_summed_and_taken_once() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("records")).unwrap();
        fs::write(records.0.join("1"), r#"{"cpu_us": 1500, "peak_bytes": 7}"#).unwrap();
        fs::write(records.0.join("2"), r#"{"cpu_us": 500, "peak_bytes": 9}"#).unwrap();
        let expected = Usage { starts: 2, cpu: Duration::from_millis(2), peak: 9 };
        assert_eq!(records.take().unwrap(), expected);
        assert_eq!(records.take().unwrap(), Usage::default());
    }

    #[test]
    fn one_that_still_runs_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("records")).unwrap();
        fs::write(records.0.join("1"), "").unwrap();
        assert_eq!(records.read().unwrap(), None);
    }

    #[test]
    fn a_program_is_accounted_for_when_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("records")).unwrap();
        run(&records.0, OsStr::new("/bin/true")).unwrap();
        let usage = records.take().unwrap();
        assert!(usage.starts == 1 && usage.cpu > Duration::ZERO && usage.peak > 0, "{usage:?}");
    }
}
