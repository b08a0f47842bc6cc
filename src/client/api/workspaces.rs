//! Workspaces, in which guardrails are. Only read.

use reqwest::Method;
use serde_json::Value;

use super::super::http::{Error, JsonObject, Response, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, RowRange};

static LIST: Route = Route { method: Method::GET, template: "/workspaces" };
static GET: Route = Route { method: Method::GET, template: "/workspaces/{id}" };

impl Client {
    /// One workspace, by its id or its slug.
    pub async fn get_workspace(&self, id_or_slug: &str) -> Result<Workspace, Error> {
        let request = self.http().request_with_id(&GET, id_or_slug)?;
        self.http().call(&request, |response: Response| response.entity_of(id_or_slug)).await
    }

    /// All workspaces of the account.
    pub async fn list_workspaces(&self) -> Result<Vec<Workspace>, Error> {
        let request = self.http().request(&LIST);
        Ok(pages::read(self, request, |_| Ok(()), RowRange::ALL).await?.rows)
    }
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The id; never empty.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The name in URLs.
    pub slug: String,
    /// The guardrail that every workspace has; reading it is a 404 until it was first written to.
    pub default_guardrail_id: Option<String>,
    /// All fields of the response.
    pub fields: JsonObject,
}

impl Entity for Workspace {
    fn from_object(mut object: JsonObject, at: &str) -> Result<Workspace, Malformed> {
        envelope::id(&mut object, at, "id")?;
        let default_guardrail_id = match object.get("default_guardrail_id") {
            None | Some(Value::Null) => None,
            Some(_) => {
                envelope::id(&mut object, at, "default_guardrail_id")?;
                Some(envelope::string(&object, at, "default_guardrail_id")?.to_owned())
            }
        };
        let string = |name| envelope::string(&object, at, name).map(str::to_owned);
        let (id, name, slug) = (string("id")?, string("name")?, string("slug")?);
        Ok(Workspace { id, name, slug, default_guardrail_id, fields: object })
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn is(&self, id_or_slug: &str) -> bool {
        [&self.id, &self.slug].into_iter().any(|own| own.eq_ignore_ascii_case(id_or_slug))
    }
}
