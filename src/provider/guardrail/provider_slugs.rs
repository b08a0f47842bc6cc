//! The warning about providers that the API does not list. It may accept others, so that this is no error.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::{
    cty::{Path, Value},
    protocol::diagnostics::Diagnostic,
};

use super::super::config::Api;

/// The attributes that hold slugs of providers.
const ATTRIBUTES: [&str; 2] = ["allowed_providers", "ignored_providers"];

/// The slugs that the user was warned of, in one connection: each is named once.
#[derive(Default)]
pub(in crate::provider) struct NamedSlugs(Mutex<HashSet<String>>);

impl NamedSlugs {
    /// Whether a slug was not named before.
    fn is_first(&self, slug: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(slug.to_owned())
    }
}

/// Warnings about the slugs that a plan sets newly. What stays as it is costs no request.
pub(super) async fn warn_of_unlisted(api: &Api, prior: &Value, planned: &Value) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for attribute in ATTRIBUTES {
        let new = new_texts(prior.attribute(attribute), planned.attribute(attribute));
        if new.is_empty() {
            continue;
        }
        let Ok(client) = api.client() else { return warnings };
        let Some(listed) = client.provider_slugs().await else { return warnings };
        let unlisted = new
            .into_iter()
            .filter(|slug| !listed.contains(*slug) && api.named_slugs().is_first(slug));
        let unlisted: Vec<_> = unlisted.map(|slug| format!("\"{slug}\"")).collect();
        if !unlisted.is_empty() {
            warnings.push(warning(attribute, &unlisted.join(", ")));
        }
    }
    warnings
}

/// The texts of a set that another one does not have.
fn new_texts<'a>(prior: &Value, planned: &'a Value) -> Vec<&'a str> {
    let prior = prior.elements().unwrap_or_default();
    let planned = planned.elements().unwrap_or_default();
    planned.iter().filter(|element| !prior.contains(element)).filter_map(Value::as_str).collect()
}

fn warning(attribute: &str, slugs: &str) -> Diagnostic {
    let detail = format!(
        "OpenRouter lists no provider {slugs}. Check the spelling: slugs are in small letters, such as `anthropic` or \
         `google-vertex`, and an entry of `{attribute}` that means no provider has no effect, or lets none be used."
    );
    Diagnostic::warning(format!("Unknown provider in `{attribute}`"), detail)
        .at(Path::attribute(attribute))
}
