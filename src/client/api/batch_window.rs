//! How long a request that is pending up waits for more.
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

/// How the wait may grow with each arrival.
const GROWTH: u32 = 4;

/// The longest wait for another one.
const LONGEST: Duration = Duration::from_secs(1);

/// After so many arrivals there is a stream of them…
const STREAM: u32 = 8;

/// …in which a pause is as likely Terraform catching its breath as the end.
const PAUSE: Duration = Duration::from_millis(150);

/// The wait when nobody else is expected: for those who come at the very same moment.
const SHORTEST: Duration = Duration::from_millis(4);

/// A request goes out this long after its first row, whatever else is expected.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many of the longest recent gaps without an arrival mean that nobody comes.
const GAPS: u32 = 2;

/// For how many requests at most it is not tried whether more than usual come.
const MOST_TRUST: u32 = 16;

/// What is known of how rows arrive.
#[derive(Debug, Default)]
pub(super) struct BatchWindow {
    arrivals: u32,
    /// The longest time from one arrival, or the end of a request, to the next arrival; halved with each request.
    gap: Duration,
    last_event: Option<Instant>,
    /// How many come before an answer lets more come: the most that were gathered when a wait ran out.
    usual: usize,
    /// For how many requests that number is relied on, and for how many it has been.
    trust: u32,
    relied_on: u32,
}

impl BatchWindow {
    /// A row has come.
    pub(super) fn arrived(&mut self, now: Instant) {
        if let Some(last) = self.last_event {
            let gap = now.duration_since(last);
            if gap > LONGEST {
                // Whoever comes after such a pause is alone until more come.
                *self = Self::default();
            }
            self.gap = self.gap.max(gap.min(LONGEST));
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.last_event = Some(now);
    }

    /// A request has been answered: Terraform goes on with what waited for it.
    pub(super) fn answered(&mut self, now: Instant) {
        self.last_event = Some(now);
        self.gap /= 2;
    }

    /// Until when to wait for another row, with `waiting` gathered since `begun`.
    pub(super) fn deadline(&self, begun: Instant, now: Instant, waiting: usize) -> Instant {
        let wait = if self.expects_nobody(waiting) { SHORTEST } else { self.useful_wait() };
        (now + wait).min(begun + PATIENCE)
    }

    /// A request goes out with this many rows, because it is full or nobody else has come in time.
    pub(super) fn gathered(&mut self, waiting: usize) {
        if self.grown_wait() < LONGEST {
            return;
        }
        if self.expects_nobody(waiting) {
            self.relied_on += 1;
        } else {
            self.trust =
                if waiting == self.usual { (self.trust * 2).clamp(1, MOST_TRUST) } else { 0 };
            self.relied_on = 0;
        }
        self.usual = self.usual.max(waiting);
    }

    fn expects_nobody(&self, waiting: usize) -> bool {
        waiting >= self.usual && self.relied_on < self.trust
    }

    /// The wait as far as it may have grown with the arrivals.
    fn grown_wait(&self) -> Duration {
        FIRST * GROWTH.saturating_pow(self.arrivals.saturating_sub(1).min(4))
    }

    fn useful_wait(&self) -> Duration {
        let least = if self.arrivals < STREAM { FIRST } else { PAUSE };
        let useful = if self.arrivals < 3 { LONGEST } else { (self.gap * GAPS).max(least) };
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
        let mut window = BatchWindow::default();
        let mut now = Instant::now();
        let mut sizes = Vec::new();
        while sizes.len() < requests {
            let begun = now;
            let mut waiting = 1;
            window.arrived(now);
            while waiting < at_once && window.deadline(begun, now, waiting) >= now + gap {
                now += gap;
                waiting += 1;
                window.arrived(now);
            }
            now = window.deadline(begun, now, waiting);
            window.gathered(waiting);
            sizes.push(waiting);
            now += latency;
            window.answered(now);
            now += gap;
        }
        sizes
    }

    #[test]
    fn a_lone_row_pays_little() {
        let (mut window, now) = (BatchWindow::default(), Instant::now());
        window.arrived(now);
        assert!(window.deadline(now, now, 1) <= now + Duration::from_millis(20));
    }

    #[test]
    fn a_lone_row_long_after_others_pays_as_little() {
        let (mut window, mut now) = (BatchWindow::default(), Instant::now());
        (0..5).for_each(|_| window.arrived(now));
        window.gathered(5);
        window.answered(now);
        now += Duration::from_millis(1100);
        window.arrived(now);
        assert!(window.deadline(now, now, 1) <= now + Duration::from_millis(20));
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

    /// Ten at a time have come 30 ms apart, twice.
    fn ten_at_a_time() -> (BatchWindow, Instant) {
        let (mut window, mut now) = (BatchWindow::default(), Instant::now());
        for _ in 0..2 {
            for _ in 0..10 {
                now += Duration::from_millis(30);
                window.arrived(now);
            }
            window.gathered(10);
        }
        (window, now)
    }

    #[test]
    fn nobody_is_waited_for_beyond_those_who_come_at_a_time() {
        let (window, now) = ten_at_a_time();
        assert!(window.deadline(now, now, 9) > now + Duration::from_millis(50));
        assert!(window.deadline(now, now, 10) <= now + SHORTEST);
    }

    #[test]
    fn how_many_come_at_a_time_is_tried_again_ever_more_seldom() {
        let (mut window, now) = ten_at_a_time();
        let mut tried = Vec::new();
        for request in 0..64 {
            if window.deadline(now, now, 10) > now + SHORTEST {
                tried.push(request);
            }
            window.gathered(10);
        }
        assert_eq!(tried, [1, 4, 9, 18, 35, 52]);
    }

    #[test]
    fn more_than_usual_are_noticed() {
        let (mut window, now) = ten_at_a_time();
        window.gathered(30);
        assert!(window.deadline(now, now, 10) > now + SHORTEST);
        assert!(window.deadline(now, now, 30) > now + SHORTEST, "there may be more still");
    }

    #[test]
    fn no_request_waits_for_ever() {
        let (mut window, begun) = (BatchWindow::default(), Instant::now());
        (0..10).for_each(|step| window.arrived(begun + LONGEST * step));
        assert_eq!(window.deadline(begun, begun + PATIENCE, 9), begun + PATIENCE);
    }
}
