//! Connections and requests: each request is logged, delayed, worked on and answered, or goes wrong as a fault says.
//!
//! The server sits directly on hyper because a fault may have to close the connection under a request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::time::sleep;

use crate::admin;
use crate::body::Body;
use crate::faults::{Action, Document, When};
use crate::routes::{Exchange, Reply};
use crate::site::Site;
use crate::store::Refusal;

/// What becomes of a request.
enum Outcome {
    Answer(Response<Body>),
    Disconnect,
}

/// Accepts connections for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, site: Arc<Site>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                site.log().connections += 1;
                tokio::spawn(serve_connection(stream, site.clone()));
            }
            // Out of file descriptors, most likely: give the open connections time to end.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, site: Arc<Site>) {
    // A connection that is dead already shows that at the first read.
    let _ = stream.set_nodelay(true);
    let abort = Arc::new(Notify::new());
    let service = service_fn(|request| {
        let (site, abort) = (site.clone(), abort.clone());
        async move {
            match handle(site, request).await {
                Outcome::Answer(response) => Ok::<_, Infallible>(response),
                Outcome::Disconnect => {
                    abort.notify_one();
                    std::future::pending().await
                }
            }
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    tokio::select! {
        // Whatever ends a connection early, the client sees it too.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = abort.notified() => {}
    }
}

async fn handle(site: Arc<Site>, request: Request<Incoming>) -> Outcome {
    let (parts, incoming) = request.into_parts();
    let Ok(body) = incoming.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Outcome::Disconnect;
    };
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    if let Some(command) = path.strip_prefix("/_mock/") {
        let reply = admin::answer(&site, method, command, &body);
        return Outcome::Answer(respond(&site, &reply));
    }
    let query = parts.uri.query().unwrap_or_default();
    let exchange = Exchange::new(method, path, query, parts.headers.clone(), body);
    let sequence = site.log_arrival(&exchange);
    // hyper drops this future when the client goes; the work goes on in a task of its own and hears of it.
    let (stay, gone) = oneshot::channel::<Infallible>();
    let work = tokio::spawn(run(Run { site: site.clone(), exchange, sequence }, gone));
    let outcome = work.await.unwrap_or_else(|error| {
        let refusal = Refusal::new(500, format!("MOCK PANIC: {error}"));
        Outcome::Answer(respond(&site, &refusal.into()))
    });
    drop(stay);
    outcome
}

/// One request on its way.
struct Run {
    site: Arc<Site>,
    exchange: Exchange,
    sequence: u64,
}

async fn run(run: Run, gone: oneshot::Receiver<Infallible>) -> Outcome {
    let fault = run.site.faults().pick(&run.exchange);
    if let Some((id, _)) = &fault {
        run.site.log().amend(run.sequence, |entry| entry.fault = Some(*id));
        run.site.notify();
    }
    sleep(run.site.latency()).await;
    let outcome = match fault {
        None => run.answer(&run.work()),
        Some((_, action)) => run.go_wrong(action, gone).await,
    };
    let status = match &outcome {
        Outcome::Answer(response) => Some(response.status().as_u16()),
        Outcome::Disconnect => None,
    };
    let mut log = run.site.log();
    log.amend(run.sequence, |entry| entry.status = status);
    log.end();
    drop(log);
    run.site.notify();
    outcome
}

impl Run {
    fn work(&self) -> Reply {
        self.site.work(&self.exchange, self.sequence)
    }

    fn answer(&self, reply: &Reply) -> Outcome {
        Outcome::Answer(respond(&self.site, reply))
    }

    async fn go_wrong(&self, action: Action, gone: oneshot::Receiver<Infallible>) -> Outcome {
        match action {
            Action::Status { status, headers, body, after_work } => {
                self.work_if(after_work);
                Outcome::Answer(self.instead(status, &headers, body))
            }
            Action::Drop { drop } => {
                self.work_if(drop == When::After);
                Outcome::Disconnect
            }
            Action::Truncate { .. } => Outcome::Answer(truncate(&self.site, &self.work())),
            Action::Slow { slow_ms, commit } => {
                let early = self.work_if(commit == When::Before);
                sleep(Duration::from_millis(slow_ms)).await;
                self.answer(&early.unwrap_or_else(|| self.work()))
            }
            Action::AfterDisconnect { after_disconnect } => {
                let patience = Duration::from_millis(after_disconnect.max_wait_ms);
                // Both ends of the wait, the client's leaving and the timeout, lead to the work.
                let _ = tokio::time::timeout(patience, gone).await;
                sleep(Duration::from_millis(after_disconnect.then_ms)).await;
                self.answer(&self.work())
            }
            Action::EchoKey { status, .. } => Outcome::Answer(self.echo_key(status)),
            Action::ReplaceBody { replace_body, status, after_work } => {
                let worked = self.work_if(after_work).map(|reply| reply.status);
                Outcome::Answer(self.document(status.or(worked).unwrap_or(200), replace_body))
            }
            Action::Huge { size_mb } => Outcome::Answer(pad(&self.site, &self.work(), size_mb)),
        }
    }

    fn work_if(&self, wanted: bool) -> Option<Reply> {
        wanted.then(|| self.work())
    }

    fn instead(
        &self,
        status: u16,
        headers: &BTreeMap<String, String>,
        body: Option<Value>,
    ) -> Response<Body> {
        let body = body.unwrap_or_else(|| Reply::from(Refusal::new(status, reason(status))).body);
        let mut response = respond(&self.site, &Reply { status, body });
        for (name, value) in headers {
            add_header(&mut response, name, value);
        }
        response
    }

    fn document(&self, status: u16, document: Document) -> Response<Body> {
        let mut response = raw(&self.site, status, Body::full(document.body.into_bytes()));
        add_header(&mut response, CONTENT_TYPE.as_str(), &document.content_type);
        response
    }

    fn echo_key(&self, status: u16) -> Response<Body> {
        let key = self.exchange.presented_key().unwrap_or("(no key)");
        let body = json!({ "error": {
            "code": status,
            "message": format!("The request with key {key} failed"),
            "metadata": { "headers": { "authorization": format!("Bearer {key}") } },
        }});
        let mut response = respond(&self.site, &Reply { status, body });
        add_header(&mut response, "x-received-authorization", &format!("Bearer {key}"));
        response
    }
}

fn respond(site: &Site, reply: &Reply) -> Response<Body> {
    json_type(raw(site, reply.status, Body::full(reply.body.to_string().into_bytes())))
}

/// A `Content-Length` for the whole document, over half of it.
fn truncate(site: &Site, reply: &Reply) -> Response<Body> {
    let document = reply.body.to_string().into_bytes();
    let length = document.len().to_string();
    let mut response = json_type(raw(site, reply.status, Body::truncated(document)));
    add_header(&mut response, CONTENT_LENGTH.as_str(), &length);
    response
}

fn pad(site: &Site, reply: &Reply, size_mb: u32) -> Response<Body> {
    let length = u64::from(size_mb) * 1024 * 1024;
    json_type(raw(site, reply.status, Body::padded(reply.body.to_string().into_bytes(), length)))
}

fn raw(site: &Site, status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    add_header(&mut response, DATE.as_str(), &site.clock.http_date());
    response
}

fn json_type(mut response: Response<Body>) -> Response<Body> {
    add_header(&mut response, CONTENT_TYPE.as_str(), "application/json");
    response
}

/// Adds a header, unless its name or value cannot be one.
fn add_header(response: &mut Response<Body>, name: &str, value: &str) {
    let name = hyper::header::HeaderName::from_bytes(name.as_bytes());
    let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
    if let (Ok(name), Ok(value)) = (name, value) {
        response.headers_mut().insert(name, value);
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        429 => "Rate limit exceeded",
        500 => "Internal Server Error",
        other => StatusCode::from_u16(other).ok().and_then(|code| code.canonical_reason()).unwrap_or("Error"),
    }
}
