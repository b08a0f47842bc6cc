//! Answers that repeat the key.

use mock_openrouter::{Action, Fault, Options};
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::client::Api;

const KEY: &str = "sk-or-mgmt-+secret/";
const ENCODED: &str = "sk%2Dor%2Dmgmt%2D%2Bsecret%2F";

fn echoing(echo_key: bool) -> Api {
    Api::with(Options { management_key: KEY.to_owned(), echo_key, ..Options::default() })
}

/// The body of an answer that repeats the key in its headers.
#[track_caller]
fn body(response: Response) -> String {
    assert_eq!(response.headers()["x-received-authorization"], format!("Bearer {KEY}"));
    assert_eq!(response.headers()["x-received-key"], ENCODED);
    response.text().unwrap()
}

#[test]
fn every_error_repeats_the_key_in_headers_and_metadata() {
    let api = echoing(true);
    let custom = json!({"error": {"code": 418, "message": "tea", "metadata": {"pot": 1}}});
    let custom: Action = serde_json::from_value(json!({"status": 418, "body": custom})).unwrap();
    api.mock.add_fault(Fault::on("GET", "/keys", Action::status(503))).unwrap();
    api.mock.add_fault(Fault::on("GET", "/workspaces", Action::status_after_work(502))).unwrap();
    api.mock.add_fault(Fault::on("GET", "/organization/members", custom)).unwrap();
    let paths = [
        ("/keys", 503),
        ("/workspaces", 502),
        ("/organization/members", 418),
        ("/guardrails/missing", 404),
        ("/guardrails?limit=0", 400),
        ("/nowhere", 404),
    ];
    for (path, status) in paths {
        let response = api.request("GET", path, &Value::Null).send().unwrap();
        assert_eq!(response.status(), status, "{path}");
        let error = serde_json::from_str::<Value>(&body(response)).unwrap()["error"].clone();
        assert_eq!(error["code"], json!(status));
        let metadata = &error["metadata"];
        assert_eq!(metadata["headers"]["authorization"], json!(format!("Bearer {KEY}")));
        assert_eq!(metadata["percent_encoded"], json!(ENCODED));
        assert_eq!(metadata["on_a_line"], json!(format!("\n{KEY}\n")));
        assert_eq!(metadata.get("pot").is_some(), status == 418);
    }
}

#[test]
fn a_success_repeats_the_key_in_headers_only() {
    let api = echoing(true);
    let created = api.request("POST", "/guardrails", &json!({"name": "g"})).send().unwrap();
    assert_eq!(created.status(), 201);
    assert!(!body(created).contains("secret"));
    api.mock
        .add_fault(Fault::on("GET", "/guardrails", Action::html(502, "<h1>Bad</h1>", false)))
        .unwrap();
    assert_eq!(
        body(api.request("GET", "/guardrails", &Value::Null).send().unwrap()),
        "<h1>Bad</h1>"
    );
    assert!(!format!("{:?}", api.mock.log()).contains("secret"));
}

#[test]
fn nothing_is_repeated_unless_it_is_asked_for() {
    let quiet = echoing(false).request("GET", "/guardrails/missing", &Value::Null).send().unwrap();
    assert_eq!(quiet.headers().get("x-received-authorization"), None);
    assert!(!quiet.text().unwrap().contains("metadata"));
    let keyless = echoing(true);
    let keyless = keyless.http.get(format!("{}/models", keyless.mock.base_url())).send().unwrap();
    assert_eq!(keyless.headers().get("x-received-authorization"), None);
}
