//! The real binary, spoken to as Terraform speaks to it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod command_line;
mod end;
mod function;
mod handshake_line;
mod harness;
mod host;
mod identity;
mod listen;
mod log_lines;
mod provider;
mod resource;
mod services;
mod session;
mod times;
mod tls;
