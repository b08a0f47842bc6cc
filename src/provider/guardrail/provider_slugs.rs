//! The warning about providers that the API does not list, which it may accept nevertheless.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::Diagnostic,
};

use super::super::config::ProviderData;

/// The attributes that hold slugs of providers.
const ATTRIBUTES: [&str; 2] = ["allowed_providers", "ignored_providers"];

/// The slugs that a connection has warned about: each is named once.
#[derive(Default)]
pub(in crate::provider) struct WarnedSlugs(Mutex<HashSet<String>>);

impl WarnedSlugs {
    /// Whether a slug was not named before. It is now.
    fn insert(&self, slug: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(slug.to_owned())
    }
}

/// Warnings about the slugs that are new in a plan. Without any, nothing is requested.
pub(super) async fn warn_of_unlisted(
    api: &ProviderData,
    prior: &Value,
    planned: &Value,
) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for attribute in ATTRIBUTES {
        let prior = prior.attribute(attribute).elements().unwrap_or_default();
        let planned = planned.attribute(attribute).elements().unwrap_or_default();
        let is_new = |slug: &&Value| !prior.contains(slug);
        let new: Vec<_> = planned.iter().filter(is_new).filter_map(Value::as_str).collect();
        if new.is_empty() {
            continue;
        }
        let Ok(client) = api.client() else { return warnings };
        let Some(listed) = client.provider_slugs().await else { return warnings };
        let mut unlisted = Vec::new();
        for slug in new {
            if !listed.contains(slug) && api.warned_slugs().insert(slug) {
                unlisted.push(format!("\"{slug}\""));
            }
        }
        if !unlisted.is_empty() {
            warnings.push(warning(attribute, &unlisted.join(", ")));
        }
    }
    warnings
}

fn warning(attribute: &str, slugs: &str) -> Diagnostic {
    let detail = format!(
        "OpenRouter does not list {slugs} among its providers. Check the spelling: slugs of \
         providers are lowercase, such as `anthropic` or `google-vertex`. An entry of \
         `{attribute}` that matches no provider has no effect, and if no entry of \
         `allowed_providers` matches one, no provider can be used."
    );
    Diagnostic::warning(format!("Unknown provider in `{attribute}`"), detail)
        .at(Path::attribute(attribute))
}
