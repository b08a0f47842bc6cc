//! What comes back: statuses, shapes, and everything that is no answer of the API at all.

use std::time::Duration;

use terraform_provider_openrouter::client::{Client, Config, Error, RetryPolicy, Workspace};

use crate::server::{Reply, Server};
use crate::{DIFFERENT, client, config, guardrail, object, row};

/// What reading a guardrail says when the answer is this.
async fn outcome(reply: Reply) -> Error {
    let server = Server::always(reply).await;
    let error = client(&server).get_guardrail("g").await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    error
}

#[tokio::test]
async fn a_guardrail_is_kept_as_it_came() {
    let body = r#"{"data":{"id":"g","name":"n","created_at":"t","workspace_id":null,"updated_at":null,
        "brand_new":{"deep":[1,{"x":2.50}]}},"openrouter_metadata":{}}"#;
    let server = Server::always(Reply::json(200, body)).await;
    let read = client(&server).get_guardrail("g").await.unwrap();
    assert_eq!((read.id(), read.name(), read.workspace_id()), ("g", "n", None));
    assert_eq!(read.fields().get("brand_new").unwrap().to_string(), r#"{"deep":[1,{"x":2.50}]}"#);
    assert_eq!(read.fields().len(), 6);
}

/// It would be another path in the next call.
#[tokio::test]
async fn an_id_that_no_path_can_name_is_refused_wherever_it_comes() {
    for id in ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a\\nb"] {
        let server = Server::start(move |seen| {
            let row = row(id);
            let list = format!(r#"{{"data":[{row}],"total_count":1}}"#);
            let is_list = seen.target.contains("offset");
            Reply::json(200, if is_list { list } else { guardrail(id) })
        })
        .await;
        let client = client(&server);
        let listed = client.list_guardrails(None).await.unwrap_err().to_string();
        assert!(listed.contains("data[0].id: "), "{id}: {listed}");
        let read = client.get_guardrail("g").await.unwrap_err().to_string();
        assert!(read.contains("data.id: ") && !read.contains("was requested"), "{id}: {read}");
        let created = client.create_guardrail(&object("{}"), &DIFFERENT).await.unwrap_err();
        assert!(
            matches!(created.cause(), Error::Decode { reason, .. } if reason.contains("data.id: "))
        );
    }
}

#[tokio::test]
async fn a_uuid_in_capitals_is_brought_to_small_letters() {
    let id = "0A1B2C3D-0000-4000-8000-00000000ABCD";
    let body = guardrail(id).replace(r#""w""#, &format!("{id:?}"));
    let server = Server::always(Reply::json(200, body)).await;
    let read = client(&server).get_guardrail(id).await.unwrap();
    let small = id.to_lowercase();
    assert_eq!((read.id(), read.workspace_id()), (&*small, Some(&*small)));
    assert_eq!(read.fields()["id"], *small);
}

/// A guardrail of another account can answer so in every plan.
#[tokio::test]
async fn a_workspace_that_only_a_message_needs_is_asked_for_once() {
    let server = Server::always(Reply::json(500, "")).await;
    let retry =
        RetryPolicy { initial_interval: Duration::from_millis(1), ..RetryPolicy::default() };
    let client = Client::new(Config { retry, ..config(&server.url()) }).unwrap();
    assert!(client.workspace_of_guardrail_once("g").await.is_err());
    server.only();
}

#[tokio::test]
async fn a_workspace_is_read_by_id_or_slug() {
    let body =
        r#"{"data":{"id":"w","name":"W","slug":"main","default_guardrail_id":"d","extra":1}}"#;
    let server = Server::always(Reply::json(200, body)).await;
    let expected = Workspace {
        id: "w".to_owned(),
        name: "W".to_owned(),
        slug: "main".to_owned(),
        default_guardrail_id: Some("d".to_owned()),
        fields: object(
            r#"{"id":"w","name":"W","slug":"main","default_guardrail_id":"d","extra":1}"#,
        ),
    };
    assert_eq!(client(&server).get_workspace("main").await.unwrap(), expected);
    assert_eq!(server.only().target, "/api/v1/workspaces/main");
}

#[tokio::test]
async fn a_refusal_tells_status_message_and_request_id() {
    let body = r#"{"error":{"code":404,"message":"Guardrail not found"}}"#;
    let error =
        outcome(Reply::with_headers(404, &[("CF-Ray", "ray-1"), ("X-Request-Id", "req-1")], body))
            .await;
    assert_eq!(error.to_string(), "GET /guardrails/g returned 404: Guardrail not found");
    assert_eq!((error.status(), error.request_id()), (Some(404), Some("req-1")));
    assert!(error.is_not_found() && !error.may_have_happened());

    let error = outcome(Reply::with_headers(
        502,
        &[("CF-Ray", "ray-1")],
        "<title>502: Bad gateway</title>",
    ))
    .await;
    assert_eq!(error.to_string(), "GET /guardrails/g returned 502: an HTML page: 502: Bad gateway");
    assert_eq!(error.request_id(), Some("ray-1"));
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn a_refusal_without_words_has_the_standard_ones() {
    let error = outcome(Reply::json(503, "")).await;
    assert_eq!(error.to_string(), "GET /guardrails/g returned 503: Service Unavailable");
    let error = outcome(Reply::json(524, " ")).await;
    assert_eq!(error.to_string(), "GET /guardrails/g returned 524: no explanation");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::always(Reply::json(200, guardrail("g"))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/guardrails/g", elsewhere.url());
        let error =
            outcome(Reply::with_headers(status, &[("Location", &location)], "<p>moved")).await;
        assert_eq!(error.status(), Some(status));
        assert!(error.to_string().contains(&format!("it points to {location}")), "{error}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn success_without_json_is_no_success() {
    let error = outcome(Reply::json(200, "<html><title>Sign in</title></html>")).await;
    let expected = "GET /guardrails/g returned 200, but the response cannot be used: an HTML page: Sign in, not JSON";
    assert_eq!(error.to_string(), expected);
    assert!(error.may_have_happened());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_noticed() {
    let whole = guardrail("g");
    for (head, body) in [
        (format!("Content-Length: {}", whole.len() + 1), whole.clone()),
        ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{whole}\r\n", whole.len())),
    ] {
        let error =
            outcome(Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").into_bytes()))
                .await;
        let Error::ConnectionLost { reason, .. } = &error else { panic!("{error:?}") };
        assert!(reason.starts_with(&format!("it ended after {} bytes: ", whole.len())), "{reason}");
    }
}

#[tokio::test]
async fn a_refusal_whose_body_breaks_off_is_still_that_refusal() {
    let error =
        outcome(Reply::Bytes(b"HTTP/1.1 403 -\r\nContent-Length: 99\r\n\r\nForb".to_vec())).await;
    assert_eq!(error.to_string(), "GET /guardrails/g returned 403: Forb");
}

#[tokio::test]
async fn an_answer_too_large_is_not_taken_in() {
    let text = "x".repeat(33 << 20);
    let whole =
        format!(r#"{{"data":{{"id":"g","name":"n","created_at":"t","description":"{text}"}}}}"#);
    let error = outcome(Reply::json(200, whole)).await;
    let Error::Decode { status: 200, reason, .. } = &error else { panic!("{error:?}") };
    assert_eq!(reason, "it is larger than 32 MiB");

    let error = outcome(Reply::json(500, text)).await;
    assert_eq!(error.to_string(), format!("GET /guardrails/g returned 500: {}…", "x".repeat(200)));
}

#[tokio::test]
async fn an_answer_with_a_long_pattern_is_taken_in() {
    let pattern = "a".repeat(100_000);
    let body =
        object(&format!(r#"{{"content_filters":[{{"action":"block","pattern":"{pattern}"}}]}}"#));
    let fields = serde_json::to_string(&body).unwrap();
    let answer =
        guardrail("g").replace(r#""name""#, &format!("{},\"name\"", &fields[1..fields.len() - 1]));
    let server = Server::always(Reply::json(200, answer)).await;
    let read = client(&server).update_guardrail("g", &body).await.unwrap();
    assert_eq!(read.fields().get("content_filters"), body.get("content_filters"));
}
