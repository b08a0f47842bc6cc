//! Attempts that follow each other: which, how many, when; and how many at a time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use terraform_provider_openrouter::client::{
    AssigneeKind, Client, Config, Error, RetryPolicy, RowRange,
};

use crate::log::Log;
use crate::server::{Reply, Server};
use crate::{PATIENCE, config, create, guardrail, object};

/// Waits of some milliseconds, for as long as it takes.
const QUICK: RetryPolicy = RetryPolicy {
    initial_interval: Duration::from_millis(20),
    max_interval: Duration::from_millis(100),
    exponent: 1.5,
    max_elapsed_time: Duration::from_secs(30),
    connection_errors: true,
};

/// The same, for what comes to nothing.
const BRIEF: RetryPolicy = RetryPolicy { max_elapsed_time: Duration::from_secs(1), ..QUICK };

fn retrying(server: &Server, retry: RetryPolicy) -> Client {
    Client::new(Config { retry, ..config(&server.url()) }).unwrap()
}

/// Waits until a line with this text is logged.
async fn logged(log: &Log, text: &str) {
    while !log.lines().iter().any(|line| line.contains(text)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A server that answers the first `times` requests with `fault`, and then as it should.
async fn faulty(times: usize, fault: Reply, answer: Reply) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |_| {
        let nth = count.fetch_add(1, Ordering::SeqCst);
        if nth < times { fault.clone() } else { answer.clone() }
    })
    .await
}

fn faults() -> Vec<Reply> {
    vec![
        Reply::Bytes(Vec::new()),
        Reply::json(500, "{}"),
        Reply::json(502, "<html>"),
        Reply::json(524, ""),
        Reply::json(429, r#"{"error":{"code":429,"message":"Rate limit exceeded"}}"#),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":".to_vec()),
        Reply::json(200, "[7]"),
        Reply::json(200, "<html>Sign in</html>"),
    ]
}

#[tokio::test]
async fn whatever_is_idempotent_outlives_two_failures() {
    for fault in faults() {
        let get = faulty(2, fault.clone(), Reply::json(200, guardrail("g"))).await;
        retrying(&get, QUICK).get_guardrail("g").await.unwrap();
        assert_eq!(get.seen().len(), 3, "{fault:?}");

        let patch = faulty(2, fault.clone(), Reply::json(200, guardrail("g"))).await;
        let body = object(r#"{"name":"n"}"#);
        retrying(&patch, QUICK).update_guardrail("g", &body).await.unwrap();
        assert!(
            patch
                .seen()
                .iter()
                .all(|seen| seen.method == "PATCH" && seen.body == r#"{"name":"n"}"#)
        );
        assert_eq!(patch.seen().len(), 3, "{fault:?}");

        let delete = faulty(2, fault.clone(), Reply::json(200, r#"{"deleted":true}"#)).await;
        retrying(&delete, QUICK).delete_guardrail("g").await.unwrap();
        assert_eq!(delete.seen().len(), 3, "{fault:?}");

        let assign = faulty(2, fault.clone(), Reply::json(200, r#"{"assigned_count":1}"#)).await;
        retrying(&assign, QUICK).assign(AssigneeKind::Key, "g", "k", "maker").await.unwrap();
        assert_eq!(assign.seen().len(), 3, "{fault:?}");

        let list =
            faulty(2, fault.clone(), Reply::json(200, r#"{"data":[],"total_count":0}"#)).await;
        retrying(&list, QUICK)
            .list_assignments(AssigneeKind::Member, None, RowRange::ALL)
            .await
            .unwrap();
        assert_eq!(list.seen().len(), 3, "{fault:?}");
    }
}

/// A 404 that is not the API's own, as after a first attempt that was done: the API itself is asked.
#[tokio::test]
async fn whether_it_is_deleted_is_for_the_service_to_say() {
    let gone = Reply::json(404, r#"{"error":{"code":404,"message":"Guardrail not found"}}"#);
    for (answer, is_gone) in [(gone, true), (Reply::json(200, guardrail("g")), false)] {
        let server = Server::start(move |seen| match seen.method.as_str() {
            "DELETE" => Reply::json(404, "<html>"),
            _ => answer.clone(),
        })
        .await;
        let deleted = retrying(&server, QUICK).delete_guardrail("g").await;
        assert_eq!(
            deleted.as_ref().err().and_then(Error::status),
            (!is_gone).then_some(404),
            "{deleted:?}"
        );
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in [400, 401, 402, 403, 404, 409, 422] {
        let server = Server::always(Reply::json(status, "{}")).await;
        let error = retrying(&server, QUICK).get_guardrail("g").await.unwrap_err();
        assert!(matches!(error, Error::Status { .. }), "{error}");
        server.only();
    }
}

#[tokio::test]
async fn connection_errors_are_not_tried_again_where_that_is_switched_off() {
    let retry = RetryPolicy { connection_errors: false, ..QUICK };
    let server = Server::always(Reply::Bytes(Vec::new())).await;
    assert!(matches!(
        retrying(&server, retry).get_guardrail("g").await,
        Err(Error::ConnectionLost { .. })
    ));
    server.only();
    let busy = faulty(1, Reply::json(503, ""), Reply::json(200, guardrail("g"))).await;
    retrying(&busy, retry).get_guardrail("g").await.unwrap();
}

#[tokio::test]
async fn the_end_tells_how_often_how_long_and_what_came_last() {
    let server = Server::always(Reply::json(503, r#"{"error":{"message":"asleep"}}"#)).await;
    let begun = Instant::now();
    let error = retrying(&server, BRIEF).get_guardrail("g").await.unwrap_err();
    assert!(begun.elapsed() < BRIEF.max_elapsed_time + PATIENCE);
    let Error::RetriesExhausted { attempts, elapsed, .. } = &error else { panic!("{error}") };
    assert_eq!(*attempts as usize, server.seen().len());
    assert!(*attempts >= 2 && *elapsed <= begun.elapsed());
    let text = error.to_string();
    assert!(text.starts_with("GET /guardrails/g returned 503: asleep; gave up after"), "{text}");
}

#[tokio::test]
async fn the_service_says_how_long_to_wait() {
    let in_two_seconds = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let now = httpdate::fmt_http_date(SystemTime::now());
    for (status, headers) in [
        (429, vec![("Retry-After", "1")]),
        (503, vec![("retry-after-ms", "1000"), ("Retry-After", "30")]),
        (429, vec![("Date", now.as_str()), ("Retry-After", in_two_seconds.as_str())]),
    ] {
        let fault = Reply::with_headers(status, &headers, "{}");
        let server = faulty(1, fault, Reply::json(200, guardrail("g"))).await;
        let begun = Instant::now();
        retrying(&server, QUICK).get_guardrail("g").await.unwrap();
        let waited = begun.elapsed();
        assert!(
            waited >= Duration::from_secs(1) && waited < Duration::from_secs(25),
            "{headers:?}: {waited:?}"
        );
    }
}

#[tokio::test]
async fn a_429_holds_back_every_call_of_the_client() {
    let server = Server::start(move |seen| {
        if seen.target.ends_with("/limited") {
            Reply::with_headers(429, &[("retry-after-ms", "2000")], "{}")
        } else {
            Reply::json(200, guardrail("g"))
        }
    })
    .await;
    let client =
        retrying(&server, RetryPolicy { max_elapsed_time: Duration::from_secs(3), ..QUICK });
    let limited = client.clone();
    let log = Log::capture();
    let begun = Instant::now();
    let limited = tokio::spawn(async move { limited.get_guardrail("limited").await });
    logged(&log, "waiting before the next attempt").await;
    client.get_guardrail("g").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(limited.await.unwrap().unwrap_err().status(), Some(429));
}

#[tokio::test]
async fn a_long_wait_is_announced_and_a_short_one_is_not() {
    for (seconds, level, text) in [(7, "WARN", "wait_s=7"), (2, "DEBUG", "wait_ms=2000")] {
        let log = Log::capture();
        let headers = [("Retry-After", &*seconds.to_string())];
        let server = Server::always(Reply::with_headers(429, &headers, "{}")).await;
        let client = retrying(&server, RetryPolicy::default());
        let both = async { tokio::join!(client.get_guardrail("g"), client.get_guardrail("held")) };
        tokio::select! {
            ended = both => panic!("{ended:?}"),
            () = logged(&log, text) => {}
        }
        let lines = log.lines();
        let prefix = format!("{level} terraform_provider_openrouter::client::http::http_client");
        let announced: Vec<_> = lines.iter().filter(|line| line.starts_with(&prefix)).collect();
        assert!(
            announced.iter().any(|line| line.contains(text) && line.contains("returned 429")),
            "{lines:#?}"
        );
        let others = lines.iter().filter(|line| line.starts_with("WARN"));
        assert_eq!(others.count() > 0, level == "WARN", "{lines:#?}");
    }
}

#[tokio::test]
async fn more_patience_than_there_is_time_ends_every_call_at_once() {
    let hour = Reply::with_headers(429, &[("Retry-After", "3600")], "{}");
    let server = Server::always(hour).await;
    let client = retrying(&server, BRIEF);
    let begun = Instant::now();
    assert_eq!(client.get_guardrail("g").await.unwrap_err().status(), Some(429));
    let error = client.get_guardrail("other").await.unwrap_err();
    assert!(begun.elapsed() < PATIENCE);
    let expected = "GET /guardrails/other was not sent: the API accepts no requests for another 3";
    assert!(error.to_string().starts_with(expected), "{error}");
    server.only();
}

/// It was somebody else who was asked for patience.
#[tokio::test]
async fn a_call_that_is_sent_once_only_still_waits_for_its_turn() {
    let fault = Reply::with_headers(429, &[("Retry-After", "1")], "{}");
    let server = faulty(1, fault, Reply::json(200, guardrail("g"))).await;
    let client = retrying(&server, RetryPolicy { max_elapsed_time: Duration::ZERO, ..QUICK });
    assert_eq!(client.get_guardrail("limited").await.unwrap_err().status(), Some(429));
    client.get_guardrail("g").await.unwrap();
}

#[tokio::test]
async fn a_create_that_was_refused_for_now_is_sent_again() {
    let fault = Reply::with_headers(429, &[("retry-after-ms", "50")], "{}");
    let server = faulty(2, fault, Reply::json(201, guardrail("g"))).await;
    create(&retrying(&server, QUICK), &object(r#"{"name":"n"}"#)).await.unwrap();
    assert!(
        server.seen().iter().all(|seen| seen.method == "POST"),
        "nothing to look for: {:?}",
        server.seen()
    );
    assert_eq!(server.seen().len(), 3);
}

/// Calls whose failures would come one after another if each asked for itself.
#[tokio::test]
async fn those_who_wait_for_one_listing_share_its_failure() {
    let server = Server::always(Reply::json(503, "")).await;
    let client = retrying(&server, BRIEF);
    let begun = Instant::now();
    let reads = (0..20).map(|number| {
        let client = client.clone();
        async move {
            client.read_assignment(AssigneeKind::Key, "g", &format!("k{number}")).await.unwrap_err()
        }
    });
    let mut reads: tokio::task::JoinSet<_> = reads.collect();
    while let Some(error) = reads.join_next().await {
        assert_eq!(error.unwrap().status(), Some(503));
    }
    assert!(begun.elapsed() < BRIEF.max_elapsed_time * 12, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn so_many_requests_are_under_way_at_a_time() {
    let under_way = Arc::new(Mutex::new((0_usize, 0_usize)));
    let counted = Arc::clone(&under_way);
    let server = Server::start_slow(Duration::from_millis(30), move |change| {
        let mut count = counted.lock().unwrap();
        count.0 = count.0.checked_add_signed(change).unwrap();
        count.1 = count.1.max(count.0);
    })
    .await;
    let most = NonZeroUsize::new(3).unwrap();
    let client =
        Client::new(Config { max_concurrent_requests: most, ..config(&server.url()) }).unwrap();
    let reads = (0..20).map(|_| {
        let client = client.clone();
        async move { client.get_guardrail("g").await.unwrap() }
    });
    let reads: tokio::task::JoinSet<_> = reads.collect();
    reads.join_all().await;
    assert_eq!(under_way.lock().unwrap().1, 3);
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_refused_once() {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = acceptor.accept(stream).await;
        }
    });
    let config = config(&format!("https://localhost:{port}/api/v1"));
    let error = Client::new(Config { retry: QUICK, ..config })
        .unwrap()
        .get_guardrail("g")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect { untrusted: true, .. }), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}
