//! go-plugin's side of a plugin process: the handshake, the socket, mutual TLS, the services that
//! every host expects beside the plugin's own, log lines, signals, and the end of the process.
//!
//! It knows nothing of what is served: the caller passes a function that makes the service, and all
//! names that a user or host sees in a [`Plugin`].

mod command_line;
mod connection;
mod environment;
mod error;
mod handshake;
mod hclog;
mod lifetime;
mod listener;
mod panic;
mod server;
mod services;
mod tls;

use std::io::{self, Write as _};
use std::{convert::Infallible, ffi::OsString, process::ExitCode};

use http::{Request, Response};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{body::Body, codegen::BoxFuture};
use tower_service::Service;

pub use self::environment::Environment;
use self::error::with_causes;

/// The names of a plugin, and how a host recognises it.
#[derive(Debug)]
pub struct Plugin {
    /// The program's name, as `--version` and error messages show it.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// What this program is and how it is used: for `--help`, and for people who start it.
    pub introduction: &'static str,
    /// The variable by which a host shows that it is one.
    pub cookie_key: &'static str,
    /// The value that variable has.
    pub cookie_value: &'static str,
    /// The major version of the application's protocol.
    pub protocol_version: u32,
    /// The variable that makes a host attach to a process started with `--debug`.
    pub reattach_variable: &'static str,
    /// The name under which a host looks the plugin up in that variable.
    pub address: &'static str,
    /// The variables that set the log level. The first that is set decides.
    pub log_variables: &'static [&'static str],
    /// The beginning of a log line's `@module`.
    pub log_module: &'static str,
}

type ResponseFuture = BoxFuture<Response<Body>, Infallible>;

/// The application's service of one connection, and what makes it: see [`run`].
type Application = Box<dyn Fn(Request<Body>) -> ResponseFuture + Send>;
type MakeApplication = Box<dyn Fn(TaskTracker, CancellationToken) -> Application + Send + Sync>;

/// How the process was started, which decides who may end it and whether connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// By a host that showed the cookie. The process ends with the host.
    Hosted,
    /// By a person with `--debug`. It serves every host that attaches, in the clear, until Ctrl-C.
    Debug,
}

/// Where a started process listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    /// On a unix socket where one can be made, else on a port.
    Any,
    /// On a port, as always on Windows: with `--tcp`.
    Tcp,
}

/// Does what the arguments (without the program's name) and the environment ask for.
///
/// Serving lasts until the host or a signal ends it, or until the host is gone. `application` makes
/// the service of each new connection: one of tonic's generated servers, which are always ready.
/// The end of the process waits for the tasks of the tracker, except after the host's Shutdown. The
/// token is cancelled once the connection or the host is gone; tasks then have 15 seconds to end.
pub fn run<F, S>(
    plugin: &Plugin,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    application: F,
) -> ExitCode
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Service<Request<Body>, Future = ResponseFuture> + Clone + Send + 'static,
{
    let (mode, network) = match command_line::parse(plugin, arguments, environment) {
        Ok(start) => start,
        Err((text, code)) => return exit(&text, code),
    };
    panic::install();
    hclog::install(plugin, environment);
    let application: MakeApplication = Box::new(move |calls, stop| {
        let service = application(calls, stop);
        Box::new(move |request| service.clone().call(request))
    });
    match server::run(server::serve(plugin, mode, network, environment, application)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A host takes the level of a line that is not JSON from such a prefix.
            let text = format!("[ERROR] {}: {}\n", plugin.name, with_causes(&error));
            exit(&text, 1)
        }
    }
}

/// Writes a last text, to standard output if all is well. A failure cannot be reported anywhere.
fn exit(text: &str, code: u8) -> ExitCode {
    let _ = match code {
        0 => io::stdout().write_all(text.as_bytes()),
        _ => io::stderr().write_all(text.as_bytes()),
    };
    ExitCode::from(code)
}
