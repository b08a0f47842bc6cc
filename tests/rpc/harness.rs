//! Starts the provider as go-plugin's hosts do, and speaks to it.
//!
//! The process gets an environment and a `TMPDIR` of its own, and dies with its [`Provider`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use terraform_provider_openrouter::pb::health::HealthCheckRequest;
use terraform_provider_openrouter::pb::health::health_client::HealthClient;
use terraform_provider_openrouter::pb::plugin::Empty;
use terraform_provider_openrouter::pb::plugin::grpc_controller_client::GrpcControllerClient;
use terraform_provider_openrouter::pb::tfplugin5::provider_client::ProviderClient;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

use crate::handshake_line::HandshakeLine;
use crate::host::Host;

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-openrouter");

/// The variable and value by which Terraform shows that it is the host.
pub(crate) const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// Set where every provider shall listen on a port: see tcp.rs.
pub(crate) const OVER_TCP: &str = "OPENROUTER_RPC_OVER_TCP";

/// Whether providers listen on a port though they could make a socket.
fn over_tcp() -> bool {
    std::env::var_os(OVER_TCP).is_some()
}

/// How long anything, an RPC of many megabytes included, may take on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(90);

/// The largest message that either side accepts, as Terraform and other providers have it.
const MAX_MESSAGE: usize = 256 << 20;

/// A connection's bytes, whatever carries them.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How to start the provider. The default is what Terraform does: cookie, TLS, a `TMPDIR`.
pub(crate) struct Start {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    host: Host,
    temporary: TempDir,
    shell: Option<&'static str>,
}

impl Start {
    /// As Terraform starts it.
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().to_owned();
        let host = Host::new();
        let pem = host.pem().to_owned();
        let arguments = if over_tcp() { vec!["--tcp".into()] } else { Vec::new() };
        let (program, variables) = (BINARY.into(), BTreeMap::new());
        Self { program, arguments, variables, host, temporary, shell: None }
            .variable(COOKIE.0, COOKIE.1)
            .variable("PLUGIN_MIN_PORT", "10000")
            .variable("PLUGIN_MAX_PORT", "25000")
            .variable("PLUGIN_PROTOCOL_VERSIONS", "6,5")
            .variable("PLUGIN_CLIENT_CERT", pem)
            .variable("TMPDIR", directory)
    }

    /// Without TLS, as with `TF_DISABLE_PLUGIN_TLS`.
    pub(crate) fn without_tls(self) -> Self {
        self.without("PLUGIN_CLIENT_CERT")
    }

    /// Starts another build of the provider.
    pub(crate) fn program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Adds an argument.
    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Leaves a variable out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(&OsString::from(name));
        self
    }

    /// Starts the provider by a shell command that runs `"$0" "$@"`. The shell is its parent process.
    #[cfg(unix)]
    pub(crate) fn through_shell(mut self, command: &'static str) -> Self {
        self.shell = Some(command);
        self
    }

    /// Starts the provider and reads its handshake line.
    pub(crate) async fn connectable(self) -> Provider {
        let mut process = self.process();
        let line = process.line().await;
        if line.is_empty() {
            let (status, stderr) = process.end().await;
            panic!("the provider did not start, {status}: {stderr}");
        }
        let handshake = HandshakeLine::parse(&line);
        assert!(!over_tcp() || handshake.network == "tcp", "{line}");
        Provider { process, handshake }
    }

    /// Starts the provider, whatever it will do.
    pub(crate) fn process(self) -> Process {
        let mut command = match self.shell {
            None => Command::new(self.program),
            Some(script) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", script]).arg(self.program);
                shell
            }
        };
        let mut child = command
            .args(self.arguments)
            .env_clear()
            // Windows finds its own network library by it.
            .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)))
            .envs(self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = Collected::new(child.stderr.take().unwrap());
        Process { child, stdout, stderr, host: self.host, temporary: self.temporary }
    }
}

/// A started process of which nothing is assumed.
pub(crate) struct Process {
    /// The process itself; a shell if it was started through one.
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Collected,
    host: Host,
    temporary: TempDir,
}

impl Process {
    /// The next line of standard output, with its end; empty at the end of the stream.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = timeout(TIMEOUT, self.stdout.read_line(&mut line)).await;
        read.expect("the process says something").unwrap();
        line
    }

    /// The rest of standard output, which ends when every process that has it is gone.
    pub(crate) async fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        let read = timeout(TIMEOUT, self.stdout.read_to_string(&mut rest)).await;
        read.expect("the process ends").unwrap();
        rest
    }

    /// Waits until the process ends, and returns how, with what it wrote to standard error.
    pub(crate) async fn end(&mut self) -> (ExitStatus, String) {
        let status = timeout(TIMEOUT, self.child.wait()).await.expect("the process ends").unwrap();
        (status, self.stderr.finished().await)
    }

    /// Sends a signal, by its number.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: i32) {
        signal_to(self.child.id().expect("the process was not waited for"), signal);
    }

    /// The names in the process's temporary directory.
    pub(crate) fn temporary_files(&self) -> Vec<PathBuf> {
        files_in(self.temporary.path())
    }
}

/// Sends a signal to a process, by their numbers.
#[cfg(unix)]
pub(crate) fn signal_to(process: u32, signal: i32) {
    let status = std::process::Command::new("kill")
        .args([format!("-{signal}"), process.to_string()])
        .status()
        .expect("there is a kill command");
    assert!(status.success(), "no signal {signal} to {process}");
}

/// What lies in a directory.
pub(crate) fn files_in(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A provider that serves.
pub(crate) struct Provider {
    /// The process.
    pub(crate) process: Process,
    /// What it said about where it is.
    pub(crate) handshake: HandshakeLine,
}

impl Provider {
    /// Starts the provider as Terraform does.
    pub(crate) async fn start() -> Self {
        Start::new().connectable().await
    }

    /// A client of Terraform's protocol on a connection, and so with a configuration, of its own.
    pub(crate) async fn client(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel().await)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }

    /// Whether the provider responds at all.
    pub(crate) async fn serves(&self) -> bool {
        let request = HealthCheckRequest { service: "plugin".to_owned() };
        HealthClient::new(self.channel().await).check(request).await.is_ok()
    }

    /// The host that started the provider.
    pub(crate) fn host(&self) -> &Host {
        &self.process.host
    }

    /// A new connection, as the host makes it: with TLS if the provider presented a certificate.
    pub(crate) async fn channel(&self) -> Channel {
        let stream = self.stream().await;
        let stream: Box<dyn Stream> = match self.handshake.certificate.clone() {
            None => stream,
            Some(certificate) => {
                let stream = self.host().connect(stream, certificate).await;
                Box::new(stream.expect("host and provider accept each other"))
            }
        };
        let mut stream = Some(stream);
        let once = tower::service_fn(move |_| {
            let stream = stream.take().map(TokioIo::new);
            async move { stream.ok_or_else(|| std::io::Error::other("there is one connection")) }
        });
        let endpoint = Endpoint::from_static("http://localhost").timeout(TIMEOUT);
        endpoint.connect_with_connector(once).await.expect("the provider speaks HTTP/2")
    }

    /// The bare bytes of a new connection.
    pub(crate) async fn stream(&self) -> Box<dyn Stream> {
        match self.handshake.network.as_str() {
            #[cfg(unix)]
            "unix" => {
                let socket = tokio::net::UnixStream::connect(&self.handshake.address);
                Box::new(socket.await.unwrap())
            }
            "tcp" => Box::new(TcpStream::connect(&self.handshake.address).await.unwrap()),
            other => panic!("no host knows the network {other}"),
        }
    }

    /// Ends the provider as the host does. Returns what [`Process::end`] does.
    pub(crate) async fn shutdown(&mut self) -> (ExitStatus, String) {
        // A response is not required: the process may be faster.
        let _ = GrpcControllerClient::new(self.channel().await).shutdown(Empty {}).await;
        self.process.end().await
    }
}

/// A stream that is read as it comes, so that its writer never waits.
struct Collected {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn new(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        Self { text, reader: Some(reader) }
    }

    async fn finished(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            timeout(TIMEOUT, reader).await.expect("the stream ends with the process").unwrap();
        }
        self.text.lock().unwrap().clone()
    }
}
