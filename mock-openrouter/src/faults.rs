//! Faults on request: which requests go wrong, and how.
//!
//! A fault is data, in Rust and in JSON alike. Carrying one out is the server's business.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids;
use crate::routes::{BASE_PATH, Exchange};

/// A fault: the requests that `matcher` selects meet `action`. Of several faults that select a request the one
/// added first is carried out, and only that one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The requests that are hit; `match` in JSON.
    #[serde(rename = "match", default)]
    pub matcher: Matcher,
    /// What happens to them.
    pub action: Action,
}

/// Selects requests to the API. Conditions that are absent hold for every request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// The method, in capitals.
    pub method: Option<String>,
    /// The path's template as in the log, such as `/guardrails/{id}`.
    pub path: Option<String>,
    /// An ECMAScript regular expression that finds something in the path below `/api/v1`.
    pub path_regex: Option<String>,
    /// A text that the request body contains.
    pub body_contains: Option<String>,
    /// How many of the selected requests are let through before the first is hit.
    pub skip: u32,
    /// How many are hit; without end if null. One if the field is absent.
    pub times: Option<u32>,
    /// The share of the selected requests that is hit, from 0 to 1, drawn from `seed`.
    pub probability: Option<f64>,
    /// Where the draws of `probability` begin.
    pub seed: u64,
}

impl Default for Matcher {
    fn default() -> Self {
        Self {
            method: None,
            path: None,
            path_regex: None,
            body_contains: None,
            skip: 0,
            times: Some(1),
            probability: None,
            seed: 0,
        }
    }
}

/// A side of an event: of the work, for the moment of an answer; of a wait, for the moment of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What happens to a request. In JSON each action is known by its first field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Action {
    /// Another answer than the service would give.
    Status {
        /// The HTTP status.
        status: u16,
        /// Headers to add.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The JSON body; an error body that fits the status if null.
        #[serde(default)]
        body: Option<Value>,
        /// Whether the work is done all the same, before this answer.
        #[serde(default)]
        after_work: bool,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Whether that is before or after the work was done.
        drop: When,
    },
    /// The work is done, but the connection is closed in the middle of the answer's body.
    Truncate {
        /// Always true.
        truncate: bool,
    },
    /// A late answer. The work is done in any case, even when the client gives up meanwhile.
    Slow {
        /// The wait in milliseconds.
        slow_ms: u64,
        /// Whether the work is done before or after the wait.
        #[serde(default = "before")]
        commit: When,
    },
    /// The work is done only after the client has given up.
    AfterDisconnect {
        /// How long the client has and how long the work takes.
        after_disconnect: Abandoned,
    },
    /// An error answer that repeats the API key in its body and headers.
    EchoKey {
        /// Always true.
        echo_key: bool,
        /// The HTTP status, 401 if absent.
        #[serde(default = "unauthorized")]
        status: u16,
    },
    /// Some other document in place of the service's.
    ReplaceBody {
        /// The document.
        replace_body: Document,
        /// The HTTP status; that of the work if absent, and 200 without work.
        #[serde(default)]
        status: Option<u16>,
        /// Whether the work is done.
        #[serde(default = "yes")]
        after_work: bool,
    },
    /// The work is done, and the answer's body is filled up with spaces.
    Huge {
        /// The size of the body in MiB.
        size_mb: u32,
    },
}

/// The times of [`Action::AfterDisconnect`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abandoned {
    /// How many milliseconds the client may take to give up; if it does not, the work is done then, and answered.
    pub max_wait_ms: u64,
    /// How many milliseconds after that the work is done.
    #[serde(default)]
    pub then_ms: u64,
}

/// A response body of any kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The value of `Content-Type`.
    pub content_type: String,
    /// The text.
    pub body: String,
}

fn before() -> When {
    When::Before
}

fn unauthorized() -> u16 {
    401
}

fn yes() -> bool {
    true
}

impl Action {
    /// Answers `status` with an error body, and does no work.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: BTreeMap::new(), body: None, after_work: false }
    }

    /// Does the work, then answers `status` with an error body.
    pub fn status_after_work(status: u16) -> Self {
        Self::Status { status, headers: BTreeMap::new(), body: None, after_work: true }
    }

    /// Answers 429 with a `Retry-After` of that many seconds.
    pub fn retry_after(seconds: u64) -> Self {
        let headers = BTreeMap::from([("Retry-After".to_owned(), seconds.to_string())]);
        Self::Status { status: 429, headers, body: None, after_work: false }
    }

    /// Closes the connection before or after the work.
    pub fn dropped(when: When) -> Self {
        Self::Drop { drop: when }
    }

    /// Does the work and cuts the answer short.
    pub fn truncated() -> Self {
        Self::Truncate { truncate: true }
    }

    /// Answers after `wait`; `commit` says on which side of the wait the work is done.
    pub fn slow(wait: Duration, commit: When) -> Self {
        Self::Slow { slow_ms: milliseconds(wait), commit }
    }

    /// Does the work `then` after the client gave up, for which it has `max_wait`.
    pub fn after_disconnect(max_wait: Duration, then: Duration) -> Self {
        let after_disconnect = Abandoned { max_wait_ms: milliseconds(max_wait), then_ms: milliseconds(then) };
        Self::AfterDisconnect { after_disconnect }
    }

    /// Answers `status` with the API key in body and headers, and does no work.
    pub fn echo_key(status: u16) -> Self {
        Self::EchoKey { echo_key: true, status }
    }

    /// Does the work if `after_work`, and answers `status` with an HTML page.
    pub fn html(status: u16, body: &str, after_work: bool) -> Self {
        let replace_body = Document { content_type: "text/html".to_owned(), body: body.to_owned() };
        Self::ReplaceBody { replace_body, status: Some(status), after_work }
    }

    /// Does the work and answers with a body of `size_mb` MiB.
    pub fn huge(size_mb: u32) -> Self {
        Self::Huge { size_mb }
    }
}

impl Fault {
    /// Hits the first request with that method and template, such as `POST` and `/guardrails`.
    pub fn on(method: &str, template: &str, action: Action) -> Self {
        let (method, path) = (Some(method.to_owned()), Some(template.to_owned()));
        Self { matcher: Matcher { method, path, ..Matcher::default() }, action }
    }

    /// Hits the first request of any kind.
    pub fn any(action: Action) -> Self {
        Self { matcher: Matcher::default(), action }
    }

    /// Hits that many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.matcher.times = Some(times);
        self
    }

    /// Hits requests without end.
    #[must_use]
    pub fn forever(mut self) -> Self {
        self.matcher.times = None;
        self
    }

    /// Lets that many requests through first.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.matcher.skip = skip;
        self
    }

    /// Hits only requests whose body contains `text`.
    #[must_use]
    pub fn body_contains(mut self, text: &str) -> Self {
        self.matcher.body_contains = Some(text.to_owned());
        self
    }

    /// Hits a share of the requests, without end, by draws that `seed` determines.
    #[must_use]
    pub fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        self.matcher.probability = Some(probability);
        self.matcher.seed = seed;
        self.forever()
    }
}

/// The faults that wait for their requests.
#[derive(Default)]
pub(crate) struct Faults {
    next_id: u64,
    waiting: Vec<Waiting>,
}

struct Waiting {
    id: u64,
    fault: Fault,
    path_regex: Option<regress::Regex>,
    selected: u64,
    hits: u32,
}

impl Faults {
    /// Adds a fault and returns its number. Fails on a regular expression that is none.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<u64, String> {
        let compile = |pattern: &String| regress::Regex::new(pattern).map_err(|error| error.to_string());
        let path_regex = fault.matcher.path_regex.as_ref().map(compile).transpose()?;
        self.next_id += 1;
        self.waiting.push(Waiting { id: self.next_id, fault, path_regex, selected: 0, hits: 0 });
        Ok(self.next_id)
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// How often each fault has hit, by its number.
    pub(crate) fn hits(&self) -> BTreeMap<u64, u32> {
        self.waiting.iter().map(|waiting| (waiting.id, waiting.hits)).collect()
    }

    /// The number and action of the fault that hits this request.
    pub(crate) fn pick(&mut self, exchange: &Exchange) -> Option<(u64, Action)> {
        let hit = self.waiting.iter_mut().find_map(|waiting| waiting.strikes(exchange).then_some(waiting))?;
        Some((hit.id, hit.fault.action.clone()))
    }
}

impl Waiting {
    fn strikes(&mut self, exchange: &Exchange) -> bool {
        let matcher = &self.fault.matcher;
        if matcher.times.is_some_and(|times| self.hits >= times) || !self.selects(exchange) {
            return false;
        }
        self.selected += 1;
        if self.selected <= u64::from(matcher.skip) {
            return false;
        }
        let strikes = matcher.probability.is_none_or(|share| draw(matcher.seed, self.selected) < share);
        self.hits += u32::from(strikes);
        strikes
    }

    fn selects(&self, exchange: &Exchange) -> bool {
        let matcher = &self.fault.matcher;
        let path = exchange.path.strip_prefix(BASE_PATH).unwrap_or(&exchange.path);
        matcher.method.as_ref().is_none_or(|method| *method == exchange.method)
            && matcher.path.as_ref().is_none_or(|template| template == exchange.template())
            && self.path_regex.as_ref().is_none_or(|regex| regex.find(path).is_some())
            && matcher.body_contains.as_ref().is_none_or(|text| contains(&exchange.body, text.as_bytes()))
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

/// A number in 0..1 that depends on nothing but its arguments.
fn draw(seed: u64, count: u64) -> f64 {
    let bits = ids::mix(seed ^ ids::mix(count)) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;
    use hyper::body::Bytes;
    use serde_json::json;

    fn exchange(method: &str, path: &str, body: &'static str) -> Exchange {
        Exchange::new(method, &format!("{BASE_PATH}{path}"), "", HeaderMap::new(), Bytes::from(body))
    }

    #[test]
    fn every_action_has_its_json_form() {
        let forms = [
            json!({"status": 429, "headers": {"Retry-After": "1"}}),
            json!({"status": 502, "body": {"error": {"code": 502, "message": "x"}}, "after_work": true}),
            json!({"drop": "before"}),
            json!({"drop": "after"}),
            json!({"truncate": true}),
            json!({"slow_ms": 5, "commit": "after"}),
            json!({"after_disconnect": {"max_wait_ms": 5, "then_ms": 1}}),
            json!({"echo_key": true, "status": 400}),
            json!({"replace_body": {"content_type": "text/html", "body": "<p>"}}),
            json!({"size_mb": 3}),
        ];
        let kind = |form: &Value| {
            let fault = json!({ "action": form });
            std::mem::discriminant(&serde_json::from_value::<Fault>(fault).unwrap().action)
        };
        let kinds: Vec<_> = forms.iter().map(kind).collect();
        assert_eq!(kinds.iter().filter(|found| **found == kinds[0]).count(), 2);
        assert_eq!(kinds.iter().filter(|found| **found == kinds[7]).count(), 1);
        assert!(serde_json::from_value::<Fault>(json!({"action": {"statsu": 500}})).is_err());
        assert!(
            serde_json::from_value::<Fault>(json!({"match": {"pth": "/"}, "action": {"status": 500}}))
                .is_err()
        );
    }

    #[test]
    fn matchers_count_skip_and_end() {
        let mut faults = Faults::default();
        let create = Fault::on("POST", "/guardrails", Action::status(500)).skip(1).times(2);
        faults.add(create.body_contains("ci")).unwrap();
        let other = exchange("POST", "/guardrails", "prod");
        let ours = exchange("POST", "/guardrails", "the ci one");
        let get = exchange("GET", "/guardrails", "ci");
        let picked = |faults: &mut Faults, exchange| faults.pick(exchange).is_some();
        assert!(!picked(&mut faults, &get) && !picked(&mut faults, &other));
        let outcomes: Vec<bool> = (0..4).map(|_| picked(&mut faults, &ours)).collect();
        assert_eq!(outcomes, [false, true, true, false]);
        assert_eq!(faults.hits(), BTreeMap::from([(1, 2)]));
    }

    #[test]
    fn a_regex_matches_below_the_base_path_and_a_bad_one_is_refused() {
        let mut faults = Faults::default();
        let matcher = Matcher { path_regex: Some("^/guardrails/.*/keys$".to_owned()), ..Matcher::default() };
        faults.add(Fault { matcher, action: Action::status(500) }).unwrap();
        assert!(faults.pick(&exchange("GET", "/guardrails/x/assignments/members", "")).is_none());
        assert!(faults.pick(&exchange("GET", "/guardrails/x/assignments/keys", "")).is_some());
        let bad = Matcher { path_regex: Some("(".to_owned()), ..Matcher::default() };
        assert!(faults.add(Fault { matcher: bad, action: Action::status(500) }).is_err());
    }

    #[test]
    fn chances_repeat_with_their_seed() {
        let run = |seed| {
            let mut faults = Faults::default();
            faults.add(Fault::any(Action::status(500)).with_probability(0.3, seed)).unwrap();
            (0..1000).map(|_| faults.pick(&exchange("GET", "/models", "")).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).into_iter().filter(|hit| *hit).count();
        assert!((200..400).contains(&hits), "{hits}");
    }
}
