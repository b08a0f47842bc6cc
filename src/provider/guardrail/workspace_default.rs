//! The calls that the resource `openrouter_workspace_default_guardrail` is made of.
//!
//! A workspace's default guardrail comes with the workspace, which names its id. Reading it is a 404
//! until something is set; the first PATCH makes it. It can be neither renamed nor deleted. So a create
//! takes over what is there, and a destroy changes nothing at the API.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::json;

use crate::{
    client::Workspace,
    cty::{Path, Value},
    protocol::{
        diagnostics::{Diagnostic, Diagnostics, Severity},
        resource::{PlanReply, Reply},
    },
    table::{
        JsonObject, defaults,
        field::Field,
        resource::{Backend, NameCatalogResult, ObjectCall, ObjectToCreate, UpdateError, Updated},
        validate::is_uuid,
    },
};

use super::{
    super::{
        assignment::WORKSPACE_ID,
        config::ProviderData,
        error_diagnostics::{error_diagnostic_at, naming_workspace},
        misplaced_key,
        walk::WalkPlans,
    },
    calls, fields, policies, provider_slugs,
};

/// The default guardrails of workspaces.
pub(in crate::provider) struct WorkspaceDefaultBackend;

/// What configurations plan for the default guardrails of workspaces: whether the resource is new.
#[derive(Default)]
pub(in crate::provider) struct PlannedDefaults(Mutex<WalkPlans<(), IsNew>>);

type IsNew = bool;

#[async_trait]
impl Backend for WorkspaceDefaultBackend {
    type Data = ProviderData;

    const NOUN: &'static str = "default guardrail of workspace";
    const LABEL: &'static str = WORKSPACE_ID;
    const IDENTITY: &'static str = WORKSPACE_ID;
    const DESCRIPTION: &'static str = "Manages the default guardrail of a workspace, which applies \
        to all requests of the workspace. Every workspace has exactly one.\n\n\
        ~> **Warning:** Creating this resource takes over the existing default guardrail. Settings \
        that the configuration does not set are cleared. The plan names the changes in a warning; \
        to review them as a diff, import the resource before the first apply.\n\n\
        ~> **Warning:** Destroying this resource changes nothing at OpenRouter: the default \
        guardrail cannot be deleted, and its settings stay in force. To lift them, remove them \
        from the configuration and apply before you destroy the resource.";
    const FIELDS: &'static [Field] = fields::WORKSPACE_DEFAULT;

    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics> {
        // A state that another provider has written may have no id.
        if !call.id.is_empty()
            && let Some(found) = calls::get(&call).await?
        {
            return Ok(Some(in_workspace(found, call.object)));
        }
        let workspace_id = call.object.attribute(WORKSPACE_ID).as_str().unwrap_or_default();
        match find_workspace(&call, workspace_id).await? {
            Some(workspace) if workspace.default_guardrail_id.as_deref() == Some(call.id) => {
                Ok(Some(default_guardrail(call.id, &workspace, None)))
            }
            Some(workspace) => Ok(Some(default_of(&call, &workspace).await?)),
            None => Ok(None),
        }
    }

    async fn existing(
        &self,
        call: ObjectCall<'_, Self>,
    ) -> Result<Option<JsonObject>, Diagnostics> {
        let workspace_id = call.object.attribute(WORKSPACE_ID).as_str();
        let (Ok(_), Some(workspace_id)) = (call.data.client(), workspace_id) else {
            return Ok(None);
        };
        match find_workspace(&call, workspace_id).await? {
            Some(found) if found.id == workspace_id => Ok(Some(default_of(&call, &found).await?)),
            Some(found) => Err(slug_instead_of_id(&call.action, workspace_id, &found).into()),
            None => {
                let error = no_such_workspace(&call.action);
                Err(error.at(Path::attribute(WORKSPACE_ID)).into())
            }
        }
    }

    /// Not called where the provider's configuration is known: every workspace has a default
    /// guardrail.
    async fn create(
        &self,
        call: ObjectCall<'_, Self>,
        _: &ObjectToCreate<'_>,
    ) -> Reply<JsonObject> {
        call.data.client()?;
        Err(no_such_workspace(&call.action).into())
    }

    async fn update(&self, call: ObjectCall<'_, Self>, body: &JsonObject) -> Updated {
        let workspace_id = call.object.attribute(WORKSPACE_ID).as_str().unwrap_or_default();
        if call.data.planned_defaults().count(workspace_id) > 1 {
            let error = managed_twice(workspace_id, Severity::Error);
            return Err(UpdateError::Failed(error.into()));
        }
        match calls::update(&call, body).await {
            Ok(updated) => Ok(in_workspace(updated, call.object)),
            Err(UpdateError::OutcomeUnknown(found, errors)) => {
                Err(UpdateError::OutcomeUnknown(in_workspace(found, call.object), errors))
            }
            Err(failed) => Err(failed),
        }
    }

    /// Nothing: the API cannot delete it, and to clear its settings would loosen what is in force.
    async fn delete(&self, _: ObjectCall<'_, Self>) -> Result<(), Diagnostics> {
        Ok(())
    }

    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics> {
        if let Some(refused) = misplaced_key::refuse_key("id", call.id) {
            return Err(refused.into());
        }
        let given =
            if is_uuid(call.id) { call.id.to_ascii_lowercase() } else { call.id.to_owned() };
        match find_workspace(&call, &given).await? {
            Some(workspace) => default_of(&call, &workspace).await,
            None => Err(no_such_workspace(&call.action).into()),
        }
    }

    async fn name_catalog(&self, api: &ProviderData, after_write: bool) -> NameCatalogResult {
        calls::name_catalog(api, after_write).await
    }

    fn validate(&self, api: Option<&ProviderData>, config: &Value) -> Diagnostics {
        if let Some(api) = api {
            api.planned_defaults().note_validated(config.attribute(WORKSPACE_ID).as_str());
        }
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
        if plan.planned.is_null() || !plan.requires_replace.is_empty() {
            warnings.push(stays_in_force(prior));
        }
        if !plan.planned.is_null() {
            warnings.extend(refuse_second(api, prior, &plan.planned)?);
        }
        warnings.extend(provider_slugs::warn_of_unlisted(api, prior, &plan.planned).await);
        Ok(warnings)
    }

    fn redact(&self, api: &ProviderData, text: &str) -> String {
        calls::redact(api, text)
    }
}

impl PlannedDefaults {
    fn note_validated(&self, workspace_id: Option<&str>) {
        self.plans().note_validated((), workspace_id);
    }

    fn note_planned(&self, workspace_id: Option<&str>, is_new: IsNew) -> Vec<IsNew> {
        self.plans().note_planned((), workspace_id, is_new)
    }

    /// How many resources of the walk are for this workspace.
    fn count(&self, workspace_id: &str) -> usize {
        self.plans().planned(&((), workspace_id.to_owned())).len()
    }

    fn plans(&self) -> MutexGuard<'_, WalkPlans<(), IsNew>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guardrail of a response, with the workspace of the object that it is about: the API may leave
/// that out.
fn in_workspace(mut guardrail: JsonObject, object: &Value) -> JsonObject {
    if let Some(workspace_id) = object.attribute(WORKSPACE_ID).as_str() {
        guardrail.insert(WORKSPACE_ID.to_owned(), json!(workspace_id));
    }
    guardrail
}

/// A workspace by its id or slug; `None` when there is none.
async fn find_workspace(
    call: &ObjectCall<'_, WorkspaceDefaultBackend>,
    id_or_slug: &str,
) -> Result<Option<Workspace>, Diagnostics> {
    match call.data.client()?.get_workspace(id_or_slug).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => {
            let attribute = (!call.object.is_null()).then_some(WORKSPACE_ID);
            let diagnostic = error_diagnostic_at(&call.action, &error, attribute);
            Err(naming_workspace(diagnostic, &error, Some(id_or_slug)).into())
        }
    }
}

/// The default guardrail of a workspace; where nothing was ever set, without settings.
async fn default_of(
    call: &ObjectCall<'_, WorkspaceDefaultBackend>,
    workspace: &Workspace,
) -> Result<JsonObject, Diagnostics> {
    let Some(id) = &workspace.default_guardrail_id else {
        let detail = format!(
            "The API returned no default guardrail for workspace {}. Update the provider, or \
             report this if it is up to date.",
            workspace.id
        );
        return Err(Diagnostic::error(format!("Could not {}", call.action), detail).into());
    };
    // An import has no object yet; errors name the workspace.
    let object = &Value::object([(WORKSPACE_ID, Value::from(workspace.id.as_str()))]);
    let call: ObjectCall<'_, WorkspaceDefaultBackend> =
        ObjectCall { id, object, action: call.action.clone(), data: call.data };
    Ok(default_guardrail(id, workspace, calls::get(&call).await?))
}

/// The default guardrail of a workspace as a response shows it; before its first update, which makes
/// it, there is none, and nothing is set.
pub(in crate::provider) fn default_guardrail(
    id: &str,
    workspace: &Workspace,
    found: Option<JsonObject>,
) -> JsonObject {
    let mut object = found.unwrap_or_else(|| {
        let name = format!("Workspace {} Default", workspace.id);
        let mut unset = defaults(fields::WORKSPACE_DEFAULT);
        unset.insert("id".to_owned(), json!(id));
        unset.insert("name".to_owned(), json!(name));
        unset
    });
    object.insert(WORKSPACE_ID.to_owned(), json!(workspace.id));
    object
}

/// Two resources for one workspace undo each other. An error only where nothing can be lost by it:
/// core plans the configuration also before it destroys, and a destroy must not be refused.
fn refuse_second(
    api: &ProviderData,
    prior: &Value,
    planned: &Value,
) -> Result<Option<Diagnostic>, Diagnostics> {
    let workspace_id = planned.attribute(WORKSPACE_ID).as_str();
    let is_new = prior.is_null();
    let others = api.planned_defaults().note_planned(workspace_id, is_new);
    let (Some(workspace_id), false) = (workspace_id, others.is_empty()) else { return Ok(None) };
    if is_new && others.contains(&true) && !api.planned().has_state() {
        return Err(managed_twice(workspace_id, Severity::Error).into());
    }
    Ok(Some(managed_twice(workspace_id, Severity::Warning)))
}

/// The error about a second resource for one workspace, or the warning where core may be planning a
/// destroy.
fn managed_twice(workspace_id: &str, severity: Severity) -> Diagnostic {
    let note = match severity {
        Severity::Error => {
            "(`terraform destroy -refresh=false` does not plan the configuration, so this error \
             does not block it.)"
        }
        Severity::Warning => {
            "(This is only a warning, because Terraform also plans the configuration before a \
             destroy.)"
        }
    };
    let detail = format!(
        "Another resource of this configuration also manages the default guardrail of workspace \
         {workspace_id}. Each of the two would undo the changes of the other. Remove one of them \
         before you apply. {note}"
    );
    let summary = "Two resources manage the same default guardrail";
    let diagnostic = Diagnostic { severity, ..Diagnostic::warning(summary, detail) };
    diagnostic.at(Path::attribute(WORKSPACE_ID))
}

fn stays_in_force(prior: &Value) -> Diagnostic {
    let workspace_id = prior.attribute(WORKSPACE_ID).as_str().unwrap_or_default();
    let detail = format!(
        "Every workspace has a default guardrail, which cannot be deleted. It is only removed from \
         the Terraform state: its settings stay in force for all requests of workspace \
         {workspace_id}. To lift them, remove the settings from the resource and apply before you \
         destroy it."
    );
    let summary = format!("The default guardrail of workspace {workspace_id} stays in force");
    Diagnostic::warning(summary, detail)
}

fn no_such_workspace(action: &str) -> Diagnostic {
    let detail = "The workspace does not exist, or the management key cannot access it. Check the \
                  id; the data source `openrouter_workspaces` lists the ids.";
    Diagnostic::error(format!("Could not {action}"), detail)
}

fn slug_instead_of_id(action: &str, given: &str, workspace: &Workspace) -> Diagnostic {
    let detail = format!(
        "\"{given}\" is the slug of workspace {id}. Set `{WORKSPACE_ID}` to its id: \"{id}\".",
        id = workspace.id
    );
    Diagnostic::error(format!("Could not {action}"), detail).at(Path::attribute(WORKSPACE_ID))
}
