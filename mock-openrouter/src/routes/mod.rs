//! The API's operations as functions from a request to an answer: one row of [`ROUTES`] each.
//!
//! Credentials, the contract for bodies and answers, and the shape of errors are handled here, once. Nothing here
//! knows of connections, latency or faults.

mod account;
mod assignments;
mod guardrails;
mod models;
mod policies;
mod query;
mod restriction;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value, json};

use crate::store::{Kept, Refusal, Store};
use crate::{contract, json as js};
use query::Query;
use restriction::About;

/// The path under which the API lives.
pub(crate) const BASE_PATH: &str = "/api/v1";

/// One operation of the API.
pub(crate) struct Route {
    method: &'static str,
    /// The path below [`BASE_PATH`], with `{id}` for the one segment that varies.
    pub(crate) template: &'static str,
    access: Access,
    about: About,
    /// The definition of the contract that the request body must match.
    request: Option<&'static str>,
    status: u16,
    /// The definition of the contract that the answer must match.
    answer: &'static str,
    handler: fn(&mut Store, &Call) -> Result<Answer, Refusal>,
}

enum Access {
    ManagementKey,
    Anyone,
}

use Access::{Anyone, ManagementKey};

/// A literal segment stands before a variable one of the same length.
#[rustfmt::skip]
static ROUTES: [Route; 23] = [
    Route { method: "GET", template: "/guardrails", access: ManagementKey, about: About::NamedWorkspace, request: None, status: 200, answer: "ListGuardrailsResponse", handler: guardrails::list },
    Route { method: "POST", template: "/guardrails", access: ManagementKey, about: About::NamedWorkspace, request: Some("CreateGuardrailRequest"), status: 201, answer: "GuardrailResponse", handler: guardrails::create },
    Route { method: "GET", template: "/guardrails/{id}", access: ManagementKey, about: About::Guardrail, request: None, status: 200, answer: "GuardrailResponse", handler: guardrails::get },
    Route { method: "PATCH", template: "/guardrails/{id}", access: ManagementKey, about: About::Guardrail, request: Some("UpdateGuardrailRequest"), status: 200, answer: "GuardrailResponse", handler: guardrails::update },
    Route { method: "DELETE", template: "/guardrails/{id}", access: ManagementKey, about: About::Guardrail, request: None, status: 200, answer: "DeleteGuardrailResponse", handler: guardrails::delete },
    Route { method: "GET", template: "/guardrails/assignments/keys", access: ManagementKey, about: About::Organization, request: None, status: 200, answer: "ListKeyAssignmentsResponse", handler: assignments::list_keys },
    Route { method: "GET", template: "/guardrails/assignments/members", access: ManagementKey, about: About::Organization, request: None, status: 200, answer: "ListMemberAssignmentsResponse", handler: assignments::list_members },
    Route { method: "GET", template: "/guardrails/policies/budget", access: ManagementKey, about: About::NamedWorkspace, request: None, status: 200, answer: "ListBudgetPoliciesResponse", handler: policies::list_budget },
    Route { method: "GET", template: "/guardrails/policies/moderation", access: ManagementKey, about: About::NamedWorkspace, request: None, status: 200, answer: "ListModerationPoliciesResponse", handler: policies::list_moderation },
    Route { method: "GET", template: "/guardrails/policies/model-availability", access: ManagementKey, about: About::NamedWorkspace, request: None, status: 200, answer: "ListModelAvailabilityPoliciesResponse", handler: policies::list_model_availability },
    Route { method: "GET", template: "/guardrails/{id}/assignments/keys", access: ManagementKey, about: About::Guardrail, request: None, status: 200, answer: "ListKeyAssignmentsResponse", handler: assignments::list_keys_of_guardrail },
    Route { method: "GET", template: "/guardrails/{id}/assignments/members", access: ManagementKey, about: About::Guardrail, request: None, status: 200, answer: "ListMemberAssignmentsResponse", handler: assignments::list_members_of_guardrail },
    Route { method: "POST", template: "/guardrails/{id}/assignments/keys", access: ManagementKey, about: About::Guardrail, request: Some("BulkKeysRequest"), status: 200, answer: "BulkAssignResponse", handler: assignments::assign_keys },
    Route { method: "POST", template: "/guardrails/{id}/assignments/keys/remove", access: ManagementKey, about: About::Guardrail, request: Some("BulkKeysRequest"), status: 200, answer: "BulkUnassignResponse", handler: assignments::unassign_keys },
    Route { method: "POST", template: "/guardrails/{id}/assignments/members", access: ManagementKey, about: About::Guardrail, request: Some("BulkMembersRequest"), status: 200, answer: "BulkAssignResponse", handler: assignments::assign_members },
    Route { method: "POST", template: "/guardrails/{id}/assignments/members/remove", access: ManagementKey, about: About::Guardrail, request: Some("BulkMembersRequest"), status: 200, answer: "BulkUnassignResponse", handler: assignments::unassign_members },
    Route { method: "GET", template: "/keys", access: ManagementKey, about: About::NamedWorkspace, request: None, status: 200, answer: "ListKeysResponse", handler: account::list_keys },
    Route { method: "GET", template: "/keys/{id}", access: ManagementKey, about: About::Key, request: None, status: 200, answer: "KeyResponse", handler: account::get_key },
    Route { method: "GET", template: "/organization/members", access: ManagementKey, about: About::Organization, request: None, status: 200, answer: "ListMembersResponse", handler: account::list_members },
    Route { method: "GET", template: "/workspaces", access: ManagementKey, about: About::Organization, request: None, status: 200, answer: "ListWorkspacesResponse", handler: account::list_workspaces },
    Route { method: "GET", template: "/workspaces/{id}", access: ManagementKey, about: About::Workspace, request: None, status: 200, answer: "WorkspaceResponse", handler: account::get_workspace },
    Route { method: "GET", template: "/models", access: Anyone, about: About::Organization, request: None, status: 200, answer: "ListModelsResponse", handler: models::list },
    Route { method: "GET", template: "/providers", access: Anyone, about: About::Organization, request: None, status: 200, answer: "ListProvidersResponse", handler: models::list_providers },
];

/// A request as it arrived, with the operation it means.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    route: Option<(&'static Route, String)>,
}

impl Exchange {
    pub(crate) fn new(
        method: &str,
        path: &str,
        query: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        let route = path.strip_prefix(BASE_PATH).and_then(|path| find_route(method, path));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        Self { method, path, query, headers, body, route }
    }

    /// The path's template below the base path, or the path itself where no operation has it.
    pub(crate) fn template(&self) -> &str {
        self.route.as_ref().map_or(&self.path, |(route, _)| route.template)
    }

    /// The API key that came with the request.
    pub(crate) fn presented_key(&self) -> Option<&str> {
        let value = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    }
}

/// What an operation is told.
pub(crate) struct Call {
    /// The variable segment of the path, or nothing.
    id: String,
    query: Query,
    body: Map<String, Value>,
    with_credentials: bool,
    /// The id of the one workspace that the key is restricted to.
    restricted_to: Option<String>,
}

impl Call {
    /// The strings in the array that a bulk request carries under `field`.
    fn strings(&self, field: &str) -> Vec<String> {
        let items = self.body.get(field).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// What an operation answers. `checked` is false for a document that a test has made break the contract.
struct Answer {
    body: Value,
    checked: bool,
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self { body, checked: true }
    }
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "error": { "code": refusal.status, "message": refusal.message } });
        Self { status: refusal.status, body }
    }
}

/// The keys that the mock knows.
pub(crate) struct Credentials {
    pub(crate) management_key: String,
    pub(crate) inference_key: String,
    /// The id of the one workspace that the management key is restricted to, if it is.
    restricted_to: Mutex<Option<String>>,
}

impl Credentials {
    pub(crate) fn new(management_key: String, inference_key: String) -> Self {
        Self { management_key, inference_key, restricted_to: Mutex::default() }
    }

    pub(crate) fn restrict(&self, workspace_id: Option<String>) {
        *self.restricted_to.lock().unwrap_or_else(PoisonError::into_inner) = workspace_id;
    }

    fn restriction(&self) -> Option<String> {
        self.restricted_to.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does what the request asks for and answers it.
pub(crate) fn answer(kept: &Mutex<Kept>, credentials: &Credentials, exchange: &Exchange) -> Reply {
    try_answer(kept, credentials, exchange).unwrap_or_else(Reply::from)
}

fn try_answer(
    kept: &Mutex<Kept>,
    credentials: &Credentials,
    exchange: &Exchange,
) -> Result<Reply, Refusal> {
    let (route, id) = exchange.route.as_ref().ok_or_else(|| Refusal::not_found("Operation"))?;
    if matches!(route.access, ManagementKey) {
        authorize(credentials, exchange.presented_key())?;
    }
    let restricted_to = credentials.restriction();
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let extra = kept.store().extra_fields().clone();
    let body = match route.request {
        Some(definition) => read_body(definition, &extra, exchange)?,
        None => Map::new(),
    };
    let call = Call {
        id: id.clone(),
        query: Query::parse(&exchange.query),
        body,
        with_credentials: exchange.headers.contains_key(AUTHORIZATION),
        restricted_to,
    };
    if let Some(own) = &call.restricted_to {
        restriction::check(route.about, kept.store(), &call, own)?;
    }
    let answer = if route.method == "GET" {
        (route.handler)(kept.store(), &call)?
    } else {
        kept.write(|store| (route.handler)(store, &call))?
    };
    finish(route.status, route.answer, &extra, answer)
}

/// An answer that breaks the contract is a mistake in the mock, and must not pass for the API's behaviour.
fn finish(
    status: u16,
    definition: &str,
    extra: &BTreeSet<String>,
    answer: Answer,
) -> Result<Reply, Refusal> {
    if answer.checked
        && let Err(violation) = contract::check_with_extra(definition, &answer.body, extra)
    {
        let text = format!(
            "MOCK CONTRACT VIOLATION: the response is not a valid {definition}: {violation}"
        );
        return Err(Refusal::new(500, text));
    }
    Ok(Reply { status, body: answer.body })
}

fn authorize(credentials: &Credentials, presented: Option<&str>) -> Result<(), Refusal> {
    match presented {
        None => Err(Refusal::new(401, "Missing Authentication header")),
        Some(key) if key == credentials.management_key => Ok(()),
        Some(key) if key == credentials.inference_key => {
            Err(Refusal::new(403, "Only management keys can perform this operation"))
        }
        Some(_) => Err(Refusal::new(401, "User not found.")),
    }
}

fn read_body(
    definition: &str,
    extra: &BTreeSet<String>,
    exchange: &Exchange,
) -> Result<Map<String, Value>, Refusal> {
    let content_type = exchange
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(Refusal::bad_request(
            "Invalid request parameters: Content-Type must be application/json",
        ));
    }
    let invalid = |reason| Refusal::bad_request(format!("Invalid request parameters: {reason}"));
    let body = js::parse(&exchange.body).map_err(invalid)?;
    contract::check_with_extra(definition, &body, extra).map_err(invalid)?;
    match body {
        Value::Object(fields) => Ok(fields),
        _ => Err(invalid("body: not an object".to_owned())),
    }
}

fn find_route(method: &str, path: &str) -> Option<(&'static Route, String)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, match_template(route.template, path)?)))
}

/// The variable segment, decoded, if `path` has the form of `template`.
fn match_template(template: &str, path: &str) -> Option<String> {
    let (mut expected, mut actual) = (template.split('/'), path.split('/'));
    let mut id = String::new();
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return Some(id),
            (Some(variable), Some(segment)) if variable.starts_with('{') && !segment.is_empty() => {
                id = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?.into_owned();
            }
            (Some(literal), Some(segment)) if literal == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_operation() {
        let cases = [
            ("GET", "/guardrails", Some(("/guardrails", ""))),
            ("GET", "/guardrails/a%2Fb", Some(("/guardrails/{id}", "a/b"))),
            ("GET", "/guardrails/assignments/keys", Some(("/guardrails/assignments/keys", ""))),
            (
                "POST",
                "/guardrails/x/assignments/keys",
                Some(("/guardrails/{id}/assignments/keys", "x")),
            ),
            ("GET", "/guardrails/policies/budget", Some(("/guardrails/policies/budget", ""))),
            ("GET", "/guardrails/policies", Some(("/guardrails/{id}", "policies"))),
            ("DELETE", "/guardrails/policies/budget", None),
            ("PUT", "/guardrails/x", None),
            ("GET", "/guardrails/", None),
            ("GET", "/guardrails/x/y", None),
        ];
        for (method, path, expected) in cases {
            let found = find_route(method, path);
            let found = found.as_ref().map(|(route, id)| (route.template, id.as_str()));
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn an_answer_that_breaks_the_contract_is_a_loud_500() {
        let broken = json!({ "deleted": false });
        let finish = |answer| finish(200, "DeleteGuardrailResponse", &BTreeSet::new(), answer);
        let refusal = finish(Answer::from(broken.clone())).unwrap_err();
        assert_eq!(refusal.status, 500);
        assert!(refusal.message.starts_with("MOCK CONTRACT VIOLATION"), "{refusal}");
        let on_purpose = Answer { body: broken, checked: false };
        assert_eq!(finish(on_purpose).unwrap().status, 200);
    }

    #[test]
    fn every_definition_that_a_route_names_exists() {
        for route in &ROUTES {
            for name in route.request.iter().chain([&route.answer]) {
                assert!(contract::contract()["$defs"][name].is_object(), "{name}");
            }
        }
    }
}
