//! A create that is answered with another guardrail's body, as a cache or a proxy in between can
//! do: what was made is looked for, and nobody else's guardrail is taken for it.

use mock_openrouter::{Action, Document, Fault, Mock, When};
use serde_json::{Value, json};
use terraform_provider_openrouter::client::{Client, Created, Error, Guardrail, ModelCatalog};
use time::OffsetDateTime;

use crate::creation::{ids, start};
use crate::server::{Reply, Server};
use crate::{DIFFERENT, object};

/// What is asked for.
fn wanted() -> Value {
    json!({ "name": "ci", "description": "ours" })
}

const IS_WANTED: fn(&Guardrail, Option<&ModelCatalog>) -> Option<bool> = |found, _| {
    Some(
        wanted()
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, value)| found.fields().get(name) == Some(value)),
    )
};

async fn create(client: &Client) -> Result<Created, Error> {
    client.create_guardrail(&object(&wanted().to_string()), &IS_WANTED).await
}

/// The next create is answered with this guardrail, whether or not it gets as far as the API.
fn answer_create_with(mock: &Mock, guardrail: &Value, after_work: bool) {
    let body = json!({ "data": guardrail }).to_string();
    let replace_body = Document { content_type: "application/json".to_owned(), body };
    let action = Action::ReplaceBody { replace_body, status: Some(201), after_work };
    mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
}

/// A guardrail that was there before.
fn older(mock: &Mock, fields: Value) -> Value {
    let mut made = mock.create_guardrail(fields).unwrap();
    made["created_at"] = json!("2026-01-02T03:04:05.678Z");
    made
}

#[tokio::test]
async fn what_was_made_is_found_behind_a_response_about_another() {
    for fields in
        [json!({ "name": "other" }), json!({ "name": "ci", "description": "theirs" }), wanted()]
    {
        for after_work in [true, false] {
            let (mock, client) = start();
            let before = older(&mock, fields.clone());
            if fields == wanted() {
                // Else the mock would still say that it was made just now.
                mock.delete_guardrail(before["id"].as_str().unwrap()).unwrap();
            }
            answer_create_with(&mock, &before, after_work);
            assert_is_new(&mock, &create(&client).await.unwrap(), &before, after_work);
        }
    }
}

/// Nothing but the id tells it from what is asked for.
#[tokio::test]
async fn a_guardrail_that_was_known_before_is_never_adopted() {
    for known_by in ["get", "list", "update", "delete"] {
        for after_work in [true, false] {
            let (mock, client) = start();
            let before = mock.create_guardrail(wanted()).unwrap();
            let id = before["id"].as_str().unwrap();
            match known_by {
                "get" => drop(client.get_guardrail(id).await.unwrap()),
                "list" => drop(client.list_guardrails(None).await.unwrap()),
                "update" => drop(client.update_guardrail(id, &object("{}")).await.unwrap()),
                _ => client.delete_guardrail(id).await.unwrap(),
            }
            answer_create_with(&mock, &before, after_work);
            assert_is_new(&mock, &create(&client).await.unwrap(), &before, after_work);
        }
    }
}

/// The response is lost, so that what was made is looked for among all that is there.
#[tokio::test]
async fn a_guardrail_that_was_known_before_is_no_candidate() {
    for when in [When::After, When::Before] {
        let (mock, client) = start();
        let before = mock.create_guardrail(wanted()).unwrap();
        client.get_guardrail(before["id"].as_str().unwrap()).await.unwrap();
        mock.add_fault(Fault::on("POST", "/guardrails", Action::dropped(when))).unwrap();
        let is_made = when == When::After;
        assert_is_new(&mock, &create(&client).await.unwrap(), &before, is_made);
    }
}

/// The one guardrail that was made is the one that was created, by one request where that has
/// worked.
#[track_caller]
fn assert_is_new(mock: &Mock, created: &Created, before: &Value, after_work: bool) {
    let new: Vec<_> = ids(mock).into_iter().filter(|id| before["id"] != json!(id)).collect();
    assert_eq!(new, [created.guardrail.id()], "{before}, {after_work}");
    assert_eq!(created.guardrail.fields().get("description"), Some(&json!("ours")));
    assert_eq!(mock.count("POST", "/guardrails"), if after_work { 1 } else { 2 });
}

/// A server whose `Date` is so many seconds ahead of ours, and which has made a guardrail at a
/// moment that is so many ahead. The POST gets this status.
async fn create_at(status: u16, date: i64, created: i64) -> (Result<Created, Error>, usize) {
    let shifted = |by| OffsetDateTime::now_utc() + time::Duration::seconds(by);
    let (date, created) = (httpdate::fmt_http_date(shifted(date).into()), shifted(created));
    let (day, (hour, minute, second)) = (created.date(), created.to_hms());
    let row = format!(
        r#"{{"id":"new","name":"ci","description":"ours",
            "created_at":"{day}T{hour:02}:{minute:02}:{second:02}Z"}}"#
    );
    let server = Server::start(move |seen| {
        let is_list = seen.method == "GET";
        let body = if is_list { format!("[{row}]") } else { row.clone() };
        let body = format!(r#"{{"data":{body},"total_count":1}}"#);
        Reply::with_headers(if is_list { 200 } else { status }, &[("Date", &date)], body)
    })
    .await;
    let created = create(&crate::client(&server)).await;
    (created, server.seen().iter().filter(|seen| seen.method == "POST").count())
}

#[tokio::test]
async fn a_response_is_old_only_by_both_clocks() {
    for (date, created) in [(60, 0), (0, -60), (-60, -60), (7200, 7200)] {
        let (outcome, posts) = create_at(201, date, created).await;
        let is_old = (date, created) == (0, -60);
        assert_eq!((outcome.is_err(), posts), (is_old, 1), "{date} {created}: {outcome:?}");
    }
}

#[tokio::test]
async fn what_is_new_by_one_clock_only_is_neither_adopted_nor_ignored() {
    for (date, created, expected) in
        [(60, 0, "ambiguous"), (-60, -60, "ambiguous"), (7200, 7200, "new"), (0, -60, "old")]
    {
        let (outcome, posts) = create_at(503, date, created).await;
        let found = match &outcome {
            Ok(created) if created.guardrail.id() == "new" => "new",
            Err(Error::Ambiguous { ids, .. }) if ids == &["new"] => "ambiguous",
            Err(Error::Status { status: 503, .. }) => "old",
            other => panic!("{other:?}"),
        };
        assert_eq!((found, posts), (expected, 1), "{date} {created}");
    }
}

#[tokio::test]
async fn an_answer_that_is_repeated_stops_it() {
    let (mock, client) = start();
    let before = older(&mock, json!({ "name": "other" }));
    for _ in 0..3 {
        answer_create_with(&mock, &before, false);
    }
    let error = create(&client).await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains(before["id"].as_str().unwrap()) && told.contains("\"other\""), "{told}");
    assert_eq!((ids(&mock).len(), mock.count("POST", "/guardrails")), (1, 3));
}

/// The API may change what it was sent. It is the same guardrail, and the caller tells of the
/// difference.
#[tokio::test]
async fn a_field_that_the_service_changes_makes_no_other_guardrail() {
    let (mock, client) = start();
    let created =
        client.create_guardrail(&object(&wanted().to_string()), &DIFFERENT).await.unwrap();
    assert_eq!(ids(&mock), [created.guardrail.id()]);
    assert_eq!((mock.count("POST", "/guardrails"), mock.count("GET", "/guardrails")), (1, 1));
}
