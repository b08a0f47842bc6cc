//! A managed resource: one method per operation, on values of its schema's type.
//!
//! A method returns a value or errors, never both: Terraform taints what a create returns beside an
//! error and destroys it in the next run. A message about something that exists is a warning. Only an
//! update can fail in part, as nothing is tainted by that.

use async_trait::async_trait;

use crate::cty::{Path, Value};

use super::{
    diagnostics::{Diagnostic, Diagnostics},
    schema::Schema,
};

/// A value with warnings, or errors.
pub type Reply<T> = Result<WithWarnings<T>, Diagnostics>;

/// The object after an update, or why it failed.
pub type UpdateReply = Result<WithWarnings<State>, FailedUpdate>;

/// An update that failed.
#[derive(Debug)]
pub struct FailedUpdate {
    /// Why, with at least one error.
    pub errors: Diagnostics,
    /// The object, where a part of the update was done; `None` where it is as it was.
    pub partly_updated: Option<Box<State>>,
}

/// A value, and warnings to show.
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
    /// Bytes that only the resource reads; empty for none. After a migration, another provider's.
    pub private: Vec<u8>,
}

/// What a plan is made from.
#[derive(Debug)]
pub struct PlanRequest {
    /// Null for a create, or the second plan of a replacement.
    pub prior: Value,
    /// Null for a destroy. May hold unknown values.
    pub config: Value,
    /// The private bytes of the prior state.
    pub private: Vec<u8>,
}

/// What a user names to import an object.
#[derive(Clone, Copy, Debug)]
pub enum ImportTarget<'a> {
    /// A text, in a form of the resource's own.
    Id(&'a str),
    /// An identity, of which every attribute is a text that is not empty.
    Identity(&'a Value),
}

/// A plan.
#[derive(Debug)]
pub struct PlanReply {
    /// Null for a destroy.
    pub planned: Value,
    /// The attributes whose change needs a new object.
    pub requires_replace: Vec<Path>,
    /// The private bytes for the apply of this plan, and for the second plan of a replacement.
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

    /// The attributes, all texts, that identify an object. They change only where an update makes
    /// another object of it.
    fn identity(&self) -> &'static [&'static str];

    /// Checks a configuration. Values may be unknown. `data` is missing before configuration.
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
    async fn update(&self, data: &D, prior: State, planned: Value) -> UpdateReply;

    /// Removes it. That it is gone already is no error.
    async fn delete(&self, data: &D, prior: State) -> Reply<()>;

    /// The shortest configuration with which the plan for an imported object is empty.
    fn generated_config(&self, object: &Value) -> Value;

    /// Finds an object that a user names.
    async fn import(&self, data: &D, target: ImportTarget<'_>) -> Reply<State>;
}

impl From<Diagnostics> for FailedUpdate {
    fn from(errors: Diagnostics) -> Self {
        Self { errors, partly_updated: None }
    }
}

impl<T> WithWarnings<T> {
    /// A value without warnings.
    pub fn ok(value: T) -> Self {
        Self { value, warnings: Diagnostics::default() }
    }

    /// A value with warnings.
    pub fn new(value: T, warnings: impl IntoIterator<Item = Diagnostic>) -> Self {
        Self { value, warnings: warnings.into_iter().collect() }
    }
}
