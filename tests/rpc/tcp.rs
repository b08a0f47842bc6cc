//! Where no unix socket can be made, as on Windows: every other test of the real binary once more, with
//! a port of the loopback interface.

use std::process::{Command, Stdio};

use crate::harness::{OVER_TCP, Start};

/// The tests of sockets are about nothing else, and these here would run themselves.
const SKIPPED: [&str; 2] = ["listen::", "tcp::"];

#[test]
fn everything_holds_over_tcp() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(SKIPPED.map(|name| format!("--skip={name}")))
        .env(OVER_TCP, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    for module in ["end::", "provider::", "resource::", "signals::", "tls::"] {
        assert!(stdout.contains(&format!("test {module}")), "no test of {module} ran: {stdout}");
    }
}

/// Nobody outside this machine can connect, and the port is one of those that the host allows.
#[tokio::test]
async fn the_port_is_of_the_loopback_interface_and_among_the_hosts() {
    let mut provider = Start::new().argument("--tcp").connectable().await;
    assert_eq!(provider.handshake.network, "tcp");
    let (address, port) = provider.handshake.address.split_once(':').unwrap();
    let port: u16 = port.parse().unwrap();
    assert!(address == "127.0.0.1" && (10000..=25000).contains(&port), "{:?}", provider.handshake);
    assert!(provider.serves().await);
    assert!(provider.process.temporary_files().is_empty());
    assert!(provider.shutdown().await.0.success());
}

#[tokio::test]
async fn ports_that_are_all_in_use_end_the_process_with_the_reason() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let start = Start::new().variable("PLUGIN_MIN_PORT", &port).variable("PLUGIN_MAX_PORT", &port);
    let mut process = start.argument("--tcp").process();
    assert_eq!(process.rest_of_stdout().await, "");
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr.contains(&format!("cannot listen on any port between {port} and {port}")),
        "{stderr}"
    );
}
