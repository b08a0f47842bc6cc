//! Functions through the protocol: before any configuration, with arguments in every form.

use terraform_provider_openrouter::cty::{Type, Value, msgpack};
use terraform_provider_openrouter::pb::tfplugin5::provider_client::ProviderClient;
use terraform_provider_openrouter::pb::tfplugin5::{self as pb, DynamicValue};
use tonic::transport::Channel;

use crate::harness::Provider;
use crate::session::{encode, null};

const MATCHES: &str = "content_filter_matches";
const APPLY: &str = "apply_content_filters";

struct Calls {
    client: ProviderClient<Channel>,
}

impl Calls {
    async fn start(provider: &Provider) -> Self {
        Self { client: provider.client().await }
    }

    async fn call(
        &mut self,
        name: &str,
        arguments: Vec<DynamicValue>,
    ) -> pb::call_function::Response {
        let request = pb::call_function::Request { name: name.to_owned(), arguments };
        self.client.call_function(request).await.unwrap().into_inner()
    }

    /// Calls `content_filter_matches`.
    async fn matches(&mut self, pattern: DynamicValue, text: DynamicValue) -> Value {
        let response = self.call(MATCHES, vec![pattern, text]).await;
        assert_eq!(response.error, None);
        msgpack::decode(&response.result.unwrap().msgpack, &Type::Bool).unwrap()
    }

    /// Expects an error: its text and its argument.
    async fn refused(&mut self, name: &str, arguments: Vec<DynamicValue>) -> (String, Option<i64>) {
        let response = self.call(name, arguments).await;
        assert_eq!(response.result, None);
        let error = response.error.unwrap();
        (error.text, error.function_argument)
    }
}

fn text(text: &str) -> DynamicValue {
    encode(&text.into(), &Type::String)
}

fn json(json: &str) -> DynamicValue {
    DynamicValue { msgpack: Vec::new(), json: json.as_bytes().to_vec() }
}

#[tokio::test]
async fn every_list_of_them_says_the_same() {
    let provider = Provider::start().await;
    let mut client = provider.client().await;
    let listed = client.get_functions(pb::get_functions::Request {}).await.unwrap().into_inner();
    let schema = client.get_schema(pb::get_provider_schema::Request {}).await.unwrap().into_inner();
    let metadata = client.get_metadata(pb::get_metadata::Request {}).await.unwrap().into_inner();
    assert_eq!(listed.functions, schema.functions);
    let mut names: Vec<_> = metadata.functions.into_iter().map(|function| function.name).collect();
    names.sort();
    assert_eq!(names, [APPLY, MATCHES]);
    let filters = &listed.functions[APPLY].parameters[0];
    assert!(filters.allow_null_value && !filters.allow_unknown_values);
    // What a guardrail has is what the function takes.
    let attributes =
        &schema.resource_schemas["openrouter_guardrail"].block.as_ref().unwrap().attributes;
    let attribute = attributes.iter().find(|one| one.name == "content_filters").unwrap();
    assert_eq!(filters.r#type, attribute.r#type);
}

#[tokio::test]
async fn they_are_called_without_a_configuration() {
    let provider = Provider::start().await;
    let mut calls = Calls::start(&provider).await;
    assert_eq!(calls.matches(text("b+$"), text("abb")).await, Value::Bool(true));
    assert_eq!(calls.matches(json("\"c\""), json("\"abb\"")).await, Value::Bool(false));

    let filters = json(r#"[{"action":"redact","pattern":"b","label":null}]"#);
    let response = calls.call(APPLY, vec![filters, text("abb")]).await;
    let returned = &calls.client.get_functions(pb::get_functions::Request {}).await.unwrap();
    let ty = returned.get_ref().functions[APPLY].r#return.as_ref().unwrap();
    let ty = Type::from_json(&ty.r#type).unwrap();
    let result = msgpack::decode(&response.result.unwrap().msgpack, &ty).unwrap();
    let expected = [("action", "redact"), ("text", "a[REDACTED][REDACTED]")];
    assert_eq!(result, Value::object(expected));
}

#[tokio::test]
async fn an_error_is_at_its_argument() {
    let provider = Provider::start().await;
    let mut calls = Calls::start(&provider).await;
    let (message, argument) = calls.refused(MATCHES, vec![text("("), text("a")]).await;
    assert!(message.contains("not a regular expression") && argument == Some(0), "{message}");
    // OpenTofu sends nothing at all for null.
    for nothing in [null(), DynamicValue::default()] {
        let refused = calls.refused(MATCHES, vec![text("a"), nothing]).await;
        assert_eq!(refused, ("`text` must not be null".to_owned(), Some(1)));
    }
    let (message, argument) = calls.refused(MATCHES, vec![text("a"), json("[]")]).await;
    assert!(message.contains("a string is required") && argument == Some(1), "{message}");
    let (message, argument) = calls.refused(MATCHES, vec![text("a")]).await;
    assert_eq!((message.as_str(), argument), ("2 arguments are required, but 1 are given", None));
    let (message, argument) = calls.refused("nothing", vec![]).await;
    assert!(message.contains("no function `nothing`") && argument.is_none(), "{message}");
}

#[tokio::test]
async fn null_filters_are_none_and_what_is_unknown_stays_so() {
    let provider = Provider::start().await;
    let mut calls = Calls::start(&provider).await;
    let response = calls.call(APPLY, vec![DynamicValue::default(), text("a")]).await;
    assert!(response.error.is_none() && response.result.is_some());
    let unknown = encode(&Value::UNKNOWN, &Type::String);
    assert!(calls.matches(unknown, text("a")).await.is_unknown());
}
