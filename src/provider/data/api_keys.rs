//! `openrouter_api_keys`: the API keys of a workspace. Owns what the data sources show of a key.

use async_trait::async_trait;

use crate::{
    client::Directory,
    cty::Value,
    protocol::{
        data_source::DataSource,
        diagnostics::Diagnostics,
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{
        field::{Check, Field, FieldType},
        schema::schema,
        validate::validate_with,
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{error_diagnostic_at, naming_workspace},
        misplaced_key,
    },
    listed_whole,
};

pub(super) const HASH: &str = "hash";
pub(super) const NAME: &str = "name";
const INCLUDE_DISABLED: &str = "include_disabled";
const INCLUDE_EXPIRED: &str = "include_expired";

/// What the API returns of a key, without what changes with each request: that would show as a
/// difference in every plan.
pub(super) const KEY: &[Field] = &[
    Field::computed(HASH, FieldType::String)
        .doc("The hash of the key, 64 hexadecimal digits, by which the API identifies it."),
    Field::computed(NAME, FieldType::String)
        .doc("The name of the key. Several keys of a workspace can have the same name."),
    Field::computed("label", FieldType::String)
        .doc("The beginning and the end of the key, such as `sk-or-v1-0e6...1c96`."),
    Field::computed("disabled", FieldType::Bool).doc("Whether the key is disabled."),
    Field::computed(WORKSPACE_ID, FieldType::String)
        .doc("The id of the workspace that the key belongs to."),
    Field::computed("creator_user_id", FieldType::String).doc(
        "The user id of the member who created the key. The guardrail that this member has in the \
         workspace applies to the requests of the key too.",
    ),
    Field::computed("limit", FieldType::Number)
        .doc("How much the key may spend, in US dollars. Null if there is no limit."),
    Field::computed("limit_reset", FieldType::String)
        .doc("How often the spending is reset to zero, such as `monthly`. Null if never."),
    Field::computed("created_at", FieldType::String)
        .doc("When the key was created, as an ISO 8601 timestamp."),
    Field::computed("updated_at", FieldType::String).doc(
        "When the key was last updated, as an ISO 8601 timestamp. Null until the first update.",
    ),
    Field::computed("expires_at", FieldType::String)
        .doc("When the key expires, as an ISO 8601 timestamp. Null if never."),
];

const DESCRIPTION: &str = "Lists the API keys of a workspace. The secret keys themselves are never \
     read.\n\n\
     Figures that change with each request, such as the usage, are left out: they would show as a \
     difference in every plan.";

const FIELDS: &[Field] = &[
    Field::optional(WORKSPACE_ID, FieldType::String)
        .checks(&[Check::Id])
        .doc("The id of the workspace. Defaults to the account's default workspace."),
    Field::optional(INCLUDE_DISABLED, FieldType::Bool)
        .doc("Whether to include disabled keys. Defaults to `false`."),
    Field::optional(INCLUDE_EXPIRED, FieldType::Bool)
        .doc("Whether to include expired keys. Defaults to `false`."),
    Field::computed("data", FieldType::ObjectList(KEY)).doc("The keys, in no particular order."),
];

pub(in crate::provider) struct ApiKeysDataSource;

#[async_trait]
impl DataSource<ProviderData> for ApiKeysDataSource {
    fn schema(&self) -> Schema {
        schema(DESCRIPTION, FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(FIELDS, config, misplaced_key::refuse_keys(config, &[WORKSPACE_ID]))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let workspace = config.attribute(WORKSPACE_ID).as_str();
        let includes = |name| config.attribute(name).as_bool().unwrap_or_default();
        let keys = Directory::Keys {
            workspace_id: workspace.map(str::to_owned),
            include_disabled: includes(INCLUDE_DISABLED),
            include_expired: includes(INCLUDE_EXPIRED),
        };
        let rows = api.client()?.directory(&keys).await.map_err(|error| {
            let attribute = workspace.map(|_| WORKSPACE_ID);
            let diagnostic = error_diagnostic_at("list the API keys", &error, attribute);
            naming_workspace(diagnostic, &error, workspace)
        })?;
        Ok(WithWarnings::ok(listed_whole(FIELDS, config, &rows)?))
    }
}
