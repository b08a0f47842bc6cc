//! A refresh reads guardrails one by one or from a listing: as few requests as that takes, and exactly what reading each by
//! itself would give.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};
use terraform_provider_openrouter::client::{Client, Guardrail};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::client;
use crate::server::{Reply, Seen, Server};

/// How many reads Terraform has in progress.
const PARALLELISM: usize = 10;

/// How a list differs from what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    Honest,
    /// Each page begins so many rows early or late, as if rows had come or gone meanwhile.
    Shifted(i64),
    /// A page has at most so many rows, whatever was asked for.
    Capped(usize),
    /// All rows come on every page.
    Unlimited,
    /// Every third row lacks what is null, and every fifth a budget that is set.
    Abridged,
    /// It counts half of its rows.
    Understated,
    /// A page of an offset over this fails.
    FailsFrom(usize),
    Refused,
    /// Each page repeats the rows of the one before, with a budget that is not set any more.
    Doubled,
}

/// What the API holds, and what it was asked for.
struct Api {
    /// The number of guardrails, by which the ids count up.
    population: usize,
    /// The budget of all of them.
    budget: AtomicUsize,
    listing: Listing,
    singles: AtomicUsize,
    pages: Mutex<Vec<usize>>,
}

fn id(index: usize) -> String {
    format!("00000000-0000-4000-8000-{index:012}")
}

impl Api {
    fn new(population: usize, listing: Listing) -> Arc<Self> {
        let (budget, singles, pages) = (AtomicUsize::new(1), AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { population, budget, listing, singles, pages })
    }

    async fn start(self: &Arc<Self>) -> Server {
        let api = Arc::clone(self);
        Server::start(move |seen| api.reply(seen)).await
    }

    fn requests(&self) -> usize {
        self.singles.load(Ordering::Relaxed) + self.pages.lock().unwrap().len()
    }

    fn guardrail(&self, index: usize) -> Value {
        json!({
            "id": id(index),
            "name": format!("guardrail {index}"),
            "created_at": "2026-01-02T03:04:05Z",
            "workspace_id": "w",
            "description": null,
            "limit_usd": self.budget.load(Ordering::Relaxed),
        })
    }

    fn reply(&self, seen: &Seen) -> Reply {
        let Some(offset) = seen.number("offset") else {
            self.singles.fetch_add(1, Ordering::Relaxed);
            let index = seen.target.rsplit('-').next().and_then(|number| number.parse().ok());
            return match index.filter(|index| *index < self.population) {
                Some(index) => {
                    Reply::json(200, json!({ "data": self.guardrail(index) }).to_string())
                }
                None => Reply::json(404, r#"{"error":{"code":404,"message":"no such guardrail"}}"#),
            };
        };
        self.pages.lock().unwrap().push(offset);
        self.page(offset, seen.number("limit").unwrap())
    }

    fn page(&self, offset: usize, limit: usize) -> Reply {
        let refusal = Reply::json(403, r#"{"error":{"code":403,"message":"not allowed"}}"#);
        let (mut from, mut to, mut total) = (offset, offset + limit, self.population);
        match self.listing {
            Listing::Shifted(by) if offset > 0 => {
                from = from.saturating_add_signed(by.try_into().unwrap());
                to = to.saturating_add_signed(by.try_into().unwrap());
            }
            Listing::Capped(most) => to = to.min(from + most),
            Listing::Unlimited => (from, to) = (0, self.population),
            Listing::Understated => total /= 2,
            Listing::FailsFrom(first) if offset >= first => return refusal,
            Listing::Refused => return refusal,
            Listing::Doubled => from = from.saturating_sub(limit),
            _ => {}
        }
        // The order of lists is not documented: the last one comes first.
        let row = |place: usize| {
            let mut row = self.row(self.population - 1 - place);
            if self.listing == Listing::Doubled && place < offset {
                row["limit_usd"] = json!(0);
            }
            row
        };
        let rows = (from..to.min(self.population)).map(row);
        Reply::json(
            200,
            json!({ "data": rows.collect::<Vec<_>>(), "total_count": total }).to_string(),
        )
    }

    fn row(&self, index: usize) -> Value {
        let mut row = self.guardrail(index);
        let fields = row.as_object_mut().unwrap();
        if self.listing == Listing::Abridged && index.is_multiple_of(3) {
            fields.remove("description");
        }
        if self.listing == Listing::Abridged && index.is_multiple_of(5) {
            fields.remove("limit_usd");
        }
        row
    }
}

/// Reads these guardrails as Terraform does; gives what is there.
async fn refresh(client: &Client, indexes: &BTreeSet<usize>) -> Vec<(usize, Option<Value>)> {
    let mut waiting: Vec<usize> = indexes.iter().copied().collect();
    let (mut reads, mut found) = (JoinSet::new(), Vec::new());
    while !waiting.is_empty() || !reads.is_empty() {
        while reads.len() < PARALLELISM
            && let Some(index) = waiting.pop()
        {
            let client = client.clone();
            reads.spawn(async move {
                let read = client.refresh_guardrail(&id(index), Some("w")).await;
                (index, read.map(Guardrail::into_fields))
            });
        }
        let (index, read) = reads.join_next().await.unwrap().unwrap();
        let read = match read {
            Ok(fields) => Some(Value::Object(fields)),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error}"),
        };
        found.push((index, read));
    }
    found
}

/// What reading each by itself gives.
fn by_themselves(api: &Api, found: &[(usize, Option<Value>)]) -> Vec<(usize, Option<Value>)> {
    let there = |index| (index < api.population).then(|| api.guardrail(index));
    found.iter().map(|(index, _)| (*index, there(*index))).collect()
}

/// The requests that the cheaper way takes.
fn cheapest(api: &Api, reads: usize) -> usize {
    reads.min(api.population.div_ceil(100).max(1))
}

fn listings() -> impl Strategy<Value = Listing> {
    prop_oneof![
        Just(Listing::Honest),
        (-30_i64..30).prop_map(Listing::Shifted),
        (1_usize..100).prop_map(Listing::Capped),
        Just(Listing::Unlimited),
        Just(Listing::Abridged),
        Just(Listing::Understated),
        (0_usize..4).prop_map(|page| Listing::FailsFrom(page * 100)),
        Just(Listing::Refused),
        Just(Listing::Doubled),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Some of what is in the state is gone, and much of what there is may not be in the state.
    #[test]
    fn a_refresh_gives_what_single_reads_would(
        population in prop_oneof![1_usize..5, 90_usize..110, 150_usize..520],
        wanted in prop_oneof![0.0..0.03_f64, 0.9..1.0_f64, 0.0..1.0_f64],
        gone in 0_usize..3,
        listing in listings(),
        seed: u64,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut indexes: BTreeSet<usize> = (0..population).filter(|_| random.f64() < wanted).collect();
        indexes.extend(population..population + gone);
        Runtime::new().unwrap().block_on(async {
            let api = Api::new(population, listing);
            let server = api.start().await;
            let client = client(&server);
            for budget in [1, 2] {
                // The second refresh over the same connection sees what has changed.
                api.budget.store(budget, Ordering::Relaxed);
                let before = api.requests();
                let found = refresh(&client, &indexes).await;
                assert_eq!(found, by_themselves(&api, &found));
                let requests = api.requests() - before;
                // Each that is gone is asked for by itself.
                let most = 2 * cheapest(&api, indexes.len()) + gone;
                let is_honest = matches!(listing, Listing::Honest | Listing::Unlimited);
                assert!(!is_honest || requests <= most, "{requests} requests, at most {most}");
            }
        });
    }
}

#[tokio::test]
async fn no_kind_of_listing_changes_what_is_read() {
    for listing in [
        Listing::Shifted(-7),
        Listing::Shifted(7),
        Listing::Capped(40),
        Listing::Unlimited,
        Listing::Abridged,
        Listing::Understated,
        Listing::FailsFrom(0),
        Listing::FailsFrom(200),
        Listing::Refused,
        Listing::Doubled,
    ] {
        let api = Api::new(420, listing);
        let server = api.start().await;
        let found = refresh(&client(&server), &(0..425).collect()).await;
        assert_eq!(found, by_themselves(&api, &found), "{listing:?}");
    }
}

/// What the reads of large accounts may cost.
#[tokio::test]
async fn few_requests_for_all_and_fewer_for_one() {
    for (population, wanted, most) in
        [(1_000, 1_000, 20), (5_000, 1, 1), (5_000, 4, 5), (250, 250, 6), (1, 1, 1), (2, 2, 2)]
    {
        let api = Api::new(population, Listing::Honest);
        let server = api.start().await;
        let indexes = (0..wanted).map(|index| index * (population / wanted)).collect();
        let found = refresh(&client(&server), &indexes).await;
        assert_eq!(found, by_themselves(&api, &found));
        let requests = api.requests();
        assert!(requests <= most, "{wanted} of {population}: {requests} requests");
    }
}

/// What this client writes in the middle of a refresh is not read from a listing that is older.
#[tokio::test]
async fn what_was_written_is_read_by_itself() {
    let api = Api::new(150, Listing::Honest);
    let server = api.start().await;
    let client = client(&server);
    refresh(&client, &(0..20).collect()).await;
    api.budget.store(2, Ordering::Relaxed);
    // The server does not mind how it is asked.
    client.update_guardrail(&id(140), &crate::object(r#"{"limit_usd":2}"#)).await.unwrap();
    let before = api.singles.load(Ordering::Relaxed);
    let found = refresh(&client, &BTreeSet::from([140])).await;
    assert_eq!(found[0].1.as_ref().unwrap()["limit_usd"], json!(2));
    assert_eq!(api.singles.load(Ordering::Relaxed), before + 1);
}

/// A guardrail that is older than workspaces can be in any list.
#[tokio::test]
async fn without_a_workspace_each_is_read_by_itself() {
    let api = Api::new(5, Listing::Honest);
    let server = api.start().await;
    let client = client(&server);
    for index in 0..5 {
        client.refresh_guardrail(&id(index), None).await.unwrap();
    }
    assert_eq!((api.singles.load(Ordering::Relaxed), api.requests()), (5, 5));
}
