//! When a failed attempt is followed by another, and after how long. It owns the rule which
//! failures are temporary and the arithmetic of waiting; attempts are made in `http_client.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::error::{Error, RetryEnd};

/// Longer than any setting that means something, and short enough to be added to any moment.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How long the first attempt of a call waits at least for the end of a 429 that another call met.
const MIN_FIRST_WAIT: Duration = Duration::from_secs(30);

/// For how long an API is tried that the client has never reached: it is more likely to be
/// misconfigured than to come back. Counted from the client's first attempt.
const UNREACHED_LIMIT: Duration = Duration::from_secs(30);

/// How often a response that cannot be read is requested. What stays unreadable is not temporary.
const MAX_UNREADABLE: u32 = 3;

/// Whether and when an attempt that failed is followed by another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// The wait after the first attempt. Every wait is shortened by a random part of it, half at
    /// most, so that calls that failed together are not retried together.
    pub initial_interval: Duration,
    /// The longest wait, unless the API asks for more.
    pub max_interval: Duration,
    /// By how much each wait is longer than the one before; 1 or more.
    pub exponent: f64,
    /// The time from the first attempt in which a wait for another one may end. Zero for a single
    /// attempt.
    pub max_elapsed_time: Duration,
    /// Whether to retry when a connection fails, is lost or brings no response in time.
    pub connection_errors: bool,
}

impl Default for RetryPolicy {
    /// The values with which OpenRouter's own libraries begin, and five minutes in all.
    fn default() -> RetryPolicy {
        RetryPolicy {
            initial_interval: Duration::from_millis(500),
            max_interval: Duration::from_secs(60),
            exponent: 1.5,
            max_elapsed_time: Duration::from_secs(300),
            connection_errors: true,
        }
    }
}

/// The attempts at one call.
#[derive(Debug, Default)]
pub(in crate::client) struct Attempts {
    retry: RetryPolicy,
    /// After which there is no further attempt, whatever `retry` allows.
    deadline: Option<Instant>,
    first_started: Option<Instant>,
    last_started: Option<Instant>,
    made: u32,
    unreadable: u32,
    /// Whether one of them may have been carried out.
    open: bool,
    /// Since when the client has tried the API without ever reaching it.
    pub(super) unreached_since: Option<Instant>,
    /// Tells the client that the call is in progress, waits between attempts included.
    _in_progress: Arc<()>,
}

impl Attempts {
    /// None made yet.
    pub(super) fn new(retry: RetryPolicy, deadline: Option<Instant>) -> Attempts {
        Attempts { retry, deadline, ..Attempts::default() }
    }

    /// The same, holding a reference while the call is in progress.
    pub(super) fn holding(self, in_progress: &Arc<()>) -> Attempts {
        Attempts { _in_progress: Arc::clone(in_progress), ..self }
    }

    /// Counts an attempt that starts now.
    pub(super) fn start(&mut self, now: Instant) {
        self.first_started.get_or_insert(now);
        self.last_started = Some(now);
        self.made += 1;
    }

    /// Whether the client has not reached the API, and the time for that is over.
    pub(super) fn is_given_up(&self, now: Instant) -> bool {
        self.unreached_since.is_some_and(|since| now >= since + self.unreached_limit())
    }

    /// How long ago the last attempt started.
    pub(in crate::client) fn time_since_last_start(&self, now: Instant) -> Duration {
        self.last_started.map_or(Duration::ZERO, |started| now.duration_since(started))
    }

    /// Until when to wait for the end of a 429 before an attempt.
    pub(super) fn rate_limit_deadline(&self, now: Instant) -> Instant {
        if self.first_started.is_some() {
            return self.retry_deadline(now);
        }
        match self.deadline {
            Some(deadline) => deadline.max(now + MIN_FIRST_WAIT),
            None => now + self.retry.max_elapsed_time.clamp(MIN_FIRST_WAIT, FOREVER),
        }
    }

    /// When the time for another attempt is over.
    pub(in crate::client) fn retry_deadline(&self, now: Instant) -> Instant {
        let started = self.first_started.unwrap_or(now);
        let mut end = started + self.retry.max_elapsed_time.min(FOREVER);
        if let Some(since) = self.unreached_since {
            end = end.min(since + self.unreached_limit());
        }
        if let Some(deadline) = self.deadline {
            end = end.min(deadline);
        }
        end
    }

    /// How long to wait after an attempt that failed so, or why there is to be no other.
    pub(super) fn next_wait(&mut self, error: &Error, now: Instant) -> Result<Duration, RetryEnd> {
        self.open |= error.may_have_happened();
        self.unreadable += u32::from(matches!(error, Error::Decode { .. }));
        if self.made == 0 && self.is_given_up(now) {
            return Err(RetryEnd::Unreached);
        }
        if !self.is_temporary(error) {
            return Err(RetryEnd::Final);
        }
        if self.unreadable >= MAX_UNREADABLE {
            return Err(RetryEnd::Enough);
        }
        let wait = match error.retry_after() {
            // Never less than the first wait: a response that asks for none may not mean it.
            Some(asked) => asked.max(shortened(self.interval(1))),
            None => shortened(self.interval(self.made)),
        };
        let in_time = now.checked_add(wait).is_some_and(|next| next <= self.retry_deadline(now));
        match self.unreached_since {
            _ if in_time => Ok(wait),
            Some(_) => Err(RetryEnd::Unreached),
            None => Err(RetryEnd::OutOfTime),
        }
    }

    /// The error to end with: the last one, with the number of attempts where that is of interest.
    pub(in crate::client) fn give_up(&self, last: Error, now: Instant, end: RetryEnd) -> Error {
        let retried = self.made > 1;
        let is_of_interest = match end {
            RetryEnd::Stopped => self.made > 0,
            RetryEnd::OutOfTime => retried || last.retry_after().is_some(),
            // Without retries a single attempt is what was to be expected.
            RetryEnd::Unreached => self.made == 0 || !self.retry.max_elapsed_time.is_zero(),
            RetryEnd::Final | RetryEnd::Enough => retried,
        };
        let hides_open_attempt = self.open && !last.may_have_happened();
        if !is_of_interest && !hides_open_attempt {
            return last;
        }
        Error::RetriesExhausted {
            attempts: self.made,
            open: self.open,
            end,
            elapsed: now.duration_since(self.first_started.unwrap_or(now)),
            last: Box::new(last),
        }
    }

    /// Whether another attempt may succeed.
    fn is_temporary(&self, error: &Error) -> bool {
        match error {
            Error::Status { status, .. } => matches!(status, 408 | 425 | 429 | 499 | 500..=599),
            Error::Decode { .. } => true,
            Error::Connect { untrusted, .. } => !untrusted && self.retry.connection_errors,
            Error::ConnectionLost { .. } | Error::Timeout { .. } => self.retry.connection_errors,
            _ => false,
        }
    }

    /// The wait after so many attempts, before it is shortened.
    fn interval(&self, attempts: u32) -> Duration {
        let longest = self.retry.max_interval.min(FOREVER);
        let growth = self.retry.exponent.powf(f64::from(attempts.saturating_sub(1)));
        let seconds = self.retry.initial_interval.as_secs_f64() * growth;
        Duration::try_from_secs_f64(seconds.min(longest.as_secs_f64())).unwrap_or(longest)
    }

    /// For how long an API is tried that was never reached. Without retries, each call has its one
    /// attempt in that time.
    fn unreached_limit(&self) -> Duration {
        match self.retry.max_elapsed_time {
            Duration::ZERO => UNREACHED_LIMIT,
            max_elapsed_time => max_elapsed_time.min(UNREACHED_LIMIT),
        }
    }
}

/// By a random part, half at most.
fn shortened(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::super::route::{Call, Route};
    use super::*;

    static ROUTE: Route = Route { method: Method::GET, template: "/guardrails" };

    fn call() -> Call {
        Call::new(&ROUTE, "/guardrails".to_owned())
    }

    fn status(status: u16, retry_after: Option<Duration>) -> Error {
        let message = "no".to_owned();
        Error::Status {
            call: call(),
            status,
            message,
            from_service: true,
            request_id: None,
            retry_after,
        }
    }

    const NONE: [Duration; 0] = [];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The waits after failures of that kind, until it gives up, when attempts take no time.
    fn waits(retry: RetryPolicy, error: &Error) -> Vec<Duration> {
        let mut attempts = Attempts::new(retry, None);
        let mut now = Instant::now();
        let mut waits = Vec::new();
        loop {
            attempts.start(now);
            let Ok(wait) = attempts.next_wait(error, now) else { return waits };
            now += wait;
            waits.push(wait);
        }
    }

    #[test]
    fn waits_grow_to_a_limit_and_are_shortened_by_half_at_most() {
        let retry = RetryPolicy {
            initial_interval: seconds(2),
            max_interval: seconds(10),
            exponent: 2.0,
            max_elapsed_time: seconds(100),
            ..RetryPolicy::default()
        };
        let waits = waits(retry, &status(503, None));
        for (index, full) in [2, 4, 8, 10, 10, 10].into_iter().enumerate() {
            let range = seconds(full) / 2..=seconds(full);
            assert!(range.contains(&waits[index]), "{waits:?}");
        }
        let total: Duration = waits.iter().sum();
        assert!(total <= seconds(100) && total >= seconds(90), "{waits:?}");
        assert!(waits[4..].iter().any(|wait| *wait != waits[3]), "by a random part: {waits:?}");
    }

    #[test]
    fn the_api_decides_how_long_to_wait() {
        let retry = RetryPolicy { max_elapsed_time: seconds(100), ..RetryPolicy::default() };
        assert_eq!(waits(retry, &status(503, Some(seconds(30)))), [seconds(30); 3]);
        assert_eq!(
            waits(retry, &status(429, Some(seconds(101)))),
            NONE,
            "longer than there is time"
        );
        let at_once = waits(retry, &status(429, Some(Duration::ZERO)));
        assert!(at_once.iter().all(|wait| *wait >= Duration::from_millis(250)), "{at_once:?}");
    }

    #[test]
    fn only_temporary_failures_are_retried() {
        let reason = || "why".to_owned();
        let connect = |untrusted| Error::Connect {
            call: call(),
            host: "h".to_owned(),
            untrusted,
            reason: reason(),
        };
        let lost = Error::ConnectionLost { call: call(), reason: reason() };
        let late = Error::Timeout { call: call(), after: seconds(1) };
        for (error, always, without_connection_errors) in [
            (status(408, None), true, true),
            (status(425, None), true, true),
            (status(429, None), true, true),
            (status(500, None), true, true),
            (status(524, None), true, true),
            (status(400, None), false, false),
            (status(404, None), false, false),
            (status(307, None), false, false),
            (connect(false), true, false),
            (connect(true), false, false),
            (lost, true, false),
            (late, true, false),
            (Error::Request { call: call(), reason: reason() }, false, false),
            (Error::Skipped { call: call(), noun: "key" }, false, false),
        ] {
            let retry = RetryPolicy::default();
            assert_eq!(!waits(retry, &error).is_empty(), always, "{error}");
            let retry = RetryPolicy { connection_errors: false, ..retry };
            assert_eq!(!waits(retry, &error).is_empty(), without_connection_errors, "{error}");
        }
    }

    #[test]
    fn what_stays_unreadable_is_requested_three_times() {
        let unreadable =
            Error::Decode { call: call(), status: 200, reason: "why".to_owned(), request_id: None };
        assert_eq!(waits(RetryPolicy::default(), &unreadable).len(), 2);
    }

    #[test]
    fn no_time_is_one_attempt_and_a_deadline_comes_first() {
        let retry = RetryPolicy { max_elapsed_time: Duration::ZERO, ..RetryPolicy::default() };
        assert_eq!(waits(retry, &status(503, None)), NONE);
        let now = Instant::now();
        let mut attempts =
            Attempts::new(RetryPolicy::default(), Some(now + Duration::from_millis(100)));
        attempts.start(now);
        assert_eq!(attempts.next_wait(&status(503, None), now), Err(RetryEnd::OutOfTime));
    }

    #[test]
    fn giving_up_tells_how_often_and_how_long() {
        let mut attempts = Attempts::new(RetryPolicy::default(), None);
        let now = Instant::now();
        attempts.start(now);
        let alone = attempts.give_up(status(503, None), now, RetryEnd::OutOfTime);
        assert!(matches!(alone, Error::Status { .. }), "a single attempt");
        attempts.start(now + seconds(2));
        let error = attempts.give_up(
            status(503, None),
            now + Duration::from_millis(2510),
            RetryEnd::OutOfTime,
        );
        assert_eq!(
            error.to_string(),
            "GET /guardrails returned 503: no; gave up after 2 attempts in 2.5 s"
        );
        assert_eq!((error.status(), error.may_have_happened()), (Some(503), true));
    }

    #[test]
    fn an_attempt_that_may_have_been_carried_out_is_not_forgotten() {
        let mut attempts = Attempts::new(RetryPolicy::default(), None);
        let now = Instant::now();
        attempts.start(now);
        let _ = attempts.next_wait(&status(503, None), now);
        let stopped = Error::Stopped { call: call(), sent: false };
        let _ = attempts.next_wait(&stopped, now);
        let error = attempts.give_up(stopped, now, RetryEnd::Final);
        assert!(error.may_have_happened());
        assert!(error.to_string().ends_with("; 1 attempt in 0.0 s"), "{error}");
    }

    /// The waits of a call, and how it ends, when the API was unreached since that moment until
    /// it was reached.
    fn unreached(
        retry: RetryPolicy,
        since: Instant,
        begun: Instant,
        reached: Option<Instant>,
    ) -> (Duration, Error) {
        let refused = || Error::Connect {
            call: call(),
            host: "h".to_owned(),
            untrusted: false,
            reason: "why".to_owned(),
        };
        let mut attempts = Attempts::new(retry, None);
        let mut now = begun;
        loop {
            attempts.start(now);
            attempts.unreached_since =
                Some(since).filter(|_| reached.is_none_or(|reached| now < reached));
            match attempts.next_wait(&refused(), now) {
                Ok(wait) => now += wait,
                Err(end) => return (now - begun, attempts.give_up(refused(), now, end)),
            }
        }
    }

    #[test]
    fn an_api_that_was_never_reached_is_given_up_early() {
        let start = Instant::now();
        let retry = RetryPolicy { max_interval: seconds(1), ..RetryPolicy::default() };
        let (tried, error) = unreached(retry, start, start, None);
        assert!(tried <= seconds(30) && tried >= seconds(28), "{tried:?}");
        assert!(error.to_string().ends_with("the API was never reached in this run"), "{error}");

        let (tried, error) = unreached(retry, start, start + seconds(31), None);
        assert_eq!(tried, Duration::ZERO, "the time is the client's, not each call's");
        assert!(error.to_string().contains("gave up after 1 attempt in"), "{error}");

        let (tried, _) =
            unreached(RetryPolicy { max_elapsed_time: seconds(3), ..retry }, start, start, None);
        assert!(tried <= seconds(3), "{tried:?}");

        let (tried, error) = unreached(retry, start, start, Some(start + seconds(10)));
        assert!(tried > seconds(290), "once reached, it has all the time: {tried:?}");
        assert!(!error.to_string().contains("never reached"), "{error}");

        let (_, error) = unreached(
            RetryPolicy { max_elapsed_time: Duration::ZERO, ..retry },
            start,
            start,
            None,
        );
        assert!(matches!(error, Error::Connect { .. }), "a single attempt: {error}");

        let mut attempts =
            Attempts::new(RetryPolicy { max_elapsed_time: Duration::ZERO, ..retry }, None);
        attempts.unreached_since = Some(start);
        assert!(!attempts.is_given_up(start + seconds(29)), "each call has its one attempt");
        assert!(attempts.is_given_up(start + seconds(30)));
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let retry = RetryPolicy {
            initial_interval: Duration::MAX,
            max_interval: Duration::MAX,
            exponent: f64::MAX,
            max_elapsed_time: Duration::MAX,
            ..RetryPolicy::default()
        };
        assert!(waits(retry, &status(503, None)).len() < 3);
    }
}
