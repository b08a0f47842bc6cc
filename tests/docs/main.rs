//! The reference pages under docs/, made from the field tables and the examples.
//!
//! The pages have the layout and wording that readers of provider registries know. The test here fails when a page on
//! disk is not what the tables say; `cargo xtask docs` runs it so that it writes the pages instead. It knows nothing of
//! what the attributes mean.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod function;
mod page;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_openrouter::protocol::provider::Provider;
use terraform_provider_openrouter::provider::OpenRouter;

use crate::page::{Import, Page, Subject};

/// Set by `cargo xtask docs`: write the pages instead of comparing them.
const WRITE: &str = "OPENROUTER_DOCS_WRITE";

/// What the types of all resources and data sources begin with.
const PREFIX: &str = "openrouter_";

/// Folders below the repository's root in which every file belongs to a resource, data source or function.
const FOLDERS: [&str; 6] = [
    "docs/resources",
    "docs/data-sources",
    "docs/functions",
    "examples/resources",
    "examples/data-sources",
    "examples/functions",
];

#[test]
fn reference_pages_are_up_to_date() {
    let pages = pages();
    if std::env::var_os(WRITE).is_some() {
        return pages.iter().for_each(|(path, text)| write(path, text));
    }
    let is_stale = |path: &str, text: &String| {
        fs::read_to_string(root().join(path)).ok().as_ref() != Some(text)
    };
    let stale: Vec<_> =
        pages.iter().filter(|(path, text)| is_stale(path, text)).map(|(path, _)| path).collect();
    assert!(
        stale.is_empty(),
        "not what the tables and the examples say: {stale:?}; run `cargo xtask docs`"
    );
}

#[test]
fn every_page_and_example_belongs_to_a_resource_data_source_or_function() {
    let provider = OpenRouter::new(BTreeMap::new());
    let mut wanted = BTreeSet::new();
    for (name, _) in provider.resources() {
        wanted.extend([
            format!("docs/resources/{}.md", short(name)),
            format!("examples/resources/{name}"),
        ]);
    }
    for (name, _) in provider.data_sources() {
        wanted.extend([
            format!("docs/data-sources/{}.md", short(name)),
            format!("examples/data-sources/{name}"),
        ]);
    }
    for (name, _) in provider.functions() {
        wanted.extend([format!("docs/functions/{name}.md"), format!("examples/functions/{name}")]);
    }
    let found: BTreeSet<_> = FOLDERS.iter().flat_map(|folder| entries(folder)).collect();
    assert_eq!(found, wanted);
}

/// The examples of imports by identity name every attribute of it.
#[test]
fn examples_of_identities_are_complete() {
    for (name, resource) in OpenRouter::new(BTreeMap::new()).resources() {
        let block = example(&format!("resources/{name}/import-by-identity.tf"));
        let (_, identity) = block.split_once("identity = {").unwrap();
        let named: Vec<_> = identity
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name.trim())
            .collect();
        assert_eq!(named, resource.identity(), "{name}");
    }
}

/// Every generated page: its path below the repository's root, and its text.
fn pages() -> BTreeMap<String, String> {
    let provider = OpenRouter::new(BTreeMap::new());
    let mut pages = BTreeMap::new();
    let index = Page {
        subject: Subject::Provider,
        name: "openrouter",
        schema: provider.schema(),
        example: example("provider/provider.tf"),
        import: None,
    };
    pages.insert("docs/index.md".to_owned(), index.markdown());
    for (name, resource) in provider.resources() {
        let page = Page {
            subject: Subject::Resource,
            name,
            schema: resource.schema(),
            example: example(&format!("resources/{name}/resource.tf")),
            import: Some(Import {
                block: example(&format!("resources/{name}/import-by-string-id.tf")),
                command: example(&format!("resources/{name}/import.sh")),
                identity_block: example(&format!("resources/{name}/import-by-identity.tf")),
                identity: resource.identity(),
            }),
        };
        pages.insert(format!("docs/resources/{}.md", short(name)), page.markdown());
    }
    for (name, data_source) in provider.data_sources() {
        let page = Page {
            subject: Subject::DataSource,
            name,
            schema: data_source.schema(),
            example: example(&format!("data-sources/{name}/data-source.tf")),
            import: None,
        };
        pages.insert(format!("docs/data-sources/{}.md", short(name)), page.markdown());
    }
    pages.extend(function_pages(&provider));
    pages
}

fn function_pages(provider: &OpenRouter) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for (name, function) in provider.functions() {
        let example = example(&format!("functions/{name}/function.tf"));
        let page = function::markdown(name, &function.signature(), &example);
        pages.insert(format!("docs/functions/{name}.md"), page);
    }
    pages
}

fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).expect("Terraform finds the provider of a type by its first word")
}

/// The text of a file below examples/.
fn example(path: &str) -> String {
    let path = root().join("examples").join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} is needed: {error}", path.display()))
}

/// What is in a folder, as paths below the repository's root.
fn entries(folder: &str) -> Vec<String> {
    let listed = fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder} is needed: {error}"));
    listed
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect()
}

#[expect(clippy::print_stdout, reason = "`cargo xtask docs` shows what it wrote")]
fn write(path: &str, text: &str) {
    let file = root().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    println!("wrote {path}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
