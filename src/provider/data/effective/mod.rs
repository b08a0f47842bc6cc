//! `openrouter_effective_guardrail`: which guardrails apply to the requests of a key or member, and
//! what they come to together.
//!
//! How settings combine is in `combine`, which guardrails there are in `layers`.

mod combine;
mod fields;
mod layers;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use async_trait::async_trait;

use crate::{
    cty::{Path, Value},
    protocol::{
        data_source::DataSource,
        diagnostics::{Diagnostic, Diagnostics},
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    table::{field::Field, schema::schema, validate::validate_with},
};

use super::{
    super::{
        assignment::{GUARDRAIL_ID, WORKSPACE_ID},
        config::ProviderData,
        guardrail::{SETTINGS, warn_of_parts_not_in_force},
    },
    lookup::Lookup,
    printable::printable,
};
use combine::{Layer, allows_nothing, combined};
use fields::{FIELDS, is_of_budget, is_shown_by_layer};
use layers::Requester;

const KEY_HASH: &str = "key_hash";
const USER_ID: &str = "user_id";
const LAYERS: &str = "layers";
const LAYER: &str = "layer";
const NAME: &str = "name";
const BUDGETS: &str = "budgets";

const DESCRIPTION: &str = "Reads the guardrails that apply to the requests of an API key, or of a \
     member in a workspace, and combines them as OpenRouter does.\n\n\
     Up to three guardrails apply to a request: the default guardrail of the workspace, the \
     guardrail of the member, and the guardrail of the key. They are combined according to \
     OpenRouter's published rules; see [How guardrails \
     combine](../guides/how-guardrails-combine.md).\n\n\
     ~> **Note:** The result does not include the privacy settings of the account, the budgets of \
     workspaces, and settings for which this version of the provider has no attribute. Nor does it \
     include policies that have replaced a part of a guardrail; a warning names those that the \
     management key can read.\n\n\
     -> **Note:** The result is what applies at the time of reading. To read it after an apply has \
     changed a guardrail or an assignment, set `depends_on`.";

const LOOKUP: Lookup = Lookup {
    noun: "key or member",
    id: KEY_HASH,
    name: USER_ID,
    never_keys: &[KEY_HASH, USER_ID, WORKSPACE_ID],
};

pub(in crate::provider) struct EffectiveGuardrailDataSource;

#[async_trait]
impl DataSource<ProviderData> for EffectiveGuardrailDataSource {
    fn schema(&self) -> Schema {
        schema(DESCRIPTION, &FIELDS)
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        validate_with(&FIELDS, config, own_rules(config))
    }

    async fn read(&self, api: &ProviderData, config: Value) -> Reply<Value> {
        let client = api.client()?;
        let text = |name| config.attribute(name).as_str();
        let requester = match (text(KEY_HASH), text(USER_ID), text(WORKSPACE_ID)) {
            (Some(hash), ..) => Requester::key(client, hash).await?,
            (None, user, workspace) => {
                let (user, workspace) = (user.unwrap_or_default(), workspace.unwrap_or_default());
                Requester::member(client, user, workspace).await?
            }
        };
        let layers = requester.layers(client).await?;
        let mut warnings = Diagnostics::default();
        for warning in contradictions(&layers, &requester.name()) {
            warnings.push(printable(client, warning));
        }
        let mut warned = HashSet::new();
        for Layer { guardrail, .. } in &layers {
            // One guardrail can be in several layers.
            if warned.insert(guardrail.attribute("id").as_str()) {
                let reader = requester.name();
                warnings.extend(warn_of_parts_not_in_force(client, guardrail, &reader).await);
            }
        }
        let user = requester.user_id.map_or(Value::Null, Value::from);
        let state = config
            .with_attribute(USER_ID, user)
            .with_attribute(WORKSPACE_ID, requester.workspace.id);
        Ok(WithWarnings { value: with_layers(state, &layers), warnings })
    }
}

fn own_rules(config: &Value) -> Diagnostics {
    let wrong = LOOKUP.check(config);
    let lacks_workspace =
        !config.attribute(USER_ID).is_null() && config.attribute(WORKSPACE_ID).is_null();
    if !lacks_workspace || wrong.iter().next().is_some() {
        return wrong;
    }
    let detail = format!(
        "`{USER_ID}` must be set together with `{WORKSPACE_ID}`: a member has one guardrail per \
         workspace, and each workspace has its own default guardrail."
    );
    Diagnostic::error("Invalid combination of arguments", detail)
        .at(Path::attribute(USER_ID))
        .into()
}

/// The state, with all that follows from the layers.
fn with_layers(state: Value, layers: &[Layer]) -> Value {
    let mut state = state;
    for setting in SETTINGS {
        if let Some(value) = combined(setting, layers) {
            state = state.with_attribute(setting.name, value);
        }
    }
    let has_budget = |layer: &&Layer| !layer.guardrail.attribute("limit_usd").is_null();
    let budgets = layers.iter().filter(has_budget).map(|layer| shown(layer, is_of_budget));
    let name = |layer: &Layer| layer.guardrail.attribute(NAME).clone();
    let of_layers = layers
        .iter()
        .map(|layer| shown(layer, is_shown_by_layer).with_attribute(NAME, name(layer)));
    state
        .with_attribute(BUDGETS, Value::List(budgets.collect()))
        .with_attribute(LAYERS, Value::List(of_layers.collect()))
}

/// A layer with those of its settings that are wanted.
fn shown(layer: &Layer, is_wanted: fn(&Field) -> bool) -> Value {
    let settings = SETTINGS.iter().filter(|setting| is_wanted(setting));
    let shown = Value::object(
        settings.map(|setting| (setting.name, layer.guardrail.attribute(setting.name).clone())),
    );
    shown
        .with_attribute(LAYER, layer.name)
        .with_attribute(GUARDRAIL_ID, layer.guardrail.attribute("id").clone())
}

/// Warnings about lists that together allow nothing.
fn contradictions(layers: &[Layer], requester: &str) -> Vec<Diagnostic> {
    let empty = SETTINGS.iter().filter(|setting| allows_nothing(setting, layers));
    empty.map(|setting| nothing_allowed(setting.name, layers, requester)).collect()
}

fn nothing_allowed(setting: &str, layers: &[Layer], requester: &str) -> Diagnostic {
    let restricts = |layer: &&Layer| {
        layer.guardrail.attribute(setting).elements().is_some_and(|list| !list.is_empty())
    };
    let named = |layer: &Layer| {
        let text = |name| layer.guardrail.attribute(name).as_str().unwrap_or_default();
        format!("{} (\"{}\", {})", layer.name, text(NAME), text("id"))
    };
    let restricting: Vec<_> = layers.iter().filter(restricts).map(named).collect();
    let kind = setting.trim_start_matches("allowed_").replace('_', " ");
    let detail = format!(
        "The lists `{setting}` of the following layers have no value in common, so every request is \
         rejected: {}. Change one of these guardrails, or which of them are assigned.",
        restricting.join(", ")
    );
    // Terraform shows only the first of several warnings with one title.
    let summary = format!("The guardrails that apply to {requester} together allow no {kind}");
    Diagnostic::warning(summary, detail)
}
