//! The catalogue of models: fetched once, in full, and without the key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::client;
use crate::log::Log;
use crate::server::{Reply, Seen, Server};

/// Models `offset..` of so many, at most `most` of them.
fn models(seen: &Seen, all: usize, most: usize) -> String {
    let (offset, limit) = (seen.number("offset").unwrap(), seen.number("limit").unwrap());
    let rows: Vec<String> = (offset..(offset + limit.min(most)).min(all))
        .map(|index| {
            format!(r#"{{"id":"a/m{index}","canonical_slug":"a/m{index}-2025","pricing":{{"x":[1e-9]}}}}"#)
        })
        .collect();
    rows.join(",")
}

#[tokio::test]
async fn the_catalogue_is_fetched_once_and_without_the_key() {
    let log = Log::capture();
    let server = Server::start(|seen| {
        Reply::json(200, format!(r#"{{"data":[{}],"total_count":3}}"#, models(seen, 3, 3)))
    })
    .await;
    let client = client(&server);
    let mut askers = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        askers.spawn(async move { client.models().await.unwrap() });
    }
    let catalogs = askers.join_all().await;
    assert!(catalogs.iter().all(|catalog| Arc::ptr_eq(catalog, &catalogs[0])));
    assert_eq!(catalogs[0].canonical("a/m2:free").as_deref(), Some("a/m2-2025:free"));
    assert_eq!(client.models().await.unwrap().canonical("a/m3"), None);

    let seen = server.only();
    assert_eq!(seen.target, "/api/v1/models?output_modalities=all&offset=0&limit=1000");
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.header("user-agent"), Some("tests/1"));
    assert_eq!(log.of_client("DEBUG").len(), 1);
}

#[tokio::test]
async fn a_long_catalogue_is_read_to_its_end() {
    for (most, count, requests) in [
        (1000, None, 3),
        (1000, Some(2300), 3),
        // A service that gives fewer at a time than asked for.
        (500, Some(2300), 5),
    ] {
        let server = Server::start(move |seen| {
            let count =
                count.map_or_else(String::new, |count: usize| format!(r#","total_count":{count}"#));
            Reply::json(200, format!(r#"{{"data":[{}]{count}}}"#, models(seen, 2300, most)))
        })
        .await;
        let catalog = client(&server).models().await.unwrap();
        assert_eq!(catalog.canonical("a/m2299").as_deref(), Some("a/m2299-2025"));
        assert_eq!(server.seen().len(), requests, "{most} {count:?}");
    }
}

#[tokio::test]
async fn a_catalogue_without_end_is_given_up() {
    let server = Server::start(|seen| {
        let offset = seen.number("offset").unwrap();
        let row = format!(r#"{{"id":"a/{offset}","canonical_slug":"a/{offset}"}}"#);
        Reply::json(200, format!(r#"{{"data":[{row}],"total_count":999999}}"#))
    })
    .await;
    let error = client(&server).models().await.unwrap_err();
    assert!(error.to_string().ends_with("a catalogue of at most 100 pages can be read"), "{error}");
    assert_eq!(server.seen().len(), 100);
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let requests = AtomicUsize::new(0);
    let server = Server::start(move |seen| match requests.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::json(503, ""),
        1 => Reply::json(200, r#"{"data":[{"id":"a/m"}]}"#),
        2 => Reply::json(200, "<title>Welcome</title>"),
        _ => Reply::json(200, format!(r#"{{"data":[{}]}}"#, models(seen, 1, 1))),
    })
    .await;
    let client = client(&server);
    for expected in [
        "503: Service Unavailable",
        "missing field `canonical_slug`",
        "an HTML page: Welcome, not JSON",
    ] {
        let error = client.models().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(client.models().await.is_ok());
    assert_eq!(server.seen().len(), 4);
}
