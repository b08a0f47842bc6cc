//! The body of a successful HTTP response, and the errors for one that cannot be used. It knows
//! JSON, and not what the objects in it are.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::error::Error;
use super::error_body::{self, MAX_MESSAGE_CHARS};
use super::json::{self, JsonObject};
use super::route::Call;
use super::secret::Redactor;

/// The response to a call that succeeded, its body not parsed yet.
pub(in crate::client) struct Response {
    pub(in crate::client) call: Call,
    /// 200-299.
    pub(in crate::client) status: u16,
    pub(in crate::client) request_id: Option<String>,
    pub(super) body: Vec<u8>,
    pub(super) redactor: Arc<Redactor>,
}

impl Response {
    /// The error for a response that cannot be used.
    pub(in crate::client) fn unusable(&self, reason: impl AsRef<str>) -> Error {
        Error::Decode {
            call: self.call.clone(),
            status: self.status,
            reason: self.redactor.redact_and_cut(reason.as_ref(), MAX_MESSAGE_CHARS),
            request_id: self.request_id.clone(),
        }
    }

    /// The body read as a type that takes only what it needs from it.
    pub(in crate::client) fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::parse(&self.body).map_err(|error| match error.classify() {
            Category::Data => self.unusable(error.to_string()),
            Category::Io | Category::Syntax | Category::Eof => self.not_json(&error),
        })
    }

    /// The outermost object. One with an `error` in it is a failure, whatever its status says.
    pub(in crate::client) fn object(&self) -> Result<JsonObject, Error> {
        let object = match json::parse(&self.body) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(self.unusable("a JSON object is required")),
            Err(error) => return Err(self.not_json(&error)),
        };
        if object.get("error").is_none_or(Value::is_null) {
            return Ok(object);
        }
        let message = error_body::message(&self.body, &self.redactor).unwrap_or_default();
        Err(self.unusable(format!("it reports an error: {message}")))
    }

    fn not_json(&self, error: &serde_json::Error) -> Error {
        let reason = match error_body::excerpt(&self.body, &self.redactor) {
            None => "it is empty".to_owned(),
            Some(page) if self.body.trim_ascii_start().starts_with(b"<") => {
                format!("{page}, not JSON")
            }
            Some(_) => format!("it is not valid JSON: {error}"),
        };
        self.unusable(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::super::route::Route;
    use super::super::secret::ApiKey;
    use super::*;

    static ROUTE: Route = Route { method: reqwest::Method::GET, template: "/guardrails" };

    impl Response {
        /// A response to `GET /guardrails` with the request id `r-1`, to a client with the key
        /// `very-secret`.
        pub(in crate::client) fn for_test(status: u16, body: &str) -> Response {
            Response {
                call: Call::new(&ROUTE, "/guardrails".to_owned()),
                status,
                request_id: Some("r-1".to_owned()),
                body: body.as_bytes().to_vec(),
                redactor: Arc::new(Redactor::new(&ApiKey::new("very-secret").unwrap())),
            }
        }
    }
}
