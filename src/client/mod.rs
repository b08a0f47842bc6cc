//! The REST client: guardrails, assignments, workspaces and the model catalogue, in the API's
//! words.
//!
//! `http` is one way to send a request, `api` the operations. It must not know of Terraform. The
//! API key lives in `http/secret.rs` and never reaches an error, a log or `Debug`.

mod api;
mod http;

pub use api::{
    AssigneeKind, Assignees, Assignment, AssignmentLookup, AssignmentProgress, Client,
    CreateRegistry, Created, Directory, FailedAssignments, Guardrail, Key, Listing, Matches,
    Member, ModelCatalog, Pages, Policy, RowRange, TakenOver, Workspace,
};
pub use http::{
    ApiKey, BaseUrl, Call, Config, ConfigError, DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Error,
    JsonObject, RetryEnd, RetryPolicy, check_proxy,
};
