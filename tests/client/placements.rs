//! Single reads of assignments share a listing, and a miss is confirmed.

use std::sync::{Arc, Mutex};

use terraform_provider_openrouter::client::{AssigneeKind, AssignmentLookup};
use tokio::task::JoinSet;

use crate::assignments::{REFUSAL, Rows, numbered, serve, service};
use crate::client;
use crate::server::{Reply, Server};

const KEYS: AssigneeKind = AssigneeKind::Key;

/// How often each list was asked for.
fn listings(server: &Server) -> (usize, usize) {
    let lists: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "GET").collect();
    let of_account =
        lists.iter().filter(|seen| seen.target.contains("/guardrails/assignments/")).count();
    (lists.len() - of_account, of_account)
}

#[tokio::test]
async fn many_reads_share_one_listing() {
    let (server, rows) = service().await;
    let hashes = numbered("key", 80);
    rows.lock().unwrap().extend(hashes.iter().map(|hash| (hash.clone(), "g".to_owned())));
    let client = client(&server);
    let mut reads = JoinSet::new();
    for hash in hashes {
        let client = client.clone();
        reads.spawn(async move { client.read_assignment(KEYS, "g", &hash).await.unwrap() });
    }
    assert!(reads.join_all().await.iter().all(|found| *found == AssignmentLookup::Found));
    assert_eq!(listings(&server), (1, 0));

    // Those who are not there share one listing of the account, and are told where they are.
    rows.lock().unwrap().insert("moved".to_owned(), "h".to_owned());
    let moved = client.read_assignment(KEYS, "g", "moved").await.unwrap();
    assert_eq!(moved, AssignmentLookup::AssignedElsewhere(vec!["h".to_owned()]));
    assert_eq!(
        client.read_assignment(KEYS, "g", "gone").await.unwrap(),
        AssignmentLookup::AssignedElsewhere(vec![])
    );
    assert_eq!(listings(&server), (1, 1));

    // A write makes both stale.
    client.assign(KEYS, "g", "moved", "maker").await.unwrap();
    assert_eq!(client.read_assignment(KEYS, "g", "moved").await.unwrap(), AssignmentLookup::Found);
    assert_eq!(listings(&server), (2, 1));
}

/// The account's listing decides, if it was begun after the guardrail's: an older one proves
/// nothing.
#[tokio::test]
async fn a_miss_is_confirmed_by_a_fresh_listing() {
    let (server, rows) = service().await;
    let client = client(&server);
    assert_eq!(
        client.read_assignment(KEYS, "g", "late").await.unwrap(),
        AssignmentLookup::AssignedElsewhere(vec![])
    );
    rows.lock().unwrap().insert("late".to_owned(), "h".to_owned());
    let found = client.read_assignment(KEYS, "h", "late").await.unwrap();
    assert_eq!(found, AssignmentLookup::Found);
    // Listed before: the guardrail's listing is older than the account's that came after it.
    rows.lock().unwrap().insert("other".to_owned(), "i".to_owned());
    client.assigned_to(KEYS, "j").await.unwrap();
    assert_eq!(
        client.read_assignment(KEYS, "j", "other").await.unwrap(),
        AssignmentLookup::AssignedElsewhere(vec!["i".to_owned()])
    );
    // The second guardrail was not listed: the account's listing has as few pages.
    assert_eq!(listings(&server), (2, 3));
}

/// A connection can live through several plans, as under `terraform test`. What has changed between
/// them shows.
#[tokio::test]
async fn each_refresh_has_a_listing_of_its_own() {
    let (server, rows) = service().await;
    let client = client(&server);
    let keys = numbered("key", 3);
    for refresh in 1..=3 {
        let guardrail = if refresh == 2 { "h" } else { "g" };
        rows.lock().unwrap().extend(keys.iter().map(|key| (key.clone(), guardrail.to_owned())));
        for key in &keys {
            let found = client.read_assignment(KEYS, "g", key).await.unwrap();
            assert_eq!(found == AssignmentLookup::Found, refresh != 2, "refresh {refresh}");
        }
        assert_eq!(listings(&server), (refresh, usize::from(refresh > 1)));
    }
    // An import is followed by a refresh of what it brings, which needs no other listing.
    let (server, rows) = service().await;
    rows.lock().unwrap().extend(keys.iter().map(|key| (key.clone(), "g".to_owned())));
    let client = crate::client(&server);
    for key in &keys {
        assert_eq!(client.find_assignment(KEYS, "g", key).await.unwrap(), AssignmentLookup::Found);
        assert_eq!(client.read_assignment(KEYS, "g", key).await.unwrap(), AssignmentLookup::Found);
    }
    assert_eq!(listings(&server), (1, 0));
    for _ in 0..2 {
        assert_eq!(client.assigned_to(KEYS, "g").await.unwrap().len(), 3);
    }
    assert_eq!(listings(&server), (2, 0));
}

#[tokio::test]
async fn a_listing_that_failed_is_not_kept() {
    let (rows, broken) = (Rows::default(), Arc::new(Mutex::new(true)));
    rows.lock().unwrap().insert("key".to_owned(), "g".to_owned());
    let held = Arc::clone(&broken);
    let server = Server::start(move |seen| {
        if *held.lock().unwrap() { Reply::json(500, "") } else { serve(&rows, seen) }
    })
    .await;
    let client = client(&server);
    assert_eq!(client.read_assignment(KEYS, "g", "key").await.unwrap_err().status(), Some(500));
    *broken.lock().unwrap() = false;
    assert_eq!(client.read_assignment(KEYS, "g", "key").await.unwrap(), AssignmentLookup::Found);
}

#[tokio::test]
async fn a_guardrail_that_is_gone_has_nobody_under_it() {
    let server = Server::start(|seen| {
        if seen.target.contains("/guardrails/assignments/") {
            Reply::json(200, r#"{"data":[],"total_count":0}"#)
        } else {
            Reply::json(404, REFUSAL)
        }
    })
    .await;
    let client = client(&server);
    assert_eq!(
        client.read_assignment(KEYS, "g", "key").await.unwrap(),
        AssignmentLookup::AssignedElsewhere(vec![])
    );
    assert_eq!(client.assigned_to(KEYS, "g").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_404_that_is_not_the_services_proves_nothing() {
    for page in ["", "<title>Not found</title>", r#"{"detail":"no such route"}"#] {
        let server = Server::start(move |_| Reply::json(404, page)).await;
        let client = client(&server);
        assert!(!client.get_guardrail("g").await.unwrap_err().is_not_found(), "{page}");
        assert!(client.unassign(KEYS, "g", "key", None).await.is_err(), "{page}");
        assert!(client.read_assignment(KEYS, "g", "key").await.is_err(), "{page}");
    }
}
