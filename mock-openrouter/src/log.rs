//! The log of requests to the API, with the credentials masked.

use std::collections::{BTreeMap, VecDeque};

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::routes::Exchange;

/// Older requests are forgotten; the counts are not.
const KEPT_REQUESTS: usize = 50_000;

/// A request as the log shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// 1 for the first request of the mock; a reset does not begin anew.
    pub sequence: u64,
    /// When it arrived by the API's clock, ISO 8601.
    pub time: String,
    /// When it arrived, in milliseconds since the mock began, by a clock that never jumps.
    pub at_ms: u64,
    /// The method.
    pub method: String,
    /// The whole path.
    pub path: String,
    /// The path's template below `/api/v1`, such as `/guardrails/{id}`; the path itself where no operation has it.
    pub template: String,
    /// The query, undecoded.
    pub query: String,
    /// The headers by their names in lower case; the key in `authorization` is masked.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON, as a string where it is none, or null where there is none.
    pub body: Value,
    /// The status of the work, once it is done.
    pub work_status: Option<u16>,
    /// The status that was answered, if there was an answer.
    pub status: Option<u16>,
    /// The number of the fault that hit the request.
    pub fault: Option<u64>,
}

/// The requests so far, and how many there were of each kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RequestLog {
    /// The requests, oldest first.
    pub requests: VecDeque<LoggedRequest>,
    /// How many there were of each `METHOD template`.
    pub counts: BTreeMap<String, u64>,
    /// How many there were in all.
    pub total: u64,
    /// The number of the latest one.
    pub last_sequence: u64,
    /// How many are under way: they have arrived, but no answer is ready and their client has not gone.
    pub in_flight: u64,
    /// How many were under way at the same time, at most.
    pub max_in_flight: u64,
    /// How many TCP connections were accepted, those for the mock's own commands included.
    pub connections: u64,
}

impl RequestLog {
    /// The number of requests with that method and template.
    pub fn count(&self, method: &str, template: &str) -> u64 {
        self.counts.get(&format!("{method} {template}")).copied().unwrap_or(0)
    }

    /// Logs a request that arrived and returns its number.
    pub(crate) fn begin(&mut self, exchange: &Exchange, time: String, at_ms: u64) -> u64 {
        let template = exchange.template().to_owned();
        *self.counts.entry(format!("{} {template}", exchange.method)).or_default() += 1;
        self.total += 1;
        self.last_sequence += 1;
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        if self.requests.len() == KEPT_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(LoggedRequest {
            sequence: self.last_sequence,
            time,
            at_ms,
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            template,
            query: exchange.query.clone(),
            headers: mask(&exchange.headers),
            body: body_value(&exchange.body),
            work_status: None,
            status: None,
            fault: None,
        });
        self.last_sequence
    }

    /// Changes the entry of a request, unless it was forgotten.
    pub(crate) fn amend(&mut self, sequence: u64, change: impl FnOnce(&mut LoggedRequest)) {
        if let Some(entry) = self.requests.iter_mut().rev().find(|entry| entry.sequence == sequence)
        {
            change(entry);
        }
    }

    /// Notes that a request is no longer under way.
    pub(crate) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Forgets all requests. Those under way still count as such, and their end, known by its number,
    /// cannot be taken for that of a later one.
    pub(crate) fn reset(&mut self) {
        let (in_flight, last_sequence) = (self.in_flight, self.last_sequence);
        *self = Self { in_flight, max_in_flight: in_flight, last_sequence, ..Self::default() };
    }
}

fn mask(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let shown = if name == AUTHORIZATION { mask_credentials(&text) } else { text };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}

fn mask_credentials(text: &str) -> String {
    match text.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} ***"),
        None => "***".to_owned(),
    }
}

fn body_value(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Bytes;

    #[test]
    fn a_request_from_before_a_reset_changes_no_later_entry() {
        let exchange = Exchange::new("GET", "/api/v1/models", "", HeaderMap::new(), Bytes::new());
        let mut log = RequestLog::default();
        let early = log.begin(&exchange, String::new(), 0);
        log.reset();
        log.begin(&exchange, String::new(), 1);
        log.amend(early, |entry| entry.status = Some(200));
        log.end();
        assert_eq!((log.requests[0].status, log.total, log.in_flight), (None, 1, 1));
    }

    #[test]
    fn credentials_are_masked() {
        for (sent, shown) in [("Bearer sk-or-v1-x", "Bearer ***"), ("sk-or-v1-x", "***")] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, sent.parse().unwrap());
            let exchange =
                Exchange::new("GET", "/api/v1/guardrails/x", "a=b", headers, Bytes::new());
            let mut log = RequestLog::default();
            log.begin(&exchange, String::new(), 0);
            assert_eq!(log.requests[0].headers["authorization"], shown);
            assert!(!format!("{log:?}").contains("sk-or"));
            assert_eq!(log.count("GET", "/guardrails/{id}"), 1);
        }
    }
}
