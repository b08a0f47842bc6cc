//! What can happen to a request that a fault hits.
//!
//! An action is data, in Rust and in JSON alike. Carrying one out is the business of `run`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lists::{Lies, Rows};

/// A side of an event: of the work, for the moment of an answer; of a wait, for the moment of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// What happens to a request. In JSON each action is known by its first field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Action {
    /// Another answer than the API would give.
    Status {
        /// The HTTP status.
        status: u16,
        /// Headers to add.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The JSON body; an error body that fits the status if null.
        #[serde(default)]
        body: Option<Value>,
        /// Whether the work is done all the same, before this answer.
        #[serde(default)]
        after_work: bool,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Whether that is before or after the work was done.
        drop: When,
    },
    /// The work is done, but the connection is closed in the middle of the answer's body.
    Truncate {
        /// Always true.
        truncate: bool,
    },
    /// A late answer. The work is done in any case, even when the client gives up meanwhile.
    Slow {
        /// The wait in milliseconds.
        slow_ms: u64,
        /// Whether the work is done before or after the wait.
        #[serde(default = "before")]
        commit: When,
    },
    /// The work is done only after the client has given up.
    AfterDisconnect {
        /// How long the client has and how long the work takes.
        after_disconnect: Abandoned,
    },
    /// An error answer that repeats the API key in its body and headers.
    EchoKey {
        /// Always true.
        echo_key: bool,
        /// The HTTP status, 401 if absent.
        #[serde(default = "unauthorized")]
        status: u16,
    },
    /// Some other document in place of the API's.
    ReplaceBody {
        /// The document.
        replace_body: Document,
        /// The HTTP status; that of the work if absent, and 200 without work.
        #[serde(default)]
        status: Option<u16>,
        /// Whether the work is done.
        #[serde(default = "yes")]
        after_work: bool,
    },
    /// Some other body in place of the API's, of bytes that need not be a text.
    ReplaceBytes {
        /// The body.
        replace_bytes: RawDocument,
        /// The HTTP status; that of the work if absent, and 200 without work.
        #[serde(default)]
        status: Option<u16>,
        /// Whether the work is done.
        #[serde(default = "yes")]
        after_work: bool,
    },
    /// The work is done, and the answer's body is filled up with spaces.
    Huge {
        /// The size of the body in MiB.
        size_mb: u32,
    },
    /// The work is done, and the answer is gzip, asked for or not: small, but large when it is inflated.
    GzipBomb {
        /// The size of the inflated body in MiB, spaces after the document included.
        gzip_mb: u32,
    },
    /// The page of a list that is not what the API holds. Answers that are no lists stay as they are.
    List {
        /// What is not true of it.
        list: Lies,
    },
}

/// The times of [`Action::AfterDisconnect`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abandoned {
    /// How many milliseconds the client may take to give up; if it does not, the work is done then, and answered.
    pub max_wait_ms: u64,
    /// How many milliseconds after that the work is done.
    #[serde(default)]
    pub then_ms: u64,
}

/// A response body of any kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The value of `Content-Type`.
    pub content_type: String,
    /// The text.
    pub body: String,
}

/// A response body of any bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDocument {
    /// The value of `Content-Type`.
    pub content_type: String,
    /// The bytes; in JSON two hexadecimal digits each, under `hex`.
    #[serde(rename = "hex", with = "hex")]
    pub body: Vec<u8>,
}

/// Bytes as pairs of hexadecimal digits.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits: String = halves.filter_map(|half| char::from_digit(half.into(), 16)).collect();
        serializer.serialize_str(&digits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        });
        pairs
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
    }

    fn value(digit: u8) -> Option<u8> {
        char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
    }
}

fn before() -> When {
    When::Before
}

fn unauthorized() -> u16 {
    401
}

fn yes() -> bool {
    true
}

impl Action {
    /// Answers `status` with an error body, and does no work.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: BTreeMap::new(), body: None, after_work: false }
    }

    /// Does the work, then answers `status` with an error body.
    pub fn status_after_work(status: u16) -> Self {
        Self::Status { status, headers: BTreeMap::new(), body: None, after_work: true }
    }

    /// Answers 429 with a `Retry-After` of that many seconds.
    pub fn retry_after(seconds: u64) -> Self {
        let headers = BTreeMap::from([("Retry-After".to_owned(), seconds.to_string())]);
        Self::Status { status: 429, headers, body: None, after_work: false }
    }

    /// Closes the connection before or after the work.
    pub fn dropped(when: When) -> Self {
        Self::Drop { drop: when }
    }

    /// Does the work and cuts the answer short.
    pub fn truncated() -> Self {
        Self::Truncate { truncate: true }
    }

    /// Answers after `wait`; `commit` says on which side of the wait the work is done.
    pub fn slow(wait: Duration, commit: When) -> Self {
        Self::Slow { slow_ms: milliseconds(wait), commit }
    }

    /// Does the work `then` after the client gave up, for which it has `max_wait`.
    pub fn after_disconnect(max_wait: Duration, then: Duration) -> Self {
        let after_disconnect =
            Abandoned { max_wait_ms: milliseconds(max_wait), then_ms: milliseconds(then) };
        Self::AfterDisconnect { after_disconnect }
    }

    /// Answers `status` with the API key in body and headers, and does no work.
    pub fn echo_key(status: u16) -> Self {
        Self::EchoKey { echo_key: true, status }
    }

    /// Does the work if `after_work`, and answers `status` with an HTML page.
    pub fn html(status: u16, body: &str, after_work: bool) -> Self {
        let replace_body = Document { content_type: "text/html".to_owned(), body: body.to_owned() };
        Self::ReplaceBody { replace_body, status: Some(status), after_work }
    }

    /// Does the work and answers with JSON of some other shape than the API's, under the status of the work.
    pub fn wrong_json(body: &Value) -> Self {
        let content_type = "application/json".to_owned();
        let replace_body = Document { content_type, body: body.to_string() };
        Self::ReplaceBody { replace_body, status: None, after_work: true }
    }

    /// Does the work and answers with these bytes as if they were JSON, under the status of the work.
    pub fn bytes(body: &[u8]) -> Self {
        let content_type = "application/json".to_owned();
        let replace_bytes = RawDocument { content_type, body: body.to_vec() };
        Self::ReplaceBytes { replace_bytes, status: None, after_work: true }
    }

    /// Does the work and answers with a body of `size_mb` MiB.
    pub fn huge(size_mb: u32) -> Self {
        Self::Huge { size_mb }
    }

    /// Does the work and answers with gzip that inflates to `size_mb` MiB.
    pub fn gzip_bomb(size_mb: u32) -> Self {
        Self::GzipBomb { gzip_mb: size_mb }
    }

    /// Answers with a list whose `total_count` is wrong by `add`.
    pub fn wrong_total(add: i64) -> Self {
        Self::List { list: Lies { total_add: add, ..Lies::default() } }
    }

    /// Answers with the first page of the list, whichever was asked for, and the true `total_count`.
    pub fn repeated_page() -> Self {
        Self::List { list: Lies { rows: Rows::Repeat, ..Lies::default() } }
    }

    /// Answers with a page of such rows, and a `total_count` that always promises one more.
    pub fn endless_list(rows: Rows) -> Self {
        Self::List { list: Lies { rows, endless: true, ..Lies::default() } }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;
    use serde_json::json;

    #[test]
    fn every_action_has_its_json_form() {
        let forms = [
            json!({"status": 429, "headers": {"Retry-After": "1"}}),
            json!({"status": 502, "body": {"error": {"code": 502, "message": "x"}}, "after_work": true}),
            json!({"drop": "before"}),
            json!({"drop": "after"}),
            json!({"truncate": true}),
            json!({"slow_ms": 5, "commit": "after"}),
            json!({"after_disconnect": {"max_wait_ms": 5, "then_ms": 1}}),
            json!({"echo_key": true, "status": 400}),
            json!({"replace_body": {"content_type": "text/html", "body": "<p>"}}),
            json!({"size_mb": 3}),
            json!({"replace_bytes": {"content_type": "text/plain", "hex": "ff00Fe"}, "status": 502}),
            json!({"gzip_mb": 3}),
            json!({"list": {"rows": "new", "total_add": -3, "endless": true}}),
        ];
        let kind = |form: &Value| {
            let fault = json!({ "action": form });
            std::mem::discriminant(&serde_json::from_value::<Fault>(fault).unwrap().action)
        };
        let kinds: Vec<_> = forms.iter().map(kind).collect();
        assert_eq!(kinds.iter().filter(|found| **found == kinds[0]).count(), 2);
        assert_eq!(kinds.iter().filter(|found| **found == kinds[7]).count(), 1);
        assert!(serde_json::from_value::<Fault>(json!({"action": {"statsu": 500}})).is_err());
        let bytes = serde_json::to_value(Action::bytes(&[0xff, 0x0a])).unwrap();
        assert_eq!(bytes["replace_bytes"]["hex"], json!("ff0a"));
        let odd =
            json!({"action": {"replace_bytes": {"content_type": "text/plain", "hex": "ff0"}}});
        assert!(serde_json::from_value::<Fault>(odd).is_err());
        assert!(
            serde_json::from_value::<Fault>(
                json!({"match": {"pth": "/"}, "action": {"status": 500}})
            )
            .is_err()
        );
    }
}
