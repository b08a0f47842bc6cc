//! The real binary, spoken to as Terraform speaks to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod command_line;
mod end;
mod function;
mod handshake_line;
mod harness;
mod host;
mod identity;
#[cfg(unix)]
mod listen;
mod log_lines;
mod provider;
mod resource;
mod services;
mod session;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod tcp;
mod times;
mod tls;
