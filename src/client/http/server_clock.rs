//! The times in responses: the server's clock by their `Date`, when an object was created, and how
//! long a response asks to wait. It knows headers and formats, and nothing of calls.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

/// Read before `Retry-After`, as OpenRouter's own libraries do: a number of milliseconds.
const RETRY_AFTER_MS: &str = "retry-after-ms";

/// A longer wait means never; this one can still be added to any moment.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(365 * 86_400);

/// The server's clock: what it showed when the last response with a `Date` came.
#[derive(Debug, Default)]
pub(in crate::client) struct ServerClock(Mutex<Option<(SystemTime, Instant)>>);

impl ServerClock {
    /// Notes the `Date` of a response that came just now.
    pub(super) fn observe(&self, headers: &HeaderMap) {
        if let Some(shown) = date(headers) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((shown, Instant::now()));
        }
    }

    /// What the server's clock showed at a moment that has passed, up to a second less: a `Date`
    /// has no fractions. Our own clock's time, as long as no response had a `Date`.
    pub(in crate::client) fn at(&self, moment: Instant) -> SystemTime {
        let shown = self.shown_at(moment);
        shown.unwrap_or_else(|| shifted((SystemTime::now(), Instant::now()), moment))
    }

    /// The same; none as long as no response had a `Date`.
    pub(in crate::client) fn shown_at(&self, moment: Instant) -> Option<SystemTime> {
        let observed = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        observed.map(|observed| shifted(observed, moment))
    }
}

/// What a clock shows at `moment` that showed `shown` at `when`, before or after it.
fn shifted((shown, when): (SystemTime, Instant), moment: Instant) -> SystemTime {
    shown + moment.saturating_duration_since(when) - when.saturating_duration_since(moment)
}

/// Reads a time as the API writes it in its objects (RFC 3339).
pub(in crate::client) fn parse_time(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

/// How long a response asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date,
/// which counts from the response's own `Date` so that a difference of the clocks does not matter.
/// What cannot be read asks for nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let wait = text(headers, RETRY_AFTER_MS).and_then(|text| duration(text, 1e-3)).or_else(|| {
        let text = text(headers, RETRY_AFTER.as_str())?;
        duration(text, 1.0).or_else(|| until(text, headers))
    });
    wait.map(|wait| wait.min(MAX_RETRY_AFTER))
}

/// A number of such units.
fn duration(text: &str, unit_in_seconds: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number * unit_in_seconds).ok()
}

/// The time until a date, zero if it has passed.
fn until(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let end = httpdate::parse_http_date(text).ok()?;
    let now = date(headers).unwrap_or_else(SystemTime::now);
    Some(end.duration_since(now).unwrap_or_default())
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, DATE.as_str())?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair =
            |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let at_noon = ("date", "Sun, 22 Nov 2026 12:00:00 GMT");
        for (pairs, expected) in [
            (&[("retry-after", "7")][..], Some(7000)),
            (&[("retry-after", " 1.5 ")], Some(1500)),
            (&[("retry-after-ms", "250")], Some(250)),
            (&[("retry-after-ms", "250"), ("retry-after", "7")], Some(250)),
            (&[("retry-after-ms", "soon"), ("retry-after", "7")], Some(7000)),
            (&[at_noon, ("retry-after", "Sun, 22 Nov 2026 12:01:30 GMT")], Some(90_000)),
            (&[at_noon, ("retry-after", "Sun, 22 Nov 2026 11:59:00 GMT")], Some(0)),
            (&[("retry-after", "Sat, 01 Jan 2000 00:00:00 GMT")], Some(0)),
            (&[("retry-after", "1e19")], Some(365 * 86_400_000)),
            (&[at_noon, ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], Some(365 * 86_400_000)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "1e300")], None),
            (&[("retry-after", "NaN")], None),
            (&[("retry-after", "later")], None),
            (&[], None),
        ] {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(retry_after(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_clock_counts_and_not_ours() {
        let clock = ServerClock::default();
        let started = Instant::now();
        let ours = SystemTime::now().duration_since(clock.at(started)).unwrap_or_default();
        assert!(ours < Duration::from_secs(5), "without a Date it is our own");
        tokio::time::advance(Duration::from_secs(10)).await;
        clock.observe(&headers(&[("date", "Sat, 01 Jan 2000 00:00:10 GMT")]));
        tokio::time::advance(Duration::from_secs(10)).await;
        clock.observe(&headers(&[]));
        assert_eq!(Some(clock.at(started)), parse_time("2000-01-01T00:00:00Z"));
        assert_eq!(Some(clock.at(Instant::now())), parse_time("2000-01-01T01:00:20.000+01:00"));
        assert_eq!(parse_time("yesterday"), None);
    }
}
