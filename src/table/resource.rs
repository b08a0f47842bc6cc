//! A managed resource made of a field table and a backend that makes the calls of an API.
//!
//! Owns the order of steps in each operation: what is sent, how state follows from the response, and
//! when the API's catalogue of names is fetched. Must not know the wire, nor which API it is.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    cty::{Error, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{PlanReply, PlanRequest, Reply, Resource, State, WithWarnings},
        schema::Schema,
    },
};

use super::{
    body::{create_body, update_body},
    canonical_names::{CanonicalNames, NameCatalog, StoredNames},
    field::Field,
    json::JsonObject,
    plan::plan,
    schema::schema,
    state::{imported_state, matches_plan, state_after_apply, state_after_read},
    validate::validate_with,
};

/// The attribute that identifies an object.
const ID: &str = "id";

/// The resource of a backend.
pub struct TableResource<B>(pub B);

/// A table, and the calls of an API for its objects.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// What the provider's configuration made.
    type Data: Send + Sync + 'static;
    /// What messages call an object.
    const NOUN: &'static str;
    /// The attribute by which messages name an object.
    const LABEL: &'static str;
    /// The documentation of the resource.
    const DESCRIPTION: &'static str;
    /// The table; one field is `id`.
    const FIELDS: &'static [Field];

    /// The object; `None` when it is known to be gone.
    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics>;

    /// Creates the planned object.
    async fn create(
        &self,
        call: ObjectCall<'_, Self>,
        planned: &ObjectToCreate<'_>,
    ) -> Reply<JsonObject>;

    /// Changes the fields in `body` and no others.
    async fn update(&self, call: ObjectCall<'_, Self>, body: &JsonObject) -> Updated;

    /// Deletes the object. That it is gone already is no error.
    async fn delete(&self, call: ObjectCall<'_, Self>) -> Result<(), Diagnostics>;

    /// The object that a user wants to import; the id of the call is what the user has given.
    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics>;

    /// The catalogue of names of canonicalized fields. After a write it is wanted even when the
    /// provider has been stopped.
    async fn name_catalog(&self, data: &Self::Data, after_write: bool) -> NameCatalogResult {
        let _ = (data, after_write);
        Ok(Arc::new(()))
    }

    /// Rules for configurations beyond the table.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::default()
    }

    /// Takes note, before a call about an object, that the state has one.
    fn note_state(&self, data: &Self::Data) {
        let _ = data;
    }

    /// Warnings about a plan; one that deletes the object has a null `planned`.
    async fn warnings(&self, data: &Self::Data, prior: &Value, plan: &PlanReply) -> Diagnostics {
        let _ = (data, prior, plan);
        Diagnostics::default()
    }

    /// A text that quotes a response, without secrets.
    fn redact(&self, data: &Self::Data, text: &str) -> String;
}

/// What a call is about.
pub struct ObjectCall<'a, B: Backend + ?Sized> {
    /// What the provider's configuration made.
    pub data: &'a B::Data,
    /// The object's id.
    pub id: &'a str,
    /// What is being done, for messages, such as `update guardrail "ci"`.
    pub action: String,
}

/// An object to create.
pub struct ObjectToCreate<'a> {
    /// The fields that are set.
    pub body: JsonObject,
    fields: &'static [Field],
    value: &'a Value,
}

/// The object after an update, or why there was none.
pub type Updated = Result<JsonObject, UpdateError>;

/// The catalogue of names, or why it cannot be had.
pub type NameCatalogResult = Result<Arc<dyn NameCatalog>, Diagnostics>;

/// Why an update did not succeed.
pub enum UpdateError {
    /// It failed.
    Failed(Diagnostics),
    /// It may have been done: the object as it was read afterwards, and the errors to report if that
    /// is not as planned.
    OutcomeUnknown(JsonObject, Diagnostics),
}

impl ObjectToCreate<'_> {
    /// Whether an object has all that was planned. `None` if that depends on names which only the
    /// catalogue can compare, and there is none.
    pub fn matches(&self, object: &JsonObject, catalog: Option<&dyn NameCatalog>) -> Option<bool> {
        matches_plan(self.fields, self.value, object, catalog)
    }
}

#[async_trait]
impl<B: Backend> Resource<B::Data> for TableResource<B> {
    fn schema(&self) -> Schema {
        schema(B::DESCRIPTION, B::FIELDS)
    }

    fn validate(&self, _: Option<&B::Data>, config: &Value) -> Diagnostics {
        validate_with(B::FIELDS, config, self.0.validate(config))
    }

    async fn read(&self, data: &B::Data, state: State) -> Reply<Option<State>> {
        self.0.note_state(data);
        let call = call::<B>("read", data, &state.value);
        let action = call.action.clone();
        let Some(object) = self.0.get(call).await? else { return Ok(WithWarnings::ok(None)) };
        let stored = StoredNames::from_private(&state.private);
        let compare =
            |names: &CanonicalNames| state_after_read(B::FIELDS, &state.value, &object, names);
        let value = self.compare(data, stored, false, compare).await?;
        Ok(WithWarnings::ok(Some(state_of::<B>(value, &object, &action)?)))
    }

    async fn plan(&self, data: &B::Data, request: PlanRequest) -> Reply<PlanReply> {
        let PlanRequest { prior, config, private } = request;
        if !prior.is_null() {
            self.0.note_state(data);
        }
        let reply = if config.is_null() {
            PlanReply::destroy(private)
        } else {
            let stored = StoredNames::from_private(&private);
            let compare = |names: &CanonicalNames| plan(B::FIELDS, &prior, &config, names);
            PlanReply { private, ..self.compare(data, stored, false, compare).await? }
        };
        let warnings = self.0.warnings(data, &prior, &reply).await;
        Ok(WithWarnings::new(reply, warnings))
    }

    async fn create(&self, data: &B::Data, planned: Value) -> Reply<State> {
        let body = create_body(B::FIELDS, &planned);
        let wanted = ObjectToCreate { body, fields: B::FIELDS, value: &planned };
        let created = self.0.create(call("create", data, &planned), &wanted).await?;
        let mut state = self.state_after_write(data, &planned, &created.value).await;
        state.warnings.extend(created.warnings);
        Ok(state)
    }

    async fn update(&self, data: &B::Data, prior: State, planned: Value) -> Reply<State> {
        let body = update_body(B::FIELDS, &prior.value, &planned);
        let object = match self.0.update(call("update", data, &prior.value), &body).await {
            Ok(object) => object,
            Err(UpdateError::Failed(errors)) => return Err(errors),
            Err(UpdateError::OutcomeUnknown(object, errors)) => {
                let compare = |names: &CanonicalNames| {
                    state_after_apply(B::FIELDS, &planned, &object, names).1.is_empty()
                };
                let is_as_planned = self.compare(data, StoredNames::default(), true, compare).await;
                if is_as_planned.is_ok_and(|is_as_planned| is_as_planned) {
                    object
                } else {
                    return Err(errors);
                }
            }
        };
        Ok(self.state_after_write(data, &planned, &object).await)
    }

    async fn delete(&self, data: &B::Data, prior: State) -> Reply<()> {
        Ok(WithWarnings::ok(self.0.delete(call("delete", data, &prior.value)).await?))
    }

    async fn import(&self, data: &B::Data, id: &str) -> Reply<State> {
        let action = format!("import {} \"{id}\"", B::NOUN);
        let object = self.0.find(ObjectCall { data, id, action: action.clone() }).await?;
        let value = imported_state(B::FIELDS, &object);
        Ok(WithWarnings::ok(state_of::<B>(value, &object, &action)?))
    }
}

impl<B: Backend> TableResource<B> {
    /// Compares without the catalogue of names; if that does not decide, fetches the catalogue and
    /// compares again.
    async fn compare<T>(
        &self,
        data: &B::Data,
        stored: StoredNames,
        after_write: bool,
        compare: impl Fn(&CanonicalNames) -> T,
    ) -> Result<T, Diagnostics> {
        let names = CanonicalNames::new(stored);
        let result = compare(&names);
        if !names.needs_catalog() {
            return Ok(result);
        }
        let catalog = self.0.name_catalog(data, after_write).await?;
        Ok(compare(&names.with_catalog(Some(&*catalog))))
    }

    /// State after a create or update. It was done, so that nothing may fail here: mismatches become
    /// warnings, and without the catalogue no names are stored, so that the next refresh compares.
    async fn state_after_write(
        &self,
        data: &B::Data,
        planned: &Value,
        object: &JsonObject,
    ) -> WithWarnings<State> {
        let compare = |names: &CanonicalNames| state_after_apply(B::FIELDS, planned, object, names);
        let compared = self.compare(data, StoredNames::default(), true, compare).await;
        let (mut stored, (value, mismatches)) = match compared {
            Ok(compared) => (StoredNames::from_object(B::FIELDS, object), compared),
            Err(_) => (StoredNames::default(), compare(&CanonicalNames::default())),
        };
        let mut warnings = Vec::new();
        for mismatch in mismatches {
            stored.forget(mismatch.name);
            let warning = mismatch.warning();
            warnings.push(Diagnostic { detail: self.0.redact(data, &warning.detail), ..warning });
        }
        WithWarnings::new(State { value, private: stored.to_private() }, warnings)
    }
}

fn call<'a, B: Backend>(verb: &str, data: &'a B::Data, object: &'a Value) -> ObjectCall<'a, B> {
    let id = object.attribute(ID).as_str().unwrap_or_default();
    let label = object.attribute(B::LABEL).as_str().unwrap_or(id);
    ObjectCall { data, id, action: format!("{verb} {} \"{label}\"", B::NOUN) }
}

/// The state of an object that was read: its value, and its canonical names in the private bytes.
fn state_of<B: Backend>(
    value: Result<Value, Error>,
    object: &JsonObject,
    action: &str,
) -> Result<State, Diagnostics> {
    let value = value.map_err(|error| {
        let detail = format!(
            "The service's answer does not have the promised form: {error}. Look for a newer \
             version of the provider, or report this."
        );
        Diagnostic::error(format!("Could not {action}"), detail).at(error.path().clone())
    })?;
    Ok(State { value, private: StoredNames::from_object(B::FIELDS, object).to_private() })
}
