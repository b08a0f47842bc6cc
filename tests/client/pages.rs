//! Lists are read to their end, and no further.

use terraform_provider_openrouter::client::Error;

use crate::server::{Reply, Seen, Server};
use crate::{client, row};

/// A page with these rows.
fn page(ids: impl IntoIterator<Item = String>, total: usize) -> Reply {
    let rows: Vec<String> = ids.into_iter().map(|id| row(&id)).collect();
    Reply::json(200, format!(r#"{{"data":[{}],"total_count":{total}}}"#, rows.join(",")))
}

/// The service's way: a page of the rows counted, of which the dropped ones are then left out.
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
async fn a_full_last_page_costs_no_extra_request() {
    let server = Server::start(|seen| counted(seen, 200, |_| false)).await;
    assert_eq!(ids(&server).await.len(), 200);
    assert_eq!(server.seen().len(), 2);
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
            .ends_with("data: it only repeats earlier rows, but total_count says there are 150"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_count_that_lies_costs_little_and_loses_nothing() {
    let too_low = Server::start(|seen| {
        let Reply::Bytes(bytes) = counted(seen, 250, |_| false) else {
            unreachable!("pages are whole answers")
        };
        let body = String::from_utf8(bytes).unwrap();
        let (_, body) = body.split_once("\r\n\r\n").unwrap();
        Reply::json(200, body.replace(r#""total_count":250"#, r#""total_count":0"#))
    })
    .await;
    assert_eq!(ids(&too_low).await, numbered(0..250));
    assert_eq!(too_low.seen().len(), 4);

    let too_high = Server::start(|_| page([], 1 << 40)).await;
    let error = client(&too_high).list_guardrails(None).await.unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("total_count: a list of at most 100000 rows can be read"),
        "{error}"
    );
    too_high.only();

    let ever_growing = Server::start(|seen| page([], seen.number("offset").unwrap() + 150)).await;
    assert_eq!(ids(&ever_growing).await, Vec::<String>::new());
    assert_eq!(ever_growing.seen().len(), 2);
}

#[tokio::test]
async fn a_list_without_a_count_is_an_error() {
    let server = Server::always(Reply::json(200, r#"{"data":[]}"#)).await;
    let error = client(&server).list_guardrails(None).await.unwrap_err();
    assert!(error.to_string().ends_with("total_count: a whole number is required"), "{error}");
}

#[tokio::test]
async fn a_page_that_fails_fails_the_list() {
    let server = Server::start(|seen| match seen.number("offset") {
        Some(100) => Reply::json(500, ""),
        _ => counted(seen, 300, |_| false),
    })
    .await;
    let error = client(&server).list_guardrails(None).await.unwrap_err();
    assert_eq!(error.to_string(), "GET /guardrails answered 500: Internal Server Error");
    assert_eq!(server.seen().len(), 2);
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
