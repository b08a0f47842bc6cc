//! The catalogue of models: which canonical slug the service stores for a name. Public, and asked for without
//! credentials, because with them the account's settings can hide models.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;

use super::super::http::{Error, Request, Response, Route};
use super::Client;

static MODELS: Route = Route { method: Method::GET, template: "/models" };

/// Rows asked for at a time: the most that the service gives.
const PAGE: usize = 1000;

/// Pages that a catalogue may have; it bounds the requests that a wrong answer can cost.
const MOST_PAGES: usize = 100;

impl Client {
    /// The catalogue of all models, hidden and delisted ones excepted. Fetched once for a client and its clones, also
    /// when several ask at once; a failure is not kept.
    pub async fn models(&self) -> Result<Arc<ModelCatalog>, Error> {
        self.inner.models.get(|_| true, || self.fetch_models(|request| request)).await
    }

    /// The same for whoever has to know what became of a write, or has done one: also after a stop, and not asked for again
    /// after `deadline`; if there is none, once.
    pub async fn models_to_finish(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Arc<ModelCatalog>, Error> {
        let deadline = deadline.unwrap_or_else(Instant::now);
        let fetch = || self.fetch_models(move |request| request.finishing(Some(deadline)));
        match self.inner.models.get(|_| true, fetch).await {
            // Somebody else had begun to ask, who was stopped.
            Err(Error::Stopped { .. }) => fetch().await.map(Arc::new),
            outcome => outcome,
        }
    }

    async fn fetch_models(
        &self,
        refine: impl Fn(Request) -> Request,
    ) -> Result<ModelCatalog, Error> {
        let limit = PAGE.to_string();
        let mut models = Vec::new();
        let mut page = 0;
        loop {
            let offset = models.len().to_string();
            let query = [
                ("output_modalities", Some("all")),
                ("offset", Some(&*offset)),
                ("limit", Some(&*limit)),
            ];
            let request = refine(self.http().request(&MODELS).anonymous().query(&query));
            let read = |answer: Response| {
                let too_long = answer
                    .unusable(format!("a catalogue of at most {MOST_PAGES} pages can be read"));
                Ok((answer.parse::<ModelPage>()?, too_long))
            };
            let (list, too_long) = self.http().call(&request, read).await?;
            let came = list.data.len();
            models.extend(list.data.into_iter().map(|model| (model.id, model.canonical_slug)));
            page += 1;
            // A short page is the last one, unless the count shows that the service gives fewer at a time.
            let more = list.total_count.map_or(came >= PAGE, |total| total > models.len());
            if came == 0 || !more {
                return Ok(ModelCatalog::new(models));
            }
            if page == MOST_PAGES {
                return Err(too_long);
            }
        }
    }
}

/// A page of the catalogue. A model's description and prices are skipped, not kept: they are most of a long answer.
#[derive(Deserialize)]
struct ModelPage {
    data: Vec<Model>,
    total_count: Option<usize>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    canonical_slug: String,
}

/// The names of models, and the canonical slug of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelCatalog {
    canonical_by_slug: HashMap<String, String>,
    canonical: HashSet<String>,
}

impl ModelCatalog {
    /// A catalogue of pairs of slug and canonical slug. Of a slug that comes twice, the first pair counts.
    pub fn new<S, C>(models: impl IntoIterator<Item = (S, C)>) -> ModelCatalog
    where
        S: Into<String>,
        C: Into<String>,
    {
        let mut catalog = ModelCatalog::default();
        for (slug, canonical) in models {
            let canonical = canonical.into();
            catalog.canonical.insert(canonical.clone());
            catalog.canonical_by_slug.entry(slug.into()).or_insert(canonical);
        }
        catalog
    }

    /// The form in which the service stores a name: the canonical slug, with the variant (`:free`) that the name has.
    /// A canonical slug is its own canonical form. None for a name that is not in the catalogue.
    pub fn canonical(&self, name: &str) -> Option<String> {
        if self.canonical.contains(name) {
            return Some(name.to_owned());
        }
        let variant = name.split_once(':');
        if let Some(canonical) = self.canonical_by_slug.get(name) {
            return Some(with_variant(canonical, variant.map(|(_, variant)| variant)));
        }
        let (base, variant) = variant?;
        let canonical = self.canonical.get(base).or_else(|| self.canonical_by_slug.get(base))?;
        Some(with_variant(canonical, Some(variant)))
    }
}

/// A canonical slug with a variant, unless it names one of itself.
fn with_variant(canonical: &str, variant: Option<&str>) -> String {
    match variant {
        Some(variant) if !canonical.contains(':') => format!("{canonical}:{variant}"),
        _ => canonical.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> ModelCatalog {
        let models = [
            ("a/m", "a/m-2025"),
            ("a/m:free", "a/m-2025"),
            ("a/same", "a/same"),
            ("a/own:beta", "a/own-7:beta"),
            ("a/latest", "a/m-2025"),
            ("a/shadowed", "a/other"),
            ("a/third", "a/shadowed"),
        ];
        ModelCatalog::new(models)
    }

    #[test]
    fn a_name_has_one_canonical_form() {
        for (name, expected) in [
            ("a/m", Some("a/m-2025")),
            ("a/latest", Some("a/m-2025")),
            ("a/m:free", Some("a/m-2025:free")),
            ("a/m:nitro", Some("a/m-2025:nitro")),
            ("a/m-2025", Some("a/m-2025")),
            ("a/m-2025:free", Some("a/m-2025:free")),
            ("a/same:free", Some("a/same:free")),
            ("a/own:beta", Some("a/own-7:beta")),
            ("a/own-7:beta", Some("a/own-7:beta")),
            ("a/own", None),
            ("a/gone", None),
            ("a/gone:free", None),
            (":free", None),
            ("", None),
        ] {
            assert_eq!(catalog().canonical(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_canonical_form_is_final() {
        for name in [
            "a/m",
            "a/m:free",
            "a/m:a:b",
            "a/same",
            "a/own:beta",
            "a/shadowed",
            "a/third",
            "a/third:free",
        ] {
            let once = catalog().canonical(name).unwrap();
            assert_eq!(catalog().canonical(&once).as_ref(), Some(&once), "{name}");
        }
    }
}
