//! go-plugin's side of a plugin process: the handshake, the socket, mutual TLS, the services every host expects beside
//! the plugin's own, log lines, signals, and the end of the process.
//!
//! It knows nothing of what is served: the application is a service made by a function the caller passes, and every
//! name a user or host sees (cookie, address, variables, texts) comes in a [`Plugin`].

mod command_line;
mod connection;
mod dispatch;
mod environment;
mod handshake;
mod hclog;
mod lifetime;
mod listener;
mod panic;
mod server;
mod services;
mod shutdown;
mod signals;
mod tls;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use http::{Request, Response};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::body::Body;
use tower_service::Service;

use self::command_line::Command;
pub use self::environment::Environment;

/// What a plugin is called and by what a host recognises it.
#[derive(Debug)]
pub struct Plugin {
    /// The program's name, as `--version` and error messages show it.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// What this program is and how it is used: for `--help`, and for whoever starts it by hand.
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
    /// The variables that set the log level, the first that is set deciding.
    pub log_variables: &'static [&'static str],
    /// What the `@module` of a log line begins with.
    pub log_module: &'static str,
}

/// What a plugin serves: gRPC over HTTP/2, in the shape of tonic's generated servers.
///
/// Each connection has a service of its own; it is cloned for each request.
pub trait Application:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static
{
}

impl<S> Application for S
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send + 'static,
{
}

/// How the process was started, which decides who may end it and whether connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// By a host that showed the cookie, and ends with it.
    Hosted,
    /// By a person with `--debug`: it serves every host that attaches, in the clear, until Ctrl-C.
    ByHand,
}

/// Does what the arguments (without the program's name) and the environment ask for, and returns how it went.
///
/// Serving lasts until the host says so, a signal asks for it, or the host is gone. `application` makes the service of
/// each new connection.
pub fn run<F, S>(
    plugin: &'static Plugin,
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    application: F,
) -> ExitCode
where
    F: Fn(TaskTracker, CancellationToken) -> S + Send + Sync + 'static,
    S: Application,
{
    let mode = match command_line::parse(plugin, arguments, environment) {
        Command::Serve(mode) => mode,
        Command::Inform(text) => return finish(&mut io::stdout(), &text, ExitCode::SUCCESS),
        Command::Refuse { text, code } => {
            return finish(&mut io::stderr(), &text, ExitCode::from(code));
        }
    };
    panic::install();
    hclog::install(plugin, environment);
    match server::run(plugin, mode, environment, application) {
        Ok(()) => ExitCode::SUCCESS,
        // A host takes the level of a line that is not JSON from such a prefix.
        Err(error) => finish(
            &mut io::stderr(),
            &format!("[ERROR] {}: {}\n", plugin.name, with_causes(&error)),
            ExitCode::FAILURE,
        ),
    }
}

/// Writes the process's last words. Nobody is left to tell when that fails.
fn finish(stream: &mut impl io::Write, text: &str, code: ExitCode) -> ExitCode {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    code
}

/// The message of an error and of what caused it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
