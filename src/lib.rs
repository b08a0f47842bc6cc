//! A Terraform and OpenTofu provider for OpenRouter guardrails.
//!
//! The crate is a binary; it is a library only so that its tests can reach the layers. Arrows point one way:
//! `main → provider → {table, protocol, client, cty}`, `table → {protocol, cty}`, `protocol → {cty, pb}`; `transport`, `client`
//! and `cty` know none of the others. `docs/architecture.md` tells the rest.

pub mod client;
pub mod cty;
pub mod pb;
pub mod protocol;
pub mod provider;
pub mod table;
pub mod transport;
