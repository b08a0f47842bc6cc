//! Tries inputs on a target, and says which one failed.
//!
//! Each target has a thread with a stack as small as the provider's; whoever started it watches the clock. An input that ends
//! the whole process (an overflow of the stack) cannot be shown by it, so what it is is in a file before it is tried.

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

/// How long to try fresh inputs, in seconds for all targets together; a fixed number of fixed ones without it.
const SECONDS: &str = "OPENROUTER_FUZZ_SECONDS";

/// The seed of the first input; the next ones count up.
const SEED: &str = "OPENROUTER_FUZZ_SEED";

/// Tokio's workers have as much, and the provider leaves it at that.
const STACK: usize = 2 << 20;

/// How long one input may take. Unoptimised, on a busy machine, the worst takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// More of an input than this is not printed; the seed makes it again.
const SHOWN: usize = 2 << 10;

/// Something that takes bytes from outside.
pub(crate) trait Target: Send + 'static {
    /// What the bytes are given to.
    type Subject: Copy + Send + 'static;

    /// CanonicalNames it, for the one who reproduces a failure.
    fn describe(&self, subject: Self::Subject) -> String;

    /// Inputs made by hand, tried first in each run.
    fn by_hand(&self) -> Vec<Input<Self::Subject>>;

    /// An input that follows from a seed.
    fn arbitrary(&self, random: &mut Random) -> Input<Self::Subject>;

    /// Tries an input; an error says what is wrong with what came of it.
    fn check(&mut self, input: &Input<Self::Subject>) -> Result<Seen, String>;
}

/// Bytes, and what they are given to.
pub(crate) struct Input<S> {
    pub(crate) subject: S,
    pub(crate) bytes: Vec<u8>,
}

/// What became of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It was as good as any other.
    Taken,
    /// An error said what is wrong with it.
    Refused,
}

/// One target at a time: what is measured, the whole process does.
static TURN: Mutex<()> = Mutex::new(());

/// What panicked since somebody looked, in whatever thread or task.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The seed of a long run, one for all targets.
static FRESH: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0) >> 16);

/// Tries inputs on a target: as many as its effort says, or for its share of the time that the environment gives.
pub(crate) fn run<T: Target>(name: &'static str, effort: &Effort, make: fn() -> T) {
    let _turn = lock(&TURN);
    record_panics();
    lock(&PANICS).clear();
    let plan = Plan::of(effort);
    let under_way = Arc::new(Mutex::new(None));
    let worker = thread::Builder::new().name(name.to_owned()).stack_size(STACK);
    let seen_by_worker = Arc::clone(&under_way);
    let worker =
        worker.spawn(move || Drive { name, target: make(), under_way: seen_by_worker }.run(plan));
    let worker = worker.unwrap();
    while !worker.is_finished() {
        thread::sleep(Duration::from_millis(10));
        if let Some(tried) = &*lock(&under_way)
            && tried.since.elapsed() > PATIENCE
        {
            panic!(
                "{name}: {}",
                tried.failed(&format!("no answer within {} s", PATIENCE.as_secs()))
            );
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
    /// The seed of the first.
    first: u64,
    /// How many at most.
    inputs: u64,
    /// How long at most.
    time: Duration,
}

impl Plan {
    fn of(effort: &Effort) -> Self {
        let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        match number(SECONDS) {
            None => Self {
                first: number(SEED).unwrap_or(0),
                inputs: effort.inputs,
                time: Duration::MAX,
            },
            Some(seconds) => Self {
                first: number(SEED).unwrap_or(*FRESH),
                inputs: u64::MAX,
                time: Duration::from_secs(seconds) * effort.share / 100,
            },
        }
    }
}

/// An input while it is tried.
struct UnderWay {
    since: Instant,
    /// Its seed; none for one made by hand.
    seed: Option<u64>,
    subject: String,
    bytes: Vec<u8>,
}

impl UnderWay {
    /// What to tell when this input failed.
    fn failed(&self, why: &str) -> String {
        let again = match self.seed {
            Some(seed) => format!("try it again with: cargo xtask fuzz --seconds 1 --seed {seed}"),
            None => "it is made by hand and tried in each run".to_owned(),
        };
        let mut hex = String::new();
        for byte in self.bytes.iter().take(SHOWN) {
            write!(hex, "{byte:02x}").unwrap();
        }
        let length = self.bytes.len();
        let shown =
            if length > SHOWN { format!(", of which the first {SHOWN}") } else { String::new() };
        format!("{why}\n{}; {again}\n{length} bytes{shown}: {hex}", self.subject)
    }
}

/// The work of one target's thread.
struct Drive<T> {
    name: &'static str,
    target: T,
    under_way: Arc<Mutex<Option<UnderWay>>>,
}

/// What came of a run.
#[derive(Default)]
struct Tally {
    inputs: u64,
    taken: u64,
    slowest: (Duration, String),
}

impl Tally {
    /// Prints the figures, on a line of their own after libtest's.
    fn show(&self, first: u64, time: Duration) {
        let Self { inputs, taken, slowest: (slowest, subject) } = self;
        let (seconds, worst) = (time.as_secs_f64(), bounds::worst());
        println!("\n{inputs} inputs, {taken} of them taken, in {seconds:.1} s, from seed {first}");
        println!(
            "at most {worst} bytes of memory for a byte; the slowest {slowest:.1?}, {subject}"
        );
    }
}

impl<T: Target> Drive<T> {
    fn run(mut self, plan: Plan) -> Result<(), String> {
        let mut last = LastInput::new(self.name);
        let mut tally = Tally::default();
        let begin = Instant::now();
        for (index, input) in self.target.by_hand().into_iter().enumerate() {
            last.remember(&format!("input {index} made by hand"));
            self.try_input(None, &input, &mut tally)?;
        }
        for seed in (0..plan.inputs).map(|count| plan.first.wrapping_add(count)) {
            // The first one is tried in any case: it may be all that was asked for.
            if seed != plan.first && begin.elapsed() > plan.time {
                break;
            }
            last.remember(&format!("seed {seed}"));
            let input = self.target.arbitrary(&mut Random::new(seed));
            self.try_input(Some(seed), &input, &mut tally)?;
        }
        last.forget();
        tally.show(plan.first, begin.elapsed());
        Ok(())
    }

    fn try_input(
        &mut self,
        seed: Option<u64>,
        input: &Input<T::Subject>,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let subject = self.target.describe(input.subject);
        let since = Instant::now();
        *lock(&self.under_way) =
            Some(UnderWay { since, seed, subject, bytes: input.bytes.clone() });
        let checked = panic::catch_unwind(AssertUnwindSafe(|| self.target.check(input)));
        let panics = std::mem::take(&mut *lock(&PANICS));
        let tried = lock(&self.under_way).take().expect("nobody else takes it");
        tally.inputs += 1;
        if since.elapsed() > tally.slowest.0 {
            tally.slowest = (since.elapsed(), tried.subject.clone());
        }
        match checked {
            Ok(Ok(outcome)) if panics.is_empty() => {
                tally.taken += u64::from(outcome == Seen::Taken);
                Ok(())
            }
            Ok(Err(why)) if panics.is_empty() => Err(tried.failed(&why)),
            _ => Err(tried.failed(&panics.join("\n"))),
        }
    }
}

/// What is tried, in a file, for when the process does not survive it.
struct LastInput {
    path: PathBuf,
    file: File,
}

impl LastInput {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}.input"));
        Self { file: File::create(&path).unwrap(), path }
    }

    fn remember(&mut self, input: &str) {
        self.file.rewind().unwrap();
        write!(self.file, "{input:<40}").unwrap();
    }

    fn forget(self) {
        drop(self.file);
        // Another run of the same target may have been faster.
        let _ = fs::remove_file(self.path);
    }
}

/// Has every panic noted, and shown as usual.
fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            lock(&PANICS).push(panic.to_string());
            usual(panic);
        }));
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
