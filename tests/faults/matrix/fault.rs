//! What goes wrong, and how often.

use std::sync::LazyLock;
use std::time::Duration;

use mock_openrouter::{Action, Document, When};

/// The timeout of an attempt that is meant to run out of time.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_millis(1500);

/// The timeout of every other attempt, which is enough on the busiest machine.
const LONG_TIMEOUT: Duration = Duration::from_secs(20);

/// A create that is done so long after its connection is gone. The provider's first look, right after the timeout, comes before
/// it, and its last one at least 1.8 s after it, also on a busy machine.
pub(super) const LATE: Duration = Duration::from_millis(200);

/// A kind of fault: a row of the matrix.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// What happens to a request; none where connections are refused.
    pub(super) action: Option<Action>,
    /// What `timeout_ms` is set to.
    pub(super) timeout: Duration,
    /// Whether the mock does the work after the client has gone.
    pub(super) is_late: bool,
}

/// How often it happens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Once,
    Forever,
}

impl Mode {
    pub(super) const BOTH: [Self; 2] = [Self::Once, Self::Forever];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Forever => "forever",
        }
    }
}

/// All that can go wrong.
pub(super) static FAULTS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let slow = Action::slow(SHORT_TIMEOUT * 2, When::Before);
    let late = Action::after_disconnect(LONG_TIMEOUT, LATE);
    vec![
        Kind { name: "refused", action: None, timeout: LONG_TIMEOUT, is_late: false },
        kind("dropped before the work", Action::dropped(When::Before)),
        kind("dropped after the work", Action::dropped(When::After)),
        Kind { timeout: SHORT_TIMEOUT, ..kind("slow past the timeout", slow) },
        kind("429", Action::status(429)),
        kind("429 with Retry-After", Action::retry_after(1)),
        kind("500", Action::status(500)),
        kind("502, HTML", Action::html(502, "<title>Bad gateway</title>", false)),
        kind("503 after the work", Action::status_after_work(503)),
        kind("truncated JSON", Action::truncated()),
        kind("wrong JSON", wrong_json()),
        Kind { timeout: SHORT_TIMEOUT, is_late: true, ..kind("done after timeout, look", late) },
    ]
});

fn kind(name: &'static str, action: Action) -> Kind {
    Kind { name, action: Some(action), timeout: LONG_TIMEOUT, is_late: false }
}

/// A success of a shape that no operation can make anything of.
fn wrong_json() -> Action {
    let body = r#"{"data":7,"deleted":"perhaps"}"#.to_owned();
    let replace_body = Document { content_type: "application/json".to_owned(), body };
    Action::ReplaceBody { replace_body, status: Some(200), after_work: true }
}
