//! The lists of `openrouter_guardrail_key_assignment` and `openrouter_guardrail_member_assignment`.

use std::collections::HashMap;

use async_trait::async_trait;
use tracing::debug;

use crate::{
    client::{AssigneeKind, Assignment, Client},
    cty::Value,
    protocol::{
        diagnostics::Diagnostics,
        list_resource::{ListResource, ListResults, ListedObject},
        schema::Schema,
    },
    table::{
        field::{Check, Field, FieldType},
        schema::schema,
        validate::validate_with,
    },
};

use super::{
    super::{
        assignment::{self, AssignmentResource, GUARDRAIL_ID, WORKSPACE_ID},
        config::ProviderData,
        error_diagnostics::error_diagnostic_at,
        misplaced_key,
    },
    IN_WORKSPACE, cannot_list_guardrails, workspaces,
};

const FIELDS: &[Field] = &[
    IN_WORKSPACE,
    Field::optional(GUARDRAIL_ID, FieldType::String).checks(&[Check::Id]).doc(
        "The id of a guardrail. If it is not set, the assignments of all guardrails are listed.",
    ),
];

/// One of the two lists.
pub(in crate::provider) struct AssignmentList {
    resource: AssignmentResource,
    kind: AssigneeKind,
    description: &'static str,
}

/// The list of assignments to keys.
pub(in crate::provider) const KEYS: AssignmentList = AssignmentList {
    resource: assignment::KEY,
    kind: AssigneeKind::Key,
    description: "Lists the assignments of guardrails to API keys.\n\n\
                  Used by `terraform query`, which needs Terraform 1.14 or later.",
};

/// The list of assignments to members.
pub(in crate::provider) const MEMBERS: AssignmentList = AssignmentList {
    resource: assignment::MEMBER,
    kind: AssigneeKind::Member,
    description: "Lists the assignments of guardrails to members of the organization.\n\n\
                  Used by `terraform query`, which needs Terraform 1.14 or later.",
};

#[async_trait]
impl ListResource<ProviderData> for AssignmentList {
    fn schema(&self) -> Schema {
        schema(self.description, FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let refused = misplaced_key::refuse_keys(config, &[WORKSPACE_ID, GUARDRAIL_ID]);
        validate_with(FIELDS, config, refused)
    }

    async fn list(
        &self,
        api: &ProviderData,
        config: &Value,
        results: &mut dyn ListResults,
    ) -> Result<(), Diagnostics> {
        let client = api.client()?;
        let guardrail = config.attribute(GUARDRAIL_ID).as_str();
        let is_member = self.kind == AssigneeKind::Member;
        let guardrails = if is_member || !config.attribute(WORKSPACE_ID).is_null() {
            Some(guardrails(client, config).await?)
        } else {
            None
        };
        let emails = if is_member { emails(client).await } else { HashMap::new() };
        let failed = |error: &_| {
            let attribute = guardrail.map(|_| GUARDRAIL_ID);
            error_diagnostic_at("list the assignments", error, attribute)
        };
        let pages = client.assignment_pages(self.kind, guardrail);
        let mut pages = pages.map_err(|error| failed(&error))?;
        while let Some(page) = pages.next().await.map_err(|error| failed(&error))? {
            for row in &page {
                let workspace = match &guardrails {
                    // A guardrail of another workspace, or one that this key cannot see.
                    Some(known) => match known.get(row.guardrail_id()) {
                        Some(workspace) => Some(workspace.as_str()),
                        None => continue,
                    },
                    None => None,
                };
                let value = self.resource.listed(row.guardrail_id(), row.assignee(), workspace);
                let display_name = display_name(row, &emails);
                if !results.add(ListedObject { display_name, value }).await? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The guardrails of the workspaces that are searched, with their workspaces. An assignment does not
/// name its workspace.
async fn guardrails(
    client: &Client,
    config: &Value,
) -> Result<HashMap<String, String>, Diagnostics> {
    let mut found = HashMap::new();
    for workspace in workspaces(client, config).await? {
        let listed = client.list_guardrails(Some(&workspace.id)).await;
        let listed = listed.map_err(|error| cannot_list_guardrails(&workspace, &error))?;
        for guardrail in listed {
            found.insert(guardrail.id().to_owned(), workspace.id.clone());
        }
    }
    Ok(found)
}

/// The e-mail addresses of members, by user id; without those, a list shows ids.
async fn emails(client: &Client) -> HashMap<String, String> {
    let mut emails = HashMap::new();
    match client.list_members_once().await {
        Ok(members) => {
            for member in members {
                emails.extend(member.email.map(|email| (member.id, email)));
            }
        }
        Err(error) => debug!(%error, "the e-mail addresses of members are not known"),
    }
    emails
}

/// A key's name and label, or a member's e-mail address; else the hash or id.
fn display_name(row: &Assignment, emails: &HashMap<String, String>) -> String {
    let text = |name| row.fields().get(name).and_then(|text| text.as_str());
    match (text("key_name"), text("key_label")) {
        (Some(name), Some(label)) => format!("{name} ({label})"),
        (Some(name), None) => name.to_owned(),
        _ => emails.get(row.assignee()).cloned().unwrap_or_else(|| row.assignee().to_owned()),
    }
}
