//! A guardrail is made exactly once, whatever becomes of the request and its answer.

use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::json;
use terraform_provider_openrouter::client::{
    ApiKey, BaseUrl, Client, Config, CreateRegistry, Created, Error, Guardrail, ModelCatalog,
    RetryPolicy,
};

use crate::{DIFFERENT, object};

const SHORT: Duration = Duration::from_millis(400);

/// How long is tried.
const BUDGET: Duration = Duration::from_secs(8);

pub(crate) fn start() -> (Mock, Client) {
    let mock = Mock::start(Options::default()).unwrap();
    let client = Client::new(config(&mock)).unwrap();
    (mock, client)
}

fn config(mock: &Mock) -> Config {
    crate::log::install();
    let key = ApiKey::new(mock.management_key()).unwrap();
    let retry = RetryPolicy {
        initial_interval: Duration::from_millis(20),
        max_elapsed_time: BUDGET,
        ..RetryPolicy::default()
    };
    let config = Config::new(key, BaseUrl::parse(mock.base_url()).unwrap(), "tests/1");
    Config { retry, timeout: SHORT, ..config }
}

fn is_named(name: &str) -> impl Fn(&Guardrail, Option<&ModelCatalog>) -> Option<bool> {
    move |found, _| Some(found.name() == name)
}

async fn create(client: &Client, name: &str) -> Result<Created, Error> {
    client.create_guardrail(&object(&format!(r#"{{"name":"{name}"}}"#)), &is_named(name)).await
}

fn fail(mock: &Mock, action: Action) {
    mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
}

pub(crate) fn ids(mock: &Mock) -> Vec<String> {
    mock.guardrails().iter().map(|held| held["id"].as_str().unwrap().to_owned()).collect()
}

/// Each create has a guardrail of its own, and there is no other.
#[track_caller]
fn assert_each_has_its_own(mock: &Mock, made: &[Created]) {
    let mut got: Vec<_> = made.iter().map(|created| created.guardrail.id().to_owned()).collect();
    let mut held = ids(mock);
    got.sort();
    held.sort();
    assert_eq!(got, held);
    assert!(made.iter().all(|created| created.duplicates.is_empty()), "{made:?}");
}

/// What can happen to a single create, done or not.
fn faults() -> Vec<(&'static str, Action)> {
    vec![
        ("lost before", Action::dropped(When::Before)),
        ("lost after", Action::dropped(When::After)),
        ("late, done at once", Action::slow(SHORT * 2, When::Before)),
        ("late, done late", Action::slow(SHORT * 2, When::After)),
        ("done after we gave up", Action::after_disconnect(SHORT * 4, Duration::from_millis(900))),
        ("429", Action::status(429)),
        ("500", Action::status(500)),
        ("502", Action::html(502, "<title>Bad gateway</title>", false)),
        ("503 after", Action::status_after_work(503)),
        ("cut", Action::truncated()),
        ("a page", Action::html(200, "<title>Sign in</title>", false)),
        ("a page after", Action::html(200, "<title>Sign in</title>", true)),
    ]
}

#[tokio::test]
async fn one_fault_of_any_kind_leaves_exactly_one() {
    let cases = faults().into_iter().map(|(what, action)| async move {
        let (mock, client) = start();
        mock.create_guardrail(json!({ "name": "older" })).unwrap();
        fail(&mock, action);
        let created = create(&client, "ci").await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(ids(&mock).len(), 2, "{what}");
        assert_eq!(ids(&mock)[1], created.guardrail.id(), "{what}");
        assert_eq!(created.duplicates, [""; 0], "{what}");
    });
    let cases: tokio::task::JoinSet<()> = cases.collect();
    cases.join_all().await;
}

/// What was there before cannot be ours, and neither can what has other fields.
#[tokio::test]
async fn only_what_the_lost_attempt_can_have_made_is_taken() {
    let (mock, client) = start();
    mock.create_guardrail(json!({ "name": "ci" })).unwrap();
    tokio::time::sleep(Duration::from_millis(2600)).await;
    mock.create_guardrail(json!({ "name": "other" })).unwrap();
    let older = ids(&mock);
    fail(&mock, Action::dropped(When::Before));
    let created = create(&client, "ci").await.unwrap();
    assert!(!older.contains(&created.guardrail.id().to_owned()));
    assert_eq!((ids(&mock).len(), mock.count("POST", "/guardrails")), (3, 2));
}

#[tokio::test]
async fn several_that_could_be_it_stop_the_search() {
    let (mock, client) = start();
    fail(&mock, Action::status_after_work(503));
    let foreign = async {
        while mock.count("POST", "/guardrails") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        mock.create_guardrail(json!({ "name": "ci" })).unwrap();
    };
    // The first look comes after it.
    mock.set_latency(Duration::from_millis(100));
    let (created, ()) = tokio::join!(create(&client, "ci"), foreign);
    let error = created.unwrap_err();
    let Error::Ambiguous { ids: named, .. } = &error else { panic!("{error}") };
    assert_eq!(*named, ids(&mock));
    assert!(
        error.to_string().contains(&named[0]) && error.to_string().contains("returned 503"),
        "{error}"
    );
}

/// The work of the first attempt comes after the settle time: nobody can know, but somebody is
/// told.
#[tokio::test]
async fn a_twin_that_comes_late_is_named() {
    let (mock, client) = start();
    fail(&mock, Action::dropped(When::Before));
    let late = async {
        while mock.guardrails().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        mock.create_guardrail(json!({ "name": "ci" })).unwrap();
    };
    let (created, ()) = tokio::join!(create(&client, "ci"), late);
    let created = created.unwrap();
    let twins: Vec<_> = ids(&mock).into_iter().filter(|id| id != created.guardrail.id()).collect();
    assert_eq!((created.duplicates, mock.guardrails().len()), (twins, 2));
}

/// The API has made it, but not as it was asked to: to send it again would make a second one.
#[tokio::test]
async fn a_namesake_with_other_fields_stops_the_search() {
    let (mock, client) = start();
    fail(&mock, Action::dropped(When::After));
    let error = client.create_guardrail(&object(r#"{"name":"ci"}"#), &DIFFERENT).await.unwrap_err();
    let Error::Ambiguous { ids: named, .. } = &error else { panic!("{error}") };
    assert_eq!((named, mock.count("POST", "/guardrails")), (&ids(&mock), 1));
}

/// All are lost after the work, and each gets its own.
#[tokio::test]
async fn one_name_in_two_workspaces_or_with_other_fields_is_two_guardrails() {
    let (mock, client) = start();
    let production = mock.production_workspace_id();
    let bodies = [
        json!({ "name": "ci", "description": "a" }),
        json!({ "name": "ci", "description": "b" }),
        json!({ "name": "ci", "description": "a", "workspace_id": production }),
    ];
    fail(&mock, Action::dropped(When::After));
    fail(&mock, Action::dropped(When::After));
    fail(&mock, Action::dropped(When::After));
    let creates = bodies.map(|body| {
        let client = client.clone();
        async move {
            let description = body["description"].clone();
            let same = move |found: &Guardrail, _: Option<&ModelCatalog>| {
                Some(found.fields().get("description") == Some(&description))
            };
            let created = client.create_guardrail(&object(&body.to_string()), &same).await.unwrap();
            assert_eq!(created.guardrail.fields().get("description"), Some(&body["description"]));
            created
        }
    });
    let made = creates.into_iter().collect::<tokio::task::JoinSet<_>>().join_all().await;
    assert_each_has_its_own(&mock, &made);
    assert_eq!(mock.count("POST", "/guardrails"), 3);
}

/// Half of them name the default workspace, half leave it out; so many of the answers are lost.
async fn default_by_two_names(each: usize, lost: usize) {
    let (mock, client) = start();
    let default = mock.default_workspace_id();
    for _ in 0..lost {
        fail(&mock, Action::dropped(When::After));
    }
    let bodies = [json!({ "name": "ci" }), json!({ "name": "ci", "workspace_id": default })];
    let creates = bodies.iter().cycle().take(2 * each).map(|body| {
        let (client, body) = (client.clone(), object(&body.to_string()));
        async move { client.create_guardrail(&body, &is_named("ci")).await.unwrap() }
    });
    let made = creates.collect::<tokio::task::JoinSet<Created>>().join_all().await;
    assert_each_has_its_own(&mock, &made);
    assert_eq!(mock.count("POST", "/guardrails"), 2 * each as u64);
}

#[tokio::test]
async fn the_default_workspace_is_one_by_whichever_name() {
    for (each, lost) in [(1, 2), (1, 1), (3, 4), (3, 6)] {
        default_by_two_names(each, lost).await;
    }
}

/// As two aliases have it that share a process under `--debug`.
#[tokio::test]
async fn clients_of_one_account_do_not_take_each_others() {
    let mock = Mock::start(Options::default()).unwrap();
    let accounts = CreateRegistry::default();
    let clients = [0, 1].map(|_| Client::of_account(config(&mock), &accounts).unwrap());
    for round in 1..=2 {
        fail(&mock, Action::dropped(When::After));
        fail(&mock, Action::dropped(When::After));
        let (one, other) = tokio::join!(create(&clients[0], "ci"), create(&clients[1], "ci"));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.guardrail.id(), other.guardrail.id());
        assert_eq!(
            (ids(&mock).len(), mock.count("POST", "/guardrails")),
            (2 * round, 2 * round as u64)
        );
    }
    // Of another account nothing is known.
    let stranger = Client::of_account(config(&mock), &CreateRegistry::default()).unwrap();
    fail(&mock, Action::dropped(When::After));
    fail(&mock, Action::dropped(When::After));
    let (one, other) = tokio::join!(create(&clients[0], "ci"), create(&stranger, "ci"));
    assert!(one.is_err() && other.is_err());
}

/// Its workspace is known from the answer.
#[tokio::test]
async fn what_was_created_need_not_be_asked_for() {
    let (mock, client) = start();
    let created = create(&client, "ci").await.unwrap();
    let workspace = client.workspace_of_guardrail(created.guardrail.id()).await.unwrap();
    assert_eq!(workspace, Some(mock.default_workspace_id()));
    assert_eq!(mock.log().total, 1);
}

/// Several creates of this client ask for the same thing, and each meets a fault of its own.
async fn twins(actions: &[Action]) {
    let (mock, client) = start();
    for action in actions {
        fail(&mock, action.clone());
    }
    let creates = (0..=actions.len()).map(|_| {
        let client = client.clone();
        async move { create(&client, "twin").await.unwrap() }
    });
    let creates: tokio::task::JoinSet<Created> = creates.collect();
    let made = creates.join_all().await;
    assert_each_has_its_own(&mock, &made);
}

#[tokio::test]
async fn twins_do_not_take_each_others() {
    let cases = [
        vec![Action::dropped(When::Before)],
        vec![Action::dropped(When::After)],
        vec![Action::dropped(When::Before), Action::dropped(When::After)],
        vec![Action::status_after_work(503), Action::status_after_work(503), Action::status(500)],
        vec![Action::slow(SHORT * 2, When::Before), Action::dropped(When::Before)],
        vec![
            Action::after_disconnect(SHORT * 4, Duration::from_millis(700)),
            Action::truncated(),
            Action::dropped(When::Before),
        ],
    ];
    let cases: tokio::task::JoinSet<()> =
        cases.into_iter().map(|actions| async move { twins(&actions).await }).collect();
    cases.join_all().await;
}

/// One after the other: the first one's guardrail is as young as the second one's would be.
#[tokio::test]
async fn a_twin_does_not_take_what_was_made_just_before() {
    for action in [Action::dropped(When::Before), Action::dropped(When::After)] {
        let (mock, client) = start();
        let first = create(&client, "twin").await.unwrap();
        fail(&mock, action);
        let second = create(&client, "twin").await.unwrap();
        assert_eq!(ids(&mock), [first.guardrail.id(), second.guardrail.id()]);
    }
}

#[tokio::test]
async fn where_it_cannot_be_looked_for_it_is_not_sent_again() {
    let (mock, client) = start();
    fail(&mock, Action::dropped(When::After));
    mock.add_fault(Fault::on("GET", "/guardrails", Action::status(403)).forever()).unwrap();
    let error = create(&client, "ci").await.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed { .. }), "{error}");
    assert!(error.to_string().contains("GET /guardrails returned 403"), "{error}");
    assert_eq!(mock.count("POST", "/guardrails"), 1);
}

#[tokio::test]
async fn faults_that_last_end_in_time_without_a_trace() {
    let actions = [Action::dropped(When::Before), Action::status(500), Action::status(429)];
    let cases = actions.map(|action| async move {
        let (mock, client) = start();
        mock.add_fault(Fault::on("POST", "/guardrails", action).forever()).unwrap();
        let error = create(&client, "ci").await.unwrap_err();
        assert!(matches!(error, Error::RetriesExhausted { .. }), "{error}");
        assert!(mock.guardrails().is_empty());
    });
    cases.into_iter().collect::<tokio::task::JoinSet<()>>().join_all().await;
}

/// A refusal ends it, also after an attempt that was lost.
#[tokio::test]
async fn a_refusal_is_final() {
    let (mock, client) = start();
    fail(&mock, Action::dropped(When::Before));
    fail(&mock, Action::status(400));
    let error = create(&client, "ci").await.unwrap_err();
    assert_eq!(error.status(), Some(400), "{error}");
    assert!(mock.guardrails().is_empty());
}

/// Whether a guardrail is the same can depend on the list of models.
#[tokio::test]
async fn the_models_are_asked_for_where_they_decide() {
    let (mock, client) = start();
    fail(&mock, Action::dropped(When::After));
    let same = |found: &Guardrail, catalog: Option<&ModelCatalog>| {
        catalog.map(|catalog| found.name() == "ci" && catalog.canonical("openai/gpt-5").is_some())
    };
    let created = client.create_guardrail(&object(r#"{"name":"ci"}"#), &same).await.unwrap();
    assert_eq!(ids(&mock), [created.guardrail.id()]);
    assert_eq!(mock.count("GET", "/models"), 1);
}
