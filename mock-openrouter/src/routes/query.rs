//! Query parameters, read as strictly as the API reads them.

use std::collections::BTreeMap;

use crate::store::{Page, Refusal};

/// The parameters of a request. Of one that is given twice the last counts.
pub(super) struct Query {
    values: BTreeMap<String, String>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self { values: form_urlencoded::parse(text.as_bytes()).into_owned().collect() }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(name, "must be true or false")),
        }
    }

    /// A number between `low` and `high`, if it is given.
    pub(super) fn number(
        &self,
        name: &str,
        low: usize,
        high: usize,
    ) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (low..=high).contains(number));
        number
            .map(Some)
            .ok_or_else(|| invalid(name, &format!("must be an integer from {low} to {high}")))
    }

    /// The `offset` and `limit` that most lists have.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let offset = self.number("offset", 0, usize::MAX)?.unwrap_or(0);
        let limit = self.number("limit", 1, 100)?.unwrap_or(50);
        Ok(Page { offset, limit })
    }

    /// A workspace's id, if one is given. The contract wants a UUID.
    pub(super) fn workspace_id(&self) -> Result<Option<&str>, Refusal> {
        let Some(text) = self.text("workspace_id") else { return Ok(None) };
        match crate::contract::check("Uuid", &serde_json::json!(text)) {
            Ok(()) => Ok(Some(text)),
            Err(_) => Err(invalid("workspace_id", "must be a UUID")),
        }
    }
}

pub(super) fn invalid(name: &str, rule: &str) -> Refusal {
    Refusal::bad_request(format!("Invalid request parameters: {name} {rule}"))
}
