//! When a failed attempt is followed by another, and after how long. Owns the arithmetic of waiting and the rule which
//! failures pass; how an attempt is made, and what may be sent twice, is for those who make it.

use std::time::Duration;

use tokio::time::Instant;

use super::error::{Error, RetryEnd};

/// Longer than any budget that means something, and short enough to be added to any moment.
const LONG: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How a call goes on after an attempt that failed in a way that may pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// The wait after the first attempt. Every wait is shortened by a random part of it, half at most, so that those
    /// who failed together do not come back together.
    pub initial_interval: Duration,
    /// The longest wait that is of our own making; the service can ask for more.
    pub max_interval: Duration,
    /// By how much each wait is longer than the one before; 1 or more.
    pub exponent: f64,
    /// The time from the first attempt in which a wait for another one may end. Zero for a single attempt.
    pub max_elapsed_time: Duration,
    /// Whether a connection that fails, is lost or brings no answer in time is tried again.
    pub connection_errors: bool,
}

impl Default for Retry {
    /// What the service's own libraries begin with, and five minutes in all.
    fn default() -> Retry {
        Retry {
            initial_interval: Duration::from_millis(500),
            max_interval: Duration::from_secs(60),
            exponent: 1.5,
            max_elapsed_time: Duration::from_secs(300),
            connection_errors: true,
        }
    }
}

/// How long the first attempt may be held back.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// For how long a service is tried that no attempt of this client has reached yet: it is more likely to be misconfigured than
/// to come back. Counted from the client's first attempt.
const UNREACHED_LIMIT: Duration = Duration::from_secs(30);

/// How often an answer that cannot be read is asked for. What stays unreadable is no passing fault.
const MOST_UNREADABLE: u32 = 3;

/// The attempts at one call.
#[derive(Debug)]
pub(in crate::client) struct Attempts {
    retry: Retry,
    /// When those who wait for this call want to hear of it, whatever `retry` allows.
    deadline: Option<Instant>,
    begun: Option<Instant>,
    last_begun: Option<Instant>,
    made: u32,
    unreadable: u32,
    /// Whether one of them may have been carried out.
    open: bool,
    /// Since when the service has been tried without ever being reached, if the last attempt did not reach it either.
    unreached_since: Option<Instant>,
}

impl Attempts {
    /// None made yet.
    pub(in crate::client) fn new(retry: Retry, deadline: Option<Instant>) -> Attempts {
        Attempts {
            retry,
            deadline,
            begun: None,
            last_begun: None,
            made: 0,
            unreadable: 0,
            open: false,
            unreached_since: None,
        }
    }

    /// Counts an attempt that begins now.
    pub(in crate::client) fn begin(&mut self, now: Instant) {
        self.begun.get_or_insert(now);
        self.last_begun = Some(now);
        self.made += 1;
    }

    /// Notes whether the client has ever reached the service, after an attempt: since when it has not.
    pub(in crate::client) fn note_unreached(&mut self, since: Option<Instant>) {
        self.unreached_since = since;
    }

    /// Whether no attempt of the client has reached the service, the last one of this call included.
    pub(in crate::client) fn is_unreached(&self) -> bool {
        self.unreached_since.is_some()
    }

    /// How long ago the last attempt began.
    pub(in crate::client) fn last_took(&self, now: Instant) -> Duration {
        self.last_begun.map_or(Duration::ZERO, |begun| now.duration_since(begun))
    }

    /// Until when to wait for the service to want to be called again. The first attempt has some time in any case: it may be
    /// somebody else who was asked for patience.
    pub(in crate::client) fn patience(&self, now: Instant) -> Instant {
        match (self.begun, self.deadline) {
            (Some(_), _) => self.end(now),
            (None, Some(deadline)) => deadline.max(now + FIRST_PATIENCE),
            (None, None) => now + self.retry.max_elapsed_time.clamp(FIRST_PATIENCE, LONG),
        }
    }

    /// When the time for another attempt is over.
    pub(in crate::client) fn end(&self, now: Instant) -> Instant {
        let mut budget = self.begun.unwrap_or(now) + self.retry.max_elapsed_time.min(LONG);
        if let Some(since) = self.unreached_since {
            budget = budget.min(since + UNREACHED_LIMIT);
        }
        self.deadline.map_or(budget, |deadline| budget.min(deadline))
    }

    /// How long to wait after an attempt that failed so, or why there is to be no other.
    pub(in crate::client) fn next_wait(
        &mut self,
        error: &Error,
        now: Instant,
    ) -> Result<Duration, RetryEnd> {
        self.open |= error.may_have_happened();
        self.unreadable += u32::from(matches!(error, Error::Decode { .. }));
        if !self.may_pass(error) {
            return Err(RetryEnd::Final);
        }
        if self.unreadable >= MOST_UNREADABLE {
            return Err(RetryEnd::Enough);
        }
        let wait = match error.retry_after() {
            // As the service says, but never at once: who asks for no patience may not mean it.
            Some(asked) => asked.max(shortened(self.interval(1))),
            None => shortened(self.interval(self.made)),
        };
        let in_time = now.checked_add(wait).is_some_and(|next| next <= self.end(now));
        match self.unreached_since {
            _ if in_time => Ok(wait),
            Some(_) => Err(RetryEnd::Unreached),
            None => Err(RetryEnd::OutOfTime),
        }
    }

    /// The error to end with: this one, which came last, and what was tried before.
    pub(in crate::client) fn give_up(&self, last: Error, now: Instant, end: RetryEnd) -> Error {
        let tells_more = match end {
            RetryEnd::Stopped => true,
            // That there was time for one attempt only is no news, unless the service wanted more.
            RetryEnd::OutOfTime => self.made > 1 || last.retry_after().is_some(),
            // A single attempt is no news where no more were allowed.
            RetryEnd::Unreached => !self.retry.max_elapsed_time.is_zero(),
            RetryEnd::Final | RetryEnd::Enough => self.made > 1,
        };
        let hides_less = self.open && !last.may_have_happened();
        match self.begun {
            Some(begun) if tells_more || hides_less => {
                let (elapsed, last) = (now.duration_since(begun), Box::new(last));
                Error::RetriesExhausted { attempts: self.made, elapsed, open: self.open, end, last }
            }
            _ => last,
        }
    }

    /// Whether the next attempt may fare better.
    fn may_pass(&self, error: &Error) -> bool {
        match error {
            Error::Status { status, .. } => {
                matches!(status, 408 | 425 | 429 | 499) || (500..600).contains(status)
            }
            Error::Decode { .. } => true,
            Error::Connect { untrusted, .. } => !untrusted && self.retry.connection_errors,
            Error::ConnectionLost { .. } | Error::Timeout { .. } => self.retry.connection_errors,
            _ => false,
        }
    }

    /// The wait after so many attempts, before it is shortened.
    fn interval(&self, attempts: u32) -> Duration {
        let longest = self.retry.max_interval.min(LONG);
        let growth = self.retry.exponent.powf(f64::from(attempts.saturating_sub(1)));
        let seconds =
            (self.retry.initial_interval.as_secs_f64() * growth).min(longest.as_secs_f64());
        Duration::try_from_secs_f64(seconds).unwrap_or(longest)
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
    fn waits(retry: Retry, error: &Error) -> Vec<Duration> {
        let mut attempts = Attempts::new(retry, None);
        let mut now = Instant::now();
        let mut waits = Vec::new();
        loop {
            attempts.begin(now);
            let Ok(wait) = attempts.next_wait(error, now) else { return waits };
            now += wait;
            waits.push(wait);
        }
    }

    #[test]
    fn waits_grow_to_a_limit_and_are_shortened_by_half_at_most() {
        let retry = Retry {
            initial_interval: seconds(2),
            max_interval: seconds(10),
            exponent: 2.0,
            max_elapsed_time: seconds(100),
            ..Retry::default()
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
    fn the_service_decides_how_long_to_wait() {
        let retry = Retry { max_elapsed_time: seconds(100), ..Retry::default() };
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
    fn only_what_may_pass_is_tried_again() {
        let reason = || "why".to_owned();
        let connect = |untrusted| Error::Connect {
            call: call(),
            host: "h".to_owned(),
            refused: false,
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
            let retry = Retry::default();
            assert_eq!(!waits(retry, &error).is_empty(), always, "{error}");
            let retry = Retry { connection_errors: false, ..retry };
            assert_eq!(!waits(retry, &error).is_empty(), without_connection_errors, "{error}");
        }
    }

    #[test]
    fn what_stays_unreadable_is_asked_for_three_times() {
        let unreadable =
            Error::Decode { call: call(), status: 200, reason: "why".to_owned(), request_id: None };
        assert_eq!(waits(Retry::default(), &unreadable).len(), 2);
    }

    #[test]
    fn no_time_is_one_attempt_and_a_deadline_comes_first() {
        let retry = Retry { max_elapsed_time: Duration::ZERO, ..Retry::default() };
        assert_eq!(waits(retry, &status(503, None)), NONE);
        let now = Instant::now();
        let mut attempts = Attempts::new(Retry::default(), Some(now + Duration::from_millis(100)));
        attempts.begin(now);
        assert_eq!(attempts.next_wait(&status(503, None), now), Err(RetryEnd::OutOfTime));
    }

    #[test]
    fn giving_up_tells_how_often_and_how_long() {
        let mut attempts = Attempts::new(Retry::default(), None);
        let now = Instant::now();
        attempts.begin(now);
        let alone = attempts.give_up(status(503, None), now, RetryEnd::OutOfTime);
        assert!(matches!(alone, Error::Status { .. }), "a single attempt");
        attempts.begin(now + seconds(2));
        let error = attempts.give_up(
            status(503, None),
            now + Duration::from_millis(2510),
            RetryEnd::OutOfTime,
        );
        assert_eq!(
            error.to_string(),
            "GET /guardrails answered 503: no; gave up after 2 attempts in 2.5 s"
        );
        assert_eq!((error.status(), error.may_have_happened()), (Some(503), true));
    }

    #[test]
    fn an_attempt_that_may_have_been_carried_out_is_not_forgotten() {
        let mut attempts = Attempts::new(Retry::default(), None);
        let now = Instant::now();
        attempts.begin(now);
        let _ = attempts.next_wait(&status(503, None), now);
        let stopped = Error::Stopped { call: call(), sent: false };
        let _ = attempts.next_wait(&stopped, now);
        let error = attempts.give_up(stopped, now, RetryEnd::Final);
        assert!(error.may_have_happened());
        assert!(error.to_string().ends_with("; 1 attempt in 0.0 s"), "{error}");
    }

    /// The waits of a call, and how it ends, when the service was unreached since that moment until it was reached.
    fn unreached(
        retry: Retry,
        since: Instant,
        begun: Instant,
        reached: Option<Instant>,
    ) -> (Duration, Error) {
        let refused = || Error::Connect {
            call: call(),
            host: "h".to_owned(),
            refused: true,
            untrusted: false,
            reason: "why".to_owned(),
        };
        let mut attempts = Attempts::new(retry, None);
        let mut now = begun;
        loop {
            attempts.begin(now);
            attempts.note_unreached(
                Some(since).filter(|_| reached.is_none_or(|reached| now < reached)),
            );
            match attempts.next_wait(&refused(), now) {
                Ok(wait) => now += wait,
                Err(end) => return (now - begun, attempts.give_up(refused(), now, end)),
            }
        }
    }

    #[test]
    fn a_service_that_was_never_reached_is_given_up_early() {
        let start = Instant::now();
        let retry = Retry { max_interval: seconds(1), ..Retry::default() };
        let (tried, error) = unreached(retry, start, start, None);
        assert!(tried <= seconds(30) && tried >= seconds(28), "{tried:?}");
        assert!(
            error.to_string().ends_with("the service was never reached in this run"),
            "{error}"
        );

        let (tried, error) = unreached(retry, start, start + seconds(31), None);
        assert_eq!(tried, Duration::ZERO, "the time is the client's, not each call's");
        assert!(error.to_string().contains("gave up after 1 attempt in"), "{error}");

        let (tried, _) =
            unreached(Retry { max_elapsed_time: seconds(3), ..retry }, start, start, None);
        assert!(tried <= seconds(3), "{tried:?}");

        let (tried, error) = unreached(retry, start, start, Some(start + seconds(10)));
        assert!(tried > seconds(290), "once reached, it has all the time: {tried:?}");
        assert!(!error.to_string().contains("never reached"), "{error}");

        let (_, error) =
            unreached(Retry { max_elapsed_time: Duration::ZERO, ..retry }, start, start, None);
        assert!(matches!(error, Error::Connect { .. }), "a single attempt: {error}");
    }

    #[test]
    fn extreme_settings_do_not_overflow() {
        let retry = Retry {
            initial_interval: Duration::MAX,
            max_interval: Duration::MAX,
            exponent: f64::MAX,
            max_elapsed_time: Duration::MAX,
            ..Retry::default()
        };
        assert!(waits(retry, &status(503, None)).len() < 3);
    }
}
