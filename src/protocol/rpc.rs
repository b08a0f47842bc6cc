//! The wrapper around every call from Terraform: a span for its log lines, one line at DEBUG at its
//! end, and the promise that whatever goes wrong reaches the user as a diagnostic.
//!
//! A call runs in a task of its own. So a panic is caught, and a call whose connection breaks is
//! still finished: a change that was started is not left half done.

use std::future::Future;

use tokio::{sync::mpsc, task::JoinError, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tonic::{Response, Status};
use tracing::{Instrument, Span, debug, field};

use crate::pb::tfplugin5 as pb;

use super::{
    convert,
    diagnostics::{Diagnostic, Diagnostics, Severity},
    function::FunctionError,
};

/// What a call comes to: a message, or diagnostics with an error among them.
pub(super) type Outcome<T> = Result<T, Diagnostics>;

/// The events of a stream.
pub(super) type EventStream<E> = ReceiverStream<Result<E, Status>>;

/// How many events can wait for a reader.
const MAX_BUFFERED_EVENTS: usize = 16;

/// A message that can consist of nothing but diagnostics.
pub(super) trait FromDiagnostics: Send + 'static {
    /// The message for a call that failed.
    fn from_diagnostics(diagnostics: Diagnostics) -> Self;
}

macro_rules! from_diagnostics {
    ($($message:ident),* $(,)?) => {
        $(impl FromDiagnostics for pb::$message::Response {
            fn from_diagnostics(diagnostics: Diagnostics) -> Self {
                let mut message = Self::default();
                message.diagnostics = convert::diagnostics(diagnostics);
                message
            }
        })*
    };
}

from_diagnostics! {
    get_metadata, get_provider_schema, get_resource_identity_schemas, prepare_provider_config,
    configure, validate_resource_type_config, upgrade_resource_state, upgrade_resource_identity,
    read_resource, plan_resource_change, apply_resource_change, import_resource_state,
    move_resource_state, generate_resource_config, validate_data_source_config, read_data_source,
    validate_list_resource_config, get_functions, validate_ephemeral_resource_config,
    open_ephemeral_resource, renew_ephemeral_resource, close_ephemeral_resource,
    validate_action_config, plan_action,
}

/// A text, which core does not read.
impl FromDiagnostics for pb::stop::Response {
    fn from_diagnostics(diagnostics: Diagnostics) -> Self {
        Self { error: text_of(&diagnostics) }
    }
}

/// A function has no warnings, and one error.
impl FromDiagnostics for pb::call_function::Response {
    fn from_diagnostics(diagnostics: Diagnostics) -> Self {
        let error = FunctionError { text: text_of(&diagnostics), argument: None };
        Self { result: None, error: Some(convert::error(error)) }
    }
}

/// A list ends with the first event that holds an error.
impl FromDiagnostics for pb::list_resource::Event {
    fn from_diagnostics(diagnostics: Diagnostics) -> Self {
        Self { diagnostic: convert::diagnostics(diagnostics), ..Self::default() }
    }
}

impl FromDiagnostics for pb::invoke_action::Event {
    fn from_diagnostics(diagnostics: Diagnostics) -> Self {
        let completed =
            pb::invoke_action::event::Completed { diagnostics: convert::diagnostics(diagnostics) };
        Self { r#type: Some(pb::invoke_action::event::Type::Completed(completed)) }
    }
}

/// Runs a call that is answered by one message.
pub(super) async fn unary<T, F>(
    calls: &TaskTracker,
    rpc: &'static str,
    call: F,
) -> Result<Response<T>, Status>
where
    T: FromDiagnostics,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let message = match calls.spawn(log_end(call).instrument(span(rpc))).await {
        Ok(Ok(message)) => message,
        Ok(Err(diagnostics)) => T::from_diagnostics(diagnostics),
        Err(error) => T::from_diagnostics(crashed(rpc, &error).into()),
    };
    Ok(Response::new(message))
}

/// Runs a call that is answered by a stream of events, which `call` sends. A diagnostic that it
/// returns ends the stream. The call is aborted when nobody reads the stream any more.
pub(super) fn stream<E, C, F>(
    calls: &TaskTracker,
    rpc: &'static str,
    call: C,
) -> Response<EventStream<E>>
where
    E: FromDiagnostics,
    C: FnOnce(mpsc::Sender<Result<E, Status>>) -> F,
    F: Future<Output = Outcome<()>> + Send + 'static,
{
    let (events, receiver) = mpsc::channel(MAX_BUFFERED_EVENTS);
    let call = log_end(call(events.clone())).instrument(span(rpc));
    calls.spawn(async move {
        let task = AbortOnDropHandle::new(tokio::spawn(call));
        let ended = tokio::select! {
            ended = task => ended,
            () = events.closed() => return,
        };
        let diagnostics = match ended {
            Ok(Ok(())) => return,
            Ok(Err(diagnostics)) => diagnostics,
            Err(error) => crashed(rpc, &error).into(),
        };
        // A reader that is gone misses nothing.
        let _ = events.send(Ok(E::from_diagnostics(diagnostics))).await;
    });
    Response::new(ReceiverStream::new(receiver))
}

/// At the level of errors, so that every line at any level names its call.
fn span(rpc: &'static str) -> Span {
    tracing::error_span!(
        "rpc",
        tf_rpc = rpc,
        tf_resource_type = field::Empty,
        tf_data_source_type = field::Empty,
        tf_function = field::Empty
    )
}

/// Runs a call, and logs that it has ended.
async fn log_end<T>(call: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let started = Instant::now();
    let outcome = call.await;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let errors = outcome.as_ref().err().map_or(0, count_errors);
    debug!(duration_ms, errors, "call");
    outcome
}

fn count_errors(diagnostics: &Diagnostics) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

fn text_of(diagnostics: &Diagnostics) -> String {
    let texts: Vec<_> = diagnostics
        .iter()
        .map(|message| format!("{}: {}", message.summary, message.detail))
        .collect();
    texts.join("\n")
}

fn crashed(rpc: &str, error: &JoinError) -> Diagnostic {
    let detail = format!(
        "The provider crashed in {rpc} ({error}). This is a bug in the provider. Please report it \
         with the output of a run with TF_LOG=debug."
    );
    Diagnostic::error("Provider crashed", detail)
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt;

    use super::*;

    type Event = pb::list_resource::Event;

    /// Sends events for as long as anybody wants them.
    async fn endless(events: mpsc::Sender<Result<Event, Status>>) -> Outcome<()> {
        loop {
            let _ = events.send(Ok(Event::default())).await;
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_stream_ends_when_its_reader_goes_away() {
        let calls = TaskTracker::new();
        let mut events = open(&calls, endless);
        assert!(events.next().await.is_some());
        drop(events);
        calls.close();
        calls.wait().await;
    }

    #[tokio::test]
    async fn a_panic_in_a_stream_is_its_last_event() {
        let calls = TaskTracker::new();
        let mut events = open(&calls, |_| async { panic!("on purpose") });
        let event: Event = events.next().await.unwrap().unwrap();
        assert!(event.diagnostic[0].detail.contains("crashed in ListResource"));
        assert!(events.next().await.is_none());
    }

    fn open<C, F>(calls: &TaskTracker, call: C) -> EventStream<Event>
    where
        C: FnOnce(mpsc::Sender<Result<Event, Status>>) -> F,
        F: Future<Output = Outcome<()>> + Send + 'static,
    {
        stream(calls, "ListResource", call).into_inner()
    }
}
