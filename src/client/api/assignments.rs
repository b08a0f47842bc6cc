//! Assignments: which API keys and members are under which guardrail. One function per operation of the service; how
//! single assignments become bulk requests is in `batch.rs`, how single reads share a listing in `placements.rs`.

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::super::http::{Call, Error, JsonObject, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, Listing, Window};

/// What is put under a guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeKind {
    /// API keys, by their hash. A key is under one guardrail at most.
    Key,
    /// Members of the organization, by their user id. A member is under one guardrail per workspace at most.
    Member,
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
    list: Route { method: Method::GET, template: "/guardrails/assignments/keys" },
    list_of_guardrail: Route { method: Method::GET, template: "/guardrails/{id}/assignments/keys" },
    assign: Route { method: Method::POST, template: "/guardrails/{id}/assignments/keys" },
    unassign: Route { method: Method::POST, template: "/guardrails/{id}/assignments/keys/remove" },
    body: "key_hashes",
};

static MEMBERS: Routes = Routes {
    list: Route { method: Method::GET, template: "/guardrails/assignments/members" },
    list_of_guardrail: Route {
        method: Method::GET,
        template: "/guardrails/{id}/assignments/members",
    },
    assign: Route { method: Method::POST, template: "/guardrails/{id}/assignments/members" },
    unassign: Route {
        method: Method::POST,
        template: "/guardrails/{id}/assignments/members/remove",
    },
    body: "member_user_ids",
};

impl AssigneeKind {
    fn routes(self) -> &'static Routes {
        match self {
            AssigneeKind::Key => &KEYS,
            AssigneeKind::Member => &MEMBERS,
        }
    }
}

impl Client {
    /// Assignments of one guardrail, or of the whole account with all its workspaces. Rows of deleted keys count in
    /// `total_count`, but never show.
    pub async fn list_assignments(
        &self,
        kind: AssigneeKind,
        guardrail_id: Option<&str>,
        window: Window,
    ) -> Result<Listing<Assignment>, Error> {
        let routes = kind.routes();
        let request = || match guardrail_id {
            Some(id) => self.http().request_with_id(&routes.list_of_guardrail, id),
            None => Ok(self.http().request(&routes.list)),
        };
        pages::read(self, request, is_of(guardrail_id), window).await
    }

    /// The whole list of one guardrail, for whoever has to know what became of a write; not asked for again after `deadline`.
    pub(super) async fn list_assignments_to_finish(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        deadline: Option<Instant>,
    ) -> Result<Vec<Assignment>, Error> {
        let route = &kind.routes().list_of_guardrail;
        let request = || Ok(self.http().request_with_id(route, guardrail_id)?.finishing(deadline));
        Ok(pages::read(self, request, is_of(Some(guardrail_id)), Window::ALL).await?.rows)
    }

    /// Puts kind under a guardrail, each away from the one it was under. Idempotent. Gives the call, and how many are
    /// under it now: keys that do not exist are passed over in silence, and one key of another workspace, or one member from
    /// outside, fails all of them with 400.
    pub(super) async fn bulk_assign(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &[String],
    ) -> Result<(Call, u64), Error> {
        self.bulk(&kind.routes().assign, kind, guardrail_id, ids, "assigned_count").await
    }

    /// Takes kind from under a guardrail; those that are not under it stay as they are. Idempotent.
    pub(super) async fn bulk_unassign(
        &self,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &[String],
    ) -> Result<(Call, u64), Error> {
        self.bulk(&kind.routes().unassign, kind, guardrail_id, ids, "unassigned_count").await
    }

    async fn bulk(
        &self,
        route: &'static Route,
        kind: AssigneeKind,
        guardrail_id: &str,
        ids: &[String],
        count: &'static str,
    ) -> Result<(Call, u64), Error> {
        let ids = ids.iter().map(|id| Value::String(id.clone())).collect();
        let body = JsonObject::from_iter([(kind.routes().body.to_owned(), Value::Array(ids))]);
        let request = self.http().request_with_id(route, guardrail_id)?.json(&body)?;
        let counted = self.http().call(&request, |answer| answer.count(count)).await?;
        Ok((request.call, counted))
    }
}

/// Tells whether a row belongs into the list of a guardrail.
fn is_of(guardrail_id: Option<&str>) -> impl Fn(&Assignment) -> Result<(), Malformed> {
    move |row| match guardrail_id {
        Some(wanted) if !row.guardrail_id().eq_ignore_ascii_case(wanted) => {
            Err(envelope::another("guardrail_id", row.guardrail_id(), wanted))
        }
        _ => Ok(()),
    }
}

/// One row: a assignee under a guardrail.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Has strings under `id`, `guardrail_id`, and `key_hash` or `user_id`.
    fields: JsonObject,
}

impl Assignment {
    /// The hash of the key, or the user id of the member.
    pub fn assignee(&self) -> &str {
        ["key_hash", "user_id"]
            .into_iter()
            .find_map(|name| self.fields.get(name)?.as_str())
            .unwrap_or_default()
    }

    /// The guardrail.
    pub fn guardrail_id(&self) -> &str {
        self.fields.get("guardrail_id").and_then(Value::as_str).unwrap_or_default()
    }

    /// Everything the service said of it.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }
}

impl Entity for Assignment {
    fn from_object(fields: JsonObject, at: &str) -> Result<Assignment, Malformed> {
        envelope::id(&fields, at)?;
        envelope::string(&fields, at, "guardrail_id")?;
        let assignee = if fields.contains_key("key_hash") { "key_hash" } else { "user_id" };
        envelope::string(&fields, at, assignee)?;
        Ok(Assignment { fields })
    }

    fn id(&self) -> &str {
        self.fields.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}
