//! The calls that the resource `openrouter_guardrail` is made of.

use async_trait::async_trait;

use crate::{
    client::{Client, Created, Guardrail, ModelCatalog},
    cty::Value,
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{PlanReply, Reply, WithWarnings},
    },
    table::{
        JsonObject, NameCatalog,
        field::Field,
        resource::{Backend, NameCatalogResult, ObjectCall, ObjectToCreate, UpdateError, Updated},
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{body_error_diagnostic, error_diagnostic},
        id_form, misplaced_key,
    },
    fields::FIELDS,
    import, in_use, provider_slugs,
};

/// The guardrails of an account.
pub(in crate::provider) struct GuardrailBackend;

#[async_trait]
impl Backend for GuardrailBackend {
    type Data = ProviderData;

    const NOUN: &'static str = "guardrail";
    const LABEL: &'static str = "name";
    const DESCRIPTION: &'static str = "A guardrail limits what the API keys and organization \
        members that it is assigned to may do: models, providers, budget, data policy, content \
        filters. Set `create_before_destroy` as the example does: the guide on moving keys tells \
        why.";
    const FIELDS: &'static [Field] = FIELDS;

    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics> {
        match call.data.client()?.get_guardrail(call.id).await {
            Ok(found) => Ok(Some(found.fields().clone())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error_diagnostic(&call.action, &error).into()),
        }
    }

    async fn create(
        &self,
        call: ObjectCall<'_, Self>,
        planned: &ObjectToCreate<'_>,
    ) -> Reply<JsonObject> {
        let client = call.data.client()?;
        let matches = |found: &Guardrail, catalog: Option<&ModelCatalog>| {
            planned.matches(found.fields(), catalog.map(|catalog| catalog as &dyn NameCatalog))
        };
        match client.create_guardrail(&planned.body, &matches).await {
            Ok(created) => {
                let warning = duplicates_warning(client, &created);
                Ok(WithWarnings::new(created.guardrail.fields().clone(), warning))
            }
            Err(error) => {
                let workspace = planned.body.get(WORKSPACE_ID).map(|_| WORKSPACE_ID);
                Err(body_error_diagnostic(&call.action, &error, FIELDS, workspace).into())
            }
        }
    }

    async fn update(&self, call: ObjectCall<'_, Self>, body: &JsonObject) -> Updated {
        let client = call.data.client().map_err(UpdateError::Failed)?;
        let error = match client.update_guardrail(call.id, body).await {
            Ok(updated) => return Ok(updated.fields().clone()),
            Err(error) => error,
        };
        let errors = body_error_diagnostic(&call.action, &error, FIELDS, None).into();
        if error.may_have_happened()
            && let Ok(found) = client.get_guardrail_after_write(call.id).await
        {
            return Err(UpdateError::OutcomeUnknown(found.fields().clone(), errors));
        }
        Err(UpdateError::Failed(errors))
    }

    async fn delete(&self, call: ObjectCall<'_, Self>) -> Result<(), Diagnostics> {
        match call.data.client()?.delete_guardrail(call.id).await {
            Err(error) if !error.is_not_found() => {
                Err(error_diagnostic(&call.action, &error).into())
            }
            _ => Ok(()),
        }
    }

    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics> {
        Ok(import::find(call.data.client()?, call.id).await?.fields().clone())
    }

    async fn name_catalog(&self, api: &ProviderData, after_write: bool) -> NameCatalogResult {
        let client = api.client()?;
        let models =
            if after_write { client.models_to_finish(None).await } else { client.models().await };
        match models {
            Ok(models) => Ok(models),
            Err(error) => {
                let action =
                    "read the list of models, which tells whether two names mean one model";
                Err(error_diagnostic(action, &error).into())
            }
        }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        misplaced_key::refuse_keys(config, &[WORKSPACE_ID])
    }

    fn note_state(&self, api: &ProviderData) {
        api.planned().note_state();
    }

    async fn warnings(&self, api: &ProviderData, prior: &Value, plan: &PlanReply) -> Diagnostics {
        let mut warnings = Diagnostics::default();
        warnings.extend(id_form::warn_unless_uuid(prior, &plan.planned, WORKSPACE_ID, "workspace"));
        warnings.extend(provider_slugs::warn_of_unlisted(api, prior, &plan.planned).await);
        if plan.planned.is_null() || !plan.requires_replace.is_empty() {
            warnings.extend(in_use::warn_if_in_use(api, prior).await);
        }
        warnings
    }

    fn redact(&self, api: &ProviderData, text: &str) -> String {
        api.client().map_or_else(|_| String::new(), |client| client.redact(text))
    }
}

impl NameCatalog for ModelCatalog {
    fn canonical(&self, name: &str) -> Option<String> {
        ModelCatalog::canonical(self, name)
    }
}

/// The warning about guardrails that an attempt without a response may have created besides.
fn duplicates_warning(client: &Client, created: &Created) -> Option<Diagnostic> {
    if created.duplicates.is_empty() {
        return None;
    }
    let name = client.redact(created.guardrail.name());
    let id = client.redact(created.guardrail.id());
    let duplicates = created.duplicates.join(", ");
    let detail = format!(
        "An attempt to create it brought no answer, so it was created again, as {id}. Since then \
         the service also shows {duplicates}, of the same name: most likely the work of that \
         attempt. This provider has put no key or member under it. Delete it, unless somebody else \
         has created it on purpose."
    );
    Some(Diagnostic::warning(format!("Guardrail \"{name}\" may exist twice"), detail))
}
