//! A managed resource made of a field table and a backend that makes the calls of an API.
//!
//! Owns the order of steps in each operation: what is sent, how state follows from the response, and
//! when the API's catalogue of names is fetched. Must not know the wire, nor which API it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::timeout;

use crate::{
    cty::{Error, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics, Severity},
        resource::{
            ImportTarget, PlanReply, PlanRequest, Reply, Resource, State, UpdateReply, WithWarnings,
        },
        schema::Schema,
    },
};

use super::{
    body::{create_body, update_body},
    canonical_names::{CanonicalNames, NameCatalog, StoredNames},
    field::Field,
    generated_config::generated_config,
    json::JsonObject,
    plan::plan,
    schema::schema,
    state::{imported_state, matches_plan, state_after_apply, state_after_read, takeover_changes},
    validate::validate_with,
};

/// The attribute that identifies an object.
const ID: &str = "id";

/// How long a plan waits to learn what a takeover changes. Only a warning depends on it.
const TAKEOVER_LOOKUP: Duration = Duration::from_secs(10);

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
    /// The attribute that identifies an object among all of its kind, and by which it is imported.
    const IDENTITY: &'static str = ID;
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

    /// The object that exists before it is created in Terraform: a create then updates it. A user
    /// imports it by [`Backend::IDENTITY`].
    async fn existing(
        &self,
        call: ObjectCall<'_, Self>,
    ) -> Result<Option<JsonObject>, Diagnostics> {
        let _ = call;
        Ok(None)
    }

    /// The object that a user wants to import; the id of the call is what the user has given.
    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics>;

    /// The catalogue of names of canonicalized fields. After a write it is wanted even when the
    /// provider has been stopped.
    async fn name_catalog(&self, data: &Self::Data, after_write: bool) -> NameCatalogResult {
        let _ = (data, after_write);
        Ok(Arc::new(()))
    }

    /// Rules for configurations beyond the table. `data` is missing before configuration.
    fn validate(&self, data: Option<&Self::Data>, config: &Value) -> Diagnostics {
        let _ = (data, config);
        Diagnostics::default()
    }

    /// Takes note, before a call about an object, that the state has one.
    fn note_state(&self, data: &Self::Data) {
        let _ = data;
    }

    /// Warnings about an object of the state that is being read.
    async fn read_warnings(&self, data: &Self::Data, state: &Value) -> Diagnostics {
        let _ = (data, state);
        Diagnostics::default()
    }

    /// Warnings about a plan; one that deletes the object has a null `planned`.
    ///
    /// # Errors
    /// Why the plan must not be carried out.
    async fn check_plan(
        &self,
        data: &Self::Data,
        prior: &Value,
        plan: &PlanReply,
    ) -> Result<Diagnostics, Diagnostics> {
        let _ = (data, prior, plan);
        Ok(Diagnostics::default())
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
    /// The object as it is known: in state, else as planned; null where only the id is known.
    pub object: &'a Value,
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

    fn identity(&self) -> &'static [&'static str] {
        std::slice::from_ref(const { &B::IDENTITY })
    }

    fn validate(&self, data: Option<&B::Data>, config: &Value) -> Diagnostics {
        validate_with(B::FIELDS, config, self.0.validate(data, config))
    }

    async fn read(&self, data: &B::Data, state: State) -> Reply<Option<State>> {
        self.0.note_state(data);
        let call = call::<B>("read", data, &state.value);
        let action = call.action.clone();
        let warnings = async { Ok(self.0.read_warnings(data, &state.value).await) };
        // A read that fails waits for no warning.
        let (object, warnings) = tokio::try_join!(self.0.get(call), warnings)?;
        let Some(object) = object else { return Ok(WithWarnings::ok(None)) };
        let stored = StoredNames::from_private(&state.private);
        let compare =
            |names: &CanonicalNames| state_after_read(B::FIELDS, &state.value, &object, names);
        let value = self.compare(data, stored, false, compare).await?;
        Ok(WithWarnings::new(Some(state_of::<B>(value, &object, &action)?), warnings))
    }

    async fn plan(&self, data: &B::Data, request: PlanRequest) -> Reply<PlanReply> {
        let PlanRequest { prior, config, private } = request;
        if !prior.is_null() {
            self.0.note_state(data);
        }
        if config.is_null() {
            let reply = PlanReply::destroy(private);
            let warnings = self.0.check_plan(data, &prior, &reply).await?;
            return Ok(WithWarnings::new(reply, warnings));
        }
        let stored = StoredNames::from_private(&private);
        // The second call for a replacement brings the private bytes of the first one's reply, which
        // are not empty. Core drops its warnings, and it is the same resource.
        let is_second_call = prior.is_null() && !private.is_empty();
        let private =
            if private.is_empty() { StoredNames::default().to_private() } else { private };
        let compare = |names: &CanonicalNames| plan(B::FIELDS, &prior, &config, names);
        let reply = self.compare(data, stored, false, compare).await?;
        if is_second_call {
            return Ok(WithWarnings::ok(PlanReply { private, ..reply }));
        }
        let mut warnings = self.0.check_plan(data, &prior, &reply).await?;
        if prior.is_null() || !reply.requires_replace.is_empty() {
            warnings.extend(self.takeover_warning(data, &reply.planned).await);
        }
        Ok(WithWarnings::new(PlanReply { private, ..reply }, warnings))
    }

    async fn create(&self, data: &B::Data, planned: Value) -> Reply<State> {
        if let Some(object) = self.0.existing(call("create", data, &planned)).await? {
            return self.take_over(data, &object, planned).await;
        }
        let body = create_body(B::FIELDS, &planned);
        let wanted = ObjectToCreate { body, fields: B::FIELDS, value: &planned };
        let created = self.0.create(call("create", data, &planned), &wanted).await?;
        let mut state = self.state_after_write(data, &planned, &created.value).await;
        state.warnings.extend(created.warnings);
        Ok(state)
    }

    async fn update(&self, data: &B::Data, prior: State, planned: Value) -> UpdateReply {
        let body = update_body(B::FIELDS, &prior.value, &planned);
        if body.is_empty() {
            return Ok(self.update_nothing(data, prior, planned).await?);
        }
        Ok(self.send_update(call("update", data, &prior.value), &body, &planned).await?)
    }

    async fn delete(&self, data: &B::Data, prior: State) -> Reply<()> {
        Ok(WithWarnings::ok(self.0.delete(call("delete", data, &prior.value)).await?))
    }

    fn generated_config(&self, object: &Value) -> Value {
        generated_config(B::FIELDS, object)
    }

    async fn import(&self, data: &B::Data, target: ImportTarget<'_>) -> Reply<State> {
        let id = match target {
            ImportTarget::Id(id) => id,
            ImportTarget::Identity(of) => of.attribute(B::IDENTITY).as_str().unwrap_or_default(),
        };
        let action = format!("import {} \"{id}\"", B::NOUN);
        let import = ObjectCall { data, id, object: &Value::Null, action: action.clone() };
        let object = self.0.find(import).await?;
        let state = state_of::<B>(imported_state(B::FIELDS, &object), &object, &action)?;
        let found = state.value.attribute(B::IDENTITY).as_str().unwrap_or_default();
        if let ImportTarget::Identity(_) = target
            && !found.eq_ignore_ascii_case(id)
        {
            let detail = format!(
                "\"{id}\" is not the `{}` of the object, which is \"{found}\".",
                B::IDENTITY
            );
            return Err(Diagnostic::error("Cannot import by this identity", detail).into());
        }
        Ok(WithWarnings::ok(state))
    }
}

impl<B: Backend> TableResource<B> {
    /// Updates an object, and gives its state.
    async fn send_update(
        &self,
        call: ObjectCall<'_, B>,
        body: &JsonObject,
        planned: &Value,
    ) -> Reply<State> {
        let data = call.data;
        let object = match self.0.update(call, body).await {
            Ok(object) => object,
            Err(UpdateError::Failed(errors)) => return Err(errors),
            Err(UpdateError::OutcomeUnknown(object, errors)) => {
                let compare = |names: &CanonicalNames| {
                    state_after_apply(B::FIELDS, planned, &object, names).1.is_empty()
                };
                let is_as_planned = self.compare(data, StoredNames::default(), true, compare).await;
                if is_as_planned.is_ok_and(|is_as_planned| is_as_planned) {
                    object
                } else {
                    return Err(errors);
                }
            }
        };
        Ok(self.state_after_write(data, planned, &object).await)
    }

    /// The state where the plan differs only in what is not sent, such as an empty object of extra
    /// fields. What the API decides is read.
    async fn update_nothing(&self, data: &B::Data, prior: State, planned: Value) -> Reply<State> {
        let call = call::<B>("update", data, &prior.value);
        let summary = format!("Could not {}", call.action);
        let Some(object) = self.0.get(call).await? else {
            let detail = "It no longer exists. Run Terraform again.";
            return Err(Diagnostic::error(summary, detail).into());
        };
        Ok(self.state_after_write(data, &planned, &object).await)
    }

    /// Makes an object that exists as planned.
    async fn take_over(&self, data: &B::Data, object: &JsonObject, planned: Value) -> Reply<State> {
        let action = call::<B>("read", data, &planned).action;
        let current = state_of::<B>(imported_state(B::FIELDS, object), object, &action)?;
        let body = update_body(B::FIELDS, &current.value, &planned);
        if body.is_empty() {
            return Ok(self.state_after_write(data, &planned, object).await);
        }
        self.send_update(call("create", data, &current.value), &body, &planned).await
    }

    /// The warning about settings of an existing object that its takeover changes. That they cannot
    /// be read is no error yet: whatever prevents it prevents the takeover as well.
    async fn takeover_warning(&self, data: &B::Data, planned: &Value) -> Option<Diagnostic> {
        let id = planned.attribute(B::IDENTITY).as_str()?;
        let lookup = self.0.existing(call("read", data, planned));
        let object = match timeout(TAKEOVER_LOOKUP, lookup).await {
            Ok(Ok(found)) => found?,
            Ok(Err(errors)) => return as_warning(errors),
            Err(_) => {
                let summary = format!("The settings of the {} \"{id}\" are not known", B::NOUN);
                let detail = "The API took too long to respond. The apply may change existing \
                              settings. Plan again to see them.";
                return Some(Diagnostic::warning(summary, detail));
            }
        };
        let compare = |names: &CanonicalNames| takeover_changes(B::FIELDS, &object, planned, names);
        let compared = self.compare(data, StoredNames::default(), false, compare).await;
        // Without the catalogue, a model by its other name counts as a change.
        let changes = compared.unwrap_or_else(|_| compare(&CanonicalNames::default()));
        let changes = match changes {
            Ok(changes) if changes.is_empty() => return None,
            Ok(changes) => changes,
            Err(error) => vec![format!("  - settings that cannot be read ({error})")],
        };
        let detail = format!(
            "It already exists, and the apply changes the following settings:\n{}\nTo review the \
             changes as a diff, import it by the id \"{id}\" before you apply.",
            changes.join("\n")
        );
        let summary = format!("The {} \"{id}\" already has other settings", B::NOUN);
        let detail = self.0.redact(data, &detail);
        Some(Diagnostic::warning(summary, detail))
    }

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

fn as_warning(errors: Diagnostics) -> Option<Diagnostic> {
    let error = errors.into_iter().next()?;
    Some(Diagnostic { severity: Severity::Warning, ..error })
}

fn call<'a, B: Backend>(verb: &str, data: &'a B::Data, object: &'a Value) -> ObjectCall<'a, B> {
    let id = object.attribute(ID).as_str().unwrap_or_default();
    let label = object.attribute(B::LABEL).as_str().unwrap_or(id);
    ObjectCall { data, id, object, action: format!("{verb} {} \"{label}\"", B::NOUN) }
}

/// The state of an object that was read: its value, and its canonical names in the private bytes.
fn state_of<B: Backend>(
    value: Result<Value, Error>,
    object: &JsonObject,
    action: &str,
) -> Result<State, Diagnostics> {
    let value = value.map_err(|error| {
        let detail = format!(
            "The response does not have the documented form: {error}. Update the provider, or \
             report this if it is up to date."
        );
        Diagnostic::error(format!("Could not {action}"), detail).at(error.path().clone())
    })?;
    Ok(State { value, private: StoredNames::from_object(B::FIELDS, object).to_private() })
}
