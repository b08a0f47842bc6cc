//! A refresh reads assignments from listings of guardrails or of the account, whichever takes fewer requests, and finds each where
//! it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::json;
use terraform_provider_openrouter::client::{AssigneeKind, AssignmentLookup, Client};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client;
use crate::server::{Reply, Seen, Server};

/// How many reads Terraform has in progress.
const PARALLELISM: usize = 10;

/// The keys of each guardrail.
type Guardrails = Vec<Vec<usize>>;

/// What the API holds, and how often it was asked.
struct Api {
    guardrails: Mutex<Guardrails>,
    /// Whether the account's listing is refused.
    refuses: bool,
    requests: AtomicUsize,
}

impl Api {
    fn new(guardrails: Guardrails, refuses: bool) -> Arc<Self> {
        let (guardrails, requests) = (Mutex::new(guardrails), AtomicUsize::new(0));
        Arc::new(Self { guardrails, refuses, requests })
    }

    async fn start(self: &Arc<Self>) -> Server {
        let api = Arc::clone(self);
        Server::start(move |seen| api.reply(seen)).await
    }

    fn reply(&self, seen: &Seen) -> Reply {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let guardrails = self.guardrails.lock().unwrap();
        let of: Option<usize> =
            seen.target.split('/').nth(4).and_then(|part| part.strip_prefix("g-")?.parse().ok());
        if of.is_none() && self.refuses {
            return Reply::json(403, r#"{"error":{"code":403,"message":"not allowed"}}"#);
        }
        let shown =
            guardrails.iter().enumerate().filter(|(index, _)| of.is_none_or(|of| of == *index));
        let rows = shown.flat_map(|(index, keys)| keys.iter().map(move |key| row(index, *key)));
        let rows: Vec<_> = rows.collect();
        let (offset, limit) = (seen.number("offset").unwrap(), seen.number("limit").unwrap());
        let page: Vec<_> = rows.iter().skip(offset).take(limit).collect();
        Reply::json(200, json!({ "data": page, "total_count": rows.len() }).to_string())
    }

    /// The guardrails of each key that has one.
    fn by_key(&self) -> BTreeMap<usize, Vec<String>> {
        let mut by_key: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (index, keys) in self.guardrails.lock().unwrap().iter().enumerate() {
            for key in keys {
                by_key.entry(*key).or_default().push(format!("g-{index}"));
            }
        }
        by_key
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn row(guardrail: usize, key: usize) -> serde_json::Value {
    json!({
        "id": format!("row-{guardrail}-{key}"),
        "key_hash": format!("key-{key}"),
        "guardrail_id": format!("g-{guardrail}"),
    })
}

type Found = BTreeMap<(usize, usize), AssignmentLookup>;

/// Reads these rows, each of a guardrail and a key, as Terraform does.
async fn refresh(client: &Client, rows: &[(usize, usize)]) -> Found {
    let mut waiting = rows.to_vec();
    let (mut reads, mut found) = (JoinSet::new(), BTreeMap::new());
    while !waiting.is_empty() || !reads.is_empty() {
        while reads.len() < PARALLELISM
            && let Some((guardrail, key)) = waiting.pop()
        {
            let client = client.clone();
            reads.spawn(async move {
                let (id, hash) = (format!("g-{guardrail}"), format!("key-{key}"));
                let read = client.read_assignment(AssigneeKind::Key, &id, &hash).await;
                ((guardrail, key), read.unwrap())
            });
        }
        let (row, lookup) = reads.join_next().await.unwrap().unwrap();
        found.insert(row, lookup);
    }
    found
}

/// Where each row's key is.
fn truth(api: &Api, rows: &[(usize, usize)]) -> Found {
    let by_key = api.by_key();
    let lookup = |(guardrail, key): (usize, usize)| {
        let guardrails = by_key.get(&key).cloned().unwrap_or_default();
        if guardrails.contains(&format!("g-{guardrail}")) {
            AssignmentLookup::Found
        } else {
            AssignmentLookup::AssignedElsewhere(guardrails)
        }
    };
    rows.iter().map(|row| (*row, lookup(*row))).collect()
}

fn pages(rows: usize) -> usize {
    rows.div_ceil(100).max(1)
}

/// The requests that the cheaper way takes.
fn cheapest(guardrails: &Guardrails, rows: &[(usize, usize)]) -> usize {
    let read: BTreeSet<usize> = rows.iter().map(|(guardrail, _)| *guardrail).collect();
    let each: usize = read.iter().map(|index| pages(guardrails[*index].len())).sum();
    each.min(pages(guardrails.iter().map(Vec::len).sum()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows are in the state of some guardrails; keys have been moved and removed, and others were assigned.
    #[test]
    fn each_is_found_where_it_is(
        sizes in prop_oneof![
            prop::collection::vec(0_usize..3, 1..60),
            prop::collection::vec(0_usize..220, 1..5),
            prop::collection::vec(prop_oneof![9 => 0_usize..3, 1 => 90_usize..220], 1..30),
        ],
        share in 0.0..1.2_f64,
        moves in 0_usize..4,
        refuses in prop::bool::weighted(0.1),
        seed: u64,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut guardrails: Guardrails = Vec::new();
        for size in sizes {
            let first: usize = guardrails.iter().map(Vec::len).sum();
            guardrails.push((first..first + size).collect());
        }
        let all = guardrails.iter().enumerate().flat_map(|(index, keys)| keys.iter().map(move |key| (index, *key)));
        let mut rows: Vec<_> = all.filter(|_| random.f64() < share).collect();
        random.shuffle(&mut rows);
        let mut changed = guardrails.clone();
        for _ in 0..if refuses { 0 } else { moves } {
            let (from, to) = (random.usize(..changed.len()), random.usize(..changed.len()));
            let key = changed[from].pop();
            if random.bool() {
                changed[to].extend(key);
            }
        }
        Runtime::new().unwrap().block_on(async {
            let api = Api::new(guardrails.clone(), refuses);
            let server = api.start().await;
            let client = client(&server);
            for guardrails in [guardrails, changed] {
                // The second refresh over the same connection sees what has changed.
                *api.guardrails.lock().unwrap() = guardrails.clone();
                let before = api.requests();
                let found = refresh(&client, &rows).await;
                let truth = truth(&api, &rows);
                assert_eq!(found, truth);
                let is_missing = truth.values().any(|lookup| *lookup != AssignmentLookup::Found);
                // What is missing is confirmed.
                let most = 2 * cheapest(&guardrails, &rows);
                let requests = api.requests() - before;
                assert!(refuses || is_missing || requests <= most, "{requests} requests, at most {most}");
            }
        });
    }
}

/// Guardrails with so many keys each, and all of these keys in the state.
async fn requests(sizes: impl IntoIterator<Item = usize>) -> usize {
    let (mut guardrails, mut rows, mut key) = (Vec::new(), Vec::new(), 0);
    for (index, size) in sizes.into_iter().enumerate() {
        guardrails.push((key..key + size).collect());
        rows.extend((key..key + size).map(|key| (index, key)));
        key += size;
    }
    fastrand::Rng::with_seed(7).shuffle(&mut rows);
    let api = Api::new(guardrails, false);
    let server = api.start().await;
    let found = refresh(&client(&server), &rows).await;
    assert_eq!(found, truth(&api, &rows));
    api.requests()
}

#[tokio::test]
async fn a_thousand_of_one_guardrail_and_hundreds_of_others_take_few_requests() {
    for (sizes, most) in [
        (vec![1_000], 10),
        (vec![1; 600], 12),
        (std::iter::once(1_000).chain([1; 600]).collect(), 33),
        (vec![1], 1),
        (vec![1, 1], 2),
    ] {
        let requests = requests(sizes.clone()).await;
        assert!(requests <= most, "{} guardrails: {requests} requests", sizes.len());
    }
}
