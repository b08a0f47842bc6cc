//! The provider block: its attributes, where values come from that it does not set, and the client
//! that is made of them.

mod setting_errors;

use std::{
    collections::BTreeMap,
    num::{NonZeroU16, NonZeroUsize},
    time::Duration,
};

use crate::{
    client::{
        BaseUrl, Client, Config, CreateRegistry, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, RetryPolicy,
        check_proxy,
    },
    cty::{Number, Path, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        field::{Check, Field, FieldType},
        schema,
        validate::validate_with,
    },
};

use super::{
    assignment::{PlannedAssignments, PlannedSets},
    guardrail::{PlannedDefaults, WarnedSlugs},
};
use setting_errors::{ConfigSetting, SettingSource};

const API_KEY: &str = "api_key";
const SERVER_URL: &str = "server_url";
const HTTP_REFERER: &str = "http_referer";
const TITLE: &str = "x_open_router_title";
const CATEGORIES: &str = "x_open_router_categories";
const TIMEOUT_MS: &str = "timeout_ms";
const MAX_CONCURRENT_REQUESTS: &str = "max_concurrent_requests";
const RETRY: &str = "retry";
const INITIAL_INTERVAL_MS: &str = "initial_interval_ms";
const MAX_INTERVAL_MS: &str = "max_interval_ms";
const EXPONENT: &str = "exponent";
const MAX_ELAPSED_TIME_MS: &str = "max_elapsed_time_ms";
const RETRY_CONNECTION_ERRORS: &str = "retry_connection_errors";

/// Where the key is looked for when the configuration is silent, in this order.
const KEY_VARIABLES: [&str; 2] = ["OPENROUTER_MANAGEMENT_KEY", "OPENROUTER_API_KEY"];
const URL_VARIABLE: &str = "OPENROUTER_BASE_URL";
const USER_AGENT_VARIABLE: &str = "TF_APPEND_USER_AGENT";

const FIELDS: &[Field] = &[
    Field::optional(API_KEY, FieldType::String).sensitive().doc(
        "The management key to authenticate with. Defaults to the environment variable \
         `OPENROUTER_MANAGEMENT_KEY`, or to `OPENROUTER_API_KEY` if that is not set. Set it in the \
         environment rather than here, so that it does not get into version control.",
    ),
    Field::optional(SERVER_URL, FieldType::String).doc(
        "The base URL of the API. Defaults to the environment variable `OPENROUTER_BASE_URL`, or \
         to `https://openrouter.ai/api/v1` if that is not set. Must begin with `https://`; \
         `http://` is accepted only for the local machine.",
    ),
    Field::optional(HTTP_REFERER, FieldType::String)
        .doc("The URL of your application. Sent with each request in the header `HTTP-Referer`."),
    Field::optional(TITLE, FieldType::String).doc(
        "The name of your application. Sent with each request in the header \
              `X-OpenRouter-Title`.",
    ),
    Field::optional(CATEGORIES, FieldType::String).doc(
        "The categories of your application. Sent with each request in the header \
         `X-OpenRouter-Categories`.",
    ),
    Field::optional(TIMEOUT_MS, FieldType::Number)
        .checks(&[Check::GreaterThan(0), Check::Integer])
        .doc("How long each attempt at a request may take, in milliseconds. Defaults to `30000`."),
    Field::optional(MAX_CONCURRENT_REQUESTS, FieldType::Number)
        .checks(&[Check::AtLeast(1), Check::Integer])
        .doc(
            "How many requests may be in progress at the same time, at least 1. Defaults to \
              `10`.",
        ),
    Field::optional(RETRY, FieldType::Object(RETRY_FIELDS)).doc(
        "How requests are retried after a failure that may be temporary, such as a response with \
         status 429 or 503. A setting that is not in the object has its default. Terraform \
         silently ignores misspelled names in it.",
    ),
];

const RETRY_FIELDS: &[Field] = &[
    Field::optional(INITIAL_INTERVAL_MS, FieldType::Number)
        .checks(&[Check::GreaterThan(0), Check::Integer])
        .doc(
            "The wait before the first retry, in milliseconds. Each wait is shortened by a random \
             amount of up to one half. If the API sends a `Retry-After` header, that wait is used \
             instead. Defaults to `500`.",
        ),
    Field::optional(MAX_INTERVAL_MS, FieldType::Number)
        .checks(&[Check::GreaterThan(0), Check::Integer])
        .doc(
            "The longest wait before a retry, in milliseconds, not less than \
             `initial_interval_ms`. A wait that the API asks for with a `Retry-After` header may \
             be longer. Defaults to `60000`.",
        ),
    Field::optional(EXPONENT, FieldType::Number)
        .checks(&[Check::AtLeast(1)])
        .doc("The factor by which the wait grows with each retry, at least 1. Defaults to `1.5`."),
    Field::optional(MAX_ELAPSED_TIME_MS, FieldType::Number)
        .checks(&[Check::AtLeast(0), Check::Integer])
        .doc(
            "How long a request is retried, in milliseconds from the start of its first attempt: \
             no retry starts later. With `0`, requests are not retried. If no connection to the \
             API has succeeded yet in this run, requests are given up after 30 seconds at the \
             latest. Defaults to `300000`.",
        ),
    Field::optional(RETRY_CONNECTION_ERRORS, FieldType::Bool).doc(
        "Whether requests are also retried if the connection cannot be made or is lost, or if no \
         response arrives within `timeout_ms`. Defaults to `true`.",
    ),
];

/// The provider block.
pub(super) fn schema() -> Schema {
    schema::schema(
        "The OpenRouter provider manages guardrails and their assignments to API keys and \
         organization members. Guardrails control which models and providers may be used, how much \
         may be spent, how data is handled and which content is filtered.",
        FIELDS,
    )
}

/// What a configured provider gives its resources.
pub struct ProviderData {
    client: Result<Client, &'static str>,
    planned: PlannedAssignments,
    planned_sets: PlannedSets,
    planned_defaults: PlannedDefaults,
    warned_slugs: WarnedSlugs,
}

impl ProviderData {
    fn new(client: Result<Client, &'static str>) -> Self {
        Self {
            client,
            planned: PlannedAssignments::default(),
            planned_sets: PlannedSets::default(),
            planned_defaults: PlannedDefaults::default(),
            warned_slugs: WarnedSlugs::default(),
        }
    }

    /// What the plans of this connection have said of assignments.
    pub(super) fn planned(&self) -> &PlannedAssignments {
        &self.planned
    }

    /// What the plans of this connection have said of all assignments to a guardrail.
    pub(super) fn planned_sets(&self) -> &PlannedSets {
        &self.planned_sets
    }

    /// What the plans of this connection have said of default guardrails.
    pub(super) fn planned_defaults(&self) -> &PlannedDefaults {
        &self.planned_defaults
    }

    /// The providers that the user was warned of.
    pub(super) fn warned_slugs(&self) -> &WarnedSlugs {
        &self.warned_slugs
    }

    /// Ends what the client does, for good.
    pub(super) fn stop(&self) {
        if let Ok(client) = &self.client {
            client.stop();
        }
    }

    /// The client.
    ///
    /// # Errors
    /// When it cannot be made yet, because the configuration holds a value that is known
    /// only after an apply.
    pub(super) fn client(&self) -> Result<&Client, Diagnostics> {
        self.client.as_ref().map_err(|attribute| {
            let detail = format!(
                "`{attribute}` is known only after an apply, but this operation needs it now. \
                 First apply what it depends on, for example with -target."
            );
            Diagnostic::error("Provider configuration is not known yet", detail).into()
        })
    }
}

/// Checks what can be checked without the environment.
pub(super) fn validate(config: &Value) -> Diagnostics {
    let mut refused = Diagnostics::default();
    let key = attribute(config, API_KEY);
    refused.extend(key.and_then(|key| setting_errors::api_key(key).err()));
    let key = key.and_then(usable_key);
    let url = attribute(config, SERVER_URL);
    refused.extend(url.and_then(|url| setting_errors::base_url(url, key).err()));
    refused.extend(keys_in_headers(config, None, key));
    refused.extend(misordered_intervals(config.attribute(RETRY)));
    validate_with(FIELDS, config, refused)
}

/// The text of a key that is valid.
fn usable_key(setting: ConfigSetting<'_>) -> Option<&str> {
    setting_errors::api_key(setting).ok().map(|_| setting.text.trim())
}

/// Errors for headers that hold a key: they are sent to the host of `server_url`, and logged there.
fn keys_in_headers<'a>(
    config: &'a Value,
    user_agent: Option<ConfigSetting<'a>>,
    key: Option<&'a str>,
) -> impl Iterator<Item = Diagnostic> {
    let attributes = [HTTP_REFERER, TITLE, CATEGORIES];
    let settings = attributes.into_iter().filter_map(|name| attribute(config, name));
    let what = "a text that is sent with each request";
    settings
        .chain(user_agent)
        .filter_map(move |setting| setting_errors::holds_key(setting, key, what))
}

/// Makes the client, or notes which unknown value prevents that for now.
pub(super) fn configure(
    environment: &BTreeMap<String, String>,
    accounts: &CreateRegistry,
    terraform_version: &str,
    config: &Value,
) -> Reply<ProviderData> {
    let unknown = FIELDS.iter().find(|field| !config.attribute(field.name).is_wholly_known());
    if let Some(field) = unknown {
        return Ok(WithWarnings::ok(ProviderData::new(Err(field.name))));
    }
    let client = client_config(environment, terraform_version, config)?;
    let client =
        Client::of_account(client, accounts).map_err(|error| setting_errors::client(&error))?;
    Ok(WithWarnings::ok(ProviderData::new(Ok(client))))
}

fn client_config(
    environment: &BTreeMap<String, String>,
    terraform_version: &str,
    config: &Value,
) -> Result<Config, Diagnostic> {
    let key = attribute(config, API_KEY)
        .or_else(|| KEY_VARIABLES.into_iter().find_map(|name| variable(environment, name)))
        .ok_or_else(setting_errors::missing_key)?;
    let user_agent_suffix = variable(environment, USER_AGENT_VARIABLE);
    let mut refused = keys_in_headers(config, user_agent_suffix, usable_key(key));
    if let Some(refused) = refused.next() {
        return Err(refused);
    }
    let url = match attribute(config, SERVER_URL).or_else(|| variable(environment, URL_VARIABLE)) {
        Some(url) => setting_errors::base_url(url, usable_key(key))?,
        None => BaseUrl::production(),
    };
    let key = setting_errors::api_key(key)?;
    check_proxy(environment, &url).map_err(|error| setting_errors::client(&error))?;
    let header = |name| config.attribute(name).as_str().map(str::to_owned);
    Ok(Config {
        http_referer: header(HTTP_REFERER),
        title: header(TITLE),
        categories: header(CATEGORIES),
        timeout: milliseconds(config, TIMEOUT_MS).unwrap_or(DEFAULT_TIMEOUT),
        retry: retry(config.attribute(RETRY)),
        max_concurrent_requests: max_concurrent_requests(config),
        ..Config::new(key, url, user_agent(terraform_version, user_agent_suffix))
    })
}

fn retry(config: &Value) -> RetryPolicy {
    let default = RetryPolicy::default();
    RetryPolicy {
        initial_interval: milliseconds(config, INITIAL_INTERVAL_MS)
            .unwrap_or(default.initial_interval),
        max_interval: milliseconds(config, MAX_INTERVAL_MS).unwrap_or(default.max_interval),
        exponent: config.attribute(EXPONENT).as_number().map_or(default.exponent, Number::to_f64),
        max_elapsed_time: milliseconds(config, MAX_ELAPSED_TIME_MS)
            .unwrap_or(default.max_elapsed_time),
        connection_errors: config
            .attribute(RETRY_CONNECTION_ERRORS)
            .as_bool()
            .unwrap_or(default.connection_errors),
    }
}

/// More than 65535 is taken for that: an address has no more connections.
fn max_concurrent_requests(config: &Value) -> NonZeroUsize {
    let count = whole(config, MAX_CONCURRENT_REQUESTS);
    let count = count.and_then(|count| NonZeroU16::new(u16::try_from(count).unwrap_or(u16::MAX)));
    count.map_or(DEFAULT_CONCURRENCY, NonZeroUsize::from)
}

fn milliseconds(object: &Value, name: &str) -> Option<Duration> {
    whole(object, name).map(Duration::from_millis)
}

fn whole(object: &Value, name: &str) -> Option<u64> {
    object.attribute(name).as_number()?.to_i64()?.try_into().ok()
}

/// The longest wait must not be shorter than the first one. Where one of the two is not set, its
/// default counts: an error is better than to change either.
fn misordered_intervals(config: &Value) -> Option<Diagnostic> {
    let RetryPolicy { initial_interval, max_interval, .. } = retry(config);
    let is_unknown = |name| config.attribute(name).is_unknown();
    // The table refuses an interval of zero.
    if is_unknown(INITIAL_INTERVAL_MS)
        || is_unknown(MAX_INTERVAL_MS)
        || max_interval.is_zero()
        || max_interval >= initial_interval
    {
        return None;
    }
    let value = |name: &str, interval: Duration| {
        let origin = if config.attribute(name).is_null() { " by default" } else { "" };
        format!("`{RETRY}.{name}` is {}{origin}", interval.as_millis())
    };
    let detail = format!(
        "The longest wait must not be shorter than the first one: {}, and {}. Increase the former \
         or decrease the latter.",
        value(MAX_INTERVAL_MS, max_interval),
        value(INITIAL_INTERVAL_MS, initial_interval)
    );
    let path = Path::attribute(RETRY).child_attribute(MAX_INTERVAL_MS);
    Some(Diagnostic::error(format!("Invalid value for `{path}`"), detail).at(path))
}

fn user_agent(terraform_version: &str, suffix: Option<ConfigSetting>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!(
        "Terraform/{terraform_version} (+https://www.terraform.io) \
         terraform-provider-openrouter/{version}"
    );
    match suffix {
        Some(suffix) => format!("{agent} {}", suffix.text.trim()),
        None => agent,
    }
}

/// What the provider block sets.
fn attribute<'a>(config: &'a Value, name: &'static str) -> Option<ConfigSetting<'a>> {
    let text = config.attribute(name).as_str()?;
    Some(ConfigSetting { text, origin: SettingSource::Attribute(name) })
}

/// What a variable sets, unless it is blank.
fn variable<'a>(
    environment: &'a BTreeMap<String, String>,
    name: &'static str,
) -> Option<ConfigSetting<'a>> {
    let text = environment.get(name).filter(|text| !text.trim().is_empty())?;
    Some(ConfigSetting { text, origin: SettingSource::Variable(name) })
}

#[cfg(test)]
mod tests;
