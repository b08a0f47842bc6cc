//! Terraform's plugin protocol 5, served from typed parts.
//!
//! Owns the `tfplugin5` service with one plain method per RPC, schemas, diagnostics, and the traits
//! that a provider implements. Knows no field table and no API behind a provider. Only `service`,
//! `rpc` and `convert` know the generated types of the wire contract.

mod convert;
pub mod data_source;
pub mod diagnostics;
pub mod function;
mod identity;
pub mod list_resource;
pub mod provider;
pub mod resource;
mod rpc;
pub mod schema;
mod service;

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use service::Service;

use crate::pb::tfplugin5::provider_server::ProviderServer;

/// As Go providers do: state of thousands of resources with long patterns is read in one message.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// The gRPC service of one connection.
///
/// Each call runs as a task of `calls`, and goes on when its connection breaks. To cancel `stop` has
/// the effect of the protocol's `Stop`.
pub fn serve<P: provider::Provider>(
    provider: &Arc<P>,
    calls: TaskTracker,
    stop: CancellationToken,
) -> ProviderServer<Service<P>> {
    ProviderServer::new(Service::new(Arc::clone(provider), calls, stop))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
}
