//! When a failed attempt is followed by another, and after how long. Owns the arithmetic of waiting and the rule which
//! failures pass; how an attempt is made, and what may be sent twice, is for those who make it.

use std::time::Duration;

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
    /// The time from the first attempt in which another one may begin. Zero for a single attempt.
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
