//! How long a batch waits for more rows. Pure: the caller passes the time.
//!
//! Terraform computes assignments one after the other, tens of milliseconds apart in a large
//! configuration. It has a fixed number of them in progress (`-parallelism`), and starts others only
//! when those are done. So a batch is complete once it has as many rows as Terraform has in progress.
//! That number is measured: one batch waits until no more rows arrive, and the following ones wait
//! for as many rows as that one had. It is measured again every few batches, as a pause of Terraform
//! can have cut the measured batch short.

use std::time::Duration;

use tokio::time::Instant;

/// How many rows a batch has at most. The API does not document a limit; its lists return as many
/// rows a page.
pub(super) const MAX_ROWS: usize = 100;

/// How long the first batch waits: all that a lone assignment pays.
const FIRST_WAIT: Duration = Duration::from_millis(12);

/// No more rows are expected when none has arrived for so long.
const IDLE: Duration = Duration::from_millis(200);

/// A batch is sent this long after its first row, whatever else is expected.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// One batch in so many measures how many rows arrive together.
const MEASURED: u32 = 8;

/// After so long without rows and responses, the next row is a first one again.
const FORGET_AFTER: Duration = Duration::from_secs(1);

/// What is known of how the rows of one batch key arrive.
#[derive(Debug, Default)]
pub(super) struct BatchWindow {
    /// How many batches were sent.
    sent: u32,
    /// How many rows arrive together.
    expected: usize,
    /// When the last row or response arrived.
    last_event: Option<Instant>,
}

impl BatchWindow {
    /// Notes the arrival of a row.
    pub(super) fn row_arrived(&mut self, now: Instant) {
        if self.last_event.is_some_and(|last| now.duration_since(last) > FORGET_AFTER) {
            *self = BatchWindow::default();
        }
        self.last_event = Some(now);
    }

    /// Notes the response to a batch, after which Terraform starts other assignments.
    pub(super) fn response_arrived(&mut self, now: Instant) {
        self.last_event = Some(now);
    }

    /// When a batch with so many `rows` is sent, if no other row arrives. `started` is the arrival of
    /// its first row.
    pub(super) fn deadline(&self, started: Instant, rows: usize) -> Instant {
        let is_complete = self.sent > 0 && !self.is_measuring() && rows >= self.expected;
        if is_complete || rows >= MAX_ROWS {
            return started;
        }
        if self.sent == 0 {
            return started + FIRST_WAIT;
        }
        (self.last_event.unwrap_or(started) + IDLE).min(started + MAX_WAIT)
    }

    /// Notes that a batch with so many rows is sent.
    pub(super) fn batch_sent(&mut self, rows: usize) {
        if self.is_measuring() {
            self.expected = rows;
        }
        self.sent += 1;
    }

    fn is_measuring(&self) -> bool {
        self.sent % MEASURED == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The sizes of the batches, and the milliseconds that all take, when Terraform has `parallelism`
    /// of `rows` assignments in progress, computes one every `gap` ms, and a request takes `latency`
    /// ms. It pauses for a second after every `pause` rows.
    fn simulate(
        (rows, parallelism, pause): (usize, usize, usize),
        gap: u32,
        latency: u32,
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
                window.response_arrived(now);
            }
            if done == rows {
                return (sizes, ms);
            }
            if computed < rows && computed - done < parallelism && next_row <= ms {
                computed += 1;
                next_row = ms + gap + if computed % pause == 0 { 1000 } else { 0 };
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
        for gap in [1, 5, 10, 30, 50, 100] {
            for latency in [0, 1, 50, 200] {
                let (sizes, ms) = simulate((1000, 10, 1001), gap, latency);
                assert!(sizes.len() <= 120, "{gap} {latency}: {} batches", sizes.len());
                // What the rows and requests take, and the idle time of the batches that measure.
                let least = 1000 * gap + 100 * latency;
                assert!(ms <= least + least / 4 + 4000, "{gap} {latency}: {ms} of {least} ms");
                let (sizes, _) = simulate((1000, 100, 1001), gap, latency);
                assert!(sizes.len() <= 25, "{gap} {latency}: {sizes:?}");
            }
        }
    }

    #[test]
    fn a_pause_of_terraform_costs_few_batches() {
        for pause in [13, 15, 100, 333] {
            let (sizes, _) = simulate((1000, 10, pause), 50, 20);
            assert!(sizes.len() <= 100 + 3 * 1000 / pause, "{pause}: {} batches", sizes.len());
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
            window.response_arrived(now);
            now += FORGET_AFTER + MS;
        }
    }

    #[test]
    fn no_batch_waits_for_ever() {
        let (mut window, start) = (BatchWindow::default(), Instant::now());
        window.batch_sent(1);
        (0..100).for_each(|step| window.row_arrived(start + 100 * MS * step));
        assert_eq!(window.deadline(start, 99), start + MAX_WAIT);
        assert_eq!(window.deadline(start, MAX_ROWS), start, "a full batch does not wait");
    }
}
