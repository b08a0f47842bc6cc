//! What a service did, operation by operation, in a form in which two services can be compared:
//! ids, times and names of the account give way to what they have in common.

use serde_json::{Map, Value, json};

use crate::ours::Names;
use crate::service::{Response, Target};

/// Fields of assignments and errors whose texts belong to the account, or to whoever words the
/// message.
const FREE_TEXTS: [&str; 5] =
    ["message", "key_name", "key_label", "organization_id", "assigned_by"];
/// A field of errors that can hold anything, the request's own headers among them.
const METADATA: &str = "metadata";

/// One operation and what came of it.
pub(crate) struct Observation {
    pub(crate) operation: String,
    pub(crate) outcome: Value,
}

/// How much of a response is compared.
#[derive(Clone, Copy)]
pub(crate) enum Detail {
    /// Everything.
    Values,
    /// Which fields there are: the values belong to the account.
    FieldNames,
}

/// All operations of a run.
pub(crate) struct Recording {
    pub(crate) observations: Vec<Observation>,
    /// What varies between runs, with what stands for it. Longer texts come before their parts.
    placeholders: Vec<(String, &'static str)>,
}

impl Recording {
    pub(crate) fn new(target: &Target, names: &Names) -> Self {
        let mut placeholders = vec![
            (target.key.expose().to_owned(), "<management key>"),
            (target.workspace.clone(), "<workspace>"),
            (names.prefix.clone(), "<prefix>"),
        ];
        placeholders.extend(target.key_hash.clone().map(|hash| (hash, "<key>")));
        placeholders.extend(target.user_id.clone().map(|user| (user, "<user>")));
        Self { observations: Vec::new(), placeholders }
    }

    /// Adds a response of the API.
    pub(crate) fn response(&mut self, operation: &str, response: &Response, detail: Detail) {
        let body = match detail {
            Detail::Values => self.generalised("", &response.body),
            Detail::FieldNames => field_names(&response.body),
        };
        self.add(operation, json!({ "status": response.status, "body": body }));
    }

    /// Adds another outcome, such as what Terraform's state holds.
    pub(crate) fn outcome(&mut self, operation: &str, outcome: &Value) {
        let outcome = self.generalised("", outcome);
        self.add(operation, outcome);
    }

    fn add(&mut self, operation: &str, outcome: Value) {
        self.observations.push(Observation { operation: operation.to_owned(), outcome });
    }

    /// A value without what varies; `field` is where it stands.
    fn generalised(&self, field: &str, value: &Value) -> Value {
        match value {
            _ if field == METADATA => json!("<any>"),
            Value::String(_) if FREE_TEXTS.contains(&field) => json!("<text>"),
            Value::String(text) => json!(self.generalised_text(text)),
            Value::Array(items) => items.iter().map(|item| self.generalised(field, item)).collect(),
            Value::Object(fields) => {
                let generalise = |(name, value): (&String, &Value)| {
                    (name.clone(), self.generalised(name, value))
                };
                Value::Object(fields.iter().map(generalise).collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn generalised_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (varying, placeholder) in &self.placeholders {
            text = text.replace(varying, placeholder);
        }
        if is_timestamp(&text) {
            // The form stays: another precision or zone is a difference.
            return text.replace(|digit: char| digit.is_ascii_digit(), "0");
        }
        without_uuids(&text)
    }
}

fn field_names(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let named = fields.iter().map(|(name, value)| (name.clone(), field_names(value)));
            Value::Object(named.collect())
        }
        _ => json!("<any>"),
    }
}

fn is_timestamp(text: &str) -> bool {
    let form = text.replace(|digit: char| digit.is_ascii_digit(), "0");
    form.starts_with("0000-00-00T00:00:00")
}

/// A text with `<uuid>` for each UUID in it.
fn without_uuids(text: &str) -> String {
    const LENGTH: usize = 36;
    let mut rest = text;
    let mut result = String::new();
    while let Some(first) = rest.chars().next() {
        let length = match rest.get(..LENGTH) {
            Some(start) if is_uuid(start) => LENGTH,
            _ => first.len_utf8(),
        };
        let (start, after) = rest.split_at(length);
        result.push_str(if length == LENGTH { "<uuid>" } else { start });
        rest = after;
    }
    result
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(is_hex))
}

pub(crate) fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
