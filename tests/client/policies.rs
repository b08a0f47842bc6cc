//! Policies that replace parts of guardrails: read once for a refresh, and never in the way of anything else.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::client;
use crate::guardrail;
use crate::server::{Reply, Seen, Server};

const SECOND: Duration = Duration::from_secs(1);

/// A policy that has replaced its part of these guardrails.
fn policy(id: &str, kind: &str, replaced: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"N","policy_type":"{kind}","config":{{"limit_usd":5,"reset_interval":null}},"replaced_legacy_guardrail_ids":[{replaced}]}}"#
    )
}

fn list(rows: &[String]) -> Reply {
    let (data, count) = (rows.join(","), rows.len());
    Reply::json(200, format!(r#"{{"data":[{data}],"total_count":{count}}}"#))
}

/// Policies of each kind, all for guardrail `a`; the moderation row lacks all that may be missing.
fn policies(seen: &Seen) -> Reply {
    if seen.target.contains("/moderation") {
        list(&[r#"{"id":"p3"}"#.to_owned(), policy("p2", "moderation", r#""b","A""#)])
    } else if seen.target.contains("/budget") {
        list(&[policy("p1", "budget", r#""a""#)])
    } else {
        list(&[policy("p4", "model_availability", r#""b""#)])
    }
}

#[tokio::test]
async fn one_listing_answers_each_guardrail_once() {
    let server = Server::start(policies).await;
    let client = client(&server);
    let (of_a, of_b, of_c) = tokio::join!(
        client.policies_replacing("a", Some("w"), ""),
        client.policies_replacing("b", Some("w"), ""),
        client.policies_replacing("c", Some("w"), "")
    );
    let ids = |policies: &[terraform_provider_openrouter::client::Policy]| -> Vec<String> {
        policies.iter().map(|policy| policy.id.clone()).collect()
    };
    assert_eq!(
        (ids(&of_a), ids(&of_b)),
        (vec!["p1".into(), "p2".into()], vec!["p2".into(), "p4".into()])
    );
    assert!(of_c.is_empty());
    assert_eq!((of_a[0].kind, &of_a[0].settings), ("budget", &vec!["limit_usd".to_owned()]));
    assert_eq!(server.seen().len(), 3);
    assert!(server.seen().iter().all(|seen| seen.target.contains("workspace_id=w")));

    // A guardrail that is read again is another refresh, and another workspace has other policies.
    client.policies_replacing("a", Some("w"), "").await;
    assert_eq!(server.seen().len(), 6);
    client.policies_replacing("b", Some("w"), "").await;
    assert_eq!(server.seen().len(), 6);
    client.policies_replacing("a", None, "").await;
    assert_eq!(server.seen().len(), 9);

    // Another reader of the same guardrail is no repetition.
    client.policies_replacing("a", None, "effective").await;
    assert_eq!(server.seen().len(), 9);
}

#[tokio::test]
async fn where_the_first_kind_is_refused_the_others_are_not_asked_for() {
    for status in [403, 404] {
        let server = Server::always(Reply::json(status, r#"{"error":{"message":"no"}}"#)).await;
        assert!(client(&server).policies_replacing("a", None, "").await.is_empty());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_429_holds_back_nothing_else() {
    let server = Server::start(|seen| {
        if seen.target.contains("/policies/") {
            Reply::with_headers(429, &[("Retry-After", "600")], "{}")
        } else {
            Reply::json(200, guardrail("a"))
        }
    })
    .await;
    let client = client(&server);
    assert!(client.policies_replacing("a", Some("w"), "").await.is_empty());
    let started = Instant::now();
    let read = timeout(20 * SECOND, client.get_guardrail("a")).await;
    assert!(read.expect("nothing waits").is_ok(), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_listing_that_takes_long_is_not_waited_for() {
    let server = Server::start(|_| Reply::Stall(Vec::new())).await;
    let client = client(&server);
    let started = Instant::now();
    for workspace in ["v", "w", "x", "y"] {
        let listed =
            timeout(20 * SECOND, client.policies_replacing("a", Some(workspace), "")).await;
        assert!(listed.expect("it is given up").is_empty());
    }
    assert!(started.elapsed() < 4 * SECOND, "2 s, and for the other workspaces none");
    assert_eq!(server.seen().len(), 1);
}

/// Where nobody edits policies, thousands of guardrails cost no more requests than a few.
#[tokio::test]
async fn the_rest_of_a_long_list_is_read_where_policies_replace_something() {
    for (replaced, requests) in [(None, 3), (Some(7), 5)] {
        let page = move |seen: &Seen| {
            let offset = seen.number("offset").unwrap();
            let row = |index: usize| {
                let guardrail = match index {
                    // The last one has replaced a part too, which only the whole list shows.
                    250 => r#""a""#,
                    _ if Some(index) == replaced => r#""b""#,
                    _ => "",
                };
                policy(&format!("p{index}"), "budget", guardrail)
            };
            let rows: Vec<_> = (offset..(offset + 100).min(251)).map(row).collect();
            Reply::json(200, format!(r#"{{"data":[{}],"total_count":251}}"#, rows.join(",")))
        };
        let empty = |seen: &Seen| !seen.target.contains("/budget");
        let server =
            Server::start(move |seen| if empty(seen) { list(&[]) } else { page(seen) }).await;
        let found = client(&server).policies_replacing("a", Some("w"), "").await;
        assert_eq!(found.len(), usize::from(replaced.is_some()));
        assert_eq!(server.seen().len(), requests);
    }
}
