//! A blocking client of one mock, and the assertions that most tests need.

use mock_openrouter::{Mock, Options};
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};

/// A mock with a client that knows its management key.
pub(crate) struct Api {
    pub(crate) mock: Mock,
    pub(crate) http: Client,
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        Self { mock: Mock::start(options).unwrap(), http }
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.mock.base_url());
        let key = format!("Bearer {}", self.mock.management_key());
        let request = self.http.request(method.parse().unwrap(), url).header("Authorization", key);
        if body.is_null() {
            return request;
        }
        request.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Status and body of the answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(method, path, body))
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, &Value::Null)
    }

    /// Status and body of the answer to one of the mock's own commands.
    pub(crate) fn admin(&self, method: &str, command: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}/_mock/{command}", self.mock.address());
        read(self.http.request(method.parse().unwrap(), url).body(body.to_string()))
    }

    /// The `data` of an answer that must be a success.
    pub(crate) fn data(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer["data"].clone()
    }

    pub(crate) fn create(&self, body: &Value) -> Value {
        self.data("POST", "/guardrails", body)
    }

    pub(crate) fn patch(&self, id: &str, body: &Value) -> Value {
        self.data("PATCH", &format!("/guardrails/{id}"), body)
    }

    /// A new guardrail's id.
    pub(crate) fn guardrail(&self, name: &str, workspace_id: &str) -> String {
        text(&self.create(&json!({ "name": name, "workspace_id": workspace_id })), "id")
    }

    /// Checks that a request is refused with an error body of the service's form, whose message contains `reason`.
    pub(crate) fn refused(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        status: u16,
        reason: &str,
    ) {
        let (found, answer) = self.send(method, path, body);
        assert_eq!(found, status, "{method} {path} {body:.200}: {answer}");
        assert_eq!(answer["error"]["code"], json!(status));
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message:?} has no {reason:?}");
    }
}

pub(crate) fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().unwrap()).unwrap())
}

/// A string field.
pub(crate) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

/// One string field of every row.
pub(crate) fn column(rows: &Value, field: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| text(row, field)).collect()
}
