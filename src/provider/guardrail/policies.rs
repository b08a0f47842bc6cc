//! The warning about a part of a guardrail that a policy has taken over, so that what the
//! configuration says of it has no effect.

use crate::{
    client::Policy,
    cty::Value,
    protocol::diagnostics::{Diagnostic, Diagnostics},
    table::field::Field,
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
    let workspace = state.attribute(WORKSPACE_ID).as_str();
    let policies = client.policies_replacing(id, workspace).await;
    let warnings = policies.iter().map(|policy| replaced(state, id, policy, fields));
    let redacted = warnings.map(|warning| Diagnostic {
        summary: client.redact(&warning.summary),
        detail: client.redact(&warning.detail),
        ..warning
    });
    redacted.collect()
}

fn replaced(state: &Value, id: &str, policy: &Policy, fields: &[Field]) -> Diagnostic {
    let name = state.attribute("name").as_str().unwrap_or(id);
    let part = match policy.kind.as_str() {
        "model_availability" => "models",
        kind => kind,
    };
    let attributes = attributes_of(policy, fields).join(", ");
    let detail = format!(
        "Somebody has edited the policy \"{}\" ({}). Since then OpenRouter enforces the {part} part \
         of guardrail {id} from that policy. These attributes have no effect now, though they are \
         read and written as before: {attributes}. Take them out of the configuration, or hand the \
         policy back to the guardrail in OpenRouter.",
        policy.name, policy.id
    );
    Diagnostic::warning(format!("Guardrail \"{name}\": a policy has replaced its {part}"), detail)
}

/// The attributes that a policy replaces: all of its part, and what else it has a value for.
fn attributes_of(policy: &Policy, fields: &[Field]) -> Vec<String> {
    let is_replaced = |field: &&Field| {
        field.part == Some(policy.kind.as_str())
            || policy.settings.iter().any(|setting| setting == field.name)
    };
    let replaced = fields.iter().filter(|field| field.is_configurable()).filter(is_replaced);
    replaced.map(|field| format!("`{}`", field.name)).collect()
}
