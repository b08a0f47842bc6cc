//! Assignments: which API keys and members are assigned to which guardrail. One function per
//! operation of the API. How single assignments become bulk requests is in `batch.rs`, how single
//! reads share a listing in `assignment_cache.rs`.

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::super::http::{Call, Error, JsonObject, Request, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, Listing, Pages, RowRange};

/// What is assigned to a guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeKind {
    /// API keys, by their hash. A key is assigned to one guardrail at most.
    Key,
    /// Members of the organization, by their user id. A member is assigned to one guardrail per
    /// workspace at most.
    Member,
}

/// What a bulk request does with its assignees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Assign,
    Unassign,
}

/// The endpoints for one kind of assignee.
struct Routes {
    list: Route,
    list_of_guardrail: Route,
    assign: Route,
    unassign: Route,
    /// The array in the body of the last two.
    body: &'static str,
}

static KEYS: Routes = Routes {
    list: get("/guardrails/assignments/keys"),
    list_of_guardrail: get("/guardrails/{id}/assignments/keys"),
    assign: post("/guardrails/{id}/assignments/keys"),
    unassign: post("/guardrails/{id}/assignments/keys/remove"),
    body: "key_hashes",
};

static MEMBERS: Routes = Routes {
    list: get("/guardrails/assignments/members"),
    list_of_guardrail: get("/guardrails/{id}/assignments/members"),
    assign: post("/guardrails/{id}/assignments/members"),
    unassign: post("/guardrails/{id}/assignments/members/remove"),
    body: "member_user_ids",
};

const fn get(template: &'static str) -> Route {
    Route { method: Method::GET, template }
}

const fn post(template: &'static str) -> Route {
    Route { method: Method::POST, template }
}

impl AssigneeKind {
    fn routes(self) -> &'static Routes {
        match self {
            AssigneeKind::Key => &KEYS,
            AssigneeKind::Member => &MEMBERS,
        }
    }

    /// What messages call it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            AssigneeKind::Key => "key",
            AssigneeKind::Member => "member",
        }
    }
}

impl Client {
    /// Assignments to one guardrail, or of the whole account with all its workspaces. Rows of
    /// deleted keys count in `total_count`, but never show.
    pub async fn list_assignments(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        window: RowRange,
    ) -> Result<Listing<Assignment>, Error> {
        let request = self.assignments_request(kind, guardrail_id)?;
        pages::read(self, request, is_assigned_to(guardrail_id), window).await
    }

    /// The same, page by page.
    pub fn assignment_pages<'a>(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&'a str>,
    ) -> Result<Pages<'a, Assignment>, Error> {
        let request = self.assignments_request(kind, guardrail_id)?;
        Ok(Pages::new(self, request, is_assigned_to(guardrail_id), RowRange::ALL))
    }

    fn assignments_request(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
    ) -> Result<Request, Error> {
        let routes = kind.routes();
        match guardrail_id {
            Some(id) => self.http().request_with_id(&routes.list_of_guardrail, id),
            None => Ok(self.http().request(&routes.list)),
        }
    }

    /// All assignments to one guardrail, where the outcome of a write depends on them; without
    /// another attempt after `deadline`.
    pub(super) async fn list_assignments_to_finish(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        deadline: Option<Instant>,
    ) -> Result<Vec<Assignment>, Error> {
        let route = &kind.routes().list_of_guardrail;
        let request = self.http().request_with_id(route, guardrail_id)?.finishing(deadline);
        let belongs = is_assigned_to(Some(guardrail_id));
        Ok(pages::read(self, request, belongs, RowRange::ALL).await?.rows)
    }

    /// Assigns to a guardrail, which moves each assignee away from its former guardrail, or removes
    /// the assignments to it. Idempotent. Returns the call, and how many the API counts: it skips
    /// keys that do not exist without a word, while one key of another workspace, or one member
    /// from outside, fails the whole request with 400.
    pub(super) async fn bulk(
        &self,
        operation: Operation,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &[String],
    ) -> Result<(Call, u64), Error> {
        let routes = kind.routes();
        let (route, count) = match operation {
            Operation::Assign => (&routes.assign, "assigned_count"),
            Operation::Unassign => (&routes.unassign, "unassigned_count"),
        };
        let ids = ids.iter().map(|id| Value::String(id.clone())).collect();
        let body = JsonObject::from_iter([(routes.body.to_owned(), Value::Array(ids))]);
        let request = self.http().request_with_id(route, guardrail_id)?.json(&body)?;
        let counted = self.http().call(&request, |response| response.count(count)).await?;
        Ok((request.call, counted))
    }
}

/// Checks that a row belongs in the list of a guardrail.
fn is_assigned_to(guardrail_id: Option<&str>) -> impl Fn(&Assignment) -> Result<(), Malformed> {
    move |row| match guardrail_id {
        Some(wanted) if !row.guardrail_id().eq_ignore_ascii_case(wanted) => {
            Err(envelope::another("guardrail_id", row.guardrail_id(), wanted))
        }
        _ => Ok(()),
    }
}

/// One row: an assignee that is assigned to a guardrail.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Has strings under `id`, `guardrail_id`, and `key_hash` or `user_id`.
    fields: JsonObject,
}

impl Assignment {
    /// The hash of the key, or the user id of the member.
    pub fn assignee(&self) -> &str {
        let assignee = self.fields.get("key_hash").or_else(|| self.fields.get("user_id"));
        assignee.and_then(Value::as_str).unwrap_or_default()
    }

    /// The guardrail.
    pub fn guardrail_id(&self) -> &str {
        self.fields.get("guardrail_id").and_then(Value::as_str).unwrap_or_default()
    }

    /// All fields of the response.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }
}

impl Entity for Assignment {
    fn from_object(mut fields: JsonObject, at: &str) -> Result<Assignment, Malformed> {
        if envelope::string(&fields, at, "id")?.is_empty() {
            return Err(envelope::required(&format!("{at}.id"), "a string that is not empty"));
        }
        envelope::id(&mut fields, at, "guardrail_id")?;
        let assignee = if fields.contains_key("key_hash") { "key_hash" } else { "user_id" };
        envelope::string(&fields, at, assignee)?;
        Ok(Assignment { fields })
    }

    fn id(&self) -> &str {
        self.fields.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}
