//! Single assignments become bulk requests, and each caller still gets its own outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use terraform_provider_openrouter::client::{AssigneeKind, Client, Error};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::server::{Reply, Seen, Server};
use crate::{PATIENCE, client};

const KEYS: AssigneeKind = AssigneeKind::Key;

/// An error as the API describes them.
pub(crate) const REFUSAL: &str = r#"{"error":{"code":404,"message":"no"}}"#;

/// Guardrails by key: what the API holds.
pub(crate) type Rows = Arc<Mutex<BTreeMap<String, String>>>;

/// Guardrail and keys of a request that assigns or removes.
fn bulk(seen: &Seen) -> (String, Vec<String>) {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let hashes = body["key_hashes"].as_array().unwrap().iter();
    let hashes = hashes.map(|hash| hash.as_str().unwrap().to_owned()).collect();
    (seen.target.split('/').nth(4).unwrap().to_owned(), hashes)
}

/// A service that knows every key but those called `unknown`, and refuses those called `foreign`.
pub(crate) fn serve(rows: &Rows, seen: &Seen) -> Reply {
    let mut rows = rows.lock().unwrap();
    if seen.method == "GET" {
        return list(&rows, seen);
    }
    let (guardrail, hashes) = bulk(seen);
    let count = if seen.target.ends_with("/remove") {
        let removed = hashes.iter().filter(|hash| rows.get(*hash) == Some(&guardrail));
        let removed: Vec<_> = removed.cloned().collect();
        for hash in &removed {
            rows.remove(hash);
        }
        json!({ "unassigned_count": removed.len() })
    } else if let Some(foreign) = hashes.iter().find(|hash| hash.starts_with("foreign")) {
        let message = format!("{foreign} is of another workspace");
        return Reply::json(
            400,
            json!({ "error": { "code": 400, "message": message } }).to_string(),
        );
    } else {
        let known: Vec<_> =
            hashes.into_iter().filter(|hash| !hash.starts_with("unknown")).collect();
        let count = known.len();
        rows.extend(known.into_iter().map(|hash| (hash, guardrail.clone())));
        json!({ "assigned_count": count })
    };
    Reply::json(200, count.to_string())
}

fn list(rows: &BTreeMap<String, String>, seen: &Seen) -> Reply {
    let place = seen.target.split('/').nth(4).filter(|place| *place != "assignments");
    let row = |(hash, guardrail): (&String, &String)| json!({ "id": format!("row of {hash}"), "key_hash": hash, "guardrail_id": guardrail });
    let found: Vec<Value> = rows
        .iter()
        .filter(|(_, guardrail)| place.is_none_or(|id| *guardrail == id))
        .map(row)
        .collect();
    let page =
        found.iter().skip(seen.number("offset").unwrap()).take(seen.number("limit").unwrap());
    let page: Vec<_> = page.collect();
    Reply::json(200, json!({ "data": page, "total_count": found.len() }).to_string())
}

pub(crate) async fn service() -> (Server, Rows) {
    let rows = Rows::default();
    let held = Arc::clone(&rows);
    (Server::start(move |seen| serve(&held, seen)).await, rows)
}

/// The requests that change something: guardrail, whether they remove, and how many keys.
fn sent(server: &Server) -> Vec<(String, bool, usize)> {
    let posts = server.seen().into_iter().filter(|seen| seen.method == "POST");
    posts
        .map(|seen| {
            let (guardrail, hashes) = bulk(&seen);
            (guardrail, seen.target.ends_with("/remove"), hashes.len())
        })
        .collect()
}

pub(crate) fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}-{number}")).collect()
}

/// Assigns all of them at the same moment; the outcomes by key.
async fn assign_all(
    client: &Client,
    guardrail: &'static str,
    hashes: &[String],
) -> BTreeMap<String, Result<(), Error>> {
    let mut under_way = JoinSet::new();
    for hash in hashes.iter().cloned() {
        let client = client.clone();
        under_way.spawn(async move {
            let outcome = client.assign(KEYS, guardrail, &hash, "maker").await;
            (hash, outcome)
        });
    }
    under_way.join_all().await.into_iter().collect()
}

#[tokio::test]
async fn those_who_come_together_go_out_together() {
    let (server, rows) = service().await;
    let client = client(&server);
    let hashes = numbered("key", 250);
    assert!(assign_all(&client, "g", &hashes).await.values().all(Result::is_ok));
    let mut sizes: Vec<_> = sent(&server).into_iter().map(|(_, _, size)| size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
    assert_eq!(rows.lock().unwrap().len(), 250);
}

#[tokio::test]
async fn guardrails_and_operations_do_not_mix() {
    let (server, rows) = service().await;
    rows.lock().unwrap().insert("old".to_owned(), "a".to_owned());
    let client = client(&server);
    let (one, two, removed) = tokio::join!(
        client.assign(KEYS, "a", "one", "maker"),
        client.assign(KEYS, "b", "two", "maker"),
        client.unassign(KEYS, "a", "old", None),
    );
    assert!(one.is_ok() && two.is_ok() && removed.is_ok());
    let mut calls = sent(&server);
    calls.sort();
    assert_eq!(
        calls,
        [("a".to_owned(), false, 1), ("a".to_owned(), true, 1), ("b".to_owned(), false, 1)]
    );
    let expected = [("one", "a"), ("two", "b")]
        .map(|(hash, guardrail)| (hash.to_owned(), guardrail.to_owned()));
    assert_eq!(*rows.lock().unwrap(), expected.into());
}

/// A request that gets no answer holds up neither another guardrail nor those who come after it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_batch_that_is_not_theirs() {
    let (came, mut coming) = mpsc::unbounded_channel();
    let rows = Rows::default();
    let server = Server::start(move |seen| {
        if seen.body.contains("stuck") {
            came.send(()).unwrap();
            return Reply::Stall(Vec::new());
        }
        serve(&rows, seen)
    })
    .await;
    let client = client(&server);
    let stuck = tokio::spawn({
        let client = client.clone();
        async move { client.assign(KEYS, "a", "stuck", "maker").await }
    });
    coming.recv().await.unwrap();
    let others = async {
        tokio::join!(
            client.assign(KEYS, "b", "one", "maker"),
            client.assign(KEYS, "a", "two", "maker")
        )
    };
    let (one, two) = tokio::time::timeout(PATIENCE / 4, others).await.expect("they do not wait");
    assert!(one.is_ok() && two.is_ok());
    assert!(!stuck.is_finished());
    stuck.abort();
}

/// What is asked of one key is done in the order in which it was asked, each when the one before is
/// done.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_takes_one_step_after_the_other() {
    let (signal, second_came) = std::sync::mpsc::channel();
    let (second_came, rows) = (Mutex::new(second_came), Rows::default());
    let held = Arc::clone(&rows);
    let server = Server::start(move |seen| {
        if seen.target.contains("/a/") {
            let early = second_came.lock().unwrap().recv_timeout(Duration::from_millis(300));
            assert!(early.is_err(), "the second came before the first was done");
        } else {
            signal.send(()).unwrap();
        }
        serve(&held, seen)
    })
    .await;
    let client = client(&server);
    let (first, second) = tokio::join!(
        client.assign(KEYS, "a", "key", "maker"),
        client.assign(KEYS, "b", "key", "maker")
    );
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(rows.lock().unwrap()["key"], "b");
}

#[tokio::test]
async fn a_row_that_another_object_has_made_is_not_removed_whatever_came_first() {
    let (server, rows) = service().await;
    let client = client(&server);
    client.assign(KEYS, "g", "made", "maker").await.unwrap();
    for another in [None, Some("another")] {
        client.unassign(KEYS, "g", "made", another).await.unwrap();
    }

    rows.lock().unwrap().insert("both".to_owned(), "g".to_owned());
    let (removed, made) = tokio::join!(
        client.unassign(KEYS, "g", "both", None),
        client.assign(KEYS, "g", "both", "maker")
    );
    assert!(removed.is_ok() && made.is_ok());
    assert_eq!(sent(&server), [("g".to_owned(), false, 1), ("g".to_owned(), false, 1)]);
    assert_eq!(rows.lock().unwrap().len(), 2);
}

/// A connection can live through many applies, as under `terraform test`.
#[tokio::test]
async fn who_has_made_a_row_removes_it_and_after_a_read_anybody_does() {
    let (server, rows) = service().await;
    let client = client(&server);
    for _ in 0..2 {
        client.assign(KEYS, "g", "own", "maker").await.unwrap();
        client.unassign(KEYS, "g", "own", Some("maker")).await.unwrap();
        assert!(rows.lock().unwrap().is_empty());

        client.assign(KEYS, "g", "read", "maker").await.unwrap();
        client.forget_maker(KEYS, "g", "read");
        client.unassign(KEYS, "g", "read", None).await.unwrap();
        assert!(rows.lock().unwrap().is_empty());
    }
}

/// Core does not order the two: were the row removed all the same, its key would be left without a guardrail.
#[tokio::test]
async fn a_removal_fails_with_the_assign_that_was_to_replace_it() {
    let rows = Rows::default();
    rows.lock().unwrap().insert("foreign".to_owned(), "g".to_owned());
    let held = Arc::clone(&rows);
    let server = Server::start(move |seen| serve(&held, seen)).await;
    let client = client(&server);
    let (removed, made) = tokio::join!(
        client.unassign(KEYS, "g", "foreign", None),
        client.assign(KEYS, "g", "foreign", "maker")
    );
    assert!(removed.is_err() && made.is_err());
    assert_eq!(sent(&server), [("g".to_owned(), false, 1)]);
    assert_eq!(rows.lock().unwrap().len(), 1);
    client.forget_maker(KEYS, "g", "foreign");
    client.unassign(KEYS, "g", "foreign", None).await.unwrap();
    assert!(rows.lock().unwrap().is_empty(), "after a read, a removal is meant");
}

#[tokio::test]
async fn keys_that_are_passed_over_fail_alone() {
    let (server, rows) = service().await;
    // More rows than a page, so that the listing must be read to its end.
    rows.lock().unwrap().extend(numbered("a", 130).into_iter().map(|hash| (hash, "g".to_owned())));
    let hashes = [numbered("key", 60), numbered("unknown", 2)].concat();
    let outcomes = assign_all(&client(&server), "g", &hashes).await;
    for (hash, outcome) in outcomes {
        match outcome {
            Ok(()) => assert!(hash.starts_with("key")),
            Err(error) => {
                assert!(hash.starts_with("unknown"), "{hash}: {error}");
                assert!(matches!(error, Error::Skipped { .. }), "{error}");
            }
        }
    }
    assert_eq!(sent(&server), [("g".to_owned(), false, 62)], "nothing is sent again");
}

#[tokio::test]
async fn what_was_skipped_is_called_by_its_kind() {
    let server = Server::always(Reply::json(200, r#"{"assigned_count":0}"#)).await;
    let error = client(&server).assign(AssigneeKind::Member, "g", "m", "maker").await.unwrap_err();
    assert!(error.to_string().ends_with("the API does not know this member"), "{error}");
}

#[tokio::test]
async fn keys_that_make_a_request_fail_fail_alone() {
    let (server, rows) = service().await;
    let hashes = [numbered("key", 20), numbered("foreign", 2), numbered("unknown", 1)].concat();
    let outcomes = assign_all(&client(&server), "g", &hashes).await;
    let failed: BTreeMap<_, _> = outcomes
        .into_iter()
        .filter_map(|(hash, outcome)| Some((hash, outcome.err()?.to_string())))
        .collect();
    let call = "POST /guardrails/g/assignments/keys";
    let expected = [
        ("foreign-0".to_owned(), format!("{call} returned 400: foreign-0 is of another workspace")),
        ("foreign-1".to_owned(), format!("{call} returned 400: foreign-1 is of another workspace")),
        ("unknown-0".to_owned(), format!("{call} skipped it: the API does not know this key")),
    ];
    assert_eq!(failed, expected.into());
    assert_eq!(rows.lock().unwrap().len(), 20);
}

#[tokio::test]
async fn a_request_that_fails_as_a_whole_fails_for_all_and_is_not_split() {
    for status in [403, 404, 500] {
        let server = Server::start(move |_| Reply::json(status, REFUSAL)).await;
        let client = client(&server);
        let outcomes = assign_all(&client, "g", &numbered("key", 30)).await;
        assert!(
            outcomes.values().all(|outcome| outcome.as_ref().unwrap_err().status() == Some(status))
        );
        assert_eq!(sent(&server), [("g".to_owned(), false, 30)]);
        let removed = client.unassign(KEYS, "g", "key", None).await;
        assert_eq!(
            removed.is_ok(),
            status == 404,
            "a guardrail that is gone is assigned to nobody"
        );
    }
}

/// Who was passed over cannot be told, so nobody can be told that it was done.
#[tokio::test]
async fn culprits_that_cannot_be_found_are_no_success() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(500, ""),
        _ => Reply::json(200, r#"{"assigned_count":1}"#),
    })
    .await;
    let outcomes = assign_all(&client(&server), "g", &numbered("key", 2)).await;
    assert!(
        outcomes.values().all(|outcome| outcome.as_ref().unwrap_err().status() == Some(500)),
        "{outcomes:?}"
    );
}
