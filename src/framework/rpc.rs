//! The one wrapper around every call from Terraform: a span for its log lines, and the promise that whatever goes wrong
//! reaches the user as a diagnostic.

use std::future::Future;

use tonic::{Response, Status};
use tracing::Instrument;

use crate::pb::tfplugin5 as pb;

use super::{
    convert,
    diagnostics::{Diagnostic, Diagnostics},
};

/// A reply that can consist of nothing but diagnostics.
pub(super) trait Answer: Default + Send + 'static {
    /// The reply for something that failed.
    fn failed(diagnostics: Diagnostics) -> Self;
}

macro_rules! answers {
    ($($message:ident),* $(,)?) => {
        $(impl Answer for pb::$message::Response {
            fn failed(diagnostics: Diagnostics) -> Self {
                let mut answer = Self::default();
                answer.diagnostics = convert::diagnostics(diagnostics);
                answer
            }
        })*
    };
}

answers! {
    get_metadata, get_provider_schema, get_resource_identity_schemas, prepare_provider_config,
    validate_resource_type_config, validate_data_source_config, validate_list_resource_config,
    validate_ephemeral_resource_config, validate_action_config, upgrade_resource_state, upgrade_resource_identity,
    configure, read_resource, plan_resource_change, apply_resource_change, import_resource_state,
    move_resource_state, read_data_source, generate_resource_config, get_functions, open_ephemeral_resource,
    renew_ephemeral_resource, close_ephemeral_resource, plan_action,
}

/// A reply with nothing but a text, which core does not read.
impl Answer for pb::stop::Response {
    fn failed(diagnostics: Diagnostics) -> Self {
        let texts = diagnostics.iter().map(|message| format!("{}: {}", message.summary, message.detail));
        Self { error: texts.collect() }
    }
}

/// Runs one call to its end, in a task of its own: when Terraform goes away in the middle, what was begun at the service
/// is still finished; and a panic is caught.
pub(super) async fn run<A, F>(rpc: &'static str, call: F) -> Result<Response<A>, Status>
where
    A: Answer,
    F: Future<Output = Result<A, Diagnostics>> + Send + 'static,
{
    // At the level of errors, so that every line at any level tells which call it belongs to.
    let span = tracing::error_span!(
        "rpc",
        tf_rpc = rpc,
        tf_resource_type = tracing::field::Empty,
        tf_data_source_type = tracing::field::Empty
    );
    let answer = match tokio::spawn(call.instrument(span)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(diagnostics)) => A::failed(diagnostics),
        Err(stopped) => A::failed(crashed(rpc, &stopped).into()),
    };
    Ok(Response::new(answer))
}

fn crashed(rpc: &str, stopped: &tokio::task::JoinError) -> Diagnostic {
    let detail = format!(
        "The provider ended abnormally in {rpc} ({stopped}). This is a bug in the provider; please report it, with the \
         output of a run under TF_LOG=debug."
    );
    Diagnostic::error("Provider crashed", detail)
}
