//! API keys, by what the API shows of them: their secrets are in no response. Only read.

use reqwest::Method;
use serde_json::Value;

use super::super::http::{Error, JsonObject, Response, Route};
use super::Client;
use super::envelope::{self, Entity, Malformed};
use super::pages;

static LIST: Route = Route { method: Method::GET, template: "/keys" };
static GET: Route = Route { method: Method::GET, template: "/keys/{id}" };

impl Client {
    /// One key of any workspace, by its hash.
    pub async fn get_key(&self, hash: &str) -> Result<Key, Error> {
        let request = self.http().request_with_id(&GET, hash)?;
        self.http().call(&request, |response: Response| response.entity_of(hash)).await
    }

    /// All keys of a workspace, or of the default one.
    pub(super) async fn list_keys(
        &self,
        workspace_id: Option<&str>,
        include_disabled: bool,
        include_expired: bool,
    ) -> Result<Vec<Key>, Error> {
        let request = self.http().request(&LIST).query(&[
            ("workspace_id", workspace_id),
            ("include_disabled", include_disabled.then_some("true")),
            ("include_expired", include_expired.then_some("true")),
        ]);
        pages::read_to_empty_page(self, request, is_in(workspace_id)).await
    }
}

/// Checks that a key belongs in the list of a workspace.
fn is_in(workspace_id: Option<&str>) -> impl Fn(&Key) -> Result<(), Malformed> {
    move |key| match (workspace_id, key.text("workspace_id")) {
        (Some(wanted), Some(found)) if !found.eq_ignore_ascii_case(wanted) => {
            Err(envelope::another("workspace_id", found, wanted))
        }
        _ => Ok(()),
    }
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Has strings under `hash` and `name`.
    fields: JsonObject,
}

impl Key {
    /// The hash, by which the API names the key.
    pub fn hash(&self) -> &str {
        self.text("hash").unwrap_or_default()
    }

    /// The workspace, where the API tells it.
    pub fn workspace_id(&self) -> Option<&str> {
        self.text("workspace_id")
    }

    /// The user id of the key's owner, who has created it; none where the API does not tell.
    pub fn creator_user_id(&self) -> Option<&str> {
        self.text("creator_user_id").filter(|id| !id.is_empty())
    }

    /// All fields of the response.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }

    pub(super) fn into_fields(self) -> JsonObject {
        self.fields
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

impl Entity for Key {
    fn from_object(mut fields: JsonObject, at: &str) -> Result<Key, Malformed> {
        envelope::id(&mut fields, at, "hash")?;
        envelope::lowercase_uuid(&mut fields, "workspace_id");
        envelope::string(&fields, at, "name")?;
        Ok(Key { fields })
    }

    fn id(&self) -> &str {
        self.hash()
    }
}
