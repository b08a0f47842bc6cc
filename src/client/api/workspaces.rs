//! Workspaces: where guardrails are. Only read.

use reqwest::Method;
use serde_json::Value;

use super::super::http::{Error, JsonObject, Response, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, Window};

static LIST: Route = Route { method: Method::GET, template: "/workspaces" };
static GET: Route = Route { method: Method::GET, template: "/workspaces/{id}" };

impl Client {
    /// One workspace, by its id or its slug.
    pub async fn get_workspace(&self, id_or_slug: &str) -> Result<Workspace, Error> {
        let request = self.http().request_with_id(&GET, id_or_slug)?;
        self.http().call(&request, |answer: Response| answer.entity_of(id_or_slug)).await
    }

    /// All workspaces of the account.
    pub async fn list_workspaces(&self) -> Result<Vec<Workspace>, Error> {
        Ok(pages::read(self, || Ok(self.http().request(&LIST)), |_| Ok(()), Window::ALL)
            .await?
            .rows)
    }
}

/// A workspace, as far as guardrails are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The id; never empty.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// The name in addresses.
    pub slug: String,
    /// The guardrail that every workspace has of itself; reading it is a 404 until it was first written to.
    pub default_guardrail_id: Option<String>,
}

impl Entity for Workspace {
    fn from_object(object: JsonObject, at: &str) -> Result<Workspace, Malformed> {
        let default_guardrail_id = match object.get("default_guardrail_id") {
            None | Some(Value::Null) => None,
            Some(_) => Some(envelope::string(&object, at, "default_guardrail_id")?.to_owned()),
        };
        Ok(Workspace {
            id: envelope::id(&object, at)?.to_owned(),
            name: envelope::string(&object, at, "name")?.to_owned(),
            slug: envelope::string(&object, at, "slug")?.to_owned(),
            default_guardrail_id,
        })
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn is(&self, id_or_slug: &str) -> bool {
        [&self.id, &self.slug].into_iter().any(|own| own.eq_ignore_ascii_case(id_or_slug))
    }
}
