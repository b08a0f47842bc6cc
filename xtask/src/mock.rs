//! The mock of the API as a program of its own, and what it tells about itself under `/_mock/`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The management key that the mock accepts. It opens nothing else.
pub(crate) const KEY: &str = "sk-or-mgmt-demo";

/// A mock that runs until it is dropped.
pub(crate) struct Mock {
    process: Child,
    base_url: String,
}

/// A request the mock has answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// Such as `GET`.
    pub(crate) method: String,
    /// The path below the base URL with its parameters by name, such as `/guardrails/{id}`.
    pub(crate) template: String,
}

/// What the API holds: guardrails, and what they are assigned to.
pub(crate) struct Holdings {
    /// Every guardrail, as the API would answer it, by name.
    pub(crate) guardrails: Vec<Value>,
    /// The id of the guardrail of each key that has one.
    pub(crate) keys: Vec<String>,
    /// The id of the guardrail of each member that has one.
    pub(crate) members: Vec<String>,
    /// The hashes of all keys of the default workspace.
    pub(crate) key_hashes: Vec<String>,
    /// The user ids of all members.
    pub(crate) member_ids: Vec<String>,
}

impl Holdings {
    fn read(state: &Value) -> Option<Self> {
        let mut guardrails = state["guardrails"].as_array()?.clone();
        guardrails.sort_by_key(|guardrail| guardrail["name"].to_string());
        let holders = |name: &str| texts(state[name].as_object()?.values());
        Some(Self {
            guardrails,
            keys: holders("key_assignments")?,
            members: holders("member_assignments")?,
            key_hashes: texts(state["workspaces"][0]["key_hashes"].as_array()?)?,
            member_ids: texts(state["member_ids"].as_array()?)?,
        })
    }
}

fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> Option<Vec<String>> {
    values.into_iter().map(|value| Some(value.as_str()?.to_owned())).collect()
}

impl Mock {
    /// Starts the mock's binary on a free port, and returns once it listens.
    pub(crate) fn start(binary: &Path) -> Result<Self> {
        Self::start_with(binary, &[])
    }

    /// The same with further arguments, such as the number of keys to begin with.
    pub(crate) fn start_with(binary: &Path, arguments: &[String]) -> Result<Self> {
        let mut process = Command::new(binary)
            .args(["--listen", "127.0.0.1:0", "--management-key", KEY])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let output = process.stdout.take();
        let mut mock = Self { process, base_url: String::new() };
        let mut line = String::new();
        let output = output.context("the mock has no stdout")?;
        BufReader::new(output).read_line(&mut line).context("cannot read the mock's first line")?;
        let ready: Value = serde_json::from_str(&line)
            .with_context(|| format!("the mock's first line is {line:?}"))?;
        let base_url =
            ready["base_url"].as_str().context("the mock does not say where it listens")?;
        base_url.clone_into(&mut mock.base_url);
        Ok(mock)
    }

    /// Where the API is, such as `http://127.0.0.1:1234/api/v1`.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Every request since the start, in the order they came.
    pub(crate) fn requests(&self) -> Result<Vec<Request>> {
        let answer = self.admin("requests")?;
        let log =
            answer["requests"].as_array().context("the mock's request log has no `requests`")?;
        log.iter()
            .map(|entry| request(entry).with_context(|| format!("not a request: {entry}")))
            .collect()
    }

    /// What the API holds now.
    pub(crate) fn holdings(&self) -> Result<Holdings> {
        Holdings::read(&self.admin("state")?).context("the mock's state lacks a part")
    }

    /// How many requests there were of each `METHOD template` since the start or the last time they were forgotten.
    pub(crate) fn counts(&self) -> Result<BTreeMap<String, u64>> {
        let answer = self.admin("counts")?;
        serde_json::from_value(answer["counts"].clone()).context("the mock's counts are none")
    }

    /// Forgets the requests so far.
    pub(crate) fn forget_requests(&self) -> Result<()> {
        post(&self.admin_url("reset"), &json!({})).map(drop)
    }

    /// Forgets what the API holds as well, and begins anew.
    pub(crate) fn start_over(&self) -> Result<()> {
        post(&self.admin_url("reset"), &json!({ "state": true })).map(drop)
    }

    /// Sets the time that every request takes from now on.
    pub(crate) fn set_latency(&self, milliseconds: u64) -> Result<()> {
        post(&self.admin_url("latency"), &json!({ "ms": milliseconds })).map(drop)
    }

    /// Posts to the API itself, at a path such as `/guardrails`.
    pub(crate) fn post_to_api(&self, path: &str, body: &Value) -> Result<Value> {
        post(&format!("{}{path}", self.base_url), body)
    }

    fn admin(&self, what: &str) -> Result<Value> {
        exchange("GET", &self.admin_url(what), "")
    }

    fn admin_url(&self, what: &str) -> String {
        let root = self.base_url.strip_suffix("/api/v1").unwrap_or(&self.base_url);
        format!("{root}/_mock/{what}")
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn post(url: &str, body: &Value) -> Result<Value> {
    exchange("POST", url, &body.to_string())
}

/// Sends a request to the mock and reads its response. That is plain HTTP on loopback, and in version 1.0 a response has no parts
/// and ends with the connection.
fn exchange(method: &str, url: &str, body: &str) -> Result<Value> {
    let response = exchange_text(method, url, body).with_context(|| format!("cannot ask {url}"))?;
    let (head, content) = response.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{url} answered {status}: {content}");
    }
    serde_json::from_str(content).with_context(|| format!("{url} is not JSON"))
}

fn exchange_text(method: &str, url: &str, body: &str) -> Result<String> {
    let place = url.strip_prefix("http://").and_then(|rest| rest.split_once('/'));
    let (authority, path) = place.context("not an address of the mock")?;
    let length = body.len();
    let request = format!(
        "{method} /{path} HTTP/1.0\r\nhost: {authority}\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(authority)?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn request(entry: &Value) -> Option<Request> {
    let text = |name: &str| Some(entry[name].as_str()?.to_owned());
    Some(Request { method: text("method")?, template: text("template")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// Answers one request with this text, and gives its URL; the thread returns the request.
    fn answering(response: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/_mock/state", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 1024];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(response.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (url, server)
    }

    #[test]
    fn a_request_is_whole_and_its_response_read_to_the_end_of_the_connection() {
        let (url, server) = answering("HTTP/1.1 201 Created\r\nx: y\r\n\r\n{\"name\": \"é\"}");
        assert_eq!(exchange("POST", &url, "{\"é\":1}").unwrap(), json!({ "name": "é" }));
        let request = server.join().unwrap();
        assert!(request.starts_with("POST /_mock/state HTTP/1.0\r\n"), "{request}");
        let key = format!("authorization: Bearer {KEY}\r\n");
        assert!(request.contains(&key) && request.contains("content-length: 8\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"é\":1}"), "{request}");
    }

    #[test]
    fn a_refusal_is_an_error_that_says_what_came_back() {
        let (url, _server) = answering("HTTP/1.0 400 Bad Request\r\n\r\nno such thing");
        let error = exchange("GET", &url, "").unwrap_err().to_string();
        assert!(error.contains("400") && error.contains("no such thing"), "{error}");
        assert!(exchange("GET", "ftp://127.0.0.1/", "").is_err());
    }
}
