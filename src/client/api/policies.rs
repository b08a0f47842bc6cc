//! Guardrail policies. Somebody who edits one takes over a part of a guardrail: that part is then
//! enforced from the policy, and what the guardrail holds for it has no effect. Only read, and only
//! for a warning: no failure here is an error, and none takes long.
//!
//! A listing answers [`Client::policies_replacing`] once for each guardrail and reader, as a refresh
//! reads each object once (`answered.rs`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::super::http::{Error, JsonObject, Request, Route};
use super::answered::AnsweredLookups;
use super::envelope::{self, Entity, Malformed};
use super::pages::{Pages, RowRange};
use super::single_flight::SingleFlight;
use super::{Client, lock};

/// The policies of one kind.
struct Kind {
    name: &'static str,
    list: Route,
}

static BUDGET: Kind = Kind { name: "budget", list: get("/guardrails/policies/budget") };
static MODERATION: Kind = Kind { name: "moderation", list: get("/guardrails/policies/moderation") };
static MODEL_AVAILABILITY: Kind =
    Kind { name: "model_availability", list: get("/guardrails/policies/model-availability") };

const fn get(template: &'static str) -> Route {
    Route { method: Method::GET, template }
}

/// The time that all listings of a workspace may take together.
const TIMEOUT: Duration = Duration::from_secs(2);

/// After a listing that took too long, none is made for so long, so that several workspaces do not
/// add up.
const PAUSE: Duration = Duration::from_secs(60);

/// A policy, as far as it replaces parts of guardrails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The id; never empty.
    pub id: String,
    /// The display name; empty where the API gives none.
    pub name: String,
    /// The API's name of its kind: `budget`, `moderation` or `model_availability`.
    pub kind: &'static str,
    /// The settings that it holds, by the names of a guardrail's fields.
    pub settings: Vec<String>,
    /// The guardrails of which it has replaced the part of its kind.
    replaced_guardrails: Vec<String>,
}

/// The policies of a workspace.
#[derive(Default)]
struct PolicyListing {
    policies: Vec<Policy>,
    /// By guardrail and reader.
    answered: AnsweredLookups<(String, String)>,
}

/// The listings of one client, by workspace.
#[derive(Default)]
pub(super) struct PolicyCache {
    listings: Mutex<HashMap<Option<String>, Arc<SingleFlight<PolicyListing>>>>,
    paused_until: Mutex<Option<Instant>>,
}

/// Why policies of one kind were not listed.
enum NotListed {
    /// The account has no policies, or the key no right to them.
    Refused,
    TookTooLong,
    Failed,
}

impl Client {
    /// The policies that have replaced a part of a guardrail of this workspace; without one, of the
    /// default workspace. None where policies cannot be had. `reader` names what is being read, and
    /// so tells the readers of one guardrail apart: a second call with the same arguments belongs
    /// to another refresh.
    pub async fn policies_replacing(
        &self,
        guardrail_id: &str,
        workspace_id: Option<&str>,
        reader: &str,
    ) -> Vec<Policy> {
        let workspace = workspace_id.map(str::to_owned);
        let listing = Arc::clone(lock(&self.inner.policies.listings).entry(workspace).or_default());
        // Asked once for each listing that may be used, it notes the guardrail as looked up in it.
        let lookup = (guardrail_id.to_owned(), reader.to_owned());
        let is_fresh = |listing: &PolicyListing| listing.answered.is_first(lookup.clone());
        let fetch = || async { Ok(self.list_all_policies(workspace_id).await) };
        let Ok(listing) = listing.get(is_fresh, fetch).await else { return Vec::new() };
        let replaces = |policy: &&Policy| {
            let mut guardrails = policy.replaced_guardrails.iter();
            guardrails.any(|id| id.eq_ignore_ascii_case(guardrail_id))
        };
        listing.policies.iter().filter(replaces).cloned().collect()
    }

    /// The policies of all kinds. Where the first kind is refused or not known, the account has no
    /// policies or the key no right to them: the others are not asked for.
    async fn list_all_policies(&self, workspace_id: Option<&str>) -> PolicyListing {
        let now = Instant::now();
        if lock(&self.inner.policies.paused_until).is_some_and(|until| now < until) {
            debug!("policies are not listed, because the last listing took too long");
            return PolicyListing::default();
        }
        let list = |kind| self.list_policies(kind, workspace_id, now + TIMEOUT);
        let mut policies = match list(&BUDGET).await {
            Ok(policies) => policies,
            Err(NotListed::Refused | NotListed::TookTooLong) => return PolicyListing::default(),
            Err(NotListed::Failed) => Vec::new(),
        };
        let (moderation, models) = tokio::join!(list(&MODERATION), list(&MODEL_AVAILABILITY));
        policies.extend(moderation.unwrap_or_default());
        policies.extend(models.unwrap_or_default());
        PolicyListing { policies, answered: AnsweredLookups::default() }
    }

    /// The policies of one kind, in a single attempt.
    async fn list_policies(
        &self,
        kind: &'static Kind,
        workspace_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Policy>, NotListed> {
        let request = self.http().request(&kind.list).optional();
        let request = request.query(&[("workspace_id", workspace_id)]);
        let listing = self.read_policies(request);
        let (reason, not_listed) = match timeout_at(deadline, listing).await {
            Ok(Ok(policies)) => {
                let of_kind = |policy| Policy { kind: kind.name, ..policy };
                return Ok(policies.into_iter().map(of_kind).collect());
            }
            Ok(Err(error)) => match error.cause().status() {
                Some(403 | 404) => (error.to_string(), NotListed::Refused),
                _ => (error.to_string(), NotListed::Failed),
            },
            Err(_) => {
                *lock(&self.inner.policies.paused_until) = Some(Instant::now() + PAUSE);
                ("it took too long".to_owned(), NotListed::TookTooLong)
            }
        };
        let path = kind.list.template;
        debug!(path, reason, "it is not known whether policies replace parts of guardrails");
        Err(not_listed)
    }

    /// A list of policies. Every guardrail is a policy of each kind, and most accounts have no other
    /// ones: where none of the first page has replaced anything, the rest is not read.
    async fn read_policies(&self, request: Request) -> Result<Vec<Policy>, Error> {
        let mut pages = Pages::new(self, request, |_: &Policy| Ok(()), RowRange::ALL);
        let first = pages.next().await?.unwrap_or_default();
        if first.iter().all(|policy| policy.replaced_guardrails.is_empty()) {
            return Ok(first);
        }
        Ok(pages.rest(first).await?.rows)
    }
}

impl Entity for Policy {
    fn from_object(mut object: JsonObject, at: &str) -> Result<Policy, Malformed> {
        envelope::id(&mut object, at, "id")?;
        let text = |name| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let config = object.get("config").and_then(Value::as_object);
        let settings = config.into_iter().flatten().filter(|(_, value)| !value.is_null());
        let replaced = object.get("replaced_legacy_guardrail_ids").and_then(Value::as_array);
        let replaced = replaced.into_iter().flatten().filter_map(Value::as_str);
        Ok(Policy {
            id: text("id"),
            name: text("name"),
            kind: "",
            settings: settings.map(|(name, _)| name.clone()).collect(),
            replaced_guardrails: replaced.map(str::to_owned).collect(),
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}
