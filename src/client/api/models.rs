//! The catalogue of models: which canonical slug the API stores for a name. Public, and asked for
//! without credentials, because with them the account's settings can hide models.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use tokio::time::Instant;

use super::super::http::{Error, Request, Response, Route};
use super::Client;

static MODELS: Route = Route { method: Method::GET, template: "/models" };

/// Rows asked for at a time: the most that the API returns.
const PAGE: usize = 1000;

/// Pages that a catalogue may have; it bounds the requests that a wrong response can cost.
const MAX_PAGES: usize = 100;

impl Client {
    /// The catalogue of all models, except hidden and delisted ones. Fetched once for a client and
    /// its clones, also when several ask at once; a failure is not kept.
    pub async fn models(&self) -> Result<Arc<ModelCatalog>, Error> {
        self.inner.models.get(|_| true, || self.fetch_models(|request| request)).await
    }

    /// The same where the outcome of a write depends on it: also after a stop, and without another
    /// attempt after `deadline`; with a single attempt if there is none.
    pub async fn models_to_finish(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Arc<ModelCatalog>, Error> {
        let deadline = deadline.unwrap_or_else(Instant::now);
        let fetch = || self.fetch_models(move |request| request.finishing(Some(deadline)));
        match self.inner.models.get(|_| true, fetch).await {
            // The fetch of another caller, which the stop has ended.
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
        for number in 1.. {
            let (offset, before) = (models.len().to_string(), models.len());
            let query = [
                ("output_modalities", Some("all")),
                ("offset", Some(&*offset)),
                ("limit", Some(&*limit)),
            ];
            let request = refine(self.http().request(&MODELS).anonymous().query(&query));
            let read = |response: Response| {
                let page: ModelPage = response.parse()?;
                let is_last = page.is_last(before);
                if !is_last && number == MAX_PAGES {
                    let reason = format!("a catalogue of at most {MAX_PAGES} pages can be read");
                    return Err(response.unusable(reason));
                }
                Ok((page, is_last))
            };
            let (page, is_last) = self.http().call(&request, read).await?;
            models.extend(page.data.into_iter().map(|model| (model.id, model.canonical_slug)));
            if is_last {
                break;
            }
        }
        Ok(ModelCatalog::new(models))
    }
}

/// A page of the catalogue. Descriptions and prices are skipped: they are most of a long response.
#[derive(Deserialize)]
struct ModelPage {
    data: Vec<Model>,
    total_count: Option<usize>,
}

impl ModelPage {
    /// Whether nothing follows this page, which comes after so many models. A short page is the
    /// last one, unless the count shows that the API returns fewer at a time.
    fn is_last(&self, before: usize) -> bool {
        let rows = self.data.len();
        let is_more = self.total_count.map_or(rows >= PAGE, |total| total > before + rows);
        rows == 0 || !is_more
    }
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
    /// A catalogue of pairs of slug and canonical slug. Of a slug that comes twice, the first pair
    /// counts.
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

    /// The form in which the API stores a name: the canonical slug, with the variant (`:free`) that
    /// the name has. A canonical slug is its own canonical form. None for a name that is not in the
    /// catalogue.
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
