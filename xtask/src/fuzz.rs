//! `cargo xtask fuzz`: hostile input for as long as one likes. What is tried, and how, is in the test target of that name;
//! this tells it how long, and names the input under way when it did not survive.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::console;
use crate::project::Project;

/// The settings that `tests/fuzz/run.rs` reads.
const SECONDS: &str = "OPENROUTER_FUZZ_SECONDS";
const SEED: &str = "OPENROUTER_FUZZ_SEED";

/// The development profile keeps the checks for overflow, and with a little optimisation tries ten times as much. The
/// release profile would take minutes to build, and lack the checks.
const OPTIMISED: (&str, &str) = ("CARGO_PROFILE_DEV_OPT_LEVEL", "1");

/// One target at a time, and its figures shown.
const ARGS: [&str; 6] = ["test", "--test", "fuzz", "--", "--test-threads=1", "--nocapture"];

/// Tries inputs for so many seconds, the first from this seed.
pub(crate) fn run(project: &Project, seconds: u64, seed: Option<u64>) -> Result<()> {
    console::title("Hostile input");
    for (_, file) in under_way(project) {
        fs::remove_file(file)?;
    }
    let seconds = seconds.to_string();
    let seed = seed.map(|seed| seed.to_string());
    let mut environment = vec![OPTIMISED, (SECONDS, seconds.as_str())];
    environment.extend(seed.as_deref().map(|seed| (SEED, seed)));
    if let Err(error) = project.run_cargo(&ARGS, &environment) {
        for (target, file) in under_way(project) {
            eprintln!("{target} ended with {}", fs::read_to_string(file)?.trim());
        }
        bail!(error);
    }
    Ok(())
}

/// The targets that were not done, each with the file that tells which input it had come to.
fn under_way(project: &Project) -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(project.target.join("tmp")).into_iter().flatten().flatten();
    let target = |file: PathBuf| {
        let name =
            file.file_name()?.to_str()?.strip_prefix("fuzz-")?.strip_suffix(".input")?.to_owned();
        Some((name, file))
    };
    files.filter_map(|file| target(file.path())).collect()
}
