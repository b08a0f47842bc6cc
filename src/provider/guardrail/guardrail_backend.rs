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
        resource::{Backend, NameCatalogResult, ObjectCall, ObjectToCreate, Updated},
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{body_error_diagnostic, error_diagnostic, naming_workspace},
        id_form, misplaced_key,
    },
    calls, fields, import, in_use, policies, provider_slugs,
};

/// The guardrails of an account.
pub(in crate::provider) struct GuardrailBackend;

#[async_trait]
impl Backend for GuardrailBackend {
    type Data = ProviderData;

    const NOUN: &'static str = "guardrail";
    const LABEL: &'static str = "name";
    const DESCRIPTION: &'static str = "Manages a guardrail: a set of limits for the API keys and \
        organization members that it is assigned to. A guardrail can restrict models and \
        providers, set a budget, enforce a data policy and filter content.\n\n\
        ~> **Warning:** A guardrail enforces nothing until it is assigned. Assign it with \
        [`openrouter_guardrail_key_assignment`](guardrail_key_assignment.md), \
        [`openrouter_guardrail_member_assignment`](guardrail_member_assignment.md) or their \
        exclusive variants. To limit all requests of a workspace, use \
        [`openrouter_workspace_default_guardrail`](workspace_default_guardrail.md) instead.\n\n\
        !> **Danger:** Deleting a guardrail also deletes its assignments: its keys and members can \
        then do whatever the other guardrails that apply to them allow. Replacing a guardrail \
        deletes it too. Set `create_before_destroy = true` as in the example, so that Terraform \
        first moves the keys and members to another guardrail; see [Moving \
        keys](../guides/moving-keys.md).";
    const FIELDS: &'static [Field] = fields::GUARDRAIL;

    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics> {
        calls::refresh(&call).await
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
                let workspace = call.object.attribute(WORKSPACE_ID).as_str();
                let attribute = workspace.map(|_| WORKSPACE_ID);
                let diagnostic =
                    body_error_diagnostic(&call.action, &error, Self::FIELDS, attribute);
                Err(naming_workspace(diagnostic, &error, workspace).into())
            }
        }
    }

    async fn update(&self, call: ObjectCall<'_, Self>, body: &JsonObject) -> Updated {
        calls::update(&call, body).await
    }

    async fn delete(&self, call: ObjectCall<'_, Self>) -> Result<(), Diagnostics> {
        match call.data.client()?.delete_guardrail(call.id).await {
            Err(error) if !error.is_not_found() => {
                let diagnostic = error_diagnostic(&call.action, &error);
                Err(calls::with_workspace(diagnostic, &error, &call))
            }
            _ => Ok(()),
        }
    }

    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics> {
        Ok(import::find(call.data.client()?, call.id).await?.fields().clone())
    }

    async fn name_catalog(&self, api: &ProviderData, after_write: bool) -> NameCatalogResult {
        calls::name_catalog(api, after_write).await
    }

    fn validate(&self, _: Option<&ProviderData>, config: &Value) -> Diagnostics {
        misplaced_key::refuse_keys(config, &[WORKSPACE_ID])
    }

    fn note_state(&self, api: &ProviderData) {
        api.planned().note_state();
    }

    async fn read_warnings(&self, api: &ProviderData, state: &Value) -> Diagnostics {
        policies::warn_of_replaced_parts(api, state, Self::FIELDS).await
    }

    async fn check_plan(
        &self,
        api: &ProviderData,
        prior: &Value,
        plan: &PlanReply,
    ) -> Result<Diagnostics, Diagnostics> {
        let mut warnings = Diagnostics::default();
        warnings.extend(id_form::warn_unless_uuid(prior, &plan.planned, WORKSPACE_ID, "workspace"));
        warnings.extend(provider_slugs::warn_of_unlisted(api, prior, &plan.planned).await);
        if plan.planned.is_null() || !plan.requires_replace.is_empty() {
            warnings.extend(in_use::warn_if_in_use(api, prior).await);
        }
        Ok(warnings)
    }

    fn redact(&self, api: &ProviderData, text: &str) -> String {
        calls::redact(api, text)
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
        "An attempt to create the guardrail received no response, so it was created again, as \
         {id}. The API now also lists {duplicates} with the same name, most likely created by that \
         attempt. The provider has not assigned it to any key or member. Delete it, unless \
         somebody else has created it on purpose."
    );
    Some(Diagnostic::warning(format!("Guardrail \"{name}\" may exist twice"), detail))
}
