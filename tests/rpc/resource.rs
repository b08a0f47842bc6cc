//! A guardrail through the protocol: what Terraform gives, what must come back, and the bytes that only travel along.

use std::collections::HashMap;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::json;
use terraform_provider_openrouter::cty::{Number, Value};
use terraform_provider_openrouter::pb::tfplugin5 as pb;

use crate::harness::Provider;
#[cfg(unix)]
use crate::harness::{TIMEOUT, signal_to};
use crate::session::{GUARDRAIL, Session, null, object, refused, strings};

fn mock() -> Mock {
    Mock::start(Options::default()).unwrap()
}

/// Another provider's private bytes.
const FOREIGN: &[u8] = br#"{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":60}}"#;

async fn upgrade(
    session: &mut Session,
    state: pb::RawState,
) -> pb::upgrade_resource_state::Response {
    let request = pb::upgrade_resource_state::Request {
        type_name: GUARDRAIL.to_owned(),
        version: 0,
        raw_state: Some(state),
    };
    session.client.upgrade_resource_state(request).await.unwrap().into_inner()
}

fn stored(state: &str) -> pb::RawState {
    pb::RawState { json: state.as_bytes().to_vec(), ..Default::default() }
}

#[tokio::test]
async fn stored_state_is_read_whatever_has_come_and_gone() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let state = r#"{
        "id": "g", "name": "ci", "limit_usd": 0.1, "gone": {"a": [1, {}]}, "created_at": null,
        "allowed_models": ["b", "a"], "content_filters": [{"action": "block", "pattern": "x", "gone": true}]
    }"#;
    let upgraded = upgrade(&mut session, stored(state)).await;
    assert_eq!(upgraded.diagnostics, []);
    let filter = Value::object([
        ("action", "block".into()),
        ("pattern", "x".into()),
        ("label", Value::Null),
    ]);
    let expected = object(
        &session.guardrail,
        &[
            ("id", "g".into()),
            ("name", "ci".into()),
            ("limit_usd", Number::parse("0.1").unwrap().into()),
            ("allowed_models", strings(&["a", "b"])),
            ("content_filters", Value::List(vec![filter])),
        ],
    );
    assert_eq!(session.decoded(upgraded.upgraded_state.as_ref()), expected);
}

#[tokio::test]
async fn state_that_cannot_be_read_is_a_diagnostic() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    for state in
        [" ", "{", "[]", r#"{"name": {}}"#, r#"{"limit_usd": "many"}"#, r#"{"allowed_models": 1}"#]
    {
        let upgraded = upgrade(&mut session, stored(state)).await;
        refused(&upgraded.diagnostics, &["The stored state cannot be read", "If another provider"]);
    }
    let flatmap = HashMap::from([("id".to_owned(), "g".to_owned())]);
    let upgraded = upgrade(&mut session, pb::RawState { flatmap, ..Default::default() }).await;
    refused(&upgraded.diagnostics, &["Terraform 0.11 or earlier", "0.13"]);
}

#[tokio::test]
async fn an_unknown_in_the_configuration_stays_unknown_in_the_plan() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let config = session.guardrail(&[
        ("name", Value::UNKNOWN),
        ("allowed_models", Value::UNKNOWN),
        ("limit_usd", Value::UNKNOWN),
        ("reset_interval", "daily".into()),
        ("workspace_id", Value::UNKNOWN),
        ("enforce_zdr", Value::UNKNOWN),
    ]);
    let plan = session.plan(None, config, b"").await;
    assert_eq!(plan.diagnostics, []);
    let planned = session.decoded(plan.planned_state.as_ref());
    for name in [
        "name",
        "allowed_models",
        "limit_usd",
        "workspace_id",
        "enforce_zdr",
        "enforce_zdr_xai",
        "id",
        "created_at",
    ] {
        assert!(planned.attribute(name).is_unknown(), "{name}");
    }
    for name in ["description", "content_filters", "ignored_models", "enable_paid_model_training"] {
        assert!(planned.attribute(name).is_null(), "{name}");
    }
    assert_eq!(planned.attribute("reset_interval"), &"daily".into());
    assert_eq!(planned.attribute("include_byok_in_budgets"), &false.into());
    assert_eq!(mock.log().total, 0);
}

/// Creates a guardrail and gives its state and private bytes.
async fn created(
    session: &mut Session,
    attributes: &[(&str, Value)],
) -> (pb::DynamicValue, Vec<u8>) {
    let config = session.guardrail(attributes);
    let plan = session.plan(None, config.clone(), b"").await;
    assert_eq!((&plan.diagnostics, &plan.requires_replace), (&vec![], &vec![]));
    let applied = session.apply(None, config, plan).await;
    assert_eq!(applied.diagnostics, []);
    (applied.new_state.unwrap(), applied.private)
}

#[tokio::test]
async fn a_plan_passes_the_private_bytes_on_and_a_read_gives_them_back() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let models = strings(&["openai/gpt-5"]);
    let (state, private) =
        created(&mut session, &[("name", "ci".into()), ("allowed_models", models.clone())]).await;
    assert!(!private.is_empty(), "it remembers the canonical names");
    let read = session.read(state.clone(), &private).await;
    assert_eq!((read.diagnostics, &read.private), (vec![], &private));
    assert_eq!(session.decoded(read.new_state.as_ref()), session.decoded(Some(&state)));

    for bytes in [&private[..], FOREIGN, b"\xff\x00", b""] {
        let config =
            session.guardrail(&[("name", "other".into()), ("allowed_models", models.clone())]);
        let plan = session.plan(Some(state.clone()), config, bytes).await;
        // Bytes that are not empty tell the second call for a replacement from the plan of a create.
        let passed_on = if bytes.is_empty() { &br#"{"canonical":{}}"#[..] } else { bytes };
        assert_eq!((plan.diagnostics, &plan.planned_private[..]), (vec![], passed_on));
        // Without bytes of its own it asks the API, and comes to the same end.
        let read = session.read(state.clone(), bytes).await;
        assert_eq!((read.diagnostics, read.private), (vec![], private.clone()));
        assert_eq!(session.decoded(read.new_state.as_ref()), session.decoded(Some(&state)));
    }
}

#[tokio::test]
async fn an_update_keeps_what_does_not_change_known() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let (state, private) = created(&mut session, &[("name", "ci".into())]).await;
    let prior = session.decoded(Some(&state));

    // Core proposes the prior value of what is computed and not configured.
    let same = session
        .plan(Some(state.clone()), session.guardrail(&[("name", "ci".into())]), &private)
        .await;
    assert_eq!(session.decoded(same.planned_state.as_ref()), prior);

    let config = session.guardrail(&[("name", "renamed".into())]);
    let plan = session.plan(Some(state.clone()), config, &private).await;
    assert_eq!(plan.requires_replace, []);
    let planned = session.decoded(plan.planned_state.as_ref());
    for name in ["id", "created_at", "workspace_id"] {
        assert_eq!(planned.attribute(name), prior.attribute(name));
    }
    assert!(planned.attribute("updated_at").is_unknown());

    let moved = session.guardrail(&[
        ("name", "ci".into()),
        ("workspace_id", mock.production_workspace_id().into()),
    ]);
    let plan = session.plan(Some(state), moved, &private).await;
    let step = pb::attribute_path::step::Selector::AttributeName("workspace_id".to_owned());
    let path = pb::AttributePath { steps: vec![pb::attribute_path::Step { selector: Some(step) }] };
    assert_eq!(plan.requires_replace, [path]);
}

/// Core would drop the object, or its private bytes, with an answer that has neither.
#[tokio::test]
async fn a_failed_update_gives_back_what_it_was_given() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let models = ("allowed_models", strings(&["openai/gpt-5"]));
    let (state, private) = created(&mut session, &[("name", "ci".into()), models.clone()]).await;
    mock.add_fault(Fault::on("PATCH", "/guardrails/{id}", Action::status(400)).forever()).unwrap();
    let config = session.guardrail(&[("name", "renamed".into()), models]);
    let plan = session.plan(Some(state.clone()), config.clone(), &private).await;
    let applied = session.apply(Some(state.clone()), config, plan).await;
    refused(&applied.diagnostics, &["Could not update guardrail \"ci\"", "returned 400"]);
    assert_eq!((applied.new_state, applied.private), (Some(state), private));
}

/// With a state beside the error, core would taint it, and the next apply would delete and make it again.
#[tokio::test]
async fn a_failed_create_comes_without_state() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    mock.add_fault(Fault::on("POST", "/guardrails", Action::status(400)).forever()).unwrap();
    let config = session.guardrail(&[("name", "ci".into())]);
    let plan = session.plan(None, config.clone(), b"").await;
    let applied = session.apply(None, config, plan).await;
    refused(&applied.diagnostics, &["Could not create guardrail \"ci\"", "returned 400"]);
    assert!(applied.new_state.is_none_or(|state| state.msgpack.is_empty() || state == null()));
}

/// A CI system that cancels a job signals all of it; Terraform then waits for what it has begun, to save it.
#[cfg(unix)]
#[tokio::test]
async fn a_create_under_way_is_answered_after_a_signal_to_end() {
    const SIGTERM: i32 = 15;
    let (mut provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let slow = Action::slow(Duration::from_millis(500), When::Before);
    mock.add_fault(Fault::on("POST", "/guardrails", slow)).unwrap();
    let config = session.guardrail(&[("name", "ci".into())]);
    let plan = session.plan(None, config.clone(), b"").await;
    let process = provider.process.child.id().unwrap();
    let signalled = tokio::task::spawn_blocking(move || {
        assert!(mock.wait_until(TIMEOUT, |mock| mock.log().in_flight > 0));
        signal_to(process, SIGTERM);
        mock
    });
    let applied = session.apply(None, config, plan).await;
    assert_eq!(applied.diagnostics, []);
    let id =
        session.decoded(applied.new_state.as_ref()).attribute("id").as_str().map(str::to_owned);
    let held = signalled.await.unwrap().guardrails();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["id"].as_str(), id.as_deref());
    assert!(provider.process.end().await.0.success());
}

#[tokio::test]
async fn a_read_tells_what_is_gone_from_what_cannot_be_seen() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let (state, private) = created(&mut session, &[("name", "ci".into())]).await;
    mock.add_fault(Fault::on("GET", "/guardrails/{id}", Action::status(403))).unwrap();
    let read = session.read(state.clone(), &private).await;
    refused(&read.diagnostics, &["Could not read guardrail \"ci\"", "returned 403"]);

    let id = session.decoded(Some(&state)).attribute("id").as_str().unwrap().to_owned();
    mock.delete_guardrail(&id).unwrap();
    let read = session.read(state, &private).await;
    assert_eq!(read.diagnostics, []);
    assert!(session.decoded(read.new_state.as_ref()).is_null());
}

#[tokio::test]
async fn an_import_is_complete_and_a_destroy_is_planned() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let made = mock
        .create_guardrail(json!({ "name": "a/b", "allowed_models": ["openai/gpt-5"] }))
        .unwrap();
    let id = format!("{}/a/b", mock.default_workspace_id());
    let request = pb::import_resource_state::Request {
        type_name: GUARDRAIL.to_owned(),
        id,
        ..Default::default()
    };
    let imported = session.client.import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(imported.diagnostics, []);
    let [only] = &imported.imported_resources[..] else { panic!("{imported:?}") };
    assert_eq!(only.type_name, GUARDRAIL);
    let state = session.decoded(only.state.as_ref());
    assert!(state.is_wholly_known());
    assert_eq!(state.attribute("id").as_str(), made["id"].as_str());

    let plan = session.plan(only.state.clone(), null(), &only.private).await;
    assert_eq!(plan.diagnostics, []);
    assert!(session.decoded(plan.planned_state.as_ref()).is_null());
    let applied = session.apply(only.state.clone(), null(), plan).await;
    assert_eq!(applied.diagnostics, []);
    assert!(session.decoded(applied.new_state.as_ref()).is_null() && mock.guardrails().is_empty());
}
