//! What becomes of calls when the client is told to stop.

use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, Mock, Options, When};
use terraform_provider_openrouter::client::{
    ApiKey, AssigneeKind, BaseUrl, Client, Config, Error, Guardrail, ModelCatalog, RowRange,
};

use crate::object;

/// Sooner than anything that a stop does not end at once: the waits here are of 20 seconds and more, the last writes of ten.
const AT_ONCE: Duration = Duration::from_secs(8);

const SAME: fn(&Guardrail, Option<&ModelCatalog>) -> Option<bool> = |_, _| Some(true);

fn start() -> (Mock, Client) {
    let mock = Mock::start(Options::default()).unwrap();
    crate::log::install();
    let key = ApiKey::new(mock.management_key()).unwrap();
    let client =
        Client::new(Config::new(key, BaseUrl::parse(mock.base_url()).unwrap(), "tests/1")).unwrap();
    (mock, client)
}

/// Begins a call, stops the client once the mock has seen so many requests, and gives the outcome and the time from the
/// stop to the end.
async fn stopped<T: Send + 'static>(
    mock: &Mock,
    client: &Client,
    requests: u64,
    call: impl Future<Output = T> + Send + 'static,
) -> (T, Duration) {
    let call = tokio::spawn(call);
    while mock.log().total < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.stop();
    let begun = Instant::now();
    (call.await.unwrap(), begun.elapsed())
}

fn fault(mock: &Mock, method: &str, template: &str, action: Action) {
    mock.add_fault(Fault::on(method, template, action)).unwrap();
}

#[tokio::test]
async fn a_read_ends_at_once() {
    let (mock, client) = start();
    fault(&mock, "GET", "/guardrails", Action::slow(Duration::from_secs(20), When::Before));
    let reading = client.clone();
    let read = async move { reading.list_guardrails(None).await };
    let (read, time) = stopped(&mock, &client, 1, read).await;
    let error = read.unwrap_err();
    assert!(
        matches!(error, Error::Stopped { sent: true, .. }) && time < AT_ONCE,
        "{error} after {time:?}"
    );
}

#[tokio::test]
async fn a_wait_ends_at_once() {
    let (mock, client) = start();
    fault(&mock, "GET", "/guardrails/{id}", Action::retry_after(30));
    let reading = client.clone();
    let read = async move { reading.get_guardrail("g").await };
    let (read, time) = stopped(&mock, &client, 1, read).await;
    let error = read.unwrap_err();
    assert!(error.status() == Some(429) && time < AT_ONCE, "{error} after {time:?}");
}

#[tokio::test]
async fn a_create_under_way_is_finished() {
    let (mock, client) = start();
    fault(&mock, "POST", "/guardrails", Action::slow(Duration::from_secs(2), When::After));
    let creating = client.clone();
    let create = async move { creating.create_guardrail(&object(r#"{"name":"ci"}"#), &SAME).await };
    let (created, _) = stopped(&mock, &client, 1, create).await;
    let id = created.unwrap().guardrail.id().to_owned();
    assert_eq!(mock.guardrails()[0]["id"], id);
}

/// Its fate is found out in what remains of the time.
#[tokio::test]
async fn a_create_that_gets_lost_after_the_stop_is_found() {
    let (mock, client) = start();
    fault(&mock, "POST", "/guardrails", Action::status_after_work(503));
    mock.set_latency(Duration::from_millis(1500));
    let creating = client.clone();
    let create = async move { creating.create_guardrail(&object(r#"{"name":"ci"}"#), &SAME).await };
    let (created, _) = stopped(&mock, &client, 1, create).await;
    assert_eq!(mock.guardrails()[0]["id"], created.unwrap().guardrail.id());
}

/// The work is done some time after the answer is lost, and whether it is ours depends on the models.
#[tokio::test]
async fn a_create_that_shows_late_after_the_stop_is_found() {
    let (mock, client) = start();
    fault(&mock, "POST", "/guardrails", Action::dropped(When::Before));
    mock.set_latency(Duration::from_millis(1500));
    let creating = client.clone();
    let create = async move {
        let same = |_: &Guardrail, models: Option<&ModelCatalog>| models.map(|_| true);
        creating.create_guardrail(&object(r#"{"name":"ci"}"#), &same).await
    };
    let late = async {
        while mock.count("GET", "/guardrails") == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        mock.set_latency(Duration::ZERO);
        tokio::time::sleep(Duration::from_millis(500)).await;
        mock.create_guardrail(serde_json::json!({ "name": "ci" })).unwrap();
    };
    let ((created, _), ()) = tokio::join!(stopped(&mock, &client, 1, create), late);
    assert_eq!(mock.guardrails()[0]["id"], created.unwrap().guardrail.id());
}

#[tokio::test]
async fn a_create_that_hangs_is_given_up_in_the_end() {
    let (mock, client) = start();
    fault(&mock, "POST", "/guardrails", Action::slow(Duration::from_secs(25), When::After));
    let creating = client.clone();
    let create = async move { creating.create_guardrail(&object(r#"{"name":"ci"}"#), &SAME).await };
    let (created, time) = stopped(&mock, &client, 1, create).await;
    assert!(created.unwrap_err().may_have_happened());
    assert!(time > Duration::from_secs(8) && time < Duration::from_secs(22), "{time:?}");
}

/// What waits for its first request is not begun, and what failed is not begun again.
#[tokio::test]
async fn nothing_is_begun_any_more() {
    let (mock, client) = start();
    fault(&mock, "POST", "/guardrails", Action::status(503));
    mock.set_latency(Duration::from_millis(1500));
    let creating = client.clone();
    let create = async move { creating.create_guardrail(&object(r#"{"name":"ci"}"#), &SAME).await };
    let (created, _) = stopped(&mock, &client, 1, create).await;
    assert_eq!(created.unwrap_err().status(), Some(503));
    assert_eq!(mock.count("POST", "/guardrails"), 1, "not sent again");

    let requests = mock.log().total;
    let body = object(r#"{"name":"late"}"#);
    let refused = [
        client.create_guardrail(&body, &SAME).await.unwrap_err(),
        client.update_guardrail("g", &body).await.unwrap_err(),
        client.delete_guardrail("g").await.unwrap_err(),
        client.assign(AssigneeKind::Key, "g", "k", "maker").await.unwrap_err(),
        client.unassign(AssigneeKind::Member, "g", "m", None).await.unwrap_err(),
        client.list_assignments(AssigneeKind::Key, None, RowRange::ALL).await.unwrap_err(),
        client.models().await.unwrap_err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Error::Stopped { sent: false, .. }) && !error.may_have_happened(),
            "{error}"
        );
        assert!(
            error.to_string().ends_with("was not sent, because the run was interrupted"),
            "{error}"
        );
    }
    assert_eq!(mock.log().total, requests);
}

/// Assignments that still wait for company are not sent.
#[tokio::test]
async fn a_request_that_is_filling_up_is_not_sent() {
    let (mock, client) = start();
    let assigns: tokio::task::JoinSet<_> = (0..40)
        .map(|number| {
            let client = client.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(10 * number)).await;
                client.assign(AssigneeKind::Key, "g", &format!("k{number}"), "maker").await
            }
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.stop();
    let begun = Instant::now();
    let outcomes = assigns.join_all().await;
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let unsent = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Error::Stopped { sent: false, .. })));
    assert!(unsent.count() >= 15);
    let _ = mock;
}
