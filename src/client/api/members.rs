//! The members of the organization. Only read.

use reqwest::Method;
use serde_json::Value;

use super::super::http::{Error, JsonObject, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages::{self, RowRange};

static LIST: Route = Route { method: Method::GET, template: "/organization/members" };

impl Client {
    /// All members of the organization.
    pub(super) async fn list_members(&self) -> Result<Vec<Member>, Error> {
        let request = self.http().request(&LIST);
        Ok(pages::read(self, request, |_| Ok(()), RowRange::ALL).await?.rows)
    }

    /// The same for those who can do without: each page in a single attempt.
    pub async fn list_members_once(&self) -> Result<Vec<Member>, Error> {
        let request = self.http().request(&LIST).optional();
        Ok(pages::read(self, request, |_| Ok(()), RowRange::ALL).await?.rows)
    }
}

/// A member of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user id; never empty.
    pub id: String,
    /// The e-mail address, where the API tells it.
    pub email: Option<String>,
    /// All fields of the response.
    pub fields: JsonObject,
}

impl Entity for Member {
    fn from_object(mut object: JsonObject, at: &str) -> Result<Member, Malformed> {
        envelope::id(&mut object, at, "id")?;
        let id = envelope::string(&object, at, "id")?.to_owned();
        let email = object.get("email").and_then(Value::as_str).filter(|email| !email.is_empty());
        let email = email.map(str::to_owned);
        Ok(Member { id, email, fields: object })
    }

    fn id(&self) -> &str {
        &self.id
    }
}
