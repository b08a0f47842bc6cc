//! From the handshake to the first schema, and from `Shutdown` to the end of the process. Both need a host that speaks gRPC
//! with mutual TLS. The tests have one, so a test measures, and this tells it which provider, and reads what it wrote.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::report::median;
use crate::bench::startup::milliseconds;
use crate::console;
use crate::project::Project;

/// The settings that `tests/rpc/times.rs` reads.
const PROVIDER: &str = "OPENROUTER_BENCH_PROVIDER";
const TIMES: &str = "OPENROUTER_BENCH_TIMES";

const ARGS: [&str; 8] =
    ["test", "--quiet", "--test", "rpc", "--", "--ignored", "--exact", "times::of_a_session"];

/// Medians of one session after the other.
pub(crate) struct Session {
    first_schema: Duration,
    shutdown: Duration,
}

impl Session {
    /// Measures the project's own provider. The test and its host are of the development profile, and their part is in the
    /// times.
    pub(crate) fn measure(project: &Project, provider: &Path) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let times = directory.path().join("times.json");
        let variables = [(PROVIDER, provider), (TIMES, &times)];
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, path)| Some((*name, path.to_str()?)))
            .collect::<Option<_>>()
            .context("the path of the provider is not UTF-8")?;
        project.run_cargo(&ARGS, &variables)?;
        Self::read(&fs::read_to_string(&times).context("the test wrote no times")?)
    }

    fn read(text: &str) -> Result<Self> {
        let times: Value = serde_json::from_str(text)?;
        let median_of = |name: &str| {
            let times = times[name].as_array().with_context(|| format!("no times of {name}"))?;
            let micros = times.iter().map(|time| time.as_u64().context("not a time"));
            let micros: Vec<u64> = micros.collect::<Result<_>>()?;
            Ok::<_, anyhow::Error>(median(micros.into_iter().map(Duration::from_micros)))
        };
        Ok(Self { first_schema: median_of("schema_us")?, shutdown: median_of("shutdown_us")? })
    }

    /// Prints the figures.
    pub(crate) fn report(&self) {
        console::title("First schema and shutdown");
        println!("handshake line to first schema: {:.2} ms", milliseconds(self.first_schema));
        println!("Shutdown to the end of the process: {:.2} ms", milliseconds(self.shutdown));
    }

    /// The figures for programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "handshake_to_schema_ms": milliseconds(self.first_schema),
            "shutdown_ms": milliseconds(self.shutdown),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_each_kind() {
        let session =
            Session::read(r#"{"schema_us": [3000, 1000, 2000], "shutdown_us": [5]}"#).unwrap();
        assert_eq!(session.first_schema, Duration::from_millis(2));
        assert_eq!(session.shutdown, Duration::from_micros(5));
        assert!(Session::read(r#"{"schema_us": []}"#).is_err());
    }
}
