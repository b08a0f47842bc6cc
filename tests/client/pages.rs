//! Lists are read to their end, and no further.

use crate::server::{Reply, Seen, Server};
use crate::{client, row};

/// A page with these rows.
fn page(ids: impl IntoIterator<Item = String>, total: usize) -> Reply {
    let rows: Vec<String> = ids.into_iter().map(|id| row(&id)).collect();
    Reply::json(200, format!(r#"{{"data":[{}],"total_count":{total}}}"#, rows.join(",")))
}

/// The API's way: a page of the rows counted, of which the dropped ones are then left out.
fn counted(seen: &Seen, total: usize, dropped: fn(usize) -> bool) -> Reply {
    let (offset, limit) = (seen.number("offset").unwrap(), seen.number("limit").unwrap());
    let rows = (offset..(offset + limit).min(total)).filter(|index| !dropped(*index));
    page(rows.map(|index| format!("g-{index}")), total)
}

async fn ids(server: &Server) -> Vec<String> {
    let rows = client(server).list_guardrails(None).await.unwrap();
    rows.iter().map(|row| row.id().to_owned()).collect()
}

fn numbered(indexes: impl Iterator<Item = usize>) -> Vec<String> {
    indexes.map(|index| format!("g-{index}")).collect()
}

#[tokio::test]
async fn a_list_is_read_past_short_and_empty_pages() {
    let server =
        Server::start(|seen| counted(seen, 420, |index| index < 150 || index % 7 == 0)).await;
    assert_eq!(ids(&server).await, numbered((150..420).filter(|index| index % 7 != 0)));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    let expected = [0, 100, 200, 300, 400]
        .map(|offset| format!("/api/v1/guardrails?offset={offset}&limit=100"));
    assert_eq!(targets, expected);
}

#[tokio::test]
async fn the_workspace_is_asked_for_on_every_page() {
    let server = Server::start(|seen| counted(seen, 150, |_| true)).await;
    client(&server).list_guardrails(Some("w&limit=1")).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    for seen in server.seen() {
        assert!(
            seen.target.starts_with("/api/v1/guardrails?workspace_id=w%26limit%3D1&offset="),
            "{}",
            seen.target
        );
    }
}

#[tokio::test]
async fn a_row_that_moves_to_the_next_page_is_read_once() {
    let server = Server::start(|seen| match seen.number("offset") {
        Some(0) => page((0..100).map(|index| format!("g-{index}")), 101),
        _ => page((99..102).map(|index| format!("g-{index}")), 102),
    })
    .await;
    assert_eq!(ids(&server).await, numbered(0..102));
}

#[tokio::test]
async fn a_server_that_ignores_the_limit_is_read_whole() {
    let server = Server::start(|_| page((0..250).map(|index| format!("g-{index}")), 250)).await;
    assert_eq!(ids(&server).await, numbered(0..250));
    assert!(server.seen().len() <= 3);
}

/// Taken for the end of the list, the second page would hide what comes after it.
#[tokio::test]
async fn a_server_that_ignores_the_offset_is_an_error() {
    let server = Server::start(|_| page((0..100).map(|index| format!("g-{index}")), 150)).await;
    let error = client(&server).list_guardrails(None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("data: it contains only rows of earlier pages, but total_count is 150"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let server = Server::start(|seen| match seen.number("offset") {
        Some(100) => Reply::json(500, ""),
        _ => counted(seen, 300, |_| false),
    })
    .await;
    let error = client(&server).list_guardrails(None).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /guardrails returned 500: Internal Server Error");
    assert!(server.seen().len() <= 3, "each page is requested once: {:?}", server.seen());
}

#[tokio::test]
async fn workspaces_are_read_to_the_end_too() {
    let server = Server::start(|seen| {
        let offset = seen.number("offset").unwrap();
        let rows: Vec<String> = (offset..(offset + 100).min(130))
            .map(|index| format!(r#"{{"id":"w-{index}","name":"n","slug":"s-{index}"}}"#))
            .collect();
        Reply::json(200, format!(r#"{{"data":[{}],"total_count":130}}"#, rows.join(",")))
    })
    .await;
    let rows = client(&server).list_workspaces().await.unwrap();
    assert_eq!(rows.len(), 130);
    assert_eq!(
        (rows[129].slug.as_str(), rows[129].default_guardrail_id.as_deref()),
        ("s-129", None)
    );
}
