//! How long a batch waits for more rows. Pure: the caller passes the time.
//!
//! Terraform computes assignments one after the other, tens of milliseconds apart in a large
//! configuration. It has a fixed number of them in progress (`-parallelism`), and starts others
//! only when those are done. So a batch is complete once it has as many rows as Terraform has in
//! progress. That number is measured: one batch waits until no more rows arrive, and the following
//! ones wait for as many rows as that one had. It is measured again every few batches, and the most
//! counts, as a pause of Terraform can have cut a measured batch short.

use std::time::Duration;

use tokio::time::Instant;

/// How many rows a batch has at most. The API does not document a limit; its lists return as many
/// rows a page.
pub(super) const MAX_BATCH_ROWS: usize = 100;

/// How long the first batch waits: all that a lone assignment pays.
const FIRST_WAIT: Duration = Duration::from_millis(12);

/// No more rows are expected when none has arrived for so many times the usual gap, at least and at
/// most for so long.
const IDLE_GAPS: u32 = 3;
const MIN_IDLE: Duration = Duration::from_millis(200);
const MAX_IDLE: Duration = Duration::from_secs(1);

/// A batch is sent this long after its first row, whatever else is expected.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// One batch in so many measures how many rows Terraform has in progress, and so do the first ones.
const MEASURED: u32 = 8;

/// After so long without rows and responses, the next row is a first one again.
const FORGET_AFTER: Duration = Duration::from_secs(2);

/// What is known of how the rows of one batch key arrive.
#[derive(Debug, Default)]
pub(super) struct BatchWindow {
    /// How many batches were sent.
    sent: u32,
    /// How many rows Terraform has in progress, as measured.
    expected: usize,
    /// How many rows were sent, and wait for the response.
    in_flight: usize,
    /// The usual gap before a row: the longest of the recent ones.
    gap: Duration,
    /// When the last row or response arrived.
    last_event: Option<Instant>,
}

impl BatchWindow {
    /// Notes the arrival of a row.
    pub(super) fn row_arrived(&mut self, now: Instant) {
        let gap = self.last_event.map_or(Duration::ZERO, |last| now.duration_since(last));
        if gap > FORGET_AFTER {
            *self = BatchWindow::default();
        } else {
            self.gap = gap.max((self.gap * 7 + gap) / 8);
        }
        self.last_event = Some(now);
    }

    /// Notes the response to a batch, after which Terraform starts other assignments.
    pub(super) fn response_arrived(&mut self, rows: usize, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(rows);
        self.last_event = Some(now);
    }

    /// When a batch with so many `rows` is sent, if no other row arrives. `started` is the arrival
    /// of its first row.
    pub(super) fn deadline(&self, started: Instant, rows: usize) -> Instant {
        let is_complete = self.sent > 0 && !self.is_measuring() && rows >= self.expected;
        if is_complete || rows >= MAX_BATCH_ROWS {
            return started;
        }
        if self.sent == 0 {
            return started + FIRST_WAIT;
        }
        let idle = (self.gap * IDLE_GAPS).clamp(MIN_IDLE, MAX_IDLE);
        (self.last_event.unwrap_or(started) + idle).min(started + MAX_WAIT)
    }

    /// Notes that a batch with so many rows is sent.
    pub(super) fn batch_sent(&mut self, rows: usize) {
        self.in_flight += rows;
        if self.is_measuring() {
            self.expected = self.expected.max(self.in_flight);
        }
        self.sent += 1;
    }

    fn is_measuring(&self) -> bool {
        self.sent < 4 || self.sent % MEASURED == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The sizes of the batches, and the milliseconds that all take, when Terraform has
    /// `parallelism` of a thousand assignments in progress and a request takes `latency` ms. `gap`
    /// is the time in ms that Terraform takes to compute one.
    fn simulate(
        parallelism: usize,
        latency: u32,
        mut gap: impl FnMut() -> u32,
    ) -> (Vec<usize>, u32) {
        let (start, mut window) = (Instant::now(), BatchWindow::default());
        let (mut computed, mut next_row, mut done) = (0, 0, 0);
        let (mut waiting, mut started) = (0, start);
        let mut in_flight: Vec<(u32, usize)> = Vec::new();
        let mut sizes = Vec::new();
        for ms in 0.. {
            let now = start + MS * ms;
            for (_, size) in in_flight.extract_if(.., |(end, _)| *end <= ms) {
                done += size;
                window.response_arrived(size, now);
                next_row = ms + gap();
            }
            if done == 1000 {
                return (sizes, ms);
            }
            if computed < 1000 && computed - done < parallelism && next_row <= ms {
                computed += 1;
                next_row = ms + gap();
                started = if waiting == 0 { now } else { started };
                waiting += 1;
                window.row_arrived(now);
            }
            if waiting > 0 && window.deadline(started, waiting) <= now {
                window.batch_sent(waiting);
                in_flight.push((ms + latency, waiting));
                sizes.push(waiting);
                waiting = 0;
            }
        }
        unreachable!("all rows are sent in the end")
    }

    #[test]
    fn a_thousand_rows_ten_at_a_time_are_sent_in_few_batches_and_without_long_waits() {
        for gap in [1, 5, 10, 30, 50, 100, 250] {
            for latency in [0, 1, 50, 200] {
                let (sizes, ms) = simulate(10, latency, || gap);
                assert!(sizes.len() <= 105, "{gap} {latency}: {sizes:?}");
                // What rows and requests take, and a part for the batches that measure.
                let least = 1000 * gap + 100 * latency;
                assert!(ms <= least + least / 10 + 5000, "{gap} {latency}: {ms} of {least} ms");
                let (sizes, _) = simulate(100, latency, || gap);
                assert!(sizes.len() <= 30, "{gap} {latency}: {sizes:?}");
            }
        }
    }

    /// The gaps are of any length up to double, and one in fifty is six times as long.
    #[test]
    fn irregular_gaps_cost_few_batches() {
        for seed in 0..8 {
            for gap in [5, 50, 150] {
                let mut random = fastrand::Rng::with_seed(seed);
                let (sizes, _) = simulate(10, 20, || {
                    random.u32(0..=2 * gap) * if random.u32(0..50) == 0 { 6 } else { 1 }
                });
                assert!(sizes.len() <= 120, "{seed} {gap}: {} {sizes:?}", sizes.len());
            }
        }
    }

    #[test]
    fn a_lone_row_waits_20_ms_at_most_also_long_after_others() {
        let (mut window, mut now) = (BatchWindow::default(), Instant::now());
        for _ in 0..2 {
            window.row_arrived(now);
            assert!(window.deadline(now, 1) <= now + 20 * MS);
            window.batch_sent(1);
            now += 50 * MS;
            window.response_arrived(1, now);
            now += FORGET_AFTER + MS;
        }
    }

    #[test]
    fn no_batch_waits_for_ever() {
        let (mut window, start) = (BatchWindow::default(), Instant::now());
        window.batch_sent(1);
        (0..100).for_each(|step| window.row_arrived(start + 100 * MS * step));
        assert_eq!(window.deadline(start, 99), start + MAX_WAIT);
        assert_eq!(window.deadline(start, MAX_BATCH_ROWS), start, "a full batch does not wait");
    }
}
