//! Connections: each request on them is read whole, logged, and answered as `run` says.
//!
//! The server sits directly on hyper because a fault may have to close the connection under a request.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::admin;
use crate::gate::Gate;
use crate::routes::Exchange;
use crate::run::{Outcome, Run, respond};
use crate::site::Site;
use crate::store::Refusal;

/// An order to the server from outside its thread.
pub(crate) struct Order {
    /// Whether connections are to be accepted or refused.
    pub(crate) accept: bool,
    /// Told when it is done.
    pub(crate) done: std::sync::mpsc::Sender<io::Result<()>>,
}

/// Serves connections until nobody can give orders any more.
pub(crate) async fn serve(
    mut gate: Gate,
    site: Arc<Site>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = gate.accept() => {
                site.log().connections += 1;
                connections.spawn(serve_connection(stream, site.clone()));
            }
            order = orders.recv() => {
                let Some(order) = order else { return };
                let result = obey(order.accept, &mut gate, &mut connections).await;
                // Whoever gave the order may have stopped waiting.
                let _ = order.done.send(result);
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn obey(accept: bool, gate: &mut Gate, connections: &mut JoinSet<()>) -> io::Result<()> {
    if accept {
        return gate.open();
    }
    gate.close();
    connections.shutdown().await;
    Ok(())
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
    let (leave, left) = oneshot::channel();
    let presence = Presence { site: site.clone(), leave: Some(leave) };
    let work = tokio::spawn(Run { site: site.clone(), exchange, sequence }.carry_out(left));
    let outcome = work.await.unwrap_or_else(|error| {
        let refusal = Refusal::new(500, format!("MOCK PANIC: {error}"));
        Outcome::Answer(respond(&site, &refusal.into()))
    });
    drop(presence);
    outcome
}

/// A request under way, from its arrival until its answer is ready or its client has gone.
struct Presence {
    site: Arc<Site>,
    leave: Option<oneshot::Sender<Instant>>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.site.log().end();
        self.site.notify();
        // Only work that is still to be done listens.
        let _ = self.leave.take().map(|leave| leave.send(Instant::now()));
    }
}
