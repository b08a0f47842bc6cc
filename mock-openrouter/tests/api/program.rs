//! The mock as a program, and the file that keeps its state.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use mock_openrouter::{Mock, Options};
use serde_json::{Value, json};

use crate::client::Api;

struct Program {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    base_url: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mock-openrouter"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready.as_object().unwrap().len(), 1);
        let base_url = ready["base_url"].as_str().unwrap().to_owned();
        Self { child, stdout, base_url }
    }

    /// Ends the program with a signal and returns its exit code and what else it printed.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (code, rest)
    }
}

#[test]
fn the_program_prints_one_line_serves_and_keeps_its_state() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--management-key",
        "sk-or-mgmt-test",
        "--latency-ms",
        "1",
        "--seed-keys",
        "3",
        "--seed-members",
        "2",
        "--echo-key",
        "--accept-field",
        "shadow_mode",
        "--accept-field",
        "night_mode",
        "--restrict-key",
        "default",
        "--data",
        file.to_str().unwrap(),
    ];
    let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let call = |request: reqwest::blocking::RequestBuilder| {
        let request = request.header("Authorization", "Bearer sk-or-mgmt-test");
        let response = request.header("Content-Type", "application/json").send().unwrap();
        serde_json::from_str::<Value>(&response.text().unwrap()).unwrap()
    };
    let program = Program::start(&arguments);
    assert!(
        program.base_url.starts_with("http://127.0.0.1:") && program.base_url.ends_with("/api/v1")
    );
    let list = format!("{}/guardrails", program.base_url);
    call(http.post(&list).body(
        r#"{"name":"kept","limit_usd":0.1,"reset_interval":"daily","shadow_mode":1,"night_mode":2}"#,
    ));
    let before = call(http.get(&list));
    assert_eq!(before["data"][0]["name"], json!("kept"));
    assert_eq!(before["data"][0]["night_mode"], json!(2));
    let other = call(http.get(format!("{}/workspaces/production", program.base_url)));
    assert_eq!(other["error"]["code"], json!(403));
    let refused = call(http.get(format!("{list}/missing")));
    assert_eq!(refused["error"]["metadata"]["percent_encoded"], json!("sk%2Dor%2Dmgmt%2Dtest"));
    assert_eq!(program.stop("-TERM"), (Some(0), String::new()));

    let program = Program::start(&arguments);
    assert_eq!(call(http.get(format!("{}/guardrails", program.base_url))), before);
    assert_eq!(program.stop("-INT"), (Some(0), String::new()));
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [file]);
}

#[test]
fn everything_survives_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().join("state.json")), ..Options::default() };
    let api = Api::with(options.clone());
    let workspace = api.mock.default_workspace_id();
    let guardrail = api.guardrail("g", &workspace);
    let (keys, users) = (api.mock.key_hashes(&workspace), api.mock.member_ids());
    api.mock.assign_keys(&guardrail, &keys[..3]).unwrap();
    api.mock.assign_members(&guardrail, &users[..2]).unwrap();
    api.mock.unassign_keys(&guardrail, &keys[..1]).unwrap();
    api.mock.edit_guardrail(&guardrail, json!({"brand_new": true})).unwrap();
    let (state, gaps) = (api.mock.state(), api.mock.gaps());
    drop(api);
    let again = Mock::start(options).unwrap();
    assert_eq!((again.state(), again.gaps()), (state, gaps));
    assert_eq!(again.assign_keys(&guardrail, &keys[..1]), Ok(1));
    assert!(again.gaps()[0].to.is_some());
}

#[test]
fn a_data_file_that_is_none_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    std::fs::write(&file, "not a state").unwrap();
    assert!(Mock::start(Options { data: Some(file.clone()), ..Options::default() }).is_err());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "not a state");
}

#[test]
fn dropping_a_mock_frees_its_port_and_ends_its_connections() {
    let api = Api::new();
    assert_eq!(api.get("/models").0, 200);
    let (address, url) = (api.mock.address(), format!("{}/models", api.mock.base_url()));
    let Api { mock, http } = api;
    drop(mock);
    assert!(http.get(url).send().is_err());
    TcpListener::bind(address).unwrap();
}

#[test]
fn a_port_in_use_is_told_in_words() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut program = Command::new(env!("CARGO_BIN_EXE_mock-openrouter"));
    let output = program.args(["--listen", &address]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    let port = taken.local_addr().unwrap().port();
    assert!(said.contains(&format!("port {port} of 127.0.0.1 is in use")), "{said}");
    assert!(said.contains("--listen 127.0.0.1:0") && !said.contains("Os {"), "{said}");
}
