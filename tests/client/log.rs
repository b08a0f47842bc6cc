//! What a test logged, as text: everything that any log format could show.
//!
//! One subscriber serves all tests and hands each event to the thread that raised it. A subscriber for each test would lose
//! events: tracing remembers for each place in the code whether anybody listens, and may ask on a thread where nobody does.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry};

type Lines = Arc<Mutex<Vec<String>>>;

thread_local! {
    static CAPTURED: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

/// Has to come before the first event of the process: what is logged meanwhile on another thread could be remembered as
/// of interest to nobody.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let subscriber = Registry::default().with(Recorder);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
        tracing::callsite::rebuild_interest_cache();
    });
}

/// The lines logged on this thread while the value lives, of all levels.
pub(crate) struct Log {
    lines: Lines,
}

impl Log {
    pub(crate) fn capture() -> Log {
        install();
        let lines = Lines::default();
        CAPTURED.set(Some(Arc::clone(&lines)));
        Log { lines }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines that the client itself logged at a level, without level and target.
    pub(crate) fn of_client(&self, level: &str) -> Vec<String> {
        let prefix = format!("{level} terraform_provider_openrouter::client::http");
        self.lines()
            .iter()
            .filter_map(|line| line.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        CAPTURED.set(None);
    }
}

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    /// To be asked each time: whether anybody listens differs from thread to thread.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        CAPTURED.with_borrow(Option::is_some)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(lines) = CAPTURED.with_borrow(Clone::clone) else { return };
        let mut line = format!("{} {}", event.metadata().level(), event.metadata().target());
        event.record(&mut Fields(&mut line));
        lines.lock().unwrap().push(line);
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").unwrap();
    }
}
