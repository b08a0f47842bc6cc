//! The mock as a program: it prints one line of JSON with its base URL when it is ready, and runs until it is told
//! to stop.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mock_openrouter::{Mock, Options};

#[derive(Parser)]
#[command(
    version,
    about = "A mock server of the OpenRouter guardrails API that keeps its state in memory",
    after_help = "The mock is controlled by requests to paths below /_mock/: requests, counts, reset, latency, faults,
state, gaps, fields, restriction, policies/replace, policies/restore.

To inject a fault, POST {\"match\": {...}, \"action\": {...}} to /_mock/faults.
match:  method, path, path_regex, query_contains, body_contains, skip, times, probability, seed
action: one of status, drop, truncate, slow_ms, after_disconnect, echo_key, replace_body, replace_bytes, size_mb,
        gzip_mb and list, each with its own fields: see the documentation of Action

POST {\"name\": ...} to /_mock/fields has the effect of --accept-field. POST {\"workspace\": ...} to /_mock/restriction
has the effect of --restrict-key; null removes the restriction.

To let a policy replace a part of a guardrail, POST {\"guardrail_id\": ..., \"policy_type\": ..., \"name\": ...} to
/_mock/policies/replace. To undo it, POST the same without name to /_mock/policies/restore.
policy_type: budget, moderation, model_availability"
)]
struct Arguments {
    /// The address to listen on. With port 0, a free port is used.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The management key that is accepted.
    #[arg(long, default_value = "sk-or-mgmt-mock")]
    management_key: String,
    /// The delay of every response, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// The number of API keys in the default workspace.
    #[arg(long, default_value_t = 10)]
    seed_keys: usize,
    /// The number of members of the organization.
    #[arg(long, default_value_t = 10)]
    seed_members: usize,
    /// A file that keeps the state between runs.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Repeats the API key of each request in the headers and error bodies of the response, to test that clients mask it.
    #[arg(long)]
    echo_key: bool,
    /// Accepts a field of guardrails that is not in the contract, with any value. Can be given several times.
    #[arg(long, value_name = "NAME")]
    accept_field: Vec<String>,
    /// Restricts the management key to one workspace: requests about others return 403.
    #[arg(long, value_name = "ID_OR_SLUG")]
    restrict_key: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let listen = arguments.listen;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(run(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody to tell is no reason to fail otherwise.
            let _ = writeln!(io::stderr(), "mock-openrouter: {}", explain(&error, listen));
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, and what to do where that is known.
fn explain(error: &io::Error, listen: SocketAddr) -> String {
    let (address, port) = (listen.ip(), listen.port());
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} of {address} is in use by another process. Choose another one with --listen {address}:PORT, or \
             --listen {address}:0 for a free one."
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!(
                "{address} is not an address of this machine. Choose another one with --listen ADDRESS:PORT."
            )
        }
        io::ErrorKind::PermissionDenied if (1..1024).contains(&port) => {
            format!(
                "port {port} requires privileges that this user does not have. Choose one above 1023 with --listen \
                 {address}:PORT."
            )
        }
        _ => error.to_string(),
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    // The handlers stand before the line is printed: whoever reads it may stop the mock at once.
    let stop = stop_signal()?;
    let mock = Mock::start(Options {
        listen: arguments.listen,
        management_key: arguments.management_key,
        latency: Duration::from_millis(arguments.latency_ms),
        seed_keys: arguments.seed_keys,
        seed_members: arguments.seed_members,
        data: arguments.data,
        echo_key: arguments.echo_key,
        ..Options::default()
    })?;
    for name in &arguments.accept_field {
        mock.accept_field(name).map_err(io::Error::other)?;
    }
    mock.restrict_key(arguments.restrict_key.as_deref()).map_err(io::Error::other)?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", serde_json::json!({ "base_url": mock.base_url() }))?;
    stdout.flush()?;
    drop(stdout);
    stop.await;
    Ok(())
}

#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the interrupt ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
    })
}
