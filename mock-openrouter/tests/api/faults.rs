//! Faults as a client meets them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, Options, When};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::client::{Api, text};

const PATIENCE: Duration = Duration::from_secs(20);

fn named(name: &str) -> Value {
    json!({ "name": name })
}

fn names(api: &Api) -> Vec<String> {
    api.mock.guardrails().iter().map(|guardrail| text(guardrail, "name")).collect()
}

fn on_create(api: &Api, action: Action) {
    api.mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
}

#[test]
fn statuses_come_before_or_after_the_work() {
    let api = Api::new();
    on_create(&api, Action::retry_after(7));
    let limited = api.request("POST", "/guardrails", &named("a")).send().unwrap();
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    assert!(limited.text().unwrap().contains("Rate limit exceeded"));
    assert!(names(&api).is_empty());

    on_create(&api, Action::status_after_work(502));
    api.refused("POST", "/guardrails", &named("b"), 502, "Bad Gateway");
    assert_eq!(names(&api), ["b"]);
    let log = api.mock.log();
    assert_eq!((log.requests[1].work_status, log.requests[1].status), (Some(201), Some(502)));
    assert_eq!((log.requests[0].work_status, log.requests[0].fault), (None, Some(1)));
    api.create(&named("c"));
}

#[test]
fn connections_are_dropped_before_or_after_the_work_on_both_protocols() {
    let api = Api::new();
    let prior_knowledge = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    for http in [api.http.clone(), prior_knowledge] {
        api.mock.reset_state().unwrap();
        let send = |name| {
            let request = http.post(format!("{}/guardrails", api.mock.base_url()));
            let request =
                request.header("Authorization", format!("Bearer {}", api.mock.management_key()));
            request.header("Content-Type", "application/json").body(named(name).to_string()).send()
        };
        assert_eq!(send("fine").unwrap().status(), 201);
        on_create(&api, Action::dropped(When::Before));
        assert!(send("before").is_err());
        on_create(&api, Action::dropped(When::After));
        assert!(send("after").is_err());
        assert_eq!(names(&api), ["fine", "after"]);
        assert_eq!(send("again").unwrap().status(), 201);
        assert_eq!(api.mock.log().requests[1].status, None);
    }
}

#[test]
fn answers_are_cut_short_after_the_work() {
    let api = Api::new();
    on_create(&api, Action::truncated());
    let response = api.request("POST", "/guardrails", &named("a")).send().unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.content_length().unwrap() > 500);
    assert!(response.text().is_err());
    assert_eq!(names(&api), ["a"]);
}

#[test]
fn slow_answers_have_their_work_done_early_or_late() {
    let api = Api::new();
    let impatient = |name: &str| {
        let request =
            api.request("POST", "/guardrails", &named(name)).timeout(Duration::from_millis(100));
        assert!(request.send().unwrap_err().is_timeout());
    };
    on_create(&api, Action::slow(Duration::from_secs(60), When::Before));
    impatient("early");
    assert!(api.mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 1));

    on_create(&api, Action::slow(Duration::from_millis(1500), When::After));
    impatient("late");
    assert_eq!(names(&api), ["early"]);
    assert!(api.mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 2));
}

#[test]
fn work_can_begin_when_the_client_has_given_up() {
    let api = Api::new();
    let long = Duration::from_secs(60);
    on_create(&api, Action::after_disconnect(long, Duration::from_millis(10)));
    let mut stream = TcpStream::connect(api.mock.address()).unwrap();
    let (key, body) = (api.mock.management_key(), named("ghost").to_string());
    let head = format!(
        "POST /api/v1/guardrails HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer {key}\r\n"
    );
    let head =
        format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    assert!(api.mock.wait_until(PATIENCE, |mock| mock.fault_hits() == BTreeMap::from([(1, 1)])));
    assert!(names(&api).is_empty());
    drop(stream);
    assert!(api.mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 1));

    on_create(&api, Action::after_disconnect(Duration::from_millis(50), Duration::ZERO));
    api.create(&named("patience is rewarded"));
}

#[test]
fn a_reset_stream_counts_as_giving_up() {
    let api = Api::new();
    on_create(&api, Action::after_disconnect(Duration::from_secs(60), Duration::ZERO));
    let http = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let request = http.post(format!("{}/guardrails", api.mock.base_url()));
    let request = request.header("Authorization", format!("Bearer {}", api.mock.management_key()));
    let request =
        request.header("Content-Type", "application/json").body(named("ghost").to_string());
    assert!(request.timeout(Duration::from_millis(150)).send().unwrap_err().is_timeout());
    assert!(api.mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 1));
}

#[test]
fn the_key_can_be_echoed_and_bodies_replaced() {
    let api = Api::new();
    on_create(&api, Action::echo_key(400));
    let response = api.request("POST", "/guardrails", &named("a")).send().unwrap();
    assert_eq!(response.status(), 400);
    let key = api.mock.management_key();
    assert!(response.headers()["x-received-authorization"].to_str().unwrap().contains(key));
    assert!(response.text().unwrap().matches(key).count() >= 2);
    assert!(!format!("{:?}", api.mock.log()).contains(key));
    assert!(!format!("{:?} {:?}", api.mock, Options::default()).contains(key));

    on_create(&api, Action::html(200, "<h1>Welcome</h1>", true));
    let response = api.request("POST", "/guardrails", &named("b")).send().unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"text/html".parse().unwrap())
    );
    assert_eq!(response.text().unwrap(), "<h1>Welcome</h1>");
    assert_eq!(names(&api), ["b"]);

    on_create(&api, Action::huge(3));
    let response = api.request("POST", "/guardrails", &named("c")).send().unwrap();
    let body = response.text().unwrap();
    assert_eq!(body.len(), 3 * 1024 * 1024);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["data"]["name"], json!("c"));
}

#[test]
fn bodies_can_be_no_text_or_of_another_shape() {
    let api = Api::new();
    on_create(&api, Action::bytes(b"{\"data\": \xff\xfe\x00\x80}"));
    let response = api.request("POST", "/guardrails", &named("a")).send().unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body = response.bytes().unwrap();
    assert!(std::str::from_utf8(&body).is_err() && body.len() == 14, "{body:?}");

    on_create(&api, Action::wrong_json(&json!({"data": {"id": 7}})));
    assert_eq!(api.send("POST", "/guardrails", &named("b")), (201, json!({"data": {"id": 7}})));
    assert_eq!(names(&api), ["a", "b"]);

    let raw = r#"{"action": {"replace_bytes": {"content_type": "text/plain", "hex": "c328"}, "after_work": false}}"#;
    api.mock.add_fault(serde_json::from_str(raw).unwrap()).unwrap();
    let response = api.request("POST", "/guardrails", &named("c")).send().unwrap();
    assert_eq!(
        (response.status().as_u16(), response.bytes().unwrap().as_ref()),
        (200, [0xc3, 0x28].as_slice())
    );
    assert_eq!(names(&api), ["a", "b"]);
}

#[test]
fn a_small_answer_can_inflate_to_a_large_one() {
    let api = Api::new();
    on_create(&api, Action::gzip_bomb(40));
    let response = api.request("POST", "/guardrails", &named("a")).send().unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-encoding"]),
        (201, &"gzip".parse().unwrap())
    );
    let compressed = response.bytes().unwrap();
    assert!(compressed.len() < 100_000, "{}", compressed.len());
    let mut inflated = String::new();
    flate2::read::GzDecoder::new(compressed.as_ref()).read_to_string(&mut inflated).unwrap();
    assert_eq!(inflated.len(), 40 * 1024 * 1024);
    assert_eq!(serde_json::from_str::<Value>(&inflated).unwrap()["data"]["name"], json!("a"));
    assert_eq!(names(&api), ["a"]);
}

#[test]
fn a_fault_can_be_for_one_workspace() {
    let api = Api::new();
    let production = api.mock.production_workspace_id();
    let fault =
        Fault::on("GET", "/guardrails", Action::status(500)).query_contains("workspace_id=");
    api.mock.add_fault(fault).unwrap();
    let raw = r#"{"match": {"path_regex": "^/keys$", "query_contains": "offset=100"}, "action": {"status": 502}}"#;
    api.mock.add_fault(serde_json::from_str(raw).unwrap()).unwrap();
    assert_eq!(api.get("/guardrails?limit=100").0, 200);
    assert_eq!(api.get(&format!("/guardrails?limit=100&workspace_id={production}")).0, 500);
    assert_eq!(api.get("/keys?offset=0").0, 200);
    assert_eq!(api.get("/keys?offset=100").0, 502);
}

#[test]
fn other_processes_steer_the_mock_over_http() {
    let api = Api::new();
    let origin = api.mock.base_url().strip_suffix("/api/v1").unwrap().to_owned();
    let admin = |method: &str, command: &str, body: &str| {
        let request =
            api.http.request(method.parse().unwrap(), format!("{origin}/_mock/{command}"));
        let response = request.body(body.to_owned()).send().unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str::<Value>(&response.text().unwrap()).unwrap())
    };
    let fault =
        r#"{"match": {"path": "/guardrails/{id}", "times": null}, "action": {"status": 503}}"#;
    assert_eq!(admin("POST", "faults", fault), (200, json!({"id": 1})));
    assert_eq!(admin("POST", "faults", r#"{"action": {"sttus": 503}}"#).0, 400);
    assert_eq!(admin("POST", "latency", r#"{"ms": 40}"#).0, 200);
    let began = Instant::now();
    let id = text(&api.create(&named("a")), "id");
    assert!(began.elapsed() >= Duration::from_millis(40));
    for _ in 0..2 {
        assert_eq!(api.get(&format!("/guardrails/{id}")).0, 503);
    }
    assert_eq!(admin("GET", "faults", "").1, json!({"hits": {"1": 2}}));
    let (_, log) = admin("GET", "requests", "");
    assert_eq!(log["counts"], json!({"POST /guardrails": 1, "GET /guardrails/{id}": 2}));
    assert_eq!(admin("GET", "counts", "").1, json!({ "counts": log["counts"] }));
    assert_eq!(log["requests"][0]["body"], named("a"));
    assert_eq!(log["requests"][0]["headers"]["authorization"], json!("Bearer ***"));
    assert_eq!(admin("GET", "state", "").1["guardrails"][0]["id"], json!(id));
    assert_eq!(admin("GET", "gaps", "").1, json!({"gaps": []}));

    assert_eq!(admin("POST", "reset", "").0, 200);
    assert_eq!(admin("GET", "requests", "").1["requests"], json!([]));
    assert_eq!(api.get(&format!("/guardrails/{id}")).0, 200);
    assert_eq!(admin("POST", "reset", r#"{"state": true}"#).0, 200);
    assert_eq!(api.get(&format!("/guardrails/{id}")).0, 404);
    assert_eq!(admin("GET", "nothing", "").0, 404);
}

#[test]
fn latency_is_shared_by_requests_at_the_same_time() {
    let api = Api::with(Options { latency: Duration::from_millis(200), ..Options::default() });
    std::thread::scope(|scope| {
        for number in 0..20 {
            let api = &api;
            scope.spawn(move || api.create(&named(&format!("g{number}"))));
        }
    });
    assert_eq!(api.mock.guardrails().len(), 20);
    let log = api.mock.log();
    assert!(log.max_in_flight > 10 && log.in_flight == 0, "{}", log.max_in_flight);
}
