//! Lists that lie: how pages and counts can differ from what the API holds.
//!
//! A lie is data, in Rust and in JSON alike, and works on the documents alone: it must not know which list it is in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids;
use crate::routes::{Exchange, Reply};

/// The page size where a request names none.
const PAGE: usize = 100;

/// The fields by which rows are told apart.
const IDENTITIES: [&str; 4] = ["id", "hash", "key_hash", "user_id"];

/// How a list differs from the truth. The default is the truth.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lies {
    /// The rows of each page.
    pub rows: Rows,
    /// What is added to `total_count`, which never falls below 0.
    pub total_add: i64,
    /// Whether `total_count` promises one more page after every page.
    pub endless: bool,
}

/// The rows of a page, whatever its offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// Those that are there.
    #[default]
    True,
    /// Those of the first page.
    Repeat,
    /// As many as were asked for, copied from the first page under ids that only this offset has. A list without rows
    /// stays without.
    New,
}

impl Lies {
    /// The request whose true answer the lie begins with.
    pub(crate) fn question(&self, exchange: &Exchange) -> Exchange {
        let mut question = exchange.clone();
        if self.rows != Rows::True {
            let pairs = form_urlencoded::parse(exchange.query.as_bytes());
            let from_the_first = pairs.filter(|(name, _)| name != "offset");
            question.query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(from_the_first)
                .finish();
        }
        question
    }

    /// Makes a lie of a page that is the true answer to [`Self::question`]. Refusals and other documents stay.
    pub(crate) fn tell(&self, exchange: &Exchange, reply: &mut Reply) {
        let (offset, limit) = (number(exchange, "offset", 0), number(exchange, "limit", PAGE));
        let Some(Value::Array(rows)) = reply.body.get_mut("data") else { return };
        if self.rows == Rows::New && !rows.is_empty() {
            *rows = (0..limit)
                .map(|place| renewed(&rows[place % rows.len()], offset + place))
                .collect();
        }
        if let Some(total) = reply.body.get_mut("total_count") {
            let counted = if self.endless {
                i64::try_from(offset.saturating_add(limit).saturating_add(limit))
                    .unwrap_or(i64::MAX)
            } else {
                total.as_i64().unwrap_or(0)
            };
            *total = json!(counted.saturating_add(self.total_add).max(0));
        }
    }
}

fn number(exchange: &Exchange, name: &str, default: usize) -> usize {
    let mut pairs = form_urlencoded::parse(exchange.query.as_bytes());
    let value = pairs.find_map(|(found, value)| (found == name).then(|| value.parse().ok()));
    value.flatten().unwrap_or(default)
}

/// The row as it would be if it were another one: the one at `place`.
fn renewed(row: &Value, place: usize) -> Value {
    let mut row = row.clone();
    for field in IDENTITIES {
        if let Some(id) = row.get_mut(field) {
            let name = format!("made up/{field}/{place}");
            let is_hash = field.ends_with("hash");
            *id = json!(if is_hash { ids::key_hash_of(&name) } else { ids::uuid_of(&name) });
        }
    }
    row
}
