//! How long parts of a session take, for `cargo xtask bench`, which says of which provider.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use terraform_provider_openrouter::pb::plugin::Empty;
use terraform_provider_openrouter::pb::plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_openrouter::pb::tfplugin5::get_provider_schema::Request;
use terraform_provider_openrouter::pb::tfplugin5::provider_client::ProviderClient;

use crate::harness::Start;

const SESSIONS: usize = 30;

/// Writes the times of each session into the file that the benchmark names.
#[tokio::test]
#[ignore = "a measurement: run by `cargo xtask bench`"]
async fn of_a_session() {
    let setting =
        |name: &str| PathBuf::from(std::env::var_os(name).expect("the benchmark sets it"));
    let (mut schema, mut shutdown) = (Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        let times = session(setting("OPENROUTER_BENCH_PROVIDER")).await;
        schema.push(times.0.as_micros());
        shutdown.push(times.1.as_micros());
    }
    let times = json!({ "schema_us": schema, "shutdown_us": shutdown });
    std::fs::write(setting("OPENROUTER_BENCH_TIMES"), times.to_string()).unwrap();
}

/// From the handshake line to the schema, and from `Shutdown` to the end of the process.
async fn session(program: PathBuf) -> (Duration, Duration) {
    let mut provider = Start::new().program(program).connectable().await;
    let begun = Instant::now();
    let channel = provider.channel().await;
    let mut client = ProviderClient::new(channel.clone());
    let response = client.get_schema(Request::default()).await.unwrap().into_inner();
    let schema = begun.elapsed();
    assert!(!response.resource_schemas.is_empty(), "a schema has resources");
    let begun = Instant::now();
    // A response is not required: the process may be faster.
    let _ = GrpcControllerClient::new(channel).shutdown(Empty {}).await;
    let (status, stderr) = provider.process.end().await;
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    (schema, begun.elapsed())
}
