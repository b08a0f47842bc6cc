//! `openrouter_workspaces` and `openrouter_workspace`: the workspaces of the account, all or one, by
//! id or by slug.

use std::sync::LazyLock;

use async_trait::async_trait;

use crate::{
    client::{Client, Directory, Workspace},
    cty::{Path, Value},
    protocol::{
        data_source::DataSource,
        diagnostics::{Diagnostic, Diagnostics},
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
        config::ProviderData,
        error_diagnostics::{error_diagnostic, error_diagnostic_at, naming_workspace},
    },
    fill, listed_whole,
    lookup::Lookup,
    printable::printable,
};

const ID: &str = "id";
const SLUG: &str = "slug";

const WORKSPACE: &[Field] = &[
    Field::computed(ID, FieldType::String).doc("The id of the workspace, a UUID."),
    Field::computed("name", FieldType::String).doc("The name of the workspace."),
    Field::computed(SLUG, FieldType::String).doc(
        "The slug of the workspace: its name in URLs, \
                                                  such as `production`.",
    ),
    Field::computed("description", FieldType::String).doc("The description of the workspace."),
    Field::computed("default_guardrail_id", FieldType::String).doc(
        "The id of the default guardrail, which applies to all requests of the workspace. The \
         guardrail itself cannot be read by this id until one of its settings has been set.",
    ),
    Field::computed("default_text_model", FieldType::String)
        .doc("The default text model of the workspace."),
    Field::computed("default_image_model", FieldType::String)
        .doc("The default image model of the workspace."),
    Field::computed("default_provider_sort", FieldType::String)
        .doc("The preference by which providers are sorted by default, such as `price`."),
    Field::computed("include_byok_in_budgets", FieldType::Bool).doc(
        "Whether requests through your own provider keys (BYOK) count toward the budgets of the \
         workspace. These are separate from the budgets of guardrails.",
    ),
    Field::computed("is_observability_io_logging_enabled", FieldType::Bool)
        .doc("Whether private logging of requests and responses is enabled."),
    Field::computed("is_observability_broadcast_enabled", FieldType::Bool)
        .doc("Whether observability broadcast is enabled."),
    Field::computed("is_data_discount_logging_enabled", FieldType::Bool)
        .doc("Whether data discount logging is enabled."),
    Field::computed("io_logging_sampling_rate", FieldType::Number)
        .doc("The share of requests that private logging records. `1` is all of them."),
    Field::computed("created_at", FieldType::String)
        .doc("When the workspace was created, as an ISO 8601 timestamp."),
    Field::computed("updated_at", FieldType::String).doc(
        "When the workspace was last updated, as an ISO 8601 timestamp. Null until the first \
              update.",
    ),
    Field::computed("created_by", FieldType::String)
        .doc("The user id of the person who created the workspace."),
];

const LIST: &[Field] = &[Field::computed("data", FieldType::ObjectList(WORKSPACE))
    .doc("The workspaces, in no particular order.")];

const LOOKUP: Lookup = Lookup { noun: "workspace", id: ID, name: SLUG, never_keys: &[ID, SLUG] };

/// The fields of a workspace, all computed but for those that one is found by.
static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| WORKSPACE.iter().map(|field| found_by_or_computed(*field)).collect());

fn found_by_or_computed(field: Field) -> Field {
    match field.name {
        ID => field
            .or_computed()
            .checks(&[Check::Id])
            .doc("The id of the workspace, a UUID. Set either `id` or `slug`."),
        SLUG => field.or_computed().checks(&[Check::Id]).doc(
            "The slug of the workspace: its name in URLs, such as `production`. Set either `id` or \
             `slug`.",
        ),
        _ => field,
    }
}

pub(in crate::provider) struct WorkspacesDataSource;

#[async_trait]
impl DataSource<ProviderData> for WorkspacesDataSource {
    fn schema(&self) -> Schema {
        schema("Lists the workspaces of the account that the management key can access.", LIST)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(LIST, config, Diagnostics::default())
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let rows = api.client()?.directory(&Directory::Workspaces).await;
        let rows = rows.map_err(|error| error_diagnostic("list the workspaces", &error))?;
        Ok(WithWarnings::ok(listed_whole(LIST, config, &rows)?))
    }
}

pub(in crate::provider) struct WorkspaceDataSource;

#[async_trait]
impl DataSource<ProviderData> for WorkspaceDataSource {
    fn schema(&self) -> Schema {
        schema("Reads one workspace, by id or by slug.", &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, LOOKUP.check(config))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let (attribute, wanted) = match config.attribute(ID).as_str() {
            Some(id) => (ID, id),
            None => (SLUG, config.attribute(SLUG).as_str().unwrap_or_default()),
        };
        let found = find(api.client()?, attribute, wanted).await?;
        Ok(WithWarnings::ok(fill(&FIELDS, config, &found.fields)?))
    }
}

/// The workspace whose id or slug it is, as the attribute says. The API takes either.
async fn find(
    client: &Client,
    attribute: &'static str,
    wanted: &str,
) -> Result<Workspace, Diagnostics> {
    let action = format!("read workspace {wanted}");
    let found = client.get_workspace(wanted).await.map_err(|error| {
        let diagnostic = error_diagnostic_at(&action, &error, Some(attribute));
        naming_workspace(diagnostic, &error, Some(wanted))
    })?;
    let (own, other) = if attribute == ID { (&found.id, SLUG) } else { (&found.slug, ID) };
    if own.eq_ignore_ascii_case(wanted) {
        return Ok(found);
    }
    let detail = format!(
        "No workspace has this `{attribute}`, but it is the `{other}` of workspace {} ({}). Set \
         `{other}` instead.",
        found.slug, found.id
    );
    let summary = format!("Could not {action}");
    let diagnostic = printable(client, Diagnostic::error(summary, detail));
    Err(diagnostic.at(Path::attribute(attribute)).into())
}
