//! Connections: refused and closed on request, counted, and given up by the client.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::{Value, json};

use crate::client::Api;

const PATIENCE: Duration = Duration::from_secs(20);

/// One connection on which requests are written by hand, so that nothing but the test opens, keeps or closes it.
struct Wire {
    stream: TcpStream,
    authorization: String,
}

impl Wire {
    fn open(mock: &Mock) -> Self {
        let stream = TcpStream::connect(mock.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, authorization: format!("Authorization: Bearer {}", mock.management_key()) }
    }

    /// Sends a request to create a guardrail.
    fn send(&mut self, name: &str) {
        let body = json!({ "name": name }).to_string();
        let head =
            format!("POST /api/v1/guardrails HTTP/1.1\r\nHost: mock\r\n{}\r\n", self.authorization);
        let head = format!(
            "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    /// The status of the answer.
    fn status(&mut self) -> u16 {
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        let head = String::from_utf8(answer).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        self.stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        head[9..12].parse().unwrap()
    }

    /// Whether the other side has closed the connection, which is waited for.
    fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

fn connect(mock: &Mock) -> Result<(), ErrorKind> {
    TcpStream::connect(mock.address()).map(drop).map_err(|error| error.kind())
}

#[test]
fn connections_are_refused_until_they_are_accepted_again() {
    let mock = Mock::start(Options::default()).unwrap();
    for round in 0..3 {
        let (mut kept, mut silent) = (Wire::open(&mock), Wire::open(&mock));
        for request in 0..2 {
            kept.send(&format!("{round} {request}"));
            assert_eq!(kept.status(), 201);
        }
        for _ in 0..2 {
            mock.refuse_connections();
            assert_eq!(connect(&mock), Err(ErrorKind::ConnectionRefused));
        }
        assert!(kept.is_closed() && silent.is_closed());
        for _ in 0..2 {
            mock.accept_connections().unwrap();
            assert_eq!(connect(&mock), Ok(()));
        }
    }
    let mut again = Wire::open(&mock);
    again.send("again");
    assert_eq!(again.status(), 201);
    assert_eq!(mock.guardrails().len(), 7);
}

#[test]
fn the_port_stays_the_mocks_while_it_refuses() {
    let mock = Mock::start(Options::default()).unwrap();
    mock.refuse_connections();
    // As the system looks for a free port: without the option that lets sockets share one.
    let stranger = tokio::net::TcpSocket::new_v4().unwrap();
    assert_eq!(stranger.bind(mock.address()).unwrap_err().kind(), ErrorKind::AddrInUse);
    let address = mock.address();
    drop(mock);
    stranger.bind(address).unwrap();
}

#[test]
fn a_request_under_way_when_connections_are_refused_is_worked_on() {
    let mock = Mock::start(Options::default()).unwrap();
    let late = Action::slow(Duration::from_millis(200), When::After);
    mock.add_fault(Fault::on("POST", "/guardrails", late)).unwrap();
    let mut wire = Wire::open(&mock);
    wire.send("late");
    assert!(mock.wait_until(PATIENCE, |mock| mock.fault_hits()[&1] == 1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { mock.refuse_connections() });
    assert!(wire.is_closed() && mock.guardrails().is_empty());
    assert!(mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 1));
}

#[test]
fn requests_count_as_under_way_until_their_answer_or_the_end_of_their_connection() {
    let mock = Mock::start(Options::default()).unwrap();
    mock.add_fault(Fault::any(Action::slow(Duration::from_secs(60), When::After)).times(3))
        .unwrap();
    let mut wires: Vec<Wire> = (0..3).map(|_| Wire::open(&mock)).collect();
    for wire in &mut wires {
        wire.send("never");
    }
    assert!(mock.wait_until(PATIENCE, |mock| mock.log().in_flight == 3));
    wires.truncate(1);
    assert!(mock.wait_until(PATIENCE, |mock| mock.log().in_flight == 1));
    assert_eq!((mock.max_in_flight(), mock.connections()), (3, 3));

    mock.reset();
    assert_eq!((mock.max_in_flight(), mock.connections()), (1, 0));
    drop(wires);
    assert!(mock.wait_until(PATIENCE, |mock| mock.log().in_flight == 0));
    mock.reset();
    let mut wire = Wire::open(&mock);
    for name in ["one", "after", "another"] {
        wire.send(name);
        assert_eq!(wire.status(), 201);
    }
    assert_eq!((mock.max_in_flight(), mock.connections()), (1, 1));
}

#[test]
fn a_dropped_connection_ends_what_was_under_way_on_it() {
    let api = Api::new();
    api.mock.add_fault(Fault::on("GET", "/models", Action::dropped(When::Before))).unwrap();
    assert!(api.request("GET", "/models", &Value::Null).send().is_err());
    let log = api.mock.log();
    assert_eq!((log.in_flight, log.max_in_flight), (0, 1));
}

#[test]
fn work_after_a_disconnect_is_timed_by_the_disconnect() {
    /// Long enough for what is timed by its end to be told from what a busy machine makes late.
    const LATE: Duration = Duration::from_secs(4);
    let mock =
        Mock::start(Options { latency: Duration::from_millis(600), ..Options::default() }).unwrap();
    let then = Duration::from_secs(1);
    let mut kept = Wire::open(&mock);
    kept.send("kept");
    assert_eq!(kept.status(), 201);
    // The client goes long after the request came, or before the mock has so much as looked at it.
    for (patience, mut wire, guardrails) in
        [(Duration::from_millis(800), kept, 2), (Duration::from_millis(20), Wire::open(&mock), 3)]
    {
        if guardrails == 3 {
            mock.set_latency(LATE);
        }
        let action = Action::after_disconnect(Duration::from_secs(60), then);
        mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
        wire.send("ghost");
        std::thread::sleep(patience);
        assert_eq!(mock.guardrails().len(), guardrails - 1);
        let gone = Instant::now();
        drop(wire);
        assert!(mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == guardrails));
        let waited = gone.elapsed();
        assert!(waited >= then && waited < LATE, "{waited:?}");
    }
}
