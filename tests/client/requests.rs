//! What goes over the wire.

use serde_json::Value;
use terraform_provider_openrouter::client::{Client, Config, ConfigError};

use crate::log::Log;
use crate::server::{Reply, Server};
use crate::{KEY, client, config, create, guardrail, object};

#[tokio::test]
async fn every_request_carries_the_headers() {
    let server = Server::always(Reply::json(201, guardrail("g"))).await;
    let client = Client::new(Config {
        http_referer: Some("https://app.example".to_owned()),
        title: Some("An App".to_owned()),
        categories: Some("cli-agent,cloud-agent".to_owned()),
        ..config(&server.url())
    })
    .unwrap();
    create(&client, &object(r#"{"name":"n"}"#)).await.unwrap();
    client.get_guardrail("g").await.unwrap();

    for seen in server.seen() {
        for (name, expected) in [
            ("authorization", Some(format!("Bearer {KEY}").as_str())),
            ("user-agent", Some("tests/1")),
            ("accept", Some("application/json")),
            ("http-referer", Some("https://app.example")),
            ("x-openrouter-title", Some("An App")),
            ("x-openrouter-categories", Some("cli-agent,cloud-agent")),
            ("content-type", (seen.method == "POST").then_some("application/json")),
        ] {
            assert_eq!(seen.header(name), expected, "{name} of {}", seen.method);
        }
    }
}

#[tokio::test]
async fn headers_that_are_not_configured_are_not_sent() {
    let server = Server::always(Reply::json(200, guardrail("g"))).await;
    client(&server).get_guardrail("g").await.unwrap();
    let seen = server.only();
    for name in
        ["http-referer", "x-openrouter-title", "x-openrouter-categories", "referer", "cookie"]
    {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

#[test]
fn a_value_that_no_header_can_carry_is_refused_by_name() {
    let base = || config("https://openrouter.ai/api/v1");
    let bad = || "hunter2\nX-Evil: 1".to_owned();
    for (name, config) in [
        ("User-Agent", Config { user_agent: bad(), ..base() }),
        ("HTTP-Referer", Config { http_referer: Some(bad()), ..base() }),
        ("X-OpenRouter-Title", Config { title: Some(bad()), ..base() }),
        ("X-OpenRouter-Categories", Config { categories: Some(bad()), ..base() }),
    ] {
        let error = Client::new(config).unwrap_err();
        assert_eq!(error, ConfigError::Header { name });
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn each_operation_is_the_documented_call() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "DELETE" => Reply::json(200, r#"{"deleted":true}"#),
        _ => Reply::json(200, guardrail("g")),
    })
    .await;
    let client = client(&server);
    let body = object(r#"{"name":"naïve \"1\"","description":null,"allowed_models":["b","a"]}"#);
    create(&client, &body).await.unwrap();
    client.get_guardrail("g").await.unwrap();
    client.update_guardrail("g", &body).await.unwrap();
    client.delete_guardrail("g").await.unwrap();

    let calls: Vec<String> =
        server.seen().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
    assert_eq!(
        calls,
        [
            "POST /api/v1/guardrails",
            "GET /api/v1/guardrails/g",
            "PATCH /api/v1/guardrails/g",
            "DELETE /api/v1/guardrails/g"
        ]
    );
    for seen in server.seen() {
        match seen.method.as_str() {
            "POST" | "PATCH" => assert_eq!(object(&seen.body), body),
            _ => assert_eq!(seen.body, ""),
        }
    }
}

#[tokio::test]
async fn numbers_keep_their_text_both_ways() {
    let server = Server::start(|seen| {
        let fields = seen.body.strip_prefix('{').unwrap();
        Reply::json(201, format!(r#"{{"data":{{"id":"g","name":"n","created_at":"t",{fields}}}"#))
    })
    .await;
    for number in ["0.1", "12.345", "1e-7", "9007199254740993", "0.30000000000000004", "1.10"] {
        let sent = object(&format!(r#"{{"limit_usd":{number}}}"#));
        let read = create(&client(&server), &sent).await.unwrap();
        assert_eq!(server.seen().last().unwrap().body, format!(r#"{{"limit_usd":{number}}}"#));
        assert_eq!(read.fields().get("limit_usd").map(Value::to_string).as_deref(), Some(number));
    }
}

#[tokio::test]
async fn an_id_stays_one_segment_of_the_path() {
    for (id, sent) in [
        ("../keys", "..%2Fkeys"),
        ("..\\keys", "..%5Ckeys"),
        (".\t.", ".%09."),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
        ("a%2Fb", "a%252Fb"),
        ("a b\r\nX: y", "a%20b%0D%0AX%3A%20y"),
        ("é", "%C3%A9"),
        ("...", "..."),
    ] {
        let answer = r#"{"deleted":true}"#;
        let server = Server::always(Reply::json(200, answer)).await;
        client(&server).delete_guardrail(id).await.unwrap();
        assert_eq!(
            server.seen().last().unwrap().target,
            format!("/api/v1/guardrails/{sent}"),
            "{id:?}"
        );
    }
}

#[tokio::test]
async fn an_id_that_would_name_another_thing_is_not_sent() {
    let server = Server::always(Reply::json(200, guardrail("g"))).await;
    let client = client(&server);
    for id in ["", ".", ".."] {
        let error = client.delete_guardrail(id).await.unwrap_err();
        let expected = format!("DELETE /guardrails/{{id}} cannot be sent: {id:?} is not an id");
        assert_eq!(error.to_string(), expected);
        assert!(!error.may_have_happened());
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn each_request_is_logged_once() {
    let log = Log::capture();
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, guardrail("g")),
        _ => Reply::json(409, r#"{"error":{"code":409,"message":"name taken"}}"#),
    })
    .await;
    let client = client(&server);
    client.get_guardrail("g").await.unwrap();
    client.update_guardrail("g", &object(r#"{"name":"n"}"#)).await.unwrap_err();

    let lines = log.of_client("DEBUG");
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, expected) in lines.iter().zip([
        ["method=GET", "path=/guardrails/g", "status=200", "duration_ms="].as_slice(),
        &[
            "method=PATCH",
            "path=/guardrails/g",
            "status=409",
            "duration_ms=",
            "returned 409: name taken",
        ],
    ]) {
        for part in expected {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    let bodies = log.of_client("TRACE");
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    assert!(bodies[1].contains(r#"body={"name":"n"}"#), "{}", bodies[1]);
}

#[tokio::test]
async fn a_long_body_is_not_logged_whole() {
    let log = Log::capture();
    let server = Server::always(Reply::json(400, "é".repeat(20_000))).await;
    client(&server).get_guardrail("g").await.unwrap_err();
    let bodies = log.of_client("TRACE");
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].chars().count() < 17_000, "{} characters", bodies[0].chars().count());
}
