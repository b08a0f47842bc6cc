//! The guardrails API of `OpenRouter` in memory, for tests and demos.
//!
//! It refuses what the service refuses, keeps what the service keeps, and goes wrong on request. [`Mock::start`] runs
//! one inside a test; the binary of this package runs one for other processes, which steer it under `/_mock/`.
//!
//! From the bottom up: `json`, `clock` and `ids` know nothing of the API; `contract` holds its shapes, `store` its
//! state and rules, `routes` its operations; `faults` and `log` describe requests; `site` joins these for `server`
//! and `admin`, which speak HTTP; `mock` is the handle.

mod admin;
mod body;
mod clock;
mod contract;
mod faults;
mod ids;
mod json;
mod log;
mod mock;
mod routes;
mod server;
mod site;
mod store;

pub use contract::contract;
pub use faults::{Abandoned, Action, Document, Fault, Matcher, When};
pub use log::{LoggedRequest, RequestLog};
pub use mock::{Mock, Options};
pub use store::{Gap, Refusal};
