//! Which pages are generated: one for the provider, and one for each resource, data source, list resource and function.

use std::collections::BTreeMap;
use std::fs;

use terraform_provider_openrouter::protocol::provider::Provider;
use terraform_provider_openrouter::protocol::schema::Schema;
use terraform_provider_openrouter::provider::OpenRouter;

use crate::page::{Import, Page, Subject};
use crate::{function, index, root};

/// What the types of all resources and data sources begin with.
const PREFIX: &str = "openrouter_";

/// Every generated page: its path below the repository's root, and its text.
pub(crate) fn pages() -> BTreeMap<String, String> {
    let provider = OpenRouter::new(BTreeMap::new());
    let mut pages = BTreeMap::from([("docs/index.md".to_owned(), index_page(&provider))]);
    for (name, resource) in provider.resources() {
        let mut page = page(Subject::Resource, name, resource.schema(), "resources", "resource.tf");
        page.import = Some(Import {
            block: example(&format!("resources/{name}/import-by-string-id.tf")),
            command: example(&format!("resources/{name}/import.sh")),
            identity_block: example(&format!("resources/{name}/import-by-identity.tf")),
            identity: resource.identity(),
        });
        pages.insert(format!("docs/resources/{}.md", short(name)), page.markdown());
    }
    for (name, data_source) in provider.data_sources() {
        let schema = data_source.schema();
        let page = page(Subject::DataSource, name, schema, "data-sources", "data-source.tf");
        pages.insert(format!("docs/data-sources/{}.md", short(name)), page.markdown());
    }
    for (name, list) in provider.list_resources() {
        let (folder, file) = ("list-resources", "list-resource.tfquery.hcl");
        let page = page(Subject::ListResource, name, list.schema(), folder, file);
        pages.insert(format!("docs/{folder}/{}.md", short(name)), page.markdown());
    }
    for (name, function) in provider.functions() {
        let example = example(&format!("functions/{name}/function.tf"));
        let page = function::markdown(name, subcategory(name), &function.signature(), &example);
        pages.insert(format!("docs/functions/{name}.md"), page);
    }
    pages
}

fn index_page(provider: &OpenRouter) -> String {
    let page = Page {
        subject: Subject::Provider,
        name: "openrouter",
        subcategory: None,
        schema: provider.schema(),
        example: example("provider/provider.tf"),
        sections: index::sections(&root().join("docs")),
        import: None,
    };
    page.markdown()
}

/// The page of a type, with the example that is in this file of the type's own folder.
fn page<'a>(subject: Subject, name: &'a str, schema: Schema, folder: &str, file: &str) -> Page<'a> {
    let example = example(&format!("{folder}/{name}/{file}"));
    let subcategory = Some(subcategory(name));
    Page { subject, name, subcategory, schema, example, sections: Vec::new(), import: None }
}

/// The group in which registries list the page of a type or function.
fn subcategory(name: &str) -> &'static str {
    if name.contains("_assignment") {
        "Assignments"
    } else if name.contains("guardrail") {
        "Guardrails"
    } else if name.contains("content_filter") {
        "Content filters"
    } else {
        "Keys, members and workspaces"
    }
}

/// The name of a type without the provider's; a function's name is whole.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// The text of a file below examples/.
pub(crate) fn example(path: &str) -> String {
    let path = root().join("examples").join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} is needed: {error}", path.display()))
}
