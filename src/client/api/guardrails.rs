//! Guardrails: who may use which models and providers, with what budget. One function per operation.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use tokio::time::Instant;

use super::super::http::{Error, JsonObject, Request, Response, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::models::ModelCatalog;
use super::pages::{self, Listing, Window};

static LIST: Route = Route { method: Method::GET, template: "/guardrails" };
static CREATE: Route = Route { method: Method::POST, template: "/guardrails" };
static GET: Route = Route { method: Method::GET, template: "/guardrails/{id}" };
static UPDATE: Route = Route { method: Method::PATCH, template: "/guardrails/{id}" };
static DELETE: Route = Route { method: Method::DELETE, template: "/guardrails/{id}" };

impl Client {
    /// All guardrails of a workspace (of the default one when not told), in the service's order, which it does not
    /// promise. The list never has a default guardrail that was not yet written to.
    pub async fn list_guardrails(
        &self,
        workspace_id: Option<&str>,
    ) -> Result<Vec<Guardrail>, Error> {
        Ok(self.list_guardrails_in(workspace_id, Window::ALL).await?.rows)
    }

    /// A part of that list.
    pub async fn list_guardrails_in(
        &self,
        workspace_id: Option<&str>,
        window: Window,
    ) -> Result<Listing<Guardrail>, Error> {
        let request = || Ok(self.http().request(&LIST).query(&[("workspace_id", workspace_id)]));
        let listing: Listing<Guardrail> =
            pages::read(self, request, is_in(workspace_id), window).await?;
        listing.rows.iter().for_each(|guardrail| self.learn(guardrail));
        Ok(listing)
    }

    /// The whole list, for whoever has to know what became of a write; not asked for again after `deadline`.
    pub(super) async fn list_guardrails_to_finish(
        &self,
        workspace_id: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<Vec<Guardrail>, Error> {
        let request = || {
            Ok(self
                .http()
                .request(&LIST)
                .query(&[("workspace_id", workspace_id)])
                .finishing(deadline))
        };
        Ok(pages::read(self, request, is_in(workspace_id), Window::ALL).await?.rows)
    }

    /// The request that makes a guardrail of the fields in `body`. Not idempotent: the same again makes a second one.
    pub(super) fn creating(&self, body: &JsonObject) -> Result<Request, Error> {
        self.http().request(&CREATE).json(body)
    }

    /// One guardrail, of whichever workspace.
    pub async fn get_guardrail(&self, id: &str) -> Result<Guardrail, Error> {
        self.described(&self.http().request_with_id(&GET, id)?, id).await
    }

    /// Changes the fields present in `body` and no others; `null` clears one. Where [`Error::may_have_happened`] holds, the
    /// outcome is unknown: [`Client::get_guardrail_after_write`] shows what the guardrail is then.
    pub async fn update_guardrail(&self, id: &str, body: &JsonObject) -> Result<Guardrail, Error> {
        self.described(&self.http().request_with_id(&UPDATE, id)?.json(body)?, id).await
    }

    /// A guardrail after a write whose outcome is unknown, which had all the time there is: asked for once, and even after a
    /// stop.
    pub async fn get_guardrail_after_write(&self, id: &str) -> Result<Guardrail, Error> {
        let request = self.http().request_with_id(&GET, id)?.finishing(Some(Instant::now()));
        self.described(&request, id).await
    }

    /// Whether a guardrail is the same; asks for the models only if that depends on them, and not again after `deadline`.
    pub(super) async fn is_same(
        &self,
        guardrail: &Guardrail,
        same: &Matches<'_>,
        deadline: Option<Instant>,
    ) -> Result<bool, Error> {
        match same(guardrail, None) {
            Some(is_same) => Ok(is_same),
            None => {
                Ok(same(guardrail, Some(&*self.models_to_finish(deadline).await?)).unwrap_or(false))
            }
        }
    }

    /// Remembers where a guardrail is.
    pub(super) fn learn(&self, guardrail: &Guardrail) {
        self.inner.workspaces.learn(guardrail);
    }

    /// The workspace that a guardrail is in; none for one that is older than workspaces. Asked of the service only for a
    /// guardrail that it has not described yet, since a guardrail stays where it is.
    pub async fn workspace_of_guardrail(&self, id: &str) -> Result<Option<String>, Error> {
        if let Some(known) = self.inner.workspaces.known().get(id) {
            return Ok(known.clone());
        }
        let guardrail = self.get_guardrail(id).await?;
        Ok(guardrail.workspace_id().map(str::to_owned))
    }

    /// The guardrail of this id, from the answer to a request about it.
    async fn described(&self, request: &Request, id: &str) -> Result<Guardrail, Error> {
        let guardrail: Guardrail =
            self.http().call(request, |answer: Response| answer.entity_of(id)).await?;
        self.learn(&guardrail);
        Ok(guardrail)
    }

    /// Deletes a guardrail, and with it its assignments. A guardrail that does not exist is an error for which
    /// [`Error::is_not_found`] holds.
    pub async fn delete_guardrail(&self, id: &str) -> Result<(), Error> {
        let deleted = self
            .http()
            .call(&self.http().request_with_id(&DELETE, id)?, |answer: Response| answer.deleted(id))
            .await;
        self.inner.listings.forget();
        let error = match deleted {
            Err(error) if error.may_have_happened() => error,
            // Something on the way has said so, perhaps in place of the service's own word after a lost answer.
            Err(error) if error.status() == Some(404) && !error.is_not_found() => error,
            outcome => return outcome,
        };
        match self.get_guardrail_after_write(id).await {
            Err(gone) if gone.is_not_found() => Ok(()),
            _ => Err(error),
        }
    }
}

/// Tells whether a row belongs into the list of a workspace. One without a workspace is older than these, and can be in any.
fn is_in(workspace_id: Option<&str>) -> impl Fn(&Guardrail) -> Result<(), Malformed> {
    move |guardrail| match (workspace_id, guardrail.workspace_id()) {
        (Some(wanted), Some(found)) if !found.eq_ignore_ascii_case(wanted) => {
            Err(envelope::another("workspace_id", found, wanted))
        }
        _ => Ok(()),
    }
}

/// Whether a guardrail has the fields that are wanted. None if that depends on which names mean the same model, and no
/// catalogue was given.
pub type Matches<'a> = dyn Fn(&Guardrail, Option<&ModelCatalog>) -> Option<bool> + Send + Sync + 'a;

/// The workspaces of all guardrails that the service has described so far, by the guardrail's id.
#[derive(Default)]
pub(super) struct Workspaces(Mutex<HashMap<String, Option<String>>>);

impl Workspaces {
    fn learn(&self, guardrail: &Guardrail) {
        let workspace = guardrail.workspace_id().map(str::to_owned);
        self.known().insert(guardrail.id().to_owned(), workspace);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guardrail as the service described it. Fields that this client does not know are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// Has strings under `id` (not empty), `name` and `created_at`.
    fields: JsonObject,
}

impl Guardrail {
    /// The id that later calls name it by.
    pub fn id(&self) -> &str {
        self.string("id").unwrap_or_default()
    }

    /// The name; several guardrails may have the same one.
    pub fn name(&self) -> &str {
        self.string("name").unwrap_or_default()
    }

    /// When it was made, as the service writes it (RFC 3339).
    pub fn created_at(&self) -> &str {
        self.string("created_at").unwrap_or_default()
    }

    /// The workspace; none for a guardrail that is older than workspaces.
    pub fn workspace_id(&self) -> Option<&str> {
        self.string("workspace_id")
    }

    /// Everything the service said of it; the numbers in their decimal text.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }

    fn string(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }
}

impl Entity for Guardrail {
    fn from_object(fields: JsonObject, at: &str) -> Result<Guardrail, Malformed> {
        envelope::id(&fields, at)?;
        envelope::string(&fields, at, "name")?;
        envelope::string(&fields, at, "created_at")?;
        Ok(Guardrail { fields })
    }

    fn id(&self) -> &str {
        Guardrail::id(self)
    }
}
