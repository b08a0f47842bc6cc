//! What a managed resource is to the protocol: one method per operation, on values of its schema's type.
//!
//! A method gives a reply or diagnostics with at least one error, never both: Terraform taints what a create returns
//! beside an error and would destroy it in the next run. What is to be said of something that exists is a warning.

use async_trait::async_trait;

use crate::cty::{Path, Value};

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    schema::Schema,
};

/// A value with warnings, or errors.
pub type Reply<T> = Result<WithWarnings<T>, Diagnostics>;

/// A value, and what the user is told beside it.
#[derive(Debug)]
pub struct WithWarnings<T> {
    /// The value.
    pub value: T,
    /// Warnings only.
    pub warnings: Diagnostics,
}

/// An object as Terraform keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// A wholly known object of the schema's type.
    pub value: Value,
    /// Bytes that only the resource reads; empty for none. They may be another provider's after a migration.
    pub private: Vec<u8>,
}

/// What is asked of a plan.
#[derive(Debug)]
pub struct PlanRequest {
    /// Null for a create, or the second plan of a replacement.
    pub prior: Value,
    /// Null for a destroy. May hold unknown values.
    pub config: Value,
    /// The private bytes of the prior state.
    pub private: Vec<u8>,
}

/// A plan.
#[derive(Debug)]
pub struct PlanReply {
    /// Null for a destroy.
    pub planned: Value,
    /// The attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
    /// What the apply of this plan is given as private bytes, and the second plan of a replacement as those of the prior
    /// state.
    pub private: Vec<u8>,
}

impl PlanReply {
    /// The plan of a destroy; the apply is given these private bytes.
    pub fn destroy(private: Vec<u8>) -> Self {
        Self { planned: Value::Null, requires_replace: Vec::new(), private }
    }
}

/// A managed resource, over what its provider's configuration made.
#[async_trait]
pub trait Resource<D>: Send + Sync + 'static {
    /// Its attributes.
    fn schema(&self) -> Schema;

    /// Checks a configuration. Values may be unknown. Without `data` the provider is not configured.
    fn validate(&self, data: Option<&D>, config: &Value) -> Diagnostics {
        let _ = (data, config);
        Diagnostics::default()
    }

    /// The object as it is now; `None` when it is known to be gone.
    async fn read(&self, data: &D, state: State) -> Reply<Option<State>>;

    /// What will be.
    async fn plan(&self, data: &D, request: PlanRequest) -> Reply<PlanReply>;

    /// Makes what is planned.
    async fn create(&self, data: &D, planned: Value) -> Reply<State>;

    /// Brings `prior` to what is planned.
    async fn update(&self, data: &D, prior: State, planned: Value) -> Reply<State>;

    /// Removes it. That it is gone already is no error.
    async fn delete(&self, data: &D, prior: State) -> Reply<()>;

    /// Finds an object by what the user gave as its id.
    async fn import(&self, data: &D, id: &str) -> Reply<State>;
}

impl<T> WithWarnings<T> {
    /// A value with nothing to say beside it.
    pub fn ok(value: T) -> Self {
        Self { value, warnings: Diagnostics::default() }
    }

    /// A value with warnings.
    pub fn new(value: T, warnings: impl IntoIterator<Item = Diagnostic>) -> Self {
        Self { value, warnings: warnings.into_iter().collect() }
    }
}
