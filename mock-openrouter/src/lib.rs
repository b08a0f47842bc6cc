//! The guardrails API of `OpenRouter` in memory, for tests and demos.
//!
//! It refuses what the API refuses, keeps what the API keeps, and goes wrong on request. [`Mock::start`] runs
//! one inside a test; the binary of this package runs one for other processes, which steer it under `/_mock/`.
//!
//! From the bottom up: `json`, `clock` and `ids` know nothing of the API; `contract` holds its shapes, `store` its
//! state and rules, `routes` its operations; `lists`, `actions` and `faults` say what goes wrong, `log` what was asked,
//! `echo` how the key comes back; `site`
//! joins these for `run`, which makes an answer of a request, and for `admin`, the mock's own commands; `server` and
//! `gate` have the connections and the port; `mock` is the handle.

mod actions;
mod admin;
mod body;
mod clock;
mod contract;
mod echo;
mod faults;
mod gate;
mod ids;
mod json;
mod lists;
mod log;
mod mock;
mod routes;
mod run;
mod server;
mod site;
mod store;

pub use actions::{Abandoned, Action, Document, RawDocument, When};
pub use contract::contract;
pub use faults::{Fault, Matcher};
pub use lists::{Lies, Rows};
pub use log::{LoggedRequest, RequestLog};
pub use mock::{Mock, Options};
pub use store::{Gap, PolicyType, Refusal};
