//! The provider block: its attributes, where their values come from when it is silent, and the client made of them.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    client::{ApiKey, BaseUrl, Client, Config, ConfigError, DEFAULT_TIMEOUT},
    cty::{Path, Value},
    framework::{
        diagnostics::{Diagnostic, Diagnostics},
        field::{Check, Field, Kind},
        resource::{Reply, Warned},
        schema::Schema,
    },
};

use super::assignment::Claims;

const API_KEY: &str = "api_key";
const SERVER_URL: &str = "server_url";
const HTTP_REFERER: &str = "http_referer";
const TITLE: &str = "x_open_router_title";
const CATEGORIES: &str = "x_open_router_categories";
const TIMEOUT_MS: &str = "timeout_ms";

/// Where the key is looked for when the configuration is silent, in this order.
const KEY_VARIABLES: [&str; 2] = ["OPENROUTER_MANAGEMENT_KEY", "OPENROUTER_API_KEY"];
const URL_VARIABLE: &str = "OPENROUTER_BASE_URL";
const USER_AGENT_VARIABLE: &str = "TF_APPEND_USER_AGENT";

const FIELDS: &[Field] = &[
    Field::optional(API_KEY, Kind::String).sensitive().doc(
        "A management key of the account. Without it, the environment variable `OPENROUTER_MANAGEMENT_KEY` is used, else \
         `OPENROUTER_API_KEY`.",
    ),
    Field::optional(SERVER_URL, Kind::String).doc(
        "The base URL of the API. Without it, the environment variable `OPENROUTER_BASE_URL` is used, else \
         `https://openrouter.ai/api/v1`. Plain http is only allowed to this machine.",
    ),
    Field::optional(HTTP_REFERER, Kind::String)
        .doc("The address of your application, sent as `HTTP-Referer` with each request."),
    Field::optional(TITLE, Kind::String)
        .doc("The name of your application, sent as `X-OpenRouter-Title` with each request."),
    Field::optional(CATEGORIES, Kind::String)
        .doc("The categories of your application, sent as `X-OpenRouter-Categories` with each request."),
    Field::optional(TIMEOUT_MS, Kind::Number)
        .checks(&[Check::Above(0), Check::Whole])
        .doc("How long one attempt at a request may take, in milliseconds. Defaults to 30000."),
];

/// The provider block.
pub(super) fn schema() -> Schema {
    Schema {
        version: 0,
        description: "Manages OpenRouter guardrails, and which API keys and organization members are under them: what \
                      models and providers these may use, with what budget, data policy and content filters.",
        fields: FIELDS,
    }
}

/// What a configured provider gives its resources.
pub struct Api {
    client: Result<Client, &'static str>,
    claims: Claims,
}

impl Api {
    fn new(client: Result<Client, &'static str>) -> Self {
        Self { client, claims: Claims::default() }
    }

    /// What the plans of this connection have claimed.
    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The client.
    ///
    /// # Errors
    /// When it cannot be made yet, because the configuration holds a value that is known only after an apply.
    pub(super) fn client(&self) -> Result<&Client, Diagnostics> {
        self.client.as_ref().map_err(|attribute| {
            let detail = format!(
                "`{attribute}` is known only after an apply, but this operation needs it now. Apply what it depends on \
                 first, for example with -target."
            );
            Diagnostic::error("Provider configuration is not known yet", detail).into()
        })
    }
}

/// Checks what can be checked without the environment.
pub(super) fn validate(config: &Value) -> Diagnostics {
    let key = text(config, API_KEY).and_then(|key| ApiKey::new(key).err());
    let url = text(config, SERVER_URL).and_then(|url| BaseUrl::parse(url).err());
    key.into_iter().chain(url).map(|error| refuse(config, &error)).collect()
}

/// Makes the client, or notes which unknown value prevents that for now.
pub(super) fn configure(
    environment: &BTreeMap<String, String>,
    terraform_version: &str,
    config: &Value,
) -> Reply<Api> {
    let unknown = FIELDS.iter().find(|field| config.attribute(field.name).is_unknown());
    if let Some(field) = unknown {
        return Ok(Warned::quiet(Api::new(Err(field.name))));
    }
    let client = client_config(environment, terraform_version, config)
        .and_then(|client| Client::new(client).map_err(|error| refuse(config, &error)))?;
    Ok(Warned::quiet(Api::new(Ok(client))))
}

fn client_config(
    environment: &BTreeMap<String, String>,
    terraform_version: &str,
    config: &Value,
) -> Result<Config, Diagnostic> {
    let variable =
        |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.trim().is_empty());
    let key = text(config, API_KEY).or_else(|| KEY_VARIABLES.into_iter().find_map(variable));
    let key = ApiKey::new(key.ok_or_else(missing_key)?).map_err(|error| refuse(config, &error))?;
    let url = text(config, SERVER_URL).or_else(|| variable(URL_VARIABLE));
    let url = url
        .map_or_else(|| Ok(BaseUrl::production()), BaseUrl::parse)
        .map_err(|error| refuse(config, &error))?;
    let header = |name| text(config, name).map(str::to_owned);
    Ok(Config {
        http_referer: header(HTTP_REFERER),
        title: header(TITLE),
        categories: header(CATEGORIES),
        timeout: timeout(config),
        ..Config::new(key, url, user_agent(terraform_version, variable(USER_AGENT_VARIABLE)))
    })
}

fn timeout(config: &Value) -> Duration {
    let Some(milliseconds) = config.attribute(TIMEOUT_MS).as_number() else { return DEFAULT_TIMEOUT };
    Duration::try_from_secs_f64(milliseconds.to_f64() / 1e3).unwrap_or(Duration::MAX)
}

fn user_agent(terraform_version: &str, append: Option<&str>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!(
        "Terraform/{terraform_version} (+https://www.terraform.io) terraform-provider-openrouter/{version}"
    );
    append.map_or_else(|| agent.clone(), |append| format!("{agent} {}", append.trim()))
}

fn text<'a>(config: &'a Value, name: &str) -> Option<&'a str> {
    config.attribute(name).as_str()
}

fn missing_key() -> Diagnostic {
    let detail = format!(
        "Set `{API_KEY}` in the provider block, or the environment variable {}. It must be a management key; you make one \
         under Settings, Management Keys.",
        KEY_VARIABLES.join(" or ")
    );
    Diagnostic::error("Missing API key", detail).at(Path::attribute(API_KEY))
}

/// Terraform prints the line that a path leads to. There is none for a value with a secret in it: a key, or a password in
/// an address.
fn refuse(config: &Value, error: &ConfigError) -> Diagnostic {
    let (attribute, is_secret) = match error {
        ConfigError::ApiKey { .. } => (API_KEY, true),
        ConfigError::BaseUrl { .. } => {
            (SERVER_URL, text(config, SERVER_URL).is_some_and(|url| url.contains('@')))
        }
        ConfigError::Header { name: "HTTP-Referer" } => (HTTP_REFERER, false),
        ConfigError::Header { name: "X-OpenRouter-Title" } => (TITLE, false),
        ConfigError::Header { name: "X-OpenRouter-Categories" } => (CATEGORIES, false),
        _ => return Diagnostic::error("Invalid provider configuration", format!("{error}.")),
    };
    let diagnostic =
        Diagnostic::error(format!("Invalid provider configuration: `{attribute}`"), format!("{error}."));
    if is_secret { diagnostic } else { diagnostic.at(Path::attribute(attribute)) }
}
