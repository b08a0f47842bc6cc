//! Which guardrails apply to the requests of a key or member: the default guardrail of the
//! workspace, the member's and the key's own.
//!
//! A guardrail that applies but cannot be read is an error, since all that could be said without it
//! may be wrong.

use crate::{
    client::{AssigneeKind, Client, Directory, Error, Guardrail, JsonObject, Workspace},
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::decode,
};

use super::{
    super::{
        super::{
            assignment::WORKSPACE_ID,
            error_diagnostics::{
                error_diagnostic, error_diagnostic_at, malformed_response, naming_workspace,
            },
            guardrail::FIELDS,
        },
        printable::printable,
    },
    KEY_HASH, USER_ID,
    combine::Layer,
};

/// Whose requests they are.
pub(super) struct Requester {
    pub(super) workspace: Workspace,
    pub(super) key_hash: Option<String>,
    pub(super) user_id: Option<String>,
}

impl Requester {
    /// A key, with the member who owns it, if the API tells.
    pub(super) async fn key(client: &Client, hash: &str) -> Result<Requester, Diagnostics> {
        let action = format!("read API key {hash}");
        let key = client
            .get_key(hash)
            .await
            .map_err(|error| error_diagnostic_at(&action, &error, Some(KEY_HASH)))?;
        let Some(workspace) = key.workspace_id() else {
            let detail = "The API did not return the workspace of the key, so the guardrails that \
                          apply to it cannot be determined.";
            let diagnostic = Diagnostic::error(format!("Could not {action}"), detail);
            return Err(diagnostic.at(Path::attribute(KEY_HASH)).into());
        };
        Ok(Requester {
            workspace: workspace_of(client, hash, workspace, KEY_HASH).await?,
            key_hash: Some(key.hash().to_owned()),
            user_id: key.creator_user_id().map(str::to_owned),
        })
    }

    /// A member in a workspace.
    pub(super) async fn member(
        client: &Client,
        user_id: &str,
        workspace_id: &str,
    ) -> Result<Requester, Diagnostics> {
        let is_wanted = |member: &JsonObject| member.get("id").is_some_and(|id| id == user_id);
        let lookup = format!("{user_id} in {workspace_id}");
        let found = client.find_in_directory(&Directory::Members, &lookup, is_wanted).await;
        let action = format!("read member {user_id}");
        if found.map_err(|error| error_diagnostic(&action, &error))?.is_empty() {
            let detail = "The organization has no member with this `user_id`. Check the id.";
            let diagnostic = Diagnostic::error(format!("Could not {action}"), detail);
            return Err(diagnostic.at(Path::attribute(USER_ID)).into());
        }
        Ok(Requester {
            workspace: workspace_of(client, user_id, workspace_id, WORKSPACE_ID).await?,
            key_hash: None,
            user_id: Some(user_id.to_owned()),
        })
    }

    /// What messages call the requester, which also tells it apart in listings.
    pub(super) fn name(&self) -> String {
        match (&self.key_hash, &self.user_id) {
            (Some(hash), _) => format!("key {hash}"),
            (None, user) => {
                let user = user.as_deref().unwrap_or_default();
                format!("member {user} in workspace {}", self.workspace.id)
            }
        }
    }

    /// What tells the reads for a layer apart from others of the same guardrail, which can be in several
    /// layers.
    fn reader(&self, layer: &str) -> String {
        format!("{layer} of {}", self.name())
    }

    /// The guardrails that apply, in the order default, member, key.
    pub(super) async fn layers(&self, client: &Client) -> Result<Vec<Layer>, Diagnostics> {
        let default = self.default_guardrail(client).await?;
        let of_member = match &self.user_id {
            Some(user) => self.guardrail_of_member(client, user).await?,
            None => None,
        };
        let of_key = match &self.key_hash {
            Some(hash) => self.guardrail_of_key(client, hash).await?,
            None => None,
        };
        let found = [("workspace_default", default), ("member", of_member), ("key", of_key)];
        let mut layers = Vec::new();
        for (name, guardrail) in found {
            if let Some(guardrail) = guardrail {
                layers.push(Layer { name, guardrail: attributes(&guardrail)? });
            }
        }
        Ok(layers)
    }

    /// None where nothing was ever set.
    async fn default_guardrail(&self, client: &Client) -> Result<Option<Guardrail>, Diagnostics> {
        let Workspace { id: workspace, default_guardrail_id: Some(id), .. } = &self.workspace
        else {
            return Ok(None);
        };
        match client.get_guardrail_for(&self.reader("workspace_default"), id).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => {
                let action = format!("read the default guardrail of workspace {workspace}");
                let diagnostic = error_diagnostic(&action, &error);
                Err(naming_workspace(diagnostic, &error, Some(workspace)).into())
            }
        }
    }

    /// The one of this workspace, of those that are assigned to a member. Their rows do not tell the
    /// workspace. Once it is found, the others do not matter, since a member has one in each workspace.
    async fn guardrail_of_member(
        &self,
        client: &Client,
        user_id: &str,
    ) -> Result<Option<Guardrail>, Diagnostics> {
        let assignee = format!("member {user_id}");
        let (mut unplaced, mut unreadable) = (None, Vec::new());
        for id in self.assigned(client, AssigneeKind::Member, user_id).await? {
            match client.get_guardrail_for(&self.reader("member"), &id).await {
                Ok(found) if found.workspace_id() == Some(&self.workspace.id) => {
                    return Ok(Some(found));
                }
                Ok(found) if found.workspace_id().is_none() => unplaced = Some(found),
                Ok(_) => {}
                Err(error) => unreadable.push((id, error)),
            }
        }
        if let Some(guardrail) = unplaced {
            return Err(without_workspace(client, &guardrail, &assignee).into());
        }
        for (id, error) in unreadable {
            if !self.is_of_another_workspace(client, &id, &error).await {
                return Err(not_readable(&id, &assignee, &error).into());
            }
        }
        Ok(None)
    }

    /// Whether a guardrail that could not be read is known not to be of this workspace. A management
    /// key may be bound to one workspace.
    async fn is_of_another_workspace(&self, client: &Client, id: &str, error: &Error) -> bool {
        if !error.is_not_found() && !error.is_refused() {
            return false;
        }
        let listed = client.guardrail_ids_for(&self.name(), &self.workspace.id).await;
        listed.is_ok_and(|ids| !ids.contains(&id.to_ascii_lowercase()))
    }

    async fn guardrail_of_key(
        &self,
        client: &Client,
        hash: &str,
    ) -> Result<Option<Guardrail>, Diagnostics> {
        let assigned = self.assigned(client, AssigneeKind::Key, hash).await?;
        let Some(id) = assigned.first() else { return Ok(None) };
        let found = client.get_guardrail_for(&self.reader("key"), id).await;
        found.map(Some).map_err(|error| not_readable(id, &format!("key {hash}"), &error).into())
    }

    async fn assigned(
        &self,
        client: &Client,
        kind: AssigneeKind,
        assignee: &str,
    ) -> Result<Vec<String>, Diagnostics> {
        let reader = format!("effective guardrail of {}", self.name());
        let found = client.guardrails_of(kind, assignee, &reader).await;
        found.map_err(|error| error_diagnostic("list the assignments", &error).into())
    }
}

/// The workspace that the attribute names, or that of the key that it names.
async fn workspace_of(
    client: &Client,
    reader: &str,
    id: &str,
    attribute: &'static str,
) -> Result<Workspace, Diagnostics> {
    client.get_workspace_for(reader, id).await.map_err(|error| {
        let diagnostic =
            error_diagnostic_at(&format!("read workspace {id}"), &error, Some(attribute));
        naming_workspace(diagnostic, &error, Some(id)).into()
    })
}

fn not_readable(id: &str, assignee: &str, error: &Error) -> Diagnostic {
    let action = format!("read guardrail {id}, which is assigned to {assignee}");
    let diagnostic = error_diagnostic(&action, error);
    let detail = format!(
        "{} Without this guardrail, the effective guardrail cannot be determined.",
        diagnostic.detail
    );
    Diagnostic { detail, ..diagnostic }
}

/// The error for a guardrail of which the API does not tell the workspace.
fn without_workspace(client: &Client, guardrail: &Guardrail, assignee: &str) -> Diagnostic {
    let detail = format!(
        "Guardrail \"{}\" ({}) is assigned to {assignee}, but the API did not return its \
         workspace. This is the case for guardrails that are older than workspaces. Whether it \
         applies here cannot be determined. Replace it with a new guardrail.",
        guardrail.name(),
        guardrail.id()
    );
    let summary = format!("Could not find the guardrail of {assignee}");
    printable(client, Diagnostic::error(summary, detail))
}

/// The attributes of a guardrail as the API has them.
fn attributes(guardrail: &Guardrail) -> Result<Value, Diagnostics> {
    let mut attributes = Vec::with_capacity(FIELDS.len());
    for field in FIELDS {
        let value =
            decode(field, guardrail.fields()).map_err(|error| malformed_response(&error))?;
        attributes.push((field.name, value));
    }
    Ok(Value::object(attributes))
}
