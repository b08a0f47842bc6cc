//! Protocol 5 before there is anything to manage: schemas, configuration, and calls that make no sense.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mock_openrouter::{Mock, Options};
use terraform_provider_openrouter::cty::{Type, Value};
use terraform_provider_openrouter::pb::tfplugin5 as pb;

use crate::harness::{Provider, Start};
use crate::session::{GUARDRAIL, Session, place, refused, strings};

/// What users cannot call an attribute, because Terraform takes the name for something else.
const RESERVED: [&str; 9] = [
    "alias",
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
    "version",
];

/// Every block by the kind of thing it describes and its name.
fn blocks(response: pb::get_provider_schema::Response) -> BTreeMap<String, pb::schema::Block> {
    let named = |kind, schemas: HashMap<String, pb::Schema>| {
        schemas.into_iter().map(move |(name, schema)| (format!("{kind} {name}"), schema))
    };
    let all = named("resource", response.resource_schemas)
        .chain(named("data", response.data_source_schemas))
        .chain([("provider".to_owned(), response.provider.unwrap())]);
    all.map(|(name, schema)| (name, schema.block.unwrap())).collect()
}

fn is_a_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Core checks some of this only when an attribute is used, and some never.
#[tokio::test]
async fn the_schema_is_one_that_every_core_accepts() {
    let provider = Provider::start().await;
    let response =
        provider.client().await.get_schema(pb::get_provider_schema::Request {}).await.unwrap();
    let response = response.into_inner();
    assert_eq!(response.diagnostics, []);
    let capabilities = response.server_capabilities.unwrap();
    assert!(
        capabilities.plan_destroy
            && capabilities.get_provider_schema_optional
            && capabilities.move_resource_state
            && capabilities.generate_resource_config,
        "{capabilities:?}"
    );
    for (block, schema) in blocks(response) {
        assert!(schema.block_types.is_empty() && !schema.description.is_empty());
        for attribute in schema.attributes {
            let place = format!("{block}.{}", attribute.name);
            assert!(
                is_a_name(&attribute.name) && !RESERVED.contains(&attribute.name.as_str()),
                "{place}"
            );
            let flags = (attribute.required, attribute.optional, attribute.computed);
            let makes_sense =
                matches!(flags, (true, false, false) | (false, true, _) | (false, false, true));
            assert!(makes_sense, "{place}: {flags:?}");
            assert_eq!(attribute.deprecated, !attribute.deprecation_message.is_empty(), "{place}");
            assert!(attribute.description.ends_with('.') && !attribute.write_only, "{place}");
            assert_eq!(attribute.sensitive, attribute.name == "api_key", "{place}");
            assert_ne!(Type::from_json(&attribute.r#type), Ok(Type::Dynamic), "{place}");
        }
    }
}

#[tokio::test]
async fn what_else_there_is_to_know_agrees_with_the_schema() {
    let provider = Provider::start().await;
    let mut client = provider.client().await;
    let metadata = client.get_metadata(pb::get_metadata::Request {}).await.unwrap().into_inner();
    let schema = client.get_schema(pb::get_provider_schema::Request {}).await.unwrap().into_inner();
    let resources: BTreeSet<_> = metadata.resources.into_iter().map(|one| one.type_name).collect();
    assert_eq!(resources, schema.resource_schemas.into_keys().collect());
    let sources: BTreeSet<_> = metadata.data_sources.into_iter().map(|one| one.type_name).collect();
    assert_eq!(sources, schema.data_source_schemas.into_keys().collect());
    assert!(resources.contains(GUARDRAIL) && metadata.diagnostics.is_empty());
    let request = pb::get_resource_identity_schemas::Request {};
    let identities = client.get_resource_identity_schemas(request).await.unwrap().into_inner();
    assert_eq!(resources, identities.identity_schemas.into_keys().collect());
    let lists: BTreeSet<_> = metadata.list_resources.into_iter().map(|one| one.type_name).collect();
    assert_eq!(lists, schema.list_resource_schemas.into_keys().collect());
    assert!(lists.is_subset(&resources), "core wants a list's resource, and its identity");
    // Every guardrail could be an object of these: a query finds their assignments one by one.
    let unlisted: Vec<_> = resources.difference(&lists).map(String::as_str).collect();
    assert_eq!(
        unlisted,
        [
            "openrouter_guardrail_key_assignments_exclusive",
            "openrouter_guardrail_member_assignments_exclusive"
        ]
    );
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    let stopped = client.stop(pb::stop::Request {}).await.unwrap().into_inner();
    assert_eq!(stopped.error, "");
}

#[tokio::test]
async fn the_configuration_is_checked_and_given_back() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let good =
        session.settings(&[("api_key", "sk-or-mgmt-x".into()), ("timeout_ms", Value::UNKNOWN)]);
    let request = pb::prepare_provider_config::Request { config: Some(good.clone()) };
    let prepared = session.client.prepare_provider_config(request).await.unwrap().into_inner();
    assert_eq!((prepared.prepared_config, prepared.diagnostics), (Some(good), vec![]));

    let bad = session.settings(&[("server_url", "http://openrouter.ai".into())]);
    let request = pb::prepare_provider_config::Request { config: Some(bad) };
    let prepared = session.client.prepare_provider_config(request).await.unwrap().into_inner();
    refused(&prepared.diagnostics, &["must use https"]);
    assert_eq!(place(&prepared.diagnostics[0]), Some("server_url"));
}

#[tokio::test]
async fn nothing_is_done_before_the_configuration() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let (state, text) =
        (session.guardrail(&[("id", "x".into()), ("name", "x".into())]), "not configured");
    refused(&session.read(state.clone(), b"").await.diagnostics, &[text]);
    refused(&session.plan(None, state.clone(), b"").await.diagnostics, &[text]);
    let plan = pb::plan_resource_change::Response {
        planned_state: Some(state.clone()),
        ..Default::default()
    };
    refused(&session.apply(None, state, plan).await.diagnostics, &[text]);
    let request = pb::import_resource_state::Request {
        type_name: GUARDRAIL.to_owned(),
        ..Default::default()
    };
    let imported = session.client.import_resource_state(request).await.unwrap().into_inner();
    refused(&imported.diagnostics, &[text]);
}

/// The one line that says how a call went carries what identifies the call.
#[tokio::test]
async fn a_call_logs_one_line_at_debug() {
    let mut provider = Start::new().variable("TF_LOG", "debug").connectable().await;
    let mut session = Session::open(&provider).await;
    let state = session.guardrail(&[("id", "x".into()), ("name", "x".into())]);
    refused(&session.read(state, b"").await.diagnostics, &["not configured"]);
    drop(session);
    let stderr = provider.shutdown().await.1;
    let lines = stderr.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let about_the_call: Vec<_> = lines.filter(|line| line["tf_rpc"] == "ReadResource").collect();
    let [line] = &about_the_call[..] else { panic!("{stderr}") };
    assert_eq!((&line["@level"], &line["@message"]), (&"debug".into(), &"call".into()));
    assert_eq!((&line["tf_resource_type"], &line["errors"]), (&GUARDRAIL.into(), &"1".into()));
    assert!(line["duration_ms"].as_str().is_some_and(|text| text.parse::<u64>().is_ok()), "{line}");
}

#[tokio::test]
async fn without_a_key_configuring_fails_at_the_attribute() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let nothing = session.settings(&[]);
    let diagnostics = session.configure(nothing).await;
    refused(&diagnostics, &["OPENROUTER_MANAGEMENT_KEY", "OPENROUTER_API_KEY", "`api_key`"]);
    assert_eq!(place(&diagnostics[0]), Some("api_key"));
}

/// A configuration that is unknown stands in the way of calls, but not of plans that need none.
#[tokio::test]
async fn an_unknown_configuration_is_enough_for_the_plan_of_a_create() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let settings = session.settings(&[("api_key", Value::UNKNOWN), ("server_url", Value::UNKNOWN)]);
    assert_eq!(session.configure(settings).await, []);
    let config =
        session.guardrail(&[("name", "ci".into()), ("allowed_models", strings(&["openai/gpt-5"]))]);
    assert_eq!(session.plan(None, config.clone(), b"").await.diagnostics, []);
    let state = session.guardrail(&[("id", "x".into()), ("name", "ci".into())]);
    refused(
        &session.read(state, b"").await.diagnostics,
        &["`api_key`", "known only after an apply"],
    );
}

#[tokio::test]
async fn a_stop_is_answered_without_an_error_configured_or_not() {
    let provider = Provider::start().await;
    let mock = Mock::start(Options::default()).unwrap();
    let sessions = [Session::open(&provider).await, Session::configured(&provider, &mock).await];
    for mut session in sessions {
        for _ in 0..2 {
            let answer = session.client.stop(pb::stop::Request {}).await.unwrap().into_inner();
            assert_eq!(answer.error, "");
        }
    }
    assert!(provider.serves().await && mock.log().total == 0);
}

/// With `--debug`, aliases share the process.
#[tokio::test]
async fn each_connection_has_its_own_configuration() {
    let provider = Start::new().without_tls().connectable().await;
    let mocks = [(); 2].map(|()| Mock::start(Options::default()).unwrap());
    let mut first = Session::configured(&provider, &mocks[0]).await;
    let mut second = Session::configured(&provider, &mocks[1]).await;
    let mut third = Session::open(&provider).await;
    for (session, name) in [(&mut first, "one"), (&mut second, "two")] {
        let config = session.guardrail(&[("name", name.into())]);
        let plan = session.plan(None, config.clone(), b"").await;
        assert_eq!(session.apply(None, config, plan).await.diagnostics, []);
    }
    let held = mocks.each_ref().map(|mock| mock.guardrails()[0]["name"].clone());
    assert_eq!(held, ["one", "two"]);
    let state = third.guardrail(&[("id", "x".into()), ("name", "x".into())]);
    refused(&third.read(state, b"").await.diagnostics, &["not configured"]);
}

/// Sends a call about a kind of thing that does not exist, and expects its one diagnostic to name it.
macro_rules! unknown {
    ($client:ident, $($call:ident($message:ident, $field:ident)),* $(,)?) => {$({
        let request = pb::$message::Request { $field: "openrouter_nothing".to_owned(), ..Default::default() };
        let response = $client.$call(request).await.expect(stringify!($call)).into_inner();
        refused(&response.diagnostics, &["openrouter_nothing"]);
    })*};
}

#[tokio::test]
async fn unknown_kinds_are_named_in_a_diagnostic() {
    let provider = Provider::start().await;
    let mut client = provider.client().await;
    unknown!(
        client,
        validate_resource_type_config(validate_resource_type_config, type_name),
        upgrade_resource_state(upgrade_resource_state, type_name),
        read_resource(read_resource, type_name),
        plan_resource_change(plan_resource_change, type_name),
        apply_resource_change(apply_resource_change, type_name),
        import_resource_state(import_resource_state, type_name),
        move_resource_state(move_resource_state, target_type_name),
        generate_resource_config(generate_resource_config, type_name),
        validate_data_source_config(validate_data_source_config, type_name),
        read_data_source(read_data_source, type_name),
        validate_ephemeral_resource_config(validate_ephemeral_resource_config, type_name),
        open_ephemeral_resource(open_ephemeral_resource, type_name),
        renew_ephemeral_resource(renew_ephemeral_resource, type_name),
        close_ephemeral_resource(close_ephemeral_resource, type_name),
        validate_list_resource_config(validate_list_resource_config, type_name),
        validate_action_config(validate_action_config, action_type),
        plan_action(plan_action, action_type),
    );
    let request = pb::call_function::Request { name: "nothing".to_owned(), ..Default::default() };
    let called = client.call_function(request).await.unwrap().into_inner();
    assert!(called.error.unwrap().text.contains("`nothing`"));
    // Core asks this of types whose stored identity it does not know, and takes an error amiss.
    let request = pb::upgrade_resource_identity::Request {
        type_name: GUARDRAIL.to_owned(),
        ..Default::default()
    };
    let upgraded = client.upgrade_resource_identity(request).await.unwrap().into_inner();
    assert!(upgraded.upgraded_identity.is_none() && upgraded.diagnostics.is_empty());
    let request =
        pb::list_resource::Request { type_name: "nothing".to_owned(), ..Default::default() };
    let mut listed = client.list_resource(request).await.unwrap().into_inner();
    let event = listed.message().await.unwrap().unwrap();
    assert!(event.diagnostic[0].detail.contains("`nothing`"));
    assert_eq!(listed.message().await.unwrap(), None);
    let request =
        pb::invoke_action::Request { action_type: "nothing".to_owned(), ..Default::default() };
    let mut invoked = client.invoke_action(request).await.unwrap().into_inner();
    let Some(pb::invoke_action::event::Type::Completed(completed)) =
        invoked.message().await.unwrap().unwrap().r#type
    else {
        panic!("an action that does not exist ends at once")
    };
    assert!(completed.diagnostics[0].detail.contains("`nothing`"));
    assert_eq!(invoked.message().await.unwrap(), None);
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_a_diagnostic() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let msgpack = |bytes: &[u8]| pb::DynamicValue { msgpack: bytes.to_vec(), json: Vec::new() };
    let json =
        |text: &str| pb::DynamicValue { msgpack: Vec::new(), json: text.as_bytes().to_vec() };
    let nested = [vec![0x91; 100_000], vec![0xc0]].concat();
    for value in [
        msgpack(&[0xc1]),
        msgpack(&[0x80]),
        msgpack(&[0xdf, 0xff, 0xff, 0xff, 0xff]),
        msgpack(b"\x81\xa4name"),
        msgpack(&nested),
        json("{"),
        json("[]"),
        json(r#"{"name":{}}"#),
        json(&"[".repeat(100_000)),
    ] {
        let text = "Terraform sent a value that does not match the schema";
        refused(&session.validate(value.clone()).await, &[text]);
        refused(&session.configure(value.clone()).await, &[text]);
    }
    assert!(provider.serves().await);
}

/// gRPC's own limit is 4 MiB; a configuration may hold far more, and Terraform sets no limit.
#[tokio::test]
async fn a_message_of_20_mib_is_read_and_answered() {
    let provider = Provider::start().await;
    let mut session = Session::open(&provider).await;
    let pattern = "a".repeat(20 << 20);
    let filter = Value::object([
        ("action", "block".into()),
        ("pattern", pattern.into()),
        ("label", Value::Null),
    ]);
    let config =
        session.guardrail(&[("name", "ci".into()), ("content_filters", Value::List(vec![filter]))]);
    assert!(config.msgpack.len() > 20 << 20);
    let diagnostics = session.validate(config).await;
    assert_eq!(place(&diagnostics[0]), Some("content_filters"));
    refused(&diagnostics[..1], &["content_filters", "100000 characters", "20971520"]);

    // And as large an answer.
    let state = format!(r#"{{"name":"ci","description":"{}"}}"#, "b".repeat(20 << 20));
    let request = pb::upgrade_resource_state::Request {
        type_name: GUARDRAIL.to_owned(),
        raw_state: Some(pb::RawState { json: state.into_bytes(), ..Default::default() }),
        ..Default::default()
    };
    let upgraded = session.client.upgrade_resource_state(request).await.unwrap().into_inner();
    let state = session.decoded(upgraded.upgraded_state.as_ref());
    assert_eq!(state.attribute("description").as_str().map(str::len), Some(20 << 20));
}
