//! The warning about a part of a guardrail that a policy has taken over, so that what the
//! configuration says of it has no effect.

use std::collections::BTreeMap;

use tracing::debug;

use crate::{
    client::{Client, Policy},
    cty::Value,
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::field::{Field, ValueSource},
};

use super::super::{assignment::WORKSPACE_ID, config::ProviderData};

/// Warnings about the parts of a guardrail in the state. That policies cannot be read is no error.
pub(super) async fn warn_of_replaced_parts(
    api: &ProviderData,
    state: &Value,
    fields: &[Field],
) -> Diagnostics {
    let (Ok(client), Some(id)) = (api.client(), state.attribute("id").as_str()) else {
        return Diagnostics::default();
    };
    let mut warnings = Diagnostics::default();
    for (kind, policies) in replaced_parts(client, state, "").await {
        let attributes = ineffective_attributes(state, kind, &policies, fields);
        if attributes.is_empty() {
            debug!(guardrail_id = id, kind, "a policy has replaced a part that is not set here");
            continue;
        }
        let warning = replaced_warning(state, kind, &policies, &attributes.join(", "));
        warnings.push(redacted(client, warning));
    }
    warnings
}

/// Warnings about the parts of a guardrail that are not in force as the guardrail says, for a
/// `reader` that combines them with others. That policies cannot be read is no error.
pub(in crate::provider) async fn warn_of_parts_not_in_force(
    client: &Client,
    guardrail: &Value,
    reader: &str,
) -> Diagnostics {
    let mut warnings = Diagnostics::default();
    for (kind, policies) in replaced_parts(client, guardrail, reader).await {
        let title = "The effective guardrail does not include a policy";
        let summary = format!("{title}: the {} of guardrail {}", part(kind), named(guardrail));
        let detail = format!(
            "The policy {} was edited at OpenRouter. Since then, OpenRouter enforces the {} part \
             of the guardrail as the policy has it. This data source combines what the guardrail \
             has. Check the policy at OpenRouter.",
            quoted(&policies),
            part(kind)
        );
        warnings.push(redacted(client, Diagnostic::warning(summary, detail)));
    }
    warnings
}

/// The policies that have replaced parts of a guardrail, by the part.
async fn replaced_parts(
    client: &Client,
    guardrail: &Value,
    reader: &str,
) -> BTreeMap<&'static str, Vec<Policy>> {
    let mut parts: BTreeMap<_, Vec<Policy>> = BTreeMap::new();
    let id = guardrail.attribute("id").as_str().unwrap_or_default();
    let workspace = guardrail.attribute(WORKSPACE_ID).as_str();
    for policy in client.policies_replacing(id, workspace, reader).await {
        parts.entry(policy.kind).or_default().push(policy);
    }
    parts
}

fn redacted(client: &Client, warning: Diagnostic) -> Diagnostic {
    Diagnostic {
        summary: client.redact(&warning.summary),
        detail: client.redact(&warning.detail),
        ..warning
    }
}

/// What messages call a part.
fn part(kind: &str) -> &str {
    if kind == "model_availability" { "models" } else { kind }
}

/// A guardrail by its name and id.
fn named(guardrail: &Value) -> String {
    let id = guardrail.attribute("id").as_str().unwrap_or_default();
    let name = guardrail.attribute("name").as_str().unwrap_or(id);
    format!("\"{name}\" ({id})")
}

/// Policies by their names and ids.
fn quoted(policies: &[Policy]) -> String {
    let policies: Vec<_> = policies
        .iter()
        .map(|policy| format!("\"{}\" ({})", on_one_line(&policy.name), policy.id))
        .collect();
    policies.join(" and ")
}

fn replaced_warning(
    state: &Value,
    kind: &str,
    policies: &[Policy],
    attributes: &str,
) -> Diagnostic {
    let part = part(kind);
    let detail = format!(
        "The policy {} was edited at OpenRouter. Since then, OpenRouter enforces the {part} part \
         of the guardrail as the policy has it. The following attributes have no effect, although \
         the API still accepts and returns them: {attributes}. Remove them from the configuration, \
         or undo the replacement at OpenRouter.",
        quoted(policies)
    );
    // Terraform shows only the first of several warnings with one title.
    let summary = format!("A policy has replaced the {part} of guardrail {}", named(state));
    Diagnostic::warning(summary, detail)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The attributes of a replaced part that the state sets: all that belong to the part, and what else
/// the policies have a value for.
fn ineffective_attributes(
    state: &Value,
    kind: &str,
    policies: &[Policy],
    fields: &[Field],
) -> Vec<String> {
    let mut attributes = Vec::new();
    for field in fields.iter().filter(|field| field.is_configurable()) {
        let is_in_config =
            |policy: &Policy| policy.settings.iter().any(|setting| setting == field.name);
        let is_replaced = field.part == Some(kind) || policies.iter().any(is_in_config);
        let value = state.attribute(field.name);
        let is_default =
            matches!(field.mode, ValueSource::Default(default) if *value == default.into());
        if is_replaced && !value.is_null() && !is_default {
            attributes.push(format!("`{}`", field.name));
        }
    }
    attributes
}
