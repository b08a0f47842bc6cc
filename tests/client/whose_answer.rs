//! A create that is answered with another guardrail's body, as a cache or a proxy in between can do: what was made is looked
//! for, and nobody else's guardrail is taken for it.

use mock_openrouter::{Action, Document, Fault, Mock};
use serde_json::{Value, json};
use terraform_provider_openrouter::client::{Client, Created, Error, Guardrail, ModelCatalog};

use crate::creation::{ids, start};
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

/// The next create is answered with this guardrail, whether or not it gets as far as the service.
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
async fn what_was_made_is_found_behind_an_answer_about_another() {
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
            let outcome = create(&client).await;
            let new: Vec<_> =
                ids(&mock).into_iter().filter(|id| before["id"] != json!(id)).collect();
            if fields == wanted() && !after_work {
                // Only its age tells it from ours, and clocks can be wrong: not sent again, not taken.
                let Err(Error::Ambiguous { ids: named, .. }) = outcome else {
                    panic!("{outcome:?}")
                };
                assert_eq!((json!(named), new), (json!([before["id"]]), vec![]));
                continue;
            }
            let created = outcome.unwrap_or_else(|error| panic!("{fields}, {after_work}: {error}"));
            assert_eq!(new, [created.guardrail.id()], "{fields}, {after_work}");
            assert_eq!(created.guardrail.fields().get("description"), Some(&json!("ours")));
            assert_eq!(mock.count("POST", "/guardrails"), if after_work { 1 } else { 2 });
        }
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

/// The service may change what it was sent. It is the same guardrail, and the caller tells of the difference.
#[tokio::test]
async fn a_field_that_the_service_changes_makes_no_other_guardrail() {
    let (mock, client) = start();
    let created =
        client.create_guardrail(&object(&wanted().to_string()), &DIFFERENT).await.unwrap();
    assert_eq!(ids(&mock), [created.guardrail.id()]);
    assert_eq!((mock.count("POST", "/guardrails"), mock.count("GET", "/guardrails")), (1, 1));
}

#[tokio::test]
async fn an_answer_as_it_should_be_costs_nothing_more() {
    let (mock, client) = start();
    create(&client).await.unwrap();
    assert_eq!(mock.log().total, 1);
}
