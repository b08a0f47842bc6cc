//! One way to send a request: attempts, retries, the limit of requests at a time, the stop,
//! redaction, and errors by stage.
//!
//! It knows HTTP and how the API reports errors, and none of its operations. Every request goes
//! through [`HttpClient::call`], or through [`HttpClient::attempt`] where sending it twice could do
//! harm.

mod config;
mod error;
mod error_body;
mod http_client;
mod json;
mod limiter;
mod proxy;
mod reachability;
mod request;
mod response;
mod retry;
mod route;
mod secret;
mod server_clock;
mod transport;

pub use config::{BaseUrl, Config, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT};
pub use error::{ConfigError, Error, RetryEnd};
pub(super) use http_client::HttpClient;
pub use json::JsonObject;
pub(super) use limiter::{Limiter, NotStarted, StopPolicy};
pub use proxy::check_proxy;
pub(super) use request::Request;
pub(super) use response::Response;
pub(super) use retry::Attempts;
pub use retry::RetryPolicy;
pub use route::Call;
pub(super) use route::Route;
pub use secret::ApiKey;
pub(super) use server_clock::{ServerClock, parse_time};
