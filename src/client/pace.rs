//! How long a request that is filling up waits for more.
//!
//! Terraform hands over single assignments as fast as it can work them out: ten at a time by default, tens of milliseconds
//! apart in a large configuration. A lone one must not pay for that, so the wait begins short and grows with every one that
//! comes: what has just come often is about to come again. Once a wait has run out with so and so many gathered, that many
//! are what Terraform has under way at a time, and nobody is waited for beyond that.
//!
//! Pure: it is told what happens and when.

use std::time::Duration;

use tokio::time::Instant;

/// The wait for a second one, after a first. It is all that a lone assignment pays.
const FIRST: Duration = Duration::from_millis(12);

/// How the wait grows with each arrival.
const GROWTH: u32 = 4;

/// The longest wait for another one.
const LONGEST: Duration = Duration::from_secs(1);

/// The wait when nobody else is expected: for those who come at the very same moment.
const SHORTEST: Duration = Duration::from_millis(4);

/// A request goes out this long after its first row, whatever else is expected.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many usual gaps without an arrival mean that nobody comes.
const GAPS: u32 = 8;

/// After how many requests it is tried again whether more than usual come.
const TRIAL: u32 = 8;

/// What is known of how rows arrive.
#[derive(Debug, Default)]
pub(super) struct Pace {
    arrivals: u32,
    /// The usual time from one arrival, or the end of a request, to the next arrival.
    gap: Duration,
    last_event: Option<Instant>,
    /// How many come before an answer lets more come: as many as were gathered when a full wait ran out, or were under way
    /// at one time since. None before the first such wait.
    usual: Option<usize>,
    /// How many have come and are not answered yet.
    under_way: usize,
    requests: u32,
}

impl Pace {
    /// A row has come.
    pub(super) fn arrived(&mut self, now: Instant) {
        if let Some(last) = self.last_event {
            let gap = now.duration_since(last).min(LONGEST);
            self.gap = if self.arrivals == 1 { gap } else { (self.gap * 3 + gap) / 4 };
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.last_event = Some(now);
        self.under_way += 1;
        self.usual = self.usual.map(|usual| usual.max(self.under_way));
    }

    /// A request of this many rows has been answered: Terraform goes on with what waited for it.
    pub(super) fn answered(&mut self, now: Instant, rows: usize) {
        self.last_event = Some(now);
        self.under_way = self.under_way.saturating_sub(rows);
    }

    /// Until when to wait for another row, with `waiting` gathered since `begun`.
    pub(super) fn deadline(&self, begun: Instant, now: Instant, waiting: usize) -> Instant {
        let wait = if self.expects_nobody(waiting) { SHORTEST } else { self.longest_useful_wait() };
        (now + wait).min(begun + PATIENCE)
    }

    /// A request goes out with this many rows, because nobody else has come in time.
    pub(super) fn gathered(&mut self, waiting: usize) {
        if self.grown_wait() >= LONGEST && !self.expects_nobody(waiting) && waiting == self.under_way {
            self.usual = Some(waiting);
        }
        self.requests = self.requests.wrapping_add(1);
    }

    fn expects_nobody(&self, waiting: usize) -> bool {
        self.usual.is_some_and(|usual| waiting >= usual) && !self.requests.is_multiple_of(TRIAL)
    }

    /// The wait as far as it has grown with the arrivals.
    fn grown_wait(&self) -> Duration {
        FIRST * GROWTH.saturating_pow(self.arrivals.saturating_sub(1).min(4))
    }

    fn longest_useful_wait(&self) -> Duration {
        let useful = if self.arrivals < 3 { LONGEST } else { (self.gap * GAPS).max(FIRST) };
        self.grown_wait().min(useful).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of rows that come every `gap`, `at_once` at a time: the sizes of the first `requests` requests, which
    /// take `latency` each.
    fn sizes(gap: u64, at_once: usize, latency: u64, requests: usize) -> Vec<usize> {
        let (gap, latency) = (Duration::from_millis(gap), Duration::from_millis(latency));
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut sizes = Vec::new();
        while sizes.len() < requests {
            let begun = now;
            let mut waiting = 1;
            pace.arrived(now);
            while waiting < at_once && pace.deadline(begun, now, waiting) >= now + gap {
                now += gap;
                waiting += 1;
                pace.arrived(now);
            }
            now = pace.deadline(begun, now, waiting);
            pace.gathered(waiting);
            sizes.push(waiting);
            now += latency;
            pace.answered(now, waiting);
            now += gap;
        }
        sizes
    }

    #[test]
    fn a_lone_row_pays_little() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.arrived(now);
        assert!(pace.deadline(now, now, 1) <= now + Duration::from_millis(20));
    }

    #[test]
    fn rows_that_come_slowly_are_gathered_after_the_first_few() {
        for gap in [1, 10, 30, 60, 100] {
            for latency in [0, 50] {
                let sizes = sizes(gap, 10, latency, 20);
                assert!(sizes[4..].iter().all(|size| *size == 10), "{gap} ms apart: {sizes:?}");
            }
        }
    }

    /// Ten have come, of which nine wait and one is answered.
    fn ten_at_a_time() -> (Pace, Instant) {
        let mut pace = Pace::default();
        let now = Instant::now();
        (0..10).for_each(|step| pace.arrived(now + Duration::from_millis(30) * step));
        pace.gathered(10);
        pace.answered(now, 1);
        (pace, now)
    }

    #[test]
    fn nobody_is_waited_for_beyond_those_who_come_at_a_time() {
        let (pace, now) = ten_at_a_time();
        assert!(pace.deadline(now, now, 9) > now + Duration::from_millis(100));
        assert!(pace.deadline(now, now, 10) <= now + SHORTEST);
    }

    #[test]
    fn how_many_come_at_a_time_is_tried_again_now_and_then() {
        let (mut pace, now) = ten_at_a_time();
        let mut tried = 0;
        for _ in 0..TRIAL {
            tried += u32::from(pace.deadline(now, now, 10) > now + SHORTEST);
            pace.gathered(10);
        }
        assert_eq!(tried, 1);
    }

    #[test]
    fn no_request_waits_for_ever() {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        (0..10).for_each(|step| pace.arrived(begun + LONGEST * step));
        assert_eq!(pace.deadline(begun, begun + PATIENCE, 9), begun + PATIENCE);
    }
}
