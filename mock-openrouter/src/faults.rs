//! Faults on request: which requests go wrong, and how often.
//!
//! A fault is data, in Rust and in JSON alike. What can go wrong is in `actions`; carrying it out is the business of
//! `run`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actions::Action;
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
    /// A text that the query contains, undecoded and without its question mark.
    pub query_contains: Option<String>,
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
            query_contains: None,
            body_contains: None,
            skip: 0,
            times: Some(1),
            probability: None,
            seed: 0,
        }
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

    /// Hits only requests in whose path below `/api/v1` this ECMAScript regular expression finds something.
    #[must_use]
    pub fn path_regex(mut self, pattern: &str) -> Self {
        self.matcher.path_regex = Some(pattern.to_owned());
        self
    }

    /// Hits only requests whose query, undecoded, contains `text`, such as `workspace_id=` or `offset=100`.
    #[must_use]
    pub fn query_contains(mut self, text: &str) -> Self {
        self.matcher.query_contains = Some(text.to_owned());
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
        let compile =
            |pattern: &String| regress::Regex::new(pattern).map_err(|error| error.to_string());
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
        let hit = self
            .waiting
            .iter_mut()
            .find_map(|waiting| waiting.strikes(exchange).then_some(waiting))?;
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
        let strikes =
            matcher.probability.is_none_or(|share| draw(matcher.seed, self.selected) < share);
        self.hits += u32::from(strikes);
        strikes
    }

    fn selects(&self, exchange: &Exchange) -> bool {
        let matcher = &self.fault.matcher;
        let path = exchange.path.strip_prefix(BASE_PATH).unwrap_or(&exchange.path);
        matcher.method.as_ref().is_none_or(|method| *method == exchange.method)
            && matcher.path.as_ref().is_none_or(|template| template == exchange.template())
            && self.path_regex.as_ref().is_none_or(|regex| regex.find(path).is_some())
            && matcher.query_contains.as_ref().is_none_or(|text| exchange.query.contains(text))
            && matcher
                .body_contains
                .as_ref()
                .is_none_or(|text| contains(&exchange.body, text.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;
    use hyper::body::Bytes;

    fn exchange(method: &str, path: &str, body: &'static str) -> Exchange {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Exchange::new(
            method,
            &format!("{BASE_PATH}{path}"),
            query,
            HeaderMap::new(),
            Bytes::from(body),
        )
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
        faults.add(Fault::any(Action::status(500)).path_regex("^/guardrails/.*/keys$")).unwrap();
        assert!(faults.pick(&exchange("GET", "/guardrails/x/assignments/members", "")).is_none());
        assert!(faults.pick(&exchange("GET", "/guardrails/x/assignments/keys", "")).is_some());
        assert!(faults.add(Fault::any(Action::status(500)).path_regex("(")).is_err());
    }

    #[test]
    fn a_query_tells_requests_of_one_template_apart() {
        let mut faults = Faults::default();
        let ours =
            Fault::on("GET", "/guardrails", Action::status(500)).query_contains("workspace_id=b");
        faults.add(ours.forever()).unwrap();
        let mut picked = |path| faults.pick(&exchange("GET", path, "workspace_id=b")).is_some();
        assert!(!picked("/guardrails") && !picked("/guardrails?workspace_id=a&limit=100"));
        assert!(
            picked("/guardrails?workspace_id=b") && picked("/guardrails?offset=100&workspace_id=b")
        );
        assert!(!picked("/keys?workspace_id=b"));
    }

    #[test]
    fn chances_repeat_with_their_seed() {
        let run = |seed| {
            let mut faults = Faults::default();
            faults.add(Fault::any(Action::status(500)).with_probability(0.3, seed)).unwrap();
            (0..1000)
                .map(|_| faults.pick(&exchange("GET", "/models", "")).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).into_iter().filter(|hit| *hit).count();
        assert!((200..400).contains(&hits), "{hits}");
    }
}
