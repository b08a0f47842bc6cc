//! The calls that both resources over guardrails make, with their errors as messages to users.

use crate::{
    client::{Error, Guardrail, ModelCatalog},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::{
        JsonObject, NameCatalog,
        resource::{Backend, NameCatalogResult, ObjectCall, UpdateError, Updated},
    },
};

use super::super::{
    assignment::WORKSPACE_ID,
    config::ProviderData,
    error_diagnostics::{body_error_diagnostic, error_diagnostic, naming_workspace},
};

/// The guardrail of a call; `None` when there is none.
pub(super) async fn get<B>(call: &ObjectCall<'_, B>) -> Result<Option<JsonObject>, Diagnostics>
where
    B: Backend<Data = ProviderData>,
{
    existing(call, call.data.client()?.get_guardrail(call.id).await)
}

/// The same as a refresh finds it, together with others.
pub(super) async fn refresh<B>(call: &ObjectCall<'_, B>) -> Result<Option<JsonObject>, Diagnostics>
where
    B: Backend<Data = ProviderData>,
{
    let workspace_id = call.object.attribute(WORKSPACE_ID).as_str();
    existing(call, call.data.client()?.refresh_guardrail(call.id, workspace_id).await)
}

fn existing<B>(
    call: &ObjectCall<'_, B>,
    found: Result<Guardrail, Error>,
) -> Result<Option<JsonObject>, Diagnostics>
where
    B: Backend<Data = ProviderData>,
{
    match found {
        Ok(found) => Ok(Some(found.into_fields())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            let diagnostic = error_diagnostic(&call.action, &error);
            Err(with_workspace(diagnostic, &error, call))
        }
    }
}

/// Changes the fields in `body` and no others.
pub(super) async fn update<B>(call: &ObjectCall<'_, B>, body: &JsonObject) -> Updated
where
    B: Backend<Data = ProviderData>,
{
    let client = call.data.client().map_err(UpdateError::Failed)?;
    let error = match client.update_guardrail(call.id, body).await {
        Ok(updated) => return Ok(updated.fields().clone()),
        Err(error) => error,
    };
    let diagnostic = body_error_diagnostic(&call.action, &error, B::FIELDS, None);
    let errors = with_workspace(diagnostic, &error, call);
    if error.may_have_happened()
        && let Ok(found) = client.get_guardrail_after_write(call.id).await
    {
        return Err(UpdateError::OutcomeUnknown(found.fields().clone(), errors));
    }
    Err(UpdateError::Failed(errors))
}

/// The list of models, by which names of models are compared.
pub(super) async fn name_catalog(api: &ProviderData, after_write: bool) -> NameCatalogResult {
    let client = api.client()?;
    let models =
        if after_write { client.models_to_finish(None).await } else { client.models().await };
    match models {
        Ok(models) => Ok(models),
        Err(error) => {
            let action = "read the list of models, which is needed to compare model names";
            Err(error_diagnostic(action, &error).into())
        }
    }
}

/// A text that quotes a response, without secrets.
pub(super) fn redact(api: &ProviderData, text: &str) -> String {
    api.client().map_or_else(|_| String::new(), |client| client.redact(text))
}

/// The error of a call, with the workspace of its object where that is known.
pub(super) fn with_workspace<B>(
    diagnostic: Diagnostic,
    error: &Error,
    call: &ObjectCall<'_, B>,
) -> Diagnostics
where
    B: Backend<Data = ProviderData>,
{
    match call.object.attribute(WORKSPACE_ID).as_str() {
        Some(id) => naming_workspace(diagnostic, error, Some(id)).into(),
        None => diagnostic.into(),
    }
}

impl NameCatalog for ModelCatalog {
    fn canonical(&self, name: &str) -> Option<String> {
        ModelCatalog::canonical(self, name)
    }
}
