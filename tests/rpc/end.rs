//! How the process ends: when it is told to, and with its host; and that nothing is left of it.

use std::time::{Duration, Instant};

use terraform_provider_openrouter::pb::plugin::Empty;
use terraform_provider_openrouter::pb::plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_openrouter::pb::plugin::grpc_stdio_client::GrpcStdioClient;

use crate::harness::{Provider, Start, signal_to};

const HANGUP: i32 = 1;
const INTERRUPT: i32 = 2;
const QUIT: i32 = 3;
const KILL: i32 = 9;
const TERMINATE: i32 = 15;

/// How soon the process has to be gone after Shutdown.
const AT_ONCE: Duration = Duration::from_millis(100);

const ATTEMPTS: usize = 3;

/// How soon the process has to be gone after its host, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(4);

/// A busy machine can only add to the time, so the best of a few attempts counts.
#[tokio::test]
async fn it_is_gone_at_once_after_shutdown_though_a_stream_is_open() {
    let mut took = Vec::new();
    while took.len() < ATTEMPTS {
        took.push(time_from_shutdown_to_exit().await);
        if took.last() < Some(&AT_ONCE) {
            return;
        }
    }
    panic!("{took:?}");
}

async fn time_from_shutdown_to_exit() -> Duration {
    let mut provider = Provider::start().await;
    let channel = provider.channel().await;
    let _output = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap();
    let asked = Instant::now();
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.expect("Shutdown is answered");
    let (status, stderr) = provider.process.end().await;
    let took = asked.elapsed();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert_eq!(provider.process.rest_of_stdout().await, "");
    assert!(provider.process.temporary_files().is_empty());
    took
}

/// They reach the host's whole process group; the host then ends its work in order, through the provider.
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

/// The shell stands for Terraform: it is the provider's parent and is killed, so that it can say goodbye to nobody.
#[tokio::test]
async fn it_goes_with_its_parent_and_leaves_nothing() {
    let mut provider = Start::new().through_shell(r#""$0" & wait"#).connectable().await;
    let _channel = provider.channel().await;
    let killed = Instant::now();
    signal_to(provider.process.child.id().unwrap(), KILL);
    assert_eq!(provider.process.rest_of_stdout().await, "");
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    assert!(provider.process.temporary_files().is_empty());
}

/// A wrapper around the provider lives on when Terraform is killed, as it waits for the provider.
#[tokio::test]
async fn it_goes_with_the_last_connection_and_leaves_nothing() {
    let mut provider = Start::new().through_shell(r#""$0"; exit 0"#).connectable().await;
    let channel = provider.channel().await;
    assert!(provider.serves().await);
    drop(channel);
    let left = Instant::now();
    assert!(provider.process.end().await.0.success());
    assert!(left.elapsed() < SOON, "{:?}", left.elapsed());
    assert!(provider.process.temporary_files().is_empty());
}

#[tokio::test]
async fn a_host_that_is_gone_before_the_handshake_leaves_nothing() {
    let mut process = Start::new().through_shell(r#"exec "$0" >/dev/full"#).process();
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("handshake"), "{stderr}");
    assert!(process.temporary_files().is_empty());
}
