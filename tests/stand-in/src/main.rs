//! A provider that stands in for OpenRouter's own, which tests cannot download: where both are used in one configuration.
//!
//! It has one resource of that provider, `openrouter_api_key`, with two attributes of the same names: `name`, and `hash`, which
//! is known after an apply. The mock of the API makes no keys, so a create takes the key of that name that is there already,
//! and a delete leaves it.

use std::{collections::BTreeMap, env, process::ExitCode, sync::Arc};

use async_trait::async_trait;
use serde_json::Value as Json;
use terraform_provider_openrouter::{
    client::{ApiKey, BaseUrl, Client, Config, Directory},
    cty::Value,
    protocol::{
        self,
        diagnostics::{Diagnostic, Diagnostics},
        provider::{NamedDataSource, NamedResource, Provider},
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        JsonObject,
        field::{Field, FieldType},
        resource::{Backend, ObjectCall, ObjectToCreate, TableResource, UpdateError, Updated},
        schema::schema,
    },
    transport::{self, Environment, Plugin},
};

const PLUGIN: Plugin = Plugin {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    introduction: env!("CARGO_PKG_DESCRIPTION"),
    cookie_key: "TF_PLUGIN_MAGIC_COOKIE",
    cookie_value: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    protocol_version: 5,
    reattach_variable: "TF_REATTACH_PROVIDERS",
    address: "OpenRouterTeam/openrouter",
    log_variables: &["TF_LOG_PROVIDER", "TF_LOG"],
    log_module: "stand-in",
};

fn main() -> ExitCode {
    let environment = Environment::from_vars(env::vars_os());
    let resources: Vec<NamedResource<Client>> =
        vec![("openrouter_api_key", Box::new(TableResource(ApiKeys)))];
    let provider = Arc::new(StandIn { variables: env::vars().collect(), resources });
    transport::run(&PLUGIN, env::args_os().skip(1), &environment, move |calls, stop| {
        protocol::serve(&provider, calls, stop)
    })
}

struct StandIn {
    variables: BTreeMap<String, String>,
    resources: Vec<NamedResource<Client>>,
}

#[async_trait]
impl Provider for StandIn {
    type Data = Client;

    fn schema(&self) -> Schema {
        schema("", &[])
    }

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::default()
    }

    async fn configure(&self, _terraform_version: &str, _config: &Value) -> Reply<Client> {
        let variable = |name| self.variables.get(name).map(String::as_str).unwrap_or_default();
        let client = BaseUrl::parse(variable("OPENROUTER_BASE_URL")).and_then(|url| {
            let key = ApiKey::new(variable("OPENROUTER_MANAGEMENT_KEY"))?;
            Client::new(Config::new(key, url, PLUGIN.name))
        });
        let client = client.map_err(|error| failed("configure the stand-in", &error))?;
        Ok(WithWarnings::ok(client))
    }

    fn stop(&self, client: &Client) {
        client.stop();
    }

    fn resources(&self) -> &[NamedResource<Client>] {
        &self.resources
    }

    fn data_sources(&self) -> &[NamedDataSource<Client>] {
        &[]
    }
}

struct ApiKeys;

#[async_trait]
impl Backend for ApiKeys {
    type Data = Client;
    const NOUN: &'static str = "API key";
    const LABEL: &'static str = "name";
    const DESCRIPTION: &'static str = "An API key.";
    const FIELDS: &'static [Field] = &[
        Field::computed_once("id", FieldType::String),
        Field::required("name", FieldType::String).create_only(),
        Field::computed_once("hash", FieldType::String),
    ];

    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics> {
        let key = call.data.get_key(call.id).await;
        key.map(|key| Some(as_object(key.fields()))).map_err(|error| failed(&call.action, &error))
    }

    async fn create(
        &self,
        call: ObjectCall<'_, Self>,
        planned: &ObjectToCreate<'_>,
    ) -> Reply<JsonObject> {
        let name = planned.body.get("name").and_then(Json::as_str).unwrap_or_default();
        let keys =
            Directory::Keys { workspace_id: None, include_disabled: false, include_expired: false };
        let is_it = |key: &JsonObject| key.get("name").and_then(Json::as_str) == Some(name);
        let found = call.data.find_in_directory(&keys, name, is_it).await;
        let found = found.map_err(|error| failed(&call.action, &error))?;
        match &found[..] {
            [key] => Ok(WithWarnings::ok(as_object(key))),
            _ => Err(failed(&call.action, &format!("there are {} of this name", found.len()))),
        }
    }

    async fn update(&self, call: ObjectCall<'_, Self>, _body: &JsonObject) -> Updated {
        Err(UpdateError::Failed(failed(&call.action, &"nothing can be changed")))
    }

    async fn delete(&self, _call: ObjectCall<'_, Self>) -> Result<(), Diagnostics> {
        Ok(())
    }

    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics> {
        let key = call.data.get_key(call.id).await;
        key.map(|key| as_object(key.fields())).map_err(|error| failed(&call.action, &error))
    }

    fn redact(&self, client: &Client, text: &str) -> String {
        client.redact(text)
    }
}

/// A key as the API shows it, with its hash as the id that a table needs.
fn as_object(key: &JsonObject) -> JsonObject {
    let mut object = key.clone();
    if let Some(hash) = key.get("hash") {
        object.insert("id".to_owned(), hash.clone());
    }
    object
}

fn failed(action: &str, error: &dyn std::fmt::Display) -> Diagnostics {
    Diagnostic::error(format!("Could not {action}"), format!("{error}.")).into()
}
