//! What becomes of a request that has arrived: it is delayed, worked on and answered, or goes wrong as a fault says.
//!
//! Nothing here knows of connections: [`Outcome`] says what is to happen to the one under the request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use hyper::{Response, StatusCode};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::actions::{Action, RawDocument, When};
use crate::body::Body;
use crate::echo;
use crate::log::LoggedRequest;
use crate::routes::{Exchange, Reply};
use crate::site::Site;
use crate::store::Refusal;

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer(Response<Body>),
    Disconnect,
}

/// One request on its way.
pub(crate) struct Run {
    pub(crate) site: Arc<Site>,
    pub(crate) exchange: Exchange,
    pub(crate) sequence: u64,
}

impl Run {
    /// Goes all the way. `left` tells when the client went, if it did.
    pub(crate) async fn carry_out(self, left: oneshot::Receiver<Instant>) -> Outcome {
        let fault = self.site.faults().pick(&self.exchange);
        if let Some((id, _)) = &fault {
            self.amend(|entry| entry.fault = Some(*id));
        }
        sleep(self.site.latency()).await;
        let outcome = match fault {
            None => self.answer(&self.work()),
            Some((_, action)) => self.go_wrong(action, left).await,
        };
        let outcome = self.with_key(outcome);
        let status = match &outcome {
            Outcome::Answer(response) => Some(response.status().as_u16()),
            Outcome::Disconnect => None,
        };
        self.amend(|entry| entry.status = status);
        outcome
    }

    fn amend(&self, change: impl FnOnce(&mut LoggedRequest)) {
        self.site.log().amend(self.sequence, change);
        self.site.notify();
    }

    fn work(&self) -> Reply {
        self.work_on(&self.exchange)
    }

    fn work_on(&self, exchange: &Exchange) -> Reply {
        let mut reply = self.site.work(exchange, self.sequence);
        self.repeat_key(&mut reply);
        reply
    }

    fn answer(&self, reply: &Reply) -> Outcome {
        Outcome::Answer(respond(&self.site, reply))
    }

    async fn go_wrong(&self, action: Action, left: oneshot::Receiver<Instant>) -> Outcome {
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
                let left = timeout(patience, left).await.ok().and_then(Result::ok);
                let then = Duration::from_millis(after_disconnect.then_ms);
                sleep_until(left.unwrap_or_else(Instant::now) + then).await;
                self.answer(&self.work())
            }
            Action::EchoKey { status, .. } => Outcome::Answer(self.echo_key(status)),
            Action::ReplaceBody { replace_body, status, after_work } => {
                let bytes = replace_body.body.into_bytes();
                Outcome::Answer(self.replace(status, after_work, &replace_body.content_type, bytes))
            }
            Action::ReplaceBytes {
                replace_bytes: RawDocument { content_type, body },
                status,
                after_work,
            } => Outcome::Answer(self.replace(status, after_work, &content_type, body)),
            Action::List { list } => {
                let mut reply = self.work_on(&list.question(&self.exchange));
                list.tell(&self.exchange, &mut reply);
                self.answer(&reply)
            }
            Action::GzipBomb { gzip_mb } => {
                Outcome::Answer(gzip(&self.site, self.work(), gzip_mb).await)
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
        let mut reply = Reply { status, body };
        self.repeat_key(&mut reply);
        let mut response = respond(&self.site, &reply);
        for (name, value) in headers {
            add_header(&mut response, name, value);
        }
        response
    }

    fn replace(
        &self,
        status: Option<u16>,
        after_work: bool,
        content_type: &str,
        body: Vec<u8>,
    ) -> Response<Body> {
        let worked = self.work_if(after_work).map(|reply| reply.status);
        let mut response = raw(&self.site, status.or(worked).unwrap_or(200), Body::full(body));
        add_header(&mut response, CONTENT_TYPE.as_str(), content_type);
        response
    }

    fn echo_key(&self, status: u16) -> Response<Body> {
        let key = self.exchange.presented_key().unwrap_or("(no key)");
        let mut response = respond(&self.site, &Reply { status, body: echo::error(status, key) });
        for (name, value) in echo::headers(key) {
            add_header(&mut response, name, &value);
        }
        response
    }

    /// The key that every answer repeats, if answers do.
    fn echoed_key(&self) -> Option<&str> {
        self.exchange.presented_key().filter(|_| self.site.echo_key)
    }

    fn repeat_key(&self, reply: &mut Reply) {
        if let Some(key) = self.echoed_key().filter(|_| reply.status >= 400) {
            echo::repeat(&mut reply.body, key);
        }
    }

    fn with_key(&self, mut outcome: Outcome) -> Outcome {
        if let (Outcome::Answer(response), Some(key)) = (&mut outcome, self.echoed_key()) {
            for (name, value) in echo::headers(key) {
                add_header(response, name, &value);
            }
        }
        outcome
    }
}

/// The answer that says just that.
pub(crate) fn respond(site: &Site, reply: &Reply) -> Response<Body> {
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

async fn gzip(site: &Site, reply: Reply, size_mb: u32) -> Response<Body> {
    // It takes seconds: other requests go on meanwhile.
    let compress = move || Body::gzipped(reply.body.to_string().as_bytes(), mebibytes(size_mb));
    match tokio::task::spawn_blocking(compress).await {
        Ok(Ok(body)) => {
            let mut response = json_type(raw(site, reply.status, body));
            add_header(&mut response, CONTENT_ENCODING.as_str(), "gzip");
            response
        }
        _ => respond(
            site,
            &Refusal::new(500, "MOCK FAILURE: the body could not be compressed").into(),
        ),
    }
}

fn pad(site: &Site, reply: &Reply, size_mb: u32) -> Response<Body> {
    let document = reply.body.to_string().into_bytes();
    json_type(raw(site, reply.status, Body::padded(document, mebibytes(size_mb))))
}

fn mebibytes(count: u32) -> u64 {
    u64::from(count) * 1024 * 1024
}

fn raw(site: &Site, status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
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
        other => StatusCode::from_u16(other)
            .ok()
            .and_then(|code| code.canonical_reason())
            .unwrap_or("Error"),
    }
}
