//! `openrouter_api_key`: one API key, by hash or by name.

use std::sync::LazyLock;

use async_trait::async_trait;
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization;

use crate::{
    client::{Client, Directory, JsonObject},
    cty::Value,
    protocol::{
        data_source::DataSource,
        diagnostics::Diagnostics,
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        field::{Check, Field},
        schema::schema,
        validate::validate_with,
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{error_diagnostic_at, naming_workspace},
    },
    api_keys::{HASH, KEY, NAME},
    fill,
    lookup::{Lookup, Searched},
};

const LOOKUP: Lookup =
    Lookup { noun: "key", id: HASH, name: NAME, never_keys: &[HASH, NAME, WORKSPACE_ID] };

const DESCRIPTION: &str = "Reads one API key, by hash or by name. The secret key itself is never \
     read.\n\n\
     Figures that change with each request, such as the usage, are left out: they would show as a \
     difference in every plan.";

/// The fields of a key, all computed but for those that it is found by.
static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| KEY.iter().map(|field| found_by_or_computed(*field)).collect());

fn found_by_or_computed(field: Field) -> Field {
    match field.name {
        HASH => field.or_computed().checks(&[Check::Id]).doc(
            "The hash of the key, 64 hexadecimal digits, by which the API identifies it. This is \
             not the secret key itself. Set either `hash` or `name`.",
        ),
        NAME => field.or_computed().checks(&[Check::Length { min: 1, max: 1000 }]).doc(
            "The name of the key. It is an error if several keys of the workspace have this name; \
             disabled and expired keys count too. Set either `hash` or `name`.",
        ),
        WORKSPACE_ID => field.or_computed().checks(&[Check::Id]).doc(
            "The id of the workspace that the key belongs to. Can be set together with `name`, to \
             select the workspace to search; defaults to the account's default workspace.",
        ),
        _ => field,
    }
}

pub(in crate::provider) struct ApiKeyDataSource;

#[async_trait]
impl DataSource<ProviderData> for ApiKeyDataSource {
    fn schema(&self) -> Schema {
        schema(DESCRIPTION, &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, LOOKUP.check(config))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let client = api.client()?;
        let found = if let Some(hash) = config.attribute(HASH).as_str() {
            by_hash(client, hash).await?
        } else {
            let name = config.attribute(NAME).as_str().unwrap_or_default();
            by_name(client, config.attribute(WORKSPACE_ID).as_str(), name).await?
        };
        Ok(WithWarnings::ok(fill(&FIELDS, config, &found)?))
    }
}

async fn by_hash(client: &Client, hash: &str) -> Result<JsonObject, Diagnostics> {
    let found = client.get_key(hash).await.map_err(|error| {
        error_diagnostic_at(&format!("read API key {hash}"), &error, Some(HASH))
    })?;
    Ok(found.fields().clone())
}

/// The one key of a workspace, by default the default one, that has this name. A disabled or expired
/// one is found too: it may be what was meant, and hides that the name is not unique.
async fn by_name(
    client: &Client,
    workspace: Option<&str>,
    name: &str,
) -> Result<JsonObject, Diagnostics> {
    let (place, searched, hint) = match workspace {
        Some(id) => (
            format!("workspace {id}"),
            format!("Workspace {id}"),
            "Disabled and expired keys were searched too. Check the spelling, and `workspace_id`.",
        ),
        None => (
            "the default workspace".to_owned(),
            "The default workspace".to_owned(),
            "Disabled and expired keys were searched too. Check the spelling; to search another \
             workspace, set `workspace_id`.",
        ),
    };
    let action = format!("read API key \"{name}\" of {place}");
    let keys = Directory::Keys {
        workspace_id: workspace.map(str::to_owned),
        include_disabled: true,
        include_expired: true,
    };
    let has_name = |key: &JsonObject| {
        let found = key.get(NAME).and_then(Json::as_str).unwrap_or_default();
        found.nfc().eq(name.nfc())
    };
    let found = client.find_in_directory(&keys, name, has_name).await.map_err(|error| {
        let attribute = workspace.map(|_| WORKSPACE_ID);
        naming_workspace(error_diagnostic_at(&action, &error, attribute), &error, workspace)
    })?;
    LOOKUP.only_one(client, found, &Searched { attribute: NAME, action, place: searched, hint })
}
