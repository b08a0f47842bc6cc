//! The key reaches the API and nothing else: whatever echoes it, no error, log or `Debug` shows it.

use std::error::Error as _;
use std::fmt::Write as _;

use terraform_provider_openrouter::client::{Error, Guardrail, ModelCatalog};

use crate::log::Log;
use crate::server::{Reply, Server};
use crate::{KEY, client, config, guardrail, object};

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// The key in the ways that an echo can have it.
fn spellings() -> Vec<String> {
    let json = serde_json::to_string(KEY).unwrap();
    let escaped = json[1..json.len() - 1].to_owned();
    let slashes = escaped.replace('/', "\\/");
    let unicode = KEY.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<Vec<_>>().concat();
    let usual = KEY.replace('/', "%2F").replace('+', "%2B").replace('"', "%22");
    vec![KEY.to_owned(), escaped, slashes, unicode, percent_encoded(KEY), usual]
}

/// The parts of the key that no text may have, in any spelling.
#[track_caller]
fn assert_clean(text: &str) {
    for part in ["0123456789", "mgmt", &percent_encoded("0123"), "\\u0030", "sk-or-v1"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

#[track_caller]
fn assert_silent(error: &Error) {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(shown, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    assert_clean(&shown);
}

#[tokio::test]
async fn an_echo_of_the_key_is_masked_everywhere() {
    let log = Log::capture();
    for key in spellings() {
        let header: String = if key.contains('\\') { KEY.to_owned() } else { key.clone() };
        let location = format!("https://elsewhere.example/?key={header}");
        for reply in [
            Reply::json(401, format!("bad key {key}")),
            Reply::json(401, format!(r#"{{"error":{{"message":"bad key {key}"}}}}"#)),
            Reply::json(
                400,
                format!(r#"{{"error":{{"message":"bad","metadata":{{"key":"{key}"}}}}}}"#),
            ),
            Reply::json(502, format!("<html><title>{key}</title>")),
            Reply::json(502, format!("<html><body>{key}<br>sk-or-v1-another</body>")),
            Reply::json(200, format!("<html><title>{key}</title>")),
            Reply::json(200, format!(r#"{{"error":{{"message":"{key}"}}}}"#)),
            Reply::json(200, format!(r#"{{"data":{{"id":"{key}"}}}}"#)),
            Reply::json(200, format!(r#""{key}"#)),
            Reply::with_headers(307, &[("Location", &location)], ""),
            Reply::with_headers(500, &[("X-Request-Id", &header)], ""),
            Reply::Bytes(
                format!("HTTP/1.1 403 -\r\nContent-Length: 999\r\n\r\n{key}").into_bytes(),
            ),
            Reply::Bytes(
                format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{key}").into_bytes(),
            ),
            Reply::Bytes(format!("{key} HTTP/1.1\r\n\r\n").into_bytes()),
            Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{key}\r\n\r\n").into_bytes()),
        ] {
            let server = Server::always(reply).await;
            let body = object(&serde_json::json!({ "name": KEY }).to_string());
            assert_silent(&client(&server).update_guardrail("g", &body).await.unwrap_err());
        }
    }
    assert!(log.of_client("TRACE").len() > 100, "the bodies should be logged");
    assert!(log.of_client("DEBUG").len() > 80, "the requests should be logged");
    log.lines().iter().for_each(|line| assert_clean(line));
}

#[tokio::test]
async fn a_key_given_for_an_id_is_masked() {
    let log = Log::capture();
    let server = Server::always(Reply::json(404, "")).await;
    let client = client(&server);
    for id in [KEY, "sk-or-v1-0123456789abcdef"] {
        let error = client.get_guardrail(id).await.unwrap_err();
        assert_silent(&error);
        assert!(error.call().path().ends_with("***"), "{error}");
    }
    log.lines().iter().for_each(|line| assert_clean(line));
}

#[tokio::test]
async fn a_success_is_logged_without_the_key() {
    let log = Log::capture();
    let answer = guardrail("g").replace("of g", &KEY.replace('"', "\\\""));
    let server = Server::always(Reply::json(200, answer)).await;
    let read = client(&server).get_guardrail("g").await.unwrap();
    assert_eq!(read.name(), KEY, "what was asked for is not touched");
    log.lines().iter().for_each(|line| assert_clean(line));
}

#[tokio::test]
async fn a_field_of_another_type_is_reported_without_what_it_holds() {
    let text = serde_json::to_string(KEY).unwrap();
    for body in [
        format!(r#"{{"data":{text}}}"#),
        format!(r#"{{"data":[{{"id":"m","canonical_slug":[{text}]}}]}}"#),
    ] {
        let server = Server::always(Reply::json(200, body)).await;
        assert_silent(&client(&server).models().await.unwrap_err());
    }
}

/// Guardrails whose ids look like keys and whose names are the key, several of which could be the one that was asked for.
#[tokio::test]
async fn an_id_that_looks_like_a_key_is_masked() {
    let log = Log::capture();
    let created = httpdate::fmt_http_date(std::time::SystemTime::now());
    let key = KEY.replace('"', "\\\"");
    let row = |index: usize| {
        format!(
            r#"{{"id":"sk-or-v1-0123456789abcdef{index}","name":"{key}","created_at":"{created}"}}"#
        )
    };
    let rows = (0..20).map(row).collect::<Vec<_>>().join(",");
    let server = Server::start(move |seen| match seen.method.as_str() {
        "POST" => Reply::json(503, ""),
        _ => Reply::json(200, format!(r#"{{"data":[{rows}],"total_count":20}}"#)),
    })
    .await;
    let same = |_: &Guardrail, _: Option<&ModelCatalog>| Some(true);
    let error = client(&server).create_guardrail(&object("{}"), &same).await.unwrap_err();
    assert!(
        matches!(error, Error::Ambiguous { .. }) && error.to_string().ends_with("10 more"),
        "{error}"
    );
    assert_silent(&error);
    log.lines().iter().for_each(|line| assert_clean(line));
}

#[tokio::test]
async fn debug_shows_no_key() {
    let server = Server::always(Reply::json(200, "{}")).await;
    assert_clean(&format!("{:?} {:?}", config(&server.url()), client(&server)));
}
