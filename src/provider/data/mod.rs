//! The data sources: every list of the API, and single guardrails, keys, members and workspaces.
//!
//! They give what the API says, in its own order and names.

pub(super) mod api_key;
pub(super) mod api_keys;
pub(super) mod assignments;
pub(super) mod effective;
pub(super) mod guardrail;
pub(super) mod guardrails;
mod lookup;
pub(super) mod members;
mod printable;
pub(super) mod workspaces;

use serde_json::Value as Json;

use crate::{
    client::{JsonObject, RowRange},
    cty::Value,
    protocol::diagnostics::Diagnostics,
    table::{
        decode,
        field::{Check, Field, FieldType},
    },
};

use super::error_diagnostics::malformed_response;

const OFFSET: Field = Field::optional("offset", FieldType::Number)
    .checks(&[Check::AtLeast(0), Check::Integer])
    .doc("The number of rows to skip, as the API counts them. Defaults to `0`.");

const LIMIT: Field = Field::optional("limit", FieldType::Number)
    .checks(&[Check::GreaterThan(0), Check::Integer])
    .doc("The maximum number of rows to read, as the API counts them. Defaults to all rows.");

const TOTAL_COUNT: Field = Field::computed("total_count", FieldType::Number)
    .doc("The number of rows that the API counts, which can be more than it returns.");

/// The part of a list that a configuration asks for.
fn window(config: &Value) -> RowRange {
    let number = |field: Field| {
        let number = config.attribute(field.name).as_number()?.to_i64()?;
        u64::try_from(number).ok()
    };
    RowRange { offset: number(OFFSET).unwrap_or(0), limit: number(LIMIT) }
}

/// The state of a data source over a list: the configuration, with `data` and `total_count`.
fn listed<'a>(
    fields: &[Field],
    config: Value,
    rows: impl Iterator<Item = &'a JsonObject>,
    total_count: u64,
) -> Result<Value, Diagnostics> {
    let response = JsonObject::from_iter([
        ("data".to_owned(), rows.cloned().map(Json::Object).collect()),
        (TOTAL_COUNT.name.to_owned(), Json::from(total_count)),
    ]);
    fill(fields, config, &response)
}

/// The state of a data source over a list that is read whole: the configuration, with `data`.
fn listed_whole(
    fields: &[Field],
    config: Value,
    rows: &[JsonObject],
) -> Result<Value, Diagnostics> {
    let rows = rows.iter().cloned().map(Json::Object).collect();
    fill(fields, config, &JsonObject::from_iter([("data".to_owned(), rows)]))
}

/// The configuration, with every field that is in the response.
fn fill(fields: &[Field], config: Value, response: &JsonObject) -> Result<Value, Diagnostics> {
    let mut state = config;
    for field in fields.iter().filter(|field| response.contains_key(field.name)) {
        let value = decode(field, response).map_err(|error| malformed_response(&error))?;
        state = state.with_attribute(field.name, value);
    }
    Ok(state)
}
