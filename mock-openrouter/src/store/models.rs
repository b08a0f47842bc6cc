//! The catalogue of models: what `/models` lists, to whom, and which names the API can resolve.

use crate::ids;

/// The variants that may follow a model's name after a colon.
const VARIANTS: [&str; 8] =
    ["beta", "exacto", "extended", "floor", "free", "nitro", "online", "thinking"];

/// Who sees a model in the list. A guardrail can name every model of the catalogue, seen or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    Always,
    /// Hidden by an account setting: only a request without credentials sees it.
    WithoutCredentials,
    /// Delisted, but still known by name.
    Never,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) canonical_slug: String,
    pub(crate) output_modality: String,
    listed: Listed,
}

/// The fixed models: id, canonical slug, output modality, visibility.
const MODELS: [(&str, &str, &str, Listed); 16] = [
    ("anthropic/claude-opus-4.1", "anthropic/claude-4.1-opus-20250805", "text", Listed::Always),
    ("anthropic/claude-sonnet-4.5", "anthropic/claude-4.5-sonnet-20250929", "text", Listed::Always),
    ("deepseek/deepseek-chat-v3.1", "deepseek/deepseek-chat-v3.1", "text", Listed::Always),
    ("google/gemini-2.5-flash", "google/gemini-2.5-flash", "text", Listed::Always),
    ("google/gemini-2.5-flash-image", "google/gemini-2.5-flash-image", "image", Listed::Always),
    ("google/gemini-2.5-pro", "google/gemini-2.5-pro", "text", Listed::Always),
    (
        "meta-llama/llama-3.3-70b-instruct",
        "meta-llama/llama-3.3-70b-instruct",
        "text",
        Listed::Always,
    ),
    ("mistralai/mistral-large", "mistralai/mistral-large-2407", "text", Listed::WithoutCredentials),
    ("openai/gpt-4-32k", "openai/gpt-4-32k-0613", "text", Listed::Never),
    ("openai/gpt-4o", "openai/gpt-4o", "text", Listed::Always),
    ("openai/gpt-5", "openai/gpt-5-2025-08-07", "text", Listed::Always),
    ("openai/gpt-5-mini", "openai/gpt-5-mini-2025-08-07", "text", Listed::Always),
    (
        "openai/text-embedding-3-small",
        "openai/text-embedding-3-small",
        "embeddings",
        Listed::Always,
    ),
    ("qwen/qwen3-coder", "qwen/qwen3-coder-480b-a35b-07-25", "text", Listed::Always),
    ("qwen/qwen3-coder:free", "qwen/qwen3-coder-480b-a35b-07-25", "text", Listed::Always),
    ("x-ai/grok-4", "x-ai/grok-4-07-09", "text", Listed::Always),
];

/// All models the API knows.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    models: Vec<Model>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::with_seeded(0)
    }
}

impl Catalogue {
    /// The fixed models and `count` more, `mock/model-<n>` with another canonical slug.
    pub(crate) fn with_seeded(count: usize) -> Self {
        let fixed = MODELS.iter().map(|(id, canonical, modality, listed)| Model {
            id: (*id).to_owned(),
            canonical_slug: (*canonical).to_owned(),
            output_modality: (*modality).to_owned(),
            listed: *listed,
        });
        let seeded = (1..=count).map(|number| {
            let id = format!("mock/model-{number}");
            let canonical_slug = format!("{id}-{}", &ids::uuid_of(&id)[..8]);
            Model { id, canonical_slug, output_modality: "text".to_owned(), listed: Listed::Always }
        });
        Self { models: fixed.chain(seeded).collect() }
    }

    /// The models that a request with or without credentials can list.
    pub(crate) fn listed(&self, with_credentials: bool) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(move |model| match model.listed {
            Listed::Always => true,
            Listed::WithoutCredentials => !with_credentials,
            Listed::Never => false,
        })
    }

    /// The canonical form of a slug or canonical slug, its variant kept, if the API knows it.
    pub(super) fn resolve(&self, name: &str) -> Option<String> {
        let (base, variant) = match name.split_once(':') {
            Some((base, variant)) => (base, Some(variant)),
            None => (name, None),
        };
        let model =
            self.models.iter().find(|model| model.id == base || model.canonical_slug == base)?;
        match variant {
            None => Some(model.canonical_slug.clone()),
            Some(variant) if VARIANTS.contains(&variant) => {
                Some(format!("{}:{variant}", model.canonical_slug))
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_to_their_canonical_slug() {
        let catalogue = Catalogue::with_seeded(1);
        let cases = [
            ("openai/gpt-5", Some("openai/gpt-5-2025-08-07")),
            ("openai/gpt-5-2025-08-07", Some("openai/gpt-5-2025-08-07")),
            ("openai/gpt-5:nitro", Some("openai/gpt-5-2025-08-07:nitro")),
            ("qwen/qwen3-coder:free", Some("qwen/qwen3-coder-480b-a35b-07-25:free")),
            ("openai/gpt-4-32k", Some("openai/gpt-4-32k-0613")),
            ("openai/gpt-5:nonsense", None),
            ("openai/gpt-6", None),
            ("", None),
        ];
        for (name, canonical) in cases {
            assert_eq!(catalogue.resolve(name).as_deref(), canonical, "{name}");
        }
        assert!(catalogue.resolve("mock/model-1").is_some());
    }
}
