//! `openrouter_guardrail_key_assignments` and `openrouter_guardrail_member_assignments`: which
//! keys and members guardrails are assigned to.

use async_trait::async_trait;

use crate::{
    client::{AssigneeKind, Assignment},
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
        assignment::GUARDRAIL_ID, config::ProviderData, error_diagnostics::error_diagnostic_at,
        misplaced_key,
    },
    LIMIT, OFFSET, TOTAL_COUNT, listed, window,
};

/// One of the two data sources.
pub(in crate::provider) struct AssignmentsDataSource {
    kind: AssigneeKind,
    description: &'static str,
    fields: &'static [Field],
}

/// The data source for keys.
pub(in crate::provider) const KEYS: AssignmentsDataSource = AssignmentsDataSource {
    kind: AssigneeKind::Key,
    description: "Lists the assignments of a guardrail to API keys, or those of all guardrails of \
                  the account.",
    fields: &list_of(&[
        ID,
        Field::computed("key_hash", FieldType::String).doc("The hash of the API key."),
        GUARDRAIL,
        Field::computed("key_name", FieldType::String).doc("The name of the API key."),
        Field::computed("key_label", FieldType::String)
            .doc("The label of the API key: its beginning and its end."),
        ASSIGNED_BY,
        CREATED_AT,
    ]),
};

/// The data source for members.
pub(in crate::provider) const MEMBERS: AssignmentsDataSource = AssignmentsDataSource {
    kind: AssigneeKind::Member,
    description: "Lists the assignments of a guardrail to members of the organization, or those of \
                  all guardrails of the account.",
    fields: &list_of(&[
        ID,
        Field::computed("user_id", FieldType::String).doc("The user id of the member."),
        Field::computed("organization_id", FieldType::String).doc("The id of the organization."),
        GUARDRAIL,
        ASSIGNED_BY,
        CREATED_AT,
    ]),
};

const ID: Field =
    Field::computed("id", FieldType::String).doc("The id that the API has given the assignment.");
const GUARDRAIL: Field =
    Field::computed(GUARDRAIL_ID, FieldType::String).doc("The id of the guardrail.");
const ASSIGNED_BY: Field = Field::computed("assigned_by", FieldType::String)
    .doc("The user id of the person who made the assignment.");
const CREATED_AT: Field = Field::computed("created_at", FieldType::String)
    .doc("When the assignment was made, as an ISO 8601 timestamp.");

const fn list_of(row: &'static [Field]) -> [Field; 5] {
    let guardrail = Field::optional(GUARDRAIL_ID, FieldType::String).checks(&[Check::Id]).doc(
        "The id of the guardrail. If it is not set, the assignments of all guardrails in all \
         workspaces of the account are listed.",
    );
    let data = Field::computed("data", FieldType::ObjectList(row))
        .doc("The assignments, in no particular order.");
    [guardrail, OFFSET, LIMIT, data, TOTAL_COUNT]
}

#[async_trait]
impl DataSource<ProviderData> for AssignmentsDataSource {
    fn schema(&self) -> Schema {
        schema(self.description, self.fields)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(self.fields, config, misplaced_key::refuse_keys(config, &[GUARDRAIL_ID]))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let guardrail = config.attribute(GUARDRAIL_ID).as_str();
        let listing = api.client()?.list_assignments(self.kind, guardrail, window(&config)).await;
        let listing = listing.map_err(|error| {
            error_diagnostic_at("list the assignments", &error, guardrail.map(|_| GUARDRAIL_ID))
        })?;
        let rows = listing.rows.iter().map(Assignment::fields);
        Ok(WithWarnings::ok(listed(self.fields, config.clone(), rows, listing.total_count)?))
    }
}
