//! The data sources: every list of the API, and one guardrail.
//!
//! What they give is what the service says, in its own order and names: nothing is brought to the
//! form of a state.

pub(super) mod assignments;
pub(super) mod guardrail;
pub(super) mod guardrails;

use serde_json::Value as Json;

use crate::{
    client::{JsonObject, Window},
    cty::Value,
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::{
        decode,
        field::{Check, Field, Kind},
    },
};

const OFFSET: Field = Field::optional("offset", Kind::Number)
    .checks(&[Check::AtLeast(0), Check::Integer])
    .doc("How many rows to leave out at the beginning, as the service counts them. Defaults to 0.");

const LIMIT: Field = Field::optional("limit", Kind::Number)
    .checks(&[Check::GreaterThan(0), Check::Integer])
    .doc("How many rows to look at, as the service counts them. Without it, everything is read.");

const TOTAL_COUNT: Field = Field::computed("total_count", Kind::Number)
    .doc("How many rows the service counts, which can be more than it shows.");

/// The part of a list that a configuration asks for.
fn window(config: &Value) -> Window {
    let number = |field: &Field| {
        config
            .attribute(field.name)
            .as_number()
            .and_then(|number| u64::try_from(number.to_i64()?).ok())
    };
    Window { offset: number(&OFFSET).unwrap_or(0), limit: number(&LIMIT) }
}

/// The state of a data source over a list: the configuration, with `data` and `total_count`.
fn listed<'a>(
    fields: &'static [Field],
    config: Value,
    rows: impl Iterator<Item = &'a JsonObject>,
    total_count: u64,
) -> Result<Value, Diagnostics> {
    let answer = JsonObject::from_iter([
        ("data".to_owned(), rows.map(|row| Json::Object(row.clone())).collect()),
        (TOTAL_COUNT.name.to_owned(), Json::from(total_count)),
    ]);
    fill(fields, config, &answer)
}

/// The configuration, with every field that it does not set as the service answers it.
fn fill(
    fields: &'static [Field],
    config: Value,
    answer: &JsonObject,
) -> Result<Value, Diagnostics> {
    let mut state = config;
    for field in fields.iter().filter(|field| answer.contains_key(field.name)) {
        let value = decode(field, answer).map_err(|error| {
            let detail = format!("The service's answer does not have the promised form: {error}.");
            Diagnostic::error("Could not read the service's answer", detail)
        })?;
        state = state.with_attribute(field.name, value);
    }
    Ok(state)
}
