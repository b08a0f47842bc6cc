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
const LONGEST: Duration = Duration::from_millis(300);

/// The wait when nobody else is expected: for those who come at the very same moment.
const SHORTEST: Duration = Duration::from_millis(4);

/// A request goes out this long after its first row, whatever else is expected.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many usual gaps without an arrival mean that nobody comes.
const GAPS: u32 = 4;

/// After how many requests it is tried again whether more than usual come.
const TRIAL: u32 = 8;

/// What is known of how rows arrive.
#[derive(Debug, Default)]
pub(super) struct Pace {
    arrivals: u32,
    /// The usual time from one arrival, or the end of a request, to the next arrival.
    gap: Duration,
    last_event: Option<Instant>,
    /// How many were gathered when a wait last ran out.
    usual: usize,
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
    }

    /// A request has been answered: Terraform goes on with what waited for it.
    pub(super) fn answered(&mut self, now: Instant) {
        self.last_event = Some(now);
    }

    /// Until when to wait for another row, with `waiting` gathered since `begun`.
    pub(super) fn deadline(&self, begun: Instant, now: Instant, waiting: usize) -> Instant {
        let wait = if self.expects_nobody(waiting) { SHORTEST } else { self.longest_useful_wait() };
        (now + wait).min(begun + PATIENCE)
    }

    /// A request goes out with this many rows, because nobody else has come in time.
    pub(super) fn gathered(&mut self, waiting: usize) {
        if waiting > self.usual || !self.expects_nobody(waiting) {
            self.usual = waiting;
        }
        self.requests = self.requests.wrapping_add(1);
    }

    fn expects_nobody(&self, waiting: usize) -> bool {
        self.usual > 1 && waiting >= self.usual && self.requests % TRIAL != 0
    }

    fn longest_useful_wait(&self) -> Duration {
        let grown = FIRST * GROWTH.saturating_pow(self.arrivals.saturating_sub(1).min(4));
        let useful = if self.arrivals < 3 { LONGEST } else { (self.gap * GAPS).max(FIRST) };
        grown.min(useful).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one request every `gap`, `at_once` of them at a time; gives the sizes of the first `requests` requests.
    fn sizes(gap: Duration, at_once: usize, requests: usize) -> Vec<usize> {
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
            pace.answered(now);
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
        for gap in [1, 10, 30, 60] {
            let sizes = sizes(Duration::from_millis(gap), 10, 20);
            assert!(sizes[3..].iter().all(|size| *size == 10), "{gap} ms apart: {sizes:?}");
        }
    }

    #[test]
    fn nobody_is_waited_for_once_it_is_known_how_many_come() {
        let gap = Duration::from_millis(30);
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..40 {
            pace.arrived(now);
            now += gap;
        }
        pace.gathered(8);
        pace.gathered(10);
        assert!(pace.deadline(now, now, 9) > now + gap);
        assert!(pace.deadline(now, now, 10) <= now + SHORTEST);
    }

    #[test]
    fn what_is_usual_is_tried_again_now_and_then() {
        let mut pace = Pace::default();
        let now = Instant::now();
        (0..10).for_each(|_| pace.arrived(now));
        pace.gathered(3);
        let short = |pace: &Pace| pace.deadline(now, now, 3) <= now + SHORTEST;
        let tried = (0..TRIAL).filter(|_| {
            let long = !short(&pace);
            pace.gathered(3);
            long
        });
        assert_eq!(tried.count(), 1);
    }

    #[test]
    fn no_request_waits_for_ever() {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        (0..10).for_each(|step| pace.arrived(begun + LONGEST * step));
        assert_eq!(pace.deadline(begun, begun + PATIENCE, 10), begun + PATIENCE);
    }
}
