//! `openrouter_organization_members` and `openrouter_organization_member`: the members of the
//! organization, all or one, by id or by e-mail address.

use std::sync::LazyLock;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::{
    client::{Directory, JsonObject},
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
    super::{config::ProviderData, error_diagnostics::error_diagnostic},
    fill, listed_whole,
    lookup::{Lookup, Searched},
};

const ID: &str = "id";
const EMAIL: &str = "email";

const MEMBER: &[Field] = &[
    Field::computed(ID, FieldType::String)
        .doc("The user id of the member, such as `user_2dHFtVWx2n56w6HkM`."),
    Field::computed(EMAIL, FieldType::String).doc("The e-mail address of the member."),
    Field::computed("first_name", FieldType::String).doc("The first name of the member."),
    Field::computed("last_name", FieldType::String).doc("The last name of the member."),
    Field::computed("role", FieldType::String)
        .doc("The role of the member in the organization: `org:admin` or `org:member`."),
];

const LIST: &[Field] = &[Field::computed("data", FieldType::ObjectList(MEMBER))
    .doc("The members, in no particular order.")];

const LOOKUP: Lookup = Lookup { noun: "member", id: ID, name: EMAIL, never_keys: &[ID, EMAIL] };

const NOT_EMPTY: &[Check] = &[Check::Length { min: 1, max: 1000 }];

/// The fields of a member, all computed but for those that one is found by.
static FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| MEMBER.iter().map(|field| found_by_or_computed(*field)).collect());

fn found_by_or_computed(field: Field) -> Field {
    match field.name {
        ID => field.or_computed().checks(NOT_EMPTY).doc(
            "The user id of the member, such as `user_2dHFtVWx2n56w6HkM`. Set either `id` or \
             `email`.",
        ),
        EMAIL => field
            .or_computed()
            .checks(NOT_EMPTY)
            .doc("The e-mail address of the member. Case is ignored. Set either `id` or `email`."),
        _ => field,
    }
}

pub(in crate::provider) struct MembersDataSource;

#[async_trait]
impl DataSource<ProviderData> for MembersDataSource {
    fn schema(&self) -> Schema {
        schema("Lists the members of the organization.", LIST)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(LIST, config, Diagnostics::default())
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let members = api.client()?.directory(&Directory::Members).await;
        let rows = members
            .map_err(|error| error_diagnostic("list the members of the organization", &error))?;
        Ok(WithWarnings::ok(listed_whole(LIST, config, &rows)?))
    }
}

pub(in crate::provider) struct MemberDataSource;

#[async_trait]
impl DataSource<ProviderData> for MemberDataSource {
    fn schema(&self) -> Schema {
        schema("Reads one member of the organization, by user id or by e-mail address.", &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, LOOKUP.check(config))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let client = api.client()?;
        let (attribute, wanted) = match config.attribute(ID).as_str() {
            Some(id) => (ID, id),
            None => (EMAIL, config.attribute(EMAIL).as_str().unwrap_or_default()),
        };
        let action = format!("read member {wanted}");
        let is_wanted = |member: &JsonObject| {
            let found = member.get(attribute).and_then(Json::as_str).unwrap_or_default();
            match attribute {
                EMAIL => found.to_lowercase() == wanted.to_lowercase(),
                _ => found == wanted,
            }
        };
        let lookup = format!("{attribute} {wanted}");
        let found = client.find_in_directory(&Directory::Members, &lookup, is_wanted).await;
        let found = found.map_err(|error| error_diagnostic(&action, &error))?;
        let searched = Searched {
            attribute,
            action,
            place: "The organization".to_owned(),
            hint: "Check the spelling, and that the management key belongs to the right \
                   organization.",
        };
        let member = LOOKUP.only_one(client, found, &searched)?;
        Ok(WithWarnings::ok(fill(&FIELDS, config, &member)?))
    }
}
