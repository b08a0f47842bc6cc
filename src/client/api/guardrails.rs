//! Guardrails: which models and providers may be used, with what budget. One function per
//! operation.

use std::collections::HashMap;
use std::sync::MutexGuard;

use reqwest::Method;
use tokio::time::Instant;

use super::super::http::{Error, JsonObject, Request, Response, Route};
use super::create::{self, NamedEntity};
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, Listing, Pages, RowRange};
use super::{Client, lock};

static LIST: Route = Route { method: Method::GET, template: "/guardrails" };
static CREATE: Route = Route { method: Method::POST, template: "/guardrails" };
static GET: Route = Route { method: Method::GET, template: "/guardrails/{id}" };
static UPDATE: Route = Route { method: Method::PATCH, template: "/guardrails/{id}" };
static DELETE: Route = Route { method: Method::DELETE, template: "/guardrails/{id}" };

/// Whether a guardrail has the fields of a create's body. None if that depends on which names mean
/// the same model, and no catalogue was given.
pub type Matches<'a> = create::Matches<'a, Guardrail>;

/// The outcome of a create.
#[derive(Debug)]
pub struct Created {
    /// The guardrail.
    pub guardrail: Guardrail,
    /// The ids, fit to show, of duplicates that an earlier attempt may have made.
    pub duplicates: Vec<String>,
}

impl Client {
    /// All guardrails of a workspace, or of the default one, in the API's order, which it does not
    /// promise. A default guardrail that was never written to is not in the list.
    pub async fn list_guardrails(
        &self,
        workspace_id: Option<&str>,
    ) -> Result<Vec<Guardrail>, Error> {
        Ok(self.list_guardrails_in(workspace_id, RowRange::ALL).await?.rows)
    }

    /// A part of that list.
    pub async fn list_guardrails_in(
        &self,
        workspace_id: Option<&str>,
        window: RowRange,
    ) -> Result<Listing<Guardrail>, Error> {
        let request = list_request(self, workspace_id);
        let listing = pages::read(self, request, is_in(workspace_id), window).await?;
        listing.rows.iter().for_each(|guardrail| self.learn(guardrail));
        Ok(listing)
    }

    /// All guardrails of a workspace, page by page.
    pub fn guardrail_pages<'a>(&'a self, workspace_id: &'a str) -> Pages<'a, Guardrail> {
        let request = list_request(self, Some(workspace_id));
        let belongs = move |guardrail: &Guardrail| {
            self.learn(guardrail);
            is_in(Some(workspace_id))(guardrail)
        };
        Pages::new(self, request, belongs, RowRange::ALL)
    }

    /// Creates exactly one guardrail with the fields in `body`; `matches` recognises it.
    ///
    /// # Errors
    /// Where [`Error::may_have_happened`] holds, there may be a guardrail that is in no state;
    /// after any other error there is none.
    pub async fn create_guardrail(
        &self,
        body: &JsonObject,
        matches: &Matches<'_>,
    ) -> Result<Created, Error> {
        let (guardrail, duplicates) = create::create(self, body, matches).await?;
        self.inner.guardrail_refreshes.note_written(guardrail.id());
        self.learn(&guardrail);
        Ok(Created { guardrail, duplicates })
    }

    /// One guardrail of any workspace.
    pub async fn get_guardrail(&self, id: &str) -> Result<Guardrail, Error> {
        self.call_about(&self.http().request_with_id(&GET, id)?, id).await
    }

    /// Changes the fields present in `body` and no others; `null` clears one. Where
    /// [`Error::may_have_happened`] holds, the outcome is unknown:
    /// [`Client::get_guardrail_after_write`] reads what the guardrail is then.
    pub async fn update_guardrail(&self, id: &str, body: &JsonObject) -> Result<Guardrail, Error> {
        self.inner.guardrail_refreshes.note_written(id);
        let request = self.http().request_with_id(&UPDATE, id)?.json(body)?;
        let updated = self.call_about(&request, id).await;
        self.inner.shared_objects.clear_guardrails();
        updated
    }

    /// A guardrail after a write whose outcome is unknown, and whose time for retries is over: a
    /// single attempt, even after a stop.
    pub async fn get_guardrail_after_write(&self, id: &str) -> Result<Guardrail, Error> {
        let request = self.http().request_with_id(&GET, id)?.finishing(Some(Instant::now()));
        self.call_about(&request, id).await
    }

    /// Deletes a guardrail, and with it its assignments. For a guardrail that does not exist,
    /// [`Error::is_not_found`] holds.
    pub async fn delete_guardrail(&self, id: &str) -> Result<(), Error> {
        self.inner.guardrail_refreshes.note_written(id);
        self.known_guardrails().note(id);
        let request = self.http().request_with_id(&DELETE, id)?;
        let deleted = self.http().call(&request, |response: Response| response.deleted(id)).await;
        self.inner.assignment_cache.clear();
        self.inner.shared_objects.clear_guardrails();
        let error = match deleted {
            Err(error) if error.may_have_happened() => error,
            // Not the API's own 404: a proxy may have replaced the response to a deletion that is
            // done.
            Err(error) if error.status() == Some(404) && !error.is_not_found() => error,
            outcome => return outcome,
        };
        match self.get_guardrail_after_write(id).await {
            Err(gone) if gone.is_not_found() => Ok(()),
            _ => Err(error),
        }
    }

    /// The workspace of a guardrail; none for one that is older than workspaces. Requested only for
    /// a guardrail that no response has described yet, as a guardrail stays in its workspace.
    pub async fn workspace_of_guardrail(&self, id: &str) -> Result<Option<String>, Error> {
        self.workspace_of_guardrail_with(id, |request| request).await
    }

    /// The same with a single attempt, for callers that can do without: a guardrail that this key
    /// cannot read must not cost them the time for retries.
    pub async fn workspace_of_guardrail_once(&self, id: &str) -> Result<Option<String>, Error> {
        self.workspace_of_guardrail_with(id, Request::once).await
    }

    async fn workspace_of_guardrail_with(
        &self,
        id: &str,
        refine: impl Fn(Request) -> Request,
    ) -> Result<Option<String>, Error> {
        if let Some(workspace) = self.known_guardrails().workspaces.get(id) {
            return Ok(workspace.clone());
        }
        let request = refine(self.http().request_with_id(&GET, id)?);
        let guardrail = self.call_about(&request, id).await?;
        Ok(guardrail.workspace_id().map(str::to_owned))
    }

    /// Sends a request about one guardrail, whose response describes it.
    async fn call_about(&self, request: &Request, id: &str) -> Result<Guardrail, Error> {
        self.known_guardrails().note(id);
        let read = |response: Response| response.entity_of(id);
        let guardrail: Guardrail = self.http().call(request, read).await?;
        self.inner.guardrail_refreshes.note_fields(&guardrail);
        self.learn(&guardrail);
        Ok(guardrail)
    }

    /// Notes that a guardrail exists, and where.
    pub(super) fn learn(&self, guardrail: &Guardrail) {
        let mut known = self.known_guardrails();
        known.note(guardrail.id());
        let workspace = guardrail.workspace_id().map(str::to_owned);
        known.workspaces.insert(guardrail.id().to_owned(), workspace);
    }

    fn known_guardrails(&self) -> MutexGuard<'_, SeenGuardrails> {
        lock(&self.inner.known_guardrails)
    }
}

/// The request for the guardrails of a workspace, or of the default one.
pub(super) fn list_request(client: &Client, workspace_id: Option<&str>) -> Request {
    client.http().request(&LIST).query(&[("workspace_id", workspace_id)])
}

/// Checks that a guardrail belongs in the list of a workspace. One without a workspace is older
/// than workspaces, and can be in any.
pub(super) fn is_in(workspace_id: Option<&str>) -> impl Fn(&Guardrail) -> Result<(), Malformed> {
    move |guardrail| match (workspace_id, guardrail.workspace_id()) {
        (Some(wanted), Some(found)) if !found.eq_ignore_ascii_case(wanted) => {
            Err(envelope::another("workspace_id", found, wanted))
        }
        _ => Ok(()),
    }
}

/// The guardrails of which this client knows, by id.
#[derive(Default)]
pub(super) struct SeenGuardrails {
    /// Since when: a request has named the guardrail, or a response has described it.
    since: HashMap<String, Instant>,
    /// The workspaces of those that a response has described.
    workspaces: HashMap<String, Option<String>>,
}

impl SeenGuardrails {
    fn note(&mut self, id: &str) {
        self.since.entry(id.to_ascii_lowercase()).or_insert_with(Instant::now);
    }
}

/// A guardrail as the API described it, with the fields that this client does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    /// Has strings under `id` (fit for a path), `name` and `created_at`.
    fields: JsonObject,
}

impl Guardrail {
    /// The id by which later calls name it.
    pub fn id(&self) -> &str {
        self.string("id").unwrap_or_default()
    }

    /// The name; several guardrails may have the same one.
    pub fn name(&self) -> &str {
        self.string("name").unwrap_or_default()
    }

    /// The workspace; none for a guardrail that is older than workspaces.
    pub fn workspace_id(&self) -> Option<&str> {
        self.string("workspace_id")
    }

    /// All fields of the response; the numbers in their decimal text.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }

    /// The same, without the guardrail.
    pub fn into_fields(self) -> JsonObject {
        self.fields
    }

    fn string(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }
}

impl Entity for Guardrail {
    fn from_object(mut fields: JsonObject, at: &str) -> Result<Guardrail, Malformed> {
        envelope::id(&mut fields, at, "id")?;
        envelope::lowercase_uuid(&mut fields, "workspace_id");
        envelope::string(&fields, at, "name")?;
        envelope::string(&fields, at, "created_at")?;
        Ok(Guardrail { fields })
    }

    fn id(&self) -> &str {
        Guardrail::id(self)
    }
}

impl NamedEntity for Guardrail {
    const CREATE: &Route = &CREATE;

    fn name(&self) -> &str {
        Guardrail::name(self)
    }

    fn created_at(&self) -> &str {
        self.string("created_at").unwrap_or_default()
    }

    async fn list(
        client: &Client,
        workspace_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Guardrail>, Error> {
        let request = list_request(client, workspace_id).finishing(Some(deadline));
        Ok(pages::read(client, request, is_in(workspace_id), RowRange::ALL).await?.rows)
    }

    fn was_known_before(client: &Client, id: &str, moment: Instant) -> bool {
        client.known_guardrails().since.get(id).is_some_and(|since| *since < moment)
    }
}
