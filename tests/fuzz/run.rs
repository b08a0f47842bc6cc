//! Tries inputs on a target, and reports the one that failed.
//!
//! Each target runs in a thread with a stack as small as the provider's, while the test's own
//! thread watches the time. An input that ends the whole process (a stack overflow) cannot be
//! reported by it, so a file names each input before it is tried.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{Seek as _, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Effort;
use crate::bounds;
use crate::random::Random;

/// How long to try new inputs, in seconds for all targets together. If unset, a fixed number of
/// fixed inputs is tried.
const SECONDS: &str = "OPENROUTER_FUZZ_SECONDS";

/// The seed of the first input; the following inputs count up from it.
const SEED: &str = "OPENROUTER_FUZZ_SEED";

/// The stack of Tokio's workers, which the provider does not change.
const STACK: usize = 2 << 20;

/// How long one input may take. Unoptimised, on a busy machine, the worst takes a tenth of it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How many bytes of a failed input are printed. The seed reproduces the rest.
const MAX_PRINTED: usize = 2 << 10;

/// Something that takes bytes from outside.
pub(crate) trait Target: Send + 'static {
    /// What the bytes are given to.
    type Subject: Copy + Send + 'static;

    /// The subject in words, for the report of a failure.
    fn describe(&self, subject: Self::Subject) -> String;

    /// Inputs that are tried first in each run.
    fn handwritten(&self) -> Vec<Input<Self::Subject>>;

    /// An input that follows from a seed.
    fn arbitrary(&self, random: &mut Random) -> Input<Self::Subject>;

    /// Tries an input; an error says what is wrong with its outcome.
    fn check(&mut self, input: &Input<Self::Subject>) -> Result<Outcome, String>;
}

/// Bytes, and what they are given to.
pub(crate) struct Input<S> {
    pub(crate) subject: S,
    pub(crate) bytes: Vec<u8>,
}

/// What a target did with an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was valid.
    Accepted,
    /// It was invalid, and an error said so.
    Rejected,
}

/// Held while a target runs: panics and allocations are counted for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The panics of all threads and tasks during the current input.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The seed of a long run, the same for all targets.
static NEW_SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0) >> 16);

/// Tries inputs on a target: as many as its effort says, or for its share of the time that the
/// environment sets.
pub(crate) fn run<T: Target>(name: &'static str, effort: &Effort, make: fn() -> T) {
    let _guard = lock(&ONE_AT_A_TIME);
    record_panics();
    lock(&PANICS).clear();
    let plan = Plan::new(effort);
    let current = Arc::new(Mutex::new(None));
    let current_of_worker = Arc::clone(&current);
    let worker = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
    let worker = worker
        .spawn(move || Worker { name, target: make(), current: current_of_worker }.run(plan))
        .unwrap();
    while !worker.is_finished() {
        thread::sleep(Duration::from_millis(10));
        if let Some(input) = &*lock(&current)
            && input.started.elapsed() > TIMEOUT
        {
            panic!("{name}: {}", input.failure(&format!("no end within {TIMEOUT:?}")));
        }
    }
    match worker.join() {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => panic!("{name}: {failure}"),
        Err(panic) => panic::resume_unwind(panic),
    }
}

/// Which inputs are tried.
#[derive(Clone, Copy)]
struct Plan {
    first_seed: u64,
    max_inputs: u64,
    max_time: Duration,
}

impl Plan {
    fn new(effort: &Effort) -> Self {
        let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        let (seed, seconds) = (number(SEED), number(SECONDS));
        match seconds {
            None => Self {
                first_seed: seed.unwrap_or(0),
                max_inputs: effort.inputs,
                max_time: Duration::MAX,
            },
            Some(seconds) => Self {
                first_seed: seed.unwrap_or(*NEW_SEED),
                max_inputs: u64::MAX,
                max_time: Duration::from_secs(seconds) * effort.share / 100,
            },
        }
    }
}

/// The input that is being tried.
struct CurrentInput {
    started: Instant,
    /// Its seed; none for a handwritten one.
    seed: Option<u64>,
    subject: String,
    bytes: Vec<u8>,
}

impl CurrentInput {
    /// The report of its failure.
    fn failure(&self, why: &str) -> String {
        let again = match self.seed {
            Some(seed) => format!("reproduce it with: cargo xtask fuzz --seconds 1 --seed {seed}"),
            None => "it is handwritten and tried in each run".to_owned(),
        };
        let mut hex = String::new();
        for byte in self.bytes.iter().take(MAX_PRINTED) {
            write!(hex, "{byte:02x}").unwrap();
        }
        let length = self.bytes.len();
        format!("{why}\n{}; {again}\n{length} bytes, which begin with {hex}", self.subject)
    }
}

/// The thread of one target.
struct Worker<T> {
    name: &'static str,
    target: T,
    current: Arc<Mutex<Option<CurrentInput>>>,
}

/// The figures of a run.
#[derive(Default)]
struct Figures {
    inputs: u64,
    accepted: u64,
    slowest: (Duration, String),
}

impl Figures {
    /// Prints the figures, on a line of their own after libtest's.
    fn print(&self, first_seed: u64, time: Duration) {
        let Self { inputs, accepted, slowest: (slowest, subject) } = self;
        let worst = bounds::worst();
        println!("\n{inputs} inputs, {accepted} accepted, in {time:.1?}, from seed {first_seed}");
        println!("at most {worst} bytes of memory for a byte; slowest {slowest:.1?}, {subject}");
    }
}

impl<T: Target> Worker<T> {
    fn run(mut self, plan: Plan) -> Result<(), String> {
        let mut file = InputFile::new(self.name);
        let mut figures = Figures::default();
        let started = Instant::now();
        for (index, input) in self.target.handwritten().into_iter().enumerate() {
            file.write(&format!("handwritten input {index}"));
            self.try_input(None, &input, &mut figures)?;
        }
        for seed in (0..plan.max_inputs).map(|count| plan.first_seed.wrapping_add(count)) {
            // The first is tried in any case: a run with `--seed` may be about it alone.
            if seed != plan.first_seed && started.elapsed() > plan.max_time {
                break;
            }
            file.write(&format!("seed {seed}"));
            let input = self.target.arbitrary(&mut Random::new(seed));
            self.try_input(Some(seed), &input, &mut figures)?;
        }
        file.remove();
        figures.print(plan.first_seed, started.elapsed());
        Ok(())
    }

    fn try_input(
        &mut self,
        seed: Option<u64>,
        input: &Input<T::Subject>,
        figures: &mut Figures,
    ) -> Result<(), String> {
        let subject = self.target.describe(input.subject);
        let started = Instant::now();
        *lock(&self.current) =
            Some(CurrentInput { started, seed, subject, bytes: input.bytes.clone() });
        let checked = panic::catch_unwind(AssertUnwindSafe(|| self.target.check(input)));
        let time = started.elapsed();
        let panics = std::mem::take(&mut *lock(&PANICS));
        let current = lock(&self.current).take().expect("it was set above");
        figures.inputs += 1;
        match checked {
            Ok(Ok(outcome)) if panics.is_empty() => {
                figures.accepted += u64::from(outcome == Outcome::Accepted);
            }
            Ok(Err(why)) if panics.is_empty() => return Err(current.failure(&why)),
            _ => return Err(current.failure(&panics.join("\n"))),
        }
        if time > figures.slowest.0 {
            figures.slowest = (time, current.subject);
        }
        Ok(())
    }
}

/// A file that names the input being tried, for when the process does not survive it. `cargo xtask
/// fuzz` reads it.
struct InputFile {
    path: PathBuf,
    file: File,
}

impl InputFile {
    fn new(target: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}.input"));
        Self { file: File::create(&path).unwrap(), path }
    }

    fn write(&mut self, input: &str) {
        self.file.rewind().unwrap();
        write!(self.file, "{input:<40}").unwrap();
    }

    fn remove(self) {
        drop(self.file);
        // Another run of the same target may have removed it already.
        let _ = fs::remove_file(self.path);
    }
}

/// Notes every panic, besides printing it as usual.
fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default_hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            lock(&PANICS).push(panic.to_string());
            default_hook(panic);
        }));
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
