//! Guardrail policies. Somebody who edits one takes over a part of a guardrail: that part is then
//! enforced from the policy, and what the guardrail holds for it has no effect. Only read, and only
//! for a warning: no failure here is an error, and none takes long.
//!
//! A listing is valid for one refresh, which reads a guardrail once. So it answers
//! [`Client::policies_replacing`] once for each guardrail; a second call is another refresh and
//! needs another listing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::super::http::{Error, JsonObject, Route};
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, RowRange};
use super::single_flight::SingleFlight;
use super::{Client, lock};

static BUDGET: Route = Route { method: Method::GET, template: "/guardrails/policies/budget" };
static MODERATION: Route =
    Route { method: Method::GET, template: "/guardrails/policies/moderation" };
static MODEL_AVAILABILITY: Route =
    Route { method: Method::GET, template: "/guardrails/policies/model-availability" };

/// The time that all listings of a workspace may take together.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A policy, as far as it replaces parts of guardrails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The id; never empty.
    pub id: String,
    /// The display name; empty where the API gives none.
    pub name: String,
    /// The API's name of its kind: `budget`, `moderation` or `model_availability`.
    pub kind: String,
    /// The settings that it holds, by the names of a guardrail's fields.
    pub settings: Vec<String>,
    /// The guardrails of which it has replaced the part of its kind.
    replaced_guardrails: Vec<String>,
}

/// The policies of a workspace.
#[derive(Default)]
struct PolicyListing {
    policies: Vec<Policy>,
    /// The guardrails that this listing was looked up for.
    answered: Mutex<HashSet<String>>,
}

/// The listings of one client, by workspace.
#[derive(Default)]
pub(super) struct PolicyCache {
    listings: Mutex<HashMap<Option<String>, Arc<SingleFlight<PolicyListing>>>>,
}

impl Client {
    /// The policies that have replaced a part of a guardrail of this workspace; without one, of the
    /// default workspace. None where policies cannot be had. A second call for the same guardrail
    /// belongs to another refresh.
    pub async fn policies_replacing(
        &self,
        guardrail_id: &str,
        workspace_id: Option<&str>,
    ) -> Vec<Policy> {
        let workspace = workspace_id.map(str::to_owned);
        let listing = Arc::clone(lock(&self.inner.policies.listings).entry(workspace).or_default());
        let is_fresh =
            |listing: &PolicyListing| lock(&listing.answered).insert(guardrail_id.to_owned());
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
        let deadline = Instant::now() + TIMEOUT;
        let list = |route| self.list_policies(route, workspace_id, deadline);
        let mut policies = match list(&BUDGET).await {
            Ok(policies) => policies,
            Err(Some(403 | 404)) => return PolicyListing::default(),
            Err(_) => Vec::new(),
        };
        let (moderation, models) = tokio::join!(list(&MODERATION), list(&MODEL_AVAILABILITY));
        policies.extend(moderation.unwrap_or_default());
        policies.extend(models.unwrap_or_default());
        PolicyListing { policies, answered: Mutex::default() }
    }

    /// The policies of one kind, in a single attempt; else the status of the response, if there was
    /// one.
    async fn list_policies(
        &self,
        route: &'static Route,
        workspace_id: Option<&str>,
        deadline: Instant,
    ) -> Result<Vec<Policy>, Option<u16>> {
        let request = self.http().request(route).optional();
        let request = request.query(&[("workspace_id", workspace_id)]);
        let listing = pages::read(self, request, |_| Ok(()), RowRange::ALL);
        let error: Option<Error> = match timeout_at(deadline, listing).await {
            Ok(Ok(listing)) => return Ok(listing.rows),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        let reason = error.as_ref().map_or("it took too long".to_owned(), Error::to_string);
        debug!(path = route.template, reason, "whether policies replace guardrails is not known");
        Err(error.and_then(|error| error.cause().status()))
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
            kind: text("policy_type"),
            settings: settings.map(|(name, _)| name.clone()).collect(),
            replaced_guardrails: replaced.map(str::to_owned).collect(),
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}
