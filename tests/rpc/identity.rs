//! Identities, lists and generated configuration through the protocol, as Terraform 1.12 and later use them.

use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options};
use serde_json::json;
use terraform_provider_openrouter::cty::{Type, Value, msgpack};
use terraform_provider_openrouter::pb::tfplugin5 as pb;

use crate::harness::Provider;
use crate::session::{GUARDRAIL, Session, encode, null, object, refused, strings};

fn mock() -> Mock {
    Mock::start(Options::default()).unwrap()
}

fn identity_type() -> Type {
    Type::object([("id".to_owned(), Type::String)])
}

fn identity(id: Value) -> pb::ResourceIdentityData {
    let value = Value::object([("id", id)]);
    pb::ResourceIdentityData { identity_data: Some(encode(&value, &identity_type())) }
}

#[track_caller]
fn id_in(identity: Option<&pb::ResourceIdentityData>) -> Value {
    let data = identity.expect("there is an identity").identity_data.as_ref().unwrap();
    msgpack::decode(&data.msgpack, &identity_type()).unwrap().attribute("id").clone()
}

#[tokio::test]
async fn it_is_in_every_response_about_an_object() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let config = session.guardrail(&[("name", "ci".into())]);
    let plan = session.plan(None, config.clone(), b"").await;
    assert!(plan.planned_identity.is_none(), "Terraform 1.15 cannot show one that is unknown");
    let created = session.apply(None, config, plan).await;
    let state = created.new_state.unwrap();
    let id = session.decoded(Some(&state)).attribute("id").clone();
    assert_eq!(id_in(created.new_identity.as_ref()), id);

    let read = session.read(state.clone(), &created.private).await;
    assert_eq!(id_in(read.new_identity.as_ref()), id);
    let renamed = session.guardrail(&[("name", "renamed".into())]);
    let plan = session.plan(Some(state.clone()), renamed.clone(), &created.private).await;
    assert_eq!(id_in(plan.planned_identity.as_ref()), id);
    let fault = Fault::on("PATCH", "/guardrails/{id}", Action::status(400));
    mock.add_fault(fault).unwrap();
    let failed = session.apply(Some(state.clone()), renamed, plan).await;
    refused(&failed.diagnostics, &["400"]);
    assert_eq!(id_in(failed.new_identity.as_ref()), id, "an update that failed keeps it");

    mock.delete_guardrail(id.as_str().unwrap()).unwrap();
    let gone = session.read(state, b"").await;
    assert!(gone.new_identity.is_none() && gone.diagnostics.is_empty());
}

async fn import(
    session: &mut Session,
    id: &str,
    identity: Option<pb::ResourceIdentityData>,
) -> pb::import_resource_state::Response {
    let request = pb::import_resource_state::Request {
        type_name: GUARDRAIL.to_owned(),
        id: id.to_owned(),
        identity,
        ..Default::default()
    };
    session.client.import_resource_state(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_object_is_imported_by_it_and_by_id() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    let made = mock.create_guardrail(json!({ "name": "ci" })).unwrap();
    let id = made["id"].as_str().unwrap();
    for (text, given) in [("", Some(identity(id.into()))), (id, None)] {
        let imported = import(&mut session, text, given).await;
        assert_eq!(imported.diagnostics, []);
        let one = &imported.imported_resources[0];
        assert_eq!(id_in(one.identity.as_ref()), Value::from(id));
    }
    for nothing in [Value::Null, "".into()] {
        let given = import(&mut session, "", Some(identity(nothing))).await;
        refused(&given.diagnostics, &["The attribute `id` of the identity is null or empty"]);
    }
    let empty = pb::ResourceIdentityData { identity_data: Some(null()) };
    refused(
        &import(&mut session, "", Some(empty)).await.diagnostics,
        &["The attribute `id` of the identity is null or empty"],
    );
}

/// Core asks when a state has no identity yet, and for one of an older version, of which there is none.
#[tokio::test]
async fn there_is_nothing_to_upgrade() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let request = pb::upgrade_resource_identity::Request {
        type_name: GUARDRAIL.to_owned(),
        ..Default::default()
    };
    let upgraded = session.client.upgrade_resource_identity(request).await.unwrap().into_inner();
    assert!(upgraded.upgraded_identity.is_none() && upgraded.diagnostics.is_empty());

    for (version, is_known) in [(0, true), (1, false)] {
        let raw = pb::RawState { json: br#"{"id":"g"}"#.to_vec(), ..Default::default() };
        let request = pb::upgrade_resource_identity::Request {
            type_name: GUARDRAIL.to_owned(),
            version,
            raw_identity: Some(raw),
        };
        let upgraded =
            session.client.upgrade_resource_identity(request).await.unwrap().into_inner();
        if is_known {
            assert_eq!(id_in(upgraded.upgraded_identity.as_ref()), Value::from("g"));
        } else {
            refused(&upgraded.diagnostics, &["has version 1"]);
        }
    }
}

async fn list(session: &mut Session, type_name: &str, limit: i64) -> Vec<pb::list_resource::Event> {
    let ty = Type::object([("workspace_id".to_owned(), Type::String)]);
    let request = pb::list_resource::Request {
        type_name: type_name.to_owned(),
        config: Some(encode(&object(&ty, &[]), &ty)),
        include_resource_object: true,
        limit,
    };
    let mut stream = session.client.list_resource(request).await.unwrap().into_inner();
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn a_list_streams_objects_up_to_its_limit_and_errors_as_events() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    for index in 0..130 {
        mock.create_guardrail(json!({ "name": format!("g\n\u{202e}{index}") })).unwrap();
    }
    for (limit, expected, requests) in [(0, 130, 3), (130, 130, 2), (7, 7, 1)] {
        mock.reset();
        let events = list(&mut session, GUARDRAIL, limit).await;
        assert_eq!(events.len(), expected);
        assert_eq!(mock.count("GET", "/guardrails"), requests, "{limit}");
        for event in events {
            assert!(event.diagnostic.is_empty() && event.display_name.ends_with(" (Default)"));
            assert!(event.display_name.starts_with("g  "), "on one line: {:?}", event.display_name);
            let object = session.decoded(event.resource_object.as_ref());
            assert_eq!(id_in(event.identity.as_ref()), *object.attribute("id"));
        }
    }
    mock.add_fault(Fault::on("GET", "/guardrails", Action::status(400)).forever()).unwrap();
    let events = list(&mut session, GUARDRAIL, 0).await;
    assert_eq!(events.len(), 1);
    refused(&events[0].diagnostic, &["list the guardrails of workspace"]);
    let events = list(&mut session, "openrouter_nothing", 0).await;
    refused(&events[0].diagnostic, &["has no list resource type `openrouter_nothing`"]);
}

/// A host that has enough leaves, and nothing more is requested.
#[tokio::test]
async fn a_list_that_is_cancelled_ends() {
    let (provider, mock) = (Provider::start().await, mock());
    let mut session = Session::configured(&provider, &mock).await;
    for index in 0..450 {
        mock.create_guardrail(json!({ "name": format!("g{index}") })).unwrap();
    }
    mock.reset();
    let page = Duration::from_millis(300);
    mock.set_latency(page);
    let ty = Type::object([("workspace_id".to_owned(), Type::String)]);
    let request = pb::list_resource::Request {
        type_name: GUARDRAIL.to_owned(),
        config: Some(encode(&object(&ty, &[]), &ty)),
        include_resource_object: false,
        limit: 0,
    };
    let mut stream = session.client.list_resource(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().unwrap().resource_object.is_none());
    drop(stream);
    tokio::time::sleep(page * 6).await;
    let pages = mock.count("GET", "/guardrails");
    assert!(pages <= 3, "{pages} of 5 pages");
}

#[tokio::test]
async fn generated_configuration_has_only_what_is_needed() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let builtin = |label: Value| {
        Value::List(vec![Value::object([
            ("slug", "email".into()),
            ("action", "block".into()),
            ("scan_scope", Value::Null),
            ("label", label),
        ])])
    };
    let state = session.guardrail(&[
        ("id", "g".into()),
        ("name", "ci".into()),
        ("description", "".into()),
        ("include_byok_in_budgets", false.into()),
        ("enforce_zdr", true.into()),
        ("enforce_zdr_xai", true.into()),
        ("allowed_models", strings(&["a"])),
        ("content_filters", Value::List(vec![])),
        ("content_filter_builtins", builtin("[EMAIL]".into())),
        ("created_at", "t".into()),
    ]);
    let expected = object(
        &session.guardrail,
        &[
            ("name", "ci".into()),
            ("enforce_zdr_xai", true.into()),
            ("allowed_models", strings(&["a"])),
            ("content_filter_builtins", builtin(Value::Null)),
        ],
    );
    for (state, expected) in [(state, expected), (null(), Value::Null)] {
        let request = pb::generate_resource_config::Request {
            type_name: GUARDRAIL.to_owned(),
            state: Some(state),
        };
        let generated =
            session.client.generate_resource_config(request).await.unwrap().into_inner();
        assert_eq!(generated.diagnostics, []);
        assert_eq!(session.decoded(generated.config.as_ref()), expected);
    }
}
