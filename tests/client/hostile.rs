//! Answers that no service means well with: each is a clear error, in bounded time and memory.

use std::time::{Duration, Instant};

use terraform_provider_openrouter::client::{AssigneeKind, Client, Config, Error, RowRange};

use crate::server::{Reply, Server};
use crate::{client, config, create, guardrail, object, row};

/// What reading a guardrail says of an answer of these bytes.
async fn said_of(bytes: &[u8]) -> String {
    let server = Server::always(Reply::Bytes(bytes.to_vec())).await;
    client(&server).get_guardrail("g").await.unwrap_err().to_string()
}

fn with_body(body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn what_is_no_sound_json_is_told() {
    let deep = "[".repeat(100_000);
    let many = format!(r#"{{"data":{}{}"#, r#"{"a":"#.repeat(200), "1");
    for (body, expected) in [
        (
            &b"{\"data\":{\"id\":\"\xff\xfe\"}}"[..],
            "it is not valid JSON: invalid unicode code point",
        ),
        (b"\xff\xfe{\x00}\x00", "it is not valid JSON"),
        (b"\x1f\x8b\x08\x00\x00\x00", "it is not valid JSON"),
        (deep.as_bytes(), "recursion limit exceeded"),
        (many.as_bytes(), "recursion limit exceeded"),
        (
            br#"{"data":{"id":"a","id":"","name":1}}"#,
            "data.id: a string that is not empty is required",
        ),
        (br#"{"data":null}"#, "data: an object is required"),
        (br#"{"data":{"id":1e999}}"#, "data.id: a string is required"),
    ] {
        let said = said_of(&with_body(body)).await;
        assert!(
            said.starts_with("GET /guardrails/g returned 200, but the response cannot be used: "),
            "{said}"
        );
        assert!(said.contains(expected) && said.len() < 500, "{said}");
    }
}

/// A body that was compressed small would have to be blown up to be read; nobody asked for that.
#[tokio::test]
async fn a_compressed_answer_is_refused_unopened() {
    for encoding in ["gzip", "br", "deflate, gzip"] {
        let reply = Reply::with_headers(200, &[("Content-Encoding", encoding)], guardrail("g"));
        let server = Server::always(reply).await;
        let error = client(&server).get_guardrail("g").await.unwrap_err();
        let expected = format!("it has the encoding {encoding}, which was not requested");
        assert!(error.to_string().ends_with(&expected), "{error}");
        assert!(server.only().header("accept-encoding").is_none());
    }
    let plain = Reply::with_headers(200, &[("Content-Encoding", "identity")], guardrail("g"));
    client(&Server::always(plain).await).get_guardrail("g").await.unwrap();
}

#[tokio::test]
async fn what_is_no_http_is_a_lost_connection() {
    for bytes in [
        &b"\x00\xff\x00\xff"[..],
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
    ] {
        let said = said_of(bytes).await;
        assert!(
            said.starts_with(
                "GET /guardrails/g: the connection was lost before the response was complete"
            ),
            "{said}"
        );
    }
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Filler: x\r\n".repeat(100_000));
    assert!(said_of(headers.as_bytes()).await.contains("the connection was lost"));
}

/// An answer that comes byte by byte has no more time than any other.
#[tokio::test]
async fn a_body_that_never_ends_is_waited_for_no_longer_than_allowed() {
    let server = Server::always(Reply::Drip(b"HTTP/1.1 200 OK\r\n\r\n{\"data\":".to_vec())).await;
    let timeout = Duration::from_millis(500);
    let client = Client::new(Config { timeout, ..config(&server.url()) }).unwrap();
    let begun = Instant::now();
    let error = client.get_guardrail("g").await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    assert!(begun.elapsed() < crate::PATIENCE, "{:?}", begun.elapsed());
}

/// Two guardrails cannot be one: a state that says so would lose one of them.
#[tokio::test]
async fn a_create_that_is_answered_with_the_guardrail_of_another_is_not_believed() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "POST" => Reply::json(201, guardrail("same")),
        _ => Reply::json(200, r#"{"data":[],"total_count":0}"#),
    })
    .await;
    let client = client(&server);
    let body = object(r#"{"name":"n"}"#);
    create(&client, &body).await.unwrap();
    let error = create(&client, &body).await.unwrap_err();
    assert!(
        error.to_string().contains("data.id: same (\"of same\") existed before this create"),
        "{error}"
    );
    assert!(error.may_have_happened());
}

/// The API says that all were assigned, and more; and lists each twice.
#[tokio::test]
async fn counts_and_lists_of_assignments_that_lie_do_no_harm() {
    let listed = r#"{"id":"a","guardrail_id":"g","key_hash":"k"}"#;
    let server = Server::start(move |seen| match seen.method.as_str() {
        "POST" if seen.body.contains("none") => Reply::json(200, r#"{"assigned_count":0}"#),
        "POST" => Reply::json(200, r#"{"assigned_count":18446744073709551615}"#),
        _ => Reply::json(200, format!(r#"{{"data":[{listed},{listed}],"total_count":2}}"#)),
    })
    .await;
    let client = client(&server);
    client.assign(AssigneeKind::Key, "g", "k", "maker").await.unwrap();
    let error = client.assign(AssigneeKind::Key, "g", "none", "maker").await.unwrap_err();
    assert!(matches!(error, Error::Skipped { .. }), "{error}");
    let listing = client.list_assignments(AssigneeKind::Key, None, RowRange::ALL).await.unwrap();
    assert_eq!(listing.rows.len(), 1);
}

/// Every page brings a hundred new rows, for ever.
#[tokio::test]
async fn an_endless_list_ends() {
    let server = Server::start(|seen| {
        let offset = seen.number("offset").unwrap();
        let rows: Vec<_> = (offset..offset + 100).map(|index| row(&format!("g{index}"))).collect();
        let total = offset + 1000;
        Reply::json(200, format!(r#"{{"data":[{}],"total_count":{total}}}"#, rows.join(",")))
    })
    .await;
    let error = client(&server).list_guardrails(None).await.unwrap_err();
    assert!(
        error.to_string().contains("total_count: a list of at most 100000 rows can be read"),
        "{error}"
    );
    assert!(server.seen().len() <= 1000);
}
