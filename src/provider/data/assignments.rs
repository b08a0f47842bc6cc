//! `openrouter_guardrail_key_assignments` and `openrouter_guardrail_member_assignments`: who is under which guardrail.

use async_trait::async_trait;

use crate::{
    client::{Assignment, Subjects},
    cty::Value,
    framework::{
        data_source::DataSource,
        diagnostics::Diagnostics,
        field::{Check, Field, Kind},
        resource::{Reply, Warned},
        schema::Schema,
    },
};

use super::{
    super::{assignment::GUARDRAIL_ID, config::Api, explain::explain_named, key},
    LIMIT, OFFSET, TOTAL_COUNT, listed, window,
};

/// One of the two data sources.
pub(in crate::provider) struct Assignments {
    subjects: Subjects,
    description: &'static str,
    fields: &'static [Field],
}

/// The data source for keys.
pub(in crate::provider) const KEYS: Assignments = Assignments {
    subjects: Subjects::Keys,
    description: "The API keys that are under a guardrail, or under any of the account.",
    fields: &[
        GUARDRAIL,
        OFFSET,
        LIMIT,
        Field::computed("data", Kind::Objects(KEY)).doc("The assignments, in no particular order."),
        TOTAL_COUNT,
    ],
};

/// The data source for members.
pub(in crate::provider) const MEMBERS: Assignments = Assignments {
    subjects: Subjects::Members,
    description: "The members of the organization that are under a guardrail, or under any of the account.",
    fields: &[
        GUARDRAIL,
        OFFSET,
        LIMIT,
        Field::computed("data", Kind::Objects(MEMBER)).doc("The assignments, in no particular order."),
        TOTAL_COUNT,
    ],
};

const GUARDRAIL: Field = Field::optional(GUARDRAIL_ID, Kind::String).checks(&[Check::Id]).doc(
    "The id of the guardrail. Without it, the assignments of the whole account are read, of all workspaces.",
);

const KEY: &[Field] = &[
    Field::computed("id", Kind::String).doc("The service's id of the assignment."),
    Field::computed("key_hash", Kind::String).doc("The hash of the key."),
    Field::computed("guardrail_id", Kind::String).doc("The id of the guardrail."),
    Field::computed("key_name", Kind::String).doc("The name of the key."),
    Field::computed("key_label", Kind::String).doc("The label of the key."),
    Field::computed("assigned_by", Kind::String).doc("The user id of who made the assignment."),
    Field::computed("created_at", Kind::String).doc("When it was made, in ISO 8601."),
];

const MEMBER: &[Field] = &[
    Field::computed("id", Kind::String).doc("The service's id of the assignment."),
    Field::computed("user_id", Kind::String).doc("The user id of the member."),
    Field::computed("organization_id", Kind::String).doc("The id of the organization."),
    Field::computed("guardrail_id", Kind::String).doc("The id of the guardrail."),
    Field::computed("assigned_by", Kind::String).doc("The user id of who made the assignment."),
    Field::computed("created_at", Kind::String).doc("When it was made, in ISO 8601."),
];

#[async_trait]
impl DataSource<Api> for Assignments {
    fn schema(&self) -> Schema {
        Schema { version: 0, description: self.description, fields: self.fields }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        key::refuse_keys(config, &[GUARDRAIL_ID])
    }

    async fn read(&self, api: &Api, config: Value) -> Reply<Value> {
        let guardrail = config.attribute(GUARDRAIL_ID).as_str();
        let listing = api.client()?.list_assignments(self.subjects, guardrail, window(&config)).await;
        let listing = listing.map_err(|error| {
            explain_named("list the assignments", &error, guardrail.map(|_| GUARDRAIL_ID))
        })?;
        let rows = listing.rows.iter().map(Assignment::fields);
        Ok(Warned::quiet(listed(self.fields, config.clone(), rows, listing.total_count)?))
    }
}
