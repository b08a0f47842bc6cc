//! The lists that need no credentials: models and providers.

use serde_json::{Value, json};

use super::query::invalid;
use super::{Answer, BASE_PATH, Call};
use crate::contract;
use crate::store::{Model, Page, Refusal, Store};

/// Name and slug of the providers listed. A guardrail may name others: the API documents no check.
const PROVIDERS: [(&str, &str); 6] = [
    ("Anthropic", "anthropic"),
    ("Azure", "azure"),
    ("DeepSeek", "deepseek"),
    ("Google", "google-vertex"),
    ("OpenAI", "openai"),
    ("xAI", "xai"),
];

pub(super) fn list(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let modalities = modalities(call.query.text("output_modalities"))?;
    let shown = |model: &&Model| {
        modalities
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|name| *name == model.output_modality))
    };
    let all: Vec<&Model> = store.catalogue().listed(call.with_credentials).filter(shown).collect();
    let total = all.len();
    let page = page(call)?;
    let rest = total.saturating_sub(page.offset) > page.limit;
    let next = rest.then(|| {
        let offset = page.offset + page.limit;
        format!("{BASE_PATH}/models?offset={offset}&limit={}", page.limit)
    });
    let data = page.of(all.into_iter().map(model_json));
    Ok(json!({ "data": data, "total_count": total, "links": { "next": next } }).into())
}

#[expect(clippy::unnecessary_wraps, reason = "the table of routes wants one type of handler")]
pub(super) fn list_providers(_: &mut Store, _: &Call) -> Result<Answer, Refusal> {
    let row = |(name, slug)| json!({ "name": name, "slug": slug, "privacy_policy_url": null });
    Ok(json!({ "data": PROVIDERS.map(row) }).into())
}

/// Without both parameters the whole list is one page.
fn page(call: &Call) -> Result<Page, Refusal> {
    let offset = call.query.number("offset", 0, usize::MAX)?;
    let limit = call.query.number("limit", 1, 1000)?;
    if offset.is_none() && limit.is_none() {
        return Ok(Page { offset: 0, limit: usize::MAX });
    }
    Ok(Page { offset: offset.unwrap_or(0), limit: limit.unwrap_or(500) })
}

/// The modalities asked for, or none for all of them.
fn modalities(text: Option<&str>) -> Result<Option<Vec<&str>>, Refusal> {
    let text = text.unwrap_or("text");
    if text == "all" {
        return Ok(None);
    }
    let names: Vec<&str> = text.split(',').collect();
    let known = names.iter().all(|name| contract::check("Modality", &json!(name)).is_ok());
    if known {
        Ok(Some(names))
    } else {
        Err(invalid("output_modalities", "contains an unknown modality"))
    }
}

fn model_json(model: &Model) -> Value {
    json!({
        "id": model.id,
        "canonical_slug": model.canonical_slug,
        "name": model.id,
        "created": 1_735_689_600,
        "context_length": 128_000,
        "architecture": {
            "modality": format!("text->{}", model.output_modality),
            "input_modalities": ["text"],
            "output_modalities": [model.output_modality],
        },
        "pricing": { "prompt": "0.000001", "completion": "0.000002" },
        "top_provider": { "is_moderated": false },
        "links": { "details": format!("{BASE_PATH}/models/{}/endpoints", model.canonical_slug) },
        "per_request_limits": null,
        "default_parameters": null,
        "supported_parameters": ["max_tokens", "temperature"],
        "supported_voices": null,
    })
}
