//! `openrouter_guardrail`: what API keys and members that it is assigned to may do.
//!
//! The field table is in `fields`. State keeps the user's spelling of models; the service's canonical names are kept in
//! private state, so that its model list is fetched only when they do not settle whether something changed.

mod fields;
mod import;
mod in_use;
mod provider_slugs;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    client::{self, Client, ModelCatalog},
    cty::Value,
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{PlanReply, PlanRequest, Reply, Resource, State, WithWarnings},
        schema::Schema,
    },
    table::{
        body::{create_body, update_body},
        canonical_names::{CanonicalNames, NameCatalog, StoredNames},
        field::{Equality, Field},
        plan,
        schema::schema,
        state,
        validate::validate_with,
    },
};

use super::{
    assignment::{Departure, WORKSPACE_ID},
    config::Api,
    error_diagnostics::{body_error_diagnostic, error_diagnostic},
    id_form, key,
};
pub use fields::FIELDS;
pub(super) use import::by_name;
pub(super) use provider_slugs::NamedSlugs;

pub(super) struct Guardrail;

#[async_trait]
impl Resource<Api> for Guardrail {
    fn schema(&self) -> Schema {
        schema(
            "A guardrail limits what the API keys and organization members that it is assigned to may do: \
                          models, providers, budget, data policy, content filters. Set `create_before_destroy` as the \
                          example does: the guide on moving keys tells why.",
            FIELDS,
        )
    }

    fn validate(&self, _: Option<&Api>, config: &Value) -> Diagnostics {
        validate_with(FIELDS, config, key::refuse_keys(config, &[WORKSPACE_ID]))
    }

    async fn read(&self, api: &Api, state: State) -> Reply<Option<State>> {
        api.planned().note_state();
        let client = api.client()?;
        let found = match client.get_guardrail(id(&state.value)).await {
            Ok(found) => found,
            Err(error) if error.is_not_found() => return Ok(WithWarnings::ok(None)),
            Err(error) => return Err(error_diagnostic(&act("read", &state.value), &error).into()),
        };
        let mut record = StoredNames::from_private(&state.private);
        let names = CanonicalNames { record: &record, aliases: None };
        let needed = state::needs_catalog(FIELDS, &state.value, found.fields(), names);
        let catalog = if needed { Some(models(client).await?) } else { None };
        let names = CanonicalNames { record: &record, aliases: aliases(catalog.as_ref()) };
        let refreshed = state::state_after_read(FIELDS, &state.value, found.fields(), names);
        let value = refreshed.map_err(|error| unreadable(&act("read", &state.value), &error))?;
        remember(&mut record, &found);
        Ok(WithWarnings::ok(Some(State { value, private: record.to_private() })))
    }

    async fn plan(&self, api: &Api, request: PlanRequest) -> Reply<PlanReply> {
        if !request.prior.is_null() {
            api.planned().note_state();
        }
        if request.config.is_null() {
            let warning = in_use::warn_if_in_use(api, &request.prior).await;
            return Ok(WithWarnings::new(PlanReply::destroy(request.private), warning));
        }
        let record = StoredNames::from_private(&request.private);
        let names = CanonicalNames { record: &record, aliases: None };
        let needed = plan::needs_catalog(FIELDS, &request.prior, &request.config, names);
        let catalog = if needed { Some(models(api.client()?).await?) } else { None };
        let names = CanonicalNames { record: &record, aliases: aliases(catalog.as_ref()) };
        let reply = plan::plan(FIELDS, &request.prior, &request.config, names);
        let mut warnings = Vec::new();
        warnings.extend(id_form::warn_unless_uuid(
            &request.prior,
            &reply.planned,
            WORKSPACE_ID,
            "workspace",
        ));
        warnings
            .extend(provider_slugs::warn_of_unlisted(api, &request.prior, &reply.planned).await);
        if !reply.requires_replace.is_empty() {
            warnings.extend(in_use::warn_if_in_use(api, &request.prior).await);
        }
        Ok(WithWarnings::new(PlanReply { private: request.private, ..reply }, warnings))
    }

    async fn create(&self, api: &Api, planned: Value) -> Reply<State> {
        let client = api.client()?;
        let created =
            client.create_guardrail(&create_body(FIELDS, &planned), &is_as(&planned)).await;
        let created = created.map_err(|error| {
            let workspace = planned.attribute(WORKSPACE_ID).as_str().map(|_| WORKSPACE_ID);
            body_error_diagnostic(&act("create", &planned), &error, FIELDS, workspace)
        })?;
        let mut state = settle(client, &planned, &created.guardrail).await;
        state.warnings.extend(warn_of_duplicates(client, &created));
        Ok(state)
    }

    async fn update(&self, api: &Api, prior: State, planned: Value) -> Reply<State> {
        let client = api.client()?;
        let body = update_body(FIELDS, &prior.value, &planned);
        let updated = match client.update_guardrail(id(&prior.value), &body).await {
            Err(error) if error.may_have_happened() => {
                after_unknown_outcome(client, id(&prior.value), &planned).await.ok_or(error)
            }
            outcome => outcome,
        };
        let updated = updated.map_err(|error| {
            body_error_diagnostic(&act("update", &prior.value), &error, FIELDS, None)
        })?;
        Ok(settle(client, &planned, &updated).await)
    }

    async fn delete(&self, api: &Api, prior: State) -> Reply<()> {
        match api.client()?.delete_guardrail(id(&prior.value)).await {
            Ok(()) => Ok(WithWarnings::ok(())),
            Err(error) if error.is_not_found() => Ok(WithWarnings::ok(())),
            Err(error) => Err(error_diagnostic(&act("delete", &prior.value), &error).into()),
        }
    }

    async fn import(&self, api: &Api, given: &str) -> Reply<State> {
        let found = import::find(api.client()?, given).await?;
        let mut record = StoredNames::default();
        let names = CanonicalNames { record: &record, aliases: None };
        let value = state::imported_state(FIELDS, found.fields(), names)
            .map_err(|error| unreadable(&format!("import guardrail \"{given}\""), &error))?;
        remember(&mut record, &found);
        Ok(WithWarnings::ok(State { value, private: record.to_private() }))
    }
}

/// State after a create or update. The work is done, so nothing in here can fail: what is odd becomes a warning, and a
/// model list that cannot be had leaves the record empty, so that the next refresh asks again.
async fn settle(
    client: &Client,
    planned: &Value,
    answered: &client::Guardrail,
) -> WithWarnings<State> {
    let mut record = StoredNames::default();
    let names = CanonicalNames { record: &record, aliases: None };
    let needed = state::needs_catalog(FIELDS, planned, answered.fields(), names);
    let catalog = if needed { client.models_to_finish(None).await.ok() } else { None };
    let (value, mismatches) =
        state::state_after_apply(FIELDS, planned, answered.fields(), aliases(catalog.as_ref()));
    if !needed || catalog.is_some() {
        remember(&mut record, answered);
    }
    for mismatch in &mismatches {
        canonicalized()
            .filter(|field| field.name == mismatch.name)
            .for_each(|field| record.forget(field));
    }
    let state = State { value, private: record.to_private() };
    let warning = |mismatch: &state::Mismatch| {
        let warning = mismatch.warning();
        Diagnostic { detail: client.redact(&warning.detail), ..warning }
    };
    WithWarnings::new(state, mismatches.iter().map(warning))
}

/// The guardrail after an update of unknown outcome, if it turns out to be what was planned.
async fn after_unknown_outcome(
    client: &Client,
    id: &str,
    planned: &Value,
) -> Option<client::Guardrail> {
    let found = client.get_guardrail_after_write(id).await.ok()?;
    let matches = is_as(planned);
    let is_planned = match matches(&found, None) {
        Some(is_planned) => is_planned,
        None => matches(&found, Some(&*client.models_to_finish(None).await.ok()?)) == Some(true),
    };
    is_planned.then_some(found)
}

/// Tells whether a guardrail is what was planned.
fn is_as(planned: &Value) -> impl Fn(&client::Guardrail, Option<&ModelCatalog>) -> Option<bool> {
    |found, catalog| {
        let aliases = catalog.map(|catalog| catalog as &dyn NameCatalog);
        state::matches_plan(FIELDS, planned, found.fields(), aliases)
    }
}

/// What the user is told of guardrails that may have been made besides the one that is in the state.
fn warn_of_duplicates(client: &Client, created: &client::Created) -> Option<Diagnostic> {
    let (name, id) =
        (client.redact(created.guardrail.name()), client.redact(created.guardrail.id()));
    let duplicates = created.duplicates.join(", ");
    let detail = format!(
        "An attempt to create it brought no answer, so it was created again, as {id}. Since then the service also shows \
         {duplicates}, of the same name: most likely the work of that attempt. This provider has put no key or member under it. \
         Delete it, unless somebody else has created it on purpose."
    );
    (!created.duplicates.is_empty())
        .then(|| Diagnostic::warning(format!("Guardrail \"{name}\" may exist twice"), detail))
}

/// Records the canonical names that the service holds.
fn remember(record: &mut StoredNames, answered: &client::Guardrail) {
    for field in canonicalized() {
        record.set(field, &state::decode(field, answered.fields()).unwrap_or(Value::Null));
    }
}

fn canonicalized() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(|field| field.equality == Equality::Canonicalized)
}

async fn models(client: &Client) -> Result<Arc<ModelCatalog>, Diagnostics> {
    client.models().await.map_err(|error| {
        error_diagnostic(
            "read the list of models, which tells whether two names mean one model",
            &error,
        )
        .into()
    })
}

fn aliases(catalog: Option<&Arc<ModelCatalog>>) -> Option<&dyn NameCatalog> {
    catalog.map(|catalog| &**catalog as &dyn NameCatalog)
}

impl NameCatalog for ModelCatalog {
    fn canonical(&self, name: &str) -> Option<String> {
        ModelCatalog::canonical(self, name)
    }
}

fn id(value: &Value) -> &str {
    value.attribute("id").as_str().unwrap_or_default()
}

/// What is being done, for a message: `update guardrail "ci"`.
fn act(verb: &str, guardrail: &Value) -> String {
    let name = guardrail.attribute("name").as_str().unwrap_or_else(|| id(guardrail));
    format!("{verb} guardrail \"{name}\"")
}

fn unreadable(act: &str, error: &crate::cty::Error) -> Diagnostic {
    let detail = format!(
        "The service's answer does not have the promised form: {error}. Look for a newer version of the provider, or \
         report this."
    );
    Diagnostic::error(format!("Could not {act}"), detail).at(error.path().clone())
}
