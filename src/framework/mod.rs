//! Protocol 5 served from typed parts.
//!
//! Owns how Terraform core is answered: the `tfplugin5` service, the field table and everything that follows from it
//! (schema, validation, plans, request bodies, state), diagnostics, and the traits that a provider implements. It knows
//! nothing of OpenRouter, and makes no requests.
//!
//! Only `service`, `rpc` and `convert` know the wire contract.

pub mod aliases;
pub mod answer;
pub mod body;
mod convert;
pub mod data_source;
pub mod diagnostics;
mod display;
pub mod equality;
pub mod field;
pub mod pattern;
pub mod plan;
pub mod provider;
pub mod resource;
mod rpc;
pub mod schema;
mod service;
#[cfg(test)]
mod tests;
pub mod validate;
mod whole;

use std::sync::Arc;

pub use service::Service;
pub use whole::Whole;

use crate::pb::tfplugin5::provider_server::ProviderServer;

/// As Go providers do: state of thousands of resources with long patterns is read in one message.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// The gRPC service of one connection.
pub fn serve<P: provider::Provider>(provider: &Arc<P>) -> Whole<ProviderServer<Service<P>>> {
    let server = ProviderServer::new(Service::new(Arc::clone(provider)))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    Whole(server)
}
