//! How the process ends without being asked over its connection: signals, and the end of its host;
//! what becomes of a write under way; and that nothing is left of the process.

use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use terraform_provider_openrouter::pb::tfplugin5::apply_resource_change::Response;
use tokio::task::JoinHandle;

use crate::harness::{Provider, Start, TIMEOUT, signal_to};
use crate::session::Session;

const HANGUP: i32 = 1;
const INTERRUPT: i32 = 2;
const QUIT: i32 = 3;
const KILL: i32 = 9;
const TERMINATE: i32 = 15;

/// They reach the host's whole process group; the host then ends its work in order, through the
/// provider.
#[tokio::test]
async fn what_the_terminal_sends_to_all_does_not_end_it() {
    let mut provider = Provider::start().await;
    for signal in [INTERRUPT, QUIT, HANGUP] {
        provider.process.signal(signal);
        assert!(provider.serves().await, "after signal {signal}");
    }
    assert_eq!(provider.shutdown().await.0.code(), Some(0));
}

#[tokio::test]
async fn sigterm_ends_it_and_leaves_nothing() {
    let mut provider = Provider::start().await;
    provider.process.signal(TERMINATE);
    assert_eq!(provider.process.end().await.0.code(), Some(0));
    assert!(provider.process.temporary_files().is_empty());
}

/// Starts the provider as a child of a shell. The shell stands for Terraform, or for a wrapper
/// between the two.
async fn start_through_shell(command: &'static str) -> Provider {
    Start::new().through_shell(command).variable("TF_LOG", "debug").connectable().await
}

/// Longer than it takes to notice that the host is gone.
const SLOW: Duration = Duration::from_secs(4);

/// Has a create sent to the API, which takes its time to respond.
async fn start_create(provider: &Provider) -> (Mock, JoinHandle<Response>) {
    let mock = Mock::start(Options::default()).unwrap();
    mock.add_fault(Fault::on("POST", "/guardrails", Action::slow(SLOW, When::After))).unwrap();
    let mut session = Session::configured(provider, &mock).await;
    let config = session.guardrail(&[("name", "ci".into())]);
    let plan = session.plan(None, config.clone(), b"").await;
    let apply = tokio::spawn(async move { session.apply(None, config, plan).await });
    let sent = tokio::task::spawn_blocking(move || {
        assert!(mock.wait_until(TIMEOUT, |mock| mock.log().in_flight > 0));
        mock
    });
    (sent.await.unwrap(), apply)
}

/// Whether the API has responded to the create. A process that is gone before that has not heard.
fn is_created(mock: &Mock) -> bool {
    let last = mock.log().requests.pop_back().expect("the create was sent");
    assert_eq!(last.method, "POST");
    last.status.is_some() && mock.guardrails().len() == 1
}

/// Terraform is killed, and can say goodbye to nobody.
#[tokio::test]
async fn it_ends_with_its_parent_once_a_write_under_way_is_finished() {
    let mut provider = start_through_shell(r#""$0" "$@" & wait"#).await;
    let (mock, apply) = start_create(&provider).await;
    signal_to(provider.process.child.id().unwrap(), KILL);
    assert_eq!(provider.process.rest_of_stdout().await, "");
    assert!(is_created(&mock));
    assert!(provider.process.temporary_files().is_empty());
    apply.abort();
}

/// A wrapper around the provider lives on when Terraform is killed, as it waits for the provider.
#[tokio::test]
async fn it_ends_with_the_last_connection_once_a_write_under_way_is_finished() {
    let mut provider = start_through_shell(r#""$0" "$@"; exit 0"#).await;
    let (mock, apply) = start_create(&provider).await;
    apply.abort();
    let (status, stderr) = provider.process.end().await;
    assert!(status.success() && stderr.contains("the host closed its connection"), "{stderr}");
    assert!(is_created(&mock));
    assert!(provider.process.temporary_files().is_empty());
}

#[tokio::test]
async fn it_ends_with_its_host_when_nothing_is_under_way() {
    for (command, reason) in [
        (r#""$0" "$@" & wait"#, "the parent process is gone"),
        (r#""$0" "$@"; exit 0"#, "the host closed its connection"),
    ] {
        let mut provider = start_through_shell(command).await;
        let channel = provider.channel().await;
        if command.ends_with("wait") {
            signal_to(provider.process.child.id().unwrap(), KILL);
        } else {
            drop(channel);
        }
        assert_eq!(provider.process.rest_of_stdout().await, "");
        let (_, stderr) = provider.process.end().await;
        assert!(stderr.contains(reason) && !stderr.contains("abandoned"), "{stderr}");
        assert!(provider.process.temporary_files().is_empty());
    }
}

/// By a file that only Linux has: writing to it fails.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_is_gone_before_the_handshake_leaves_nothing() {
    let mut process = Start::new().through_shell(r#"exec "$0" "$@" >/dev/full"#).process();
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("handshake"), "{stderr}");
    assert!(process.temporary_files().is_empty());
}
