//! A server for HTTP/1.1, one request a connection, that answers with whatever bytes it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// A number in the query.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        let (_, query) = self.target.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        value.parse().ok()
    }
}

/// What the server does when it has read a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Sends these bytes, and then a space every few milliseconds for as long as somebody reads them.
    Drip(Vec<u8>),
    /// Sends these bytes and then nothing more, the connection left open.
    Stall(Vec<u8>),
}

impl Reply {
    /// A whole answer with a JSON body.
    pub(crate) fn json(status: u16, body: impl AsRef<str>) -> Reply {
        Reply::with_headers(status, &[("Content-Type", "application/json")], body)
    }

    pub(crate) fn with_headers(
        status: u16,
        headers: &[(&str, &str)],
        body: impl AsRef<str>,
    ) -> Reply {
        let body = body.as_ref();
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} -\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        Reply::Bytes([head.as_bytes(), body.as_bytes()].concat())
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// A server that answers each request as `reply` says.
    pub(crate) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_with(|| std::future::ready(()), reply).await
    }

    /// The same, with something that comes before each answer.
    async fn start_with<F: Future<Output = ()> + Send>(
        before: impl Fn() -> F + Clone + Send + Sync + 'static,
        reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, reply) = (Arc::clone(&seen), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, reply) = (Arc::clone(&log), Arc::clone(&reply));
                let before = before.clone();
                tokio::spawn(async move { serve(stream, &log, before, &*reply).await });
            }
        });
        Server { address, seen, task }
    }

    /// A server that takes its time for each request, and tells of each that begins (1) and ends (-1).
    pub(crate) async fn start_slow(
        time: Duration,
        changed: impl Fn(isize) + Send + Sync + 'static,
    ) -> Server {
        let changed = Arc::new(changed);
        let waiting = move || {
            let changed = Arc::clone(&changed);
            async move {
                changed(1);
                tokio::time::sleep(time).await;
                changed(-1);
            }
        };
        Server::start_with(waiting, |_| Reply::json(200, crate::guardrail("g"))).await
    }

    /// A server with the same answer to everything.
    pub(crate) async fn always(reply: Reply) -> Server {
        Server::start(move |_| reply.clone()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that came.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<F: Future<Output = ()> + Send>(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    before: impl Fn() -> F,
    reply: &(dyn Fn(&Seen) -> Reply + Send + Sync),
) {
    let Some(seen) = read(&mut stream).await else { return };
    before().await;
    let reply = reply(&seen);
    log.lock().unwrap().push(seen);
    // A client that has seen enough may close first: that is its right, and what some tests are about.
    match reply {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Drip(bytes) => {
            let mut sent = stream.write_all(&bytes).await;
            while sent.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
                sent = stream.write_all(b" ").await;
            }
        }
        Reply::Stall(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read(&mut [0]).await;
        }
    }
}

/// Reads one request; none if the connection ends within it, or brings something else, as a TLS handshake.
async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(seen) = parse(&bytes) {
            return Some(seen);
        }
        let foreign = std::str::from_utf8(&bytes).is_err_and(|error| error.error_len().is_some());
        if foreign || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A request, once it is complete.
fn parse(bytes: &[u8]) -> Option<Seen> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let seen = Seen { method, target, headers, body: body.to_owned() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    (body.len() == length).then_some(seen)
}
