//! The pages under docs/: those that are made from the field tables and the examples, and what registries demand of all.
//!
//! Generated pages have the layout and wording of `tfplugindocs`, which readers of provider registries know. A test fails
//! when a page on disk is not what the tables say; `cargo xtask docs` runs it so that it writes the pages instead. Nothing
//! here knows what the attributes mean.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod front_matter;
mod function;
mod index;
mod links;
mod page;
mod pages;
mod registry;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_openrouter::protocol::provider::Provider;
use terraform_provider_openrouter::provider::OpenRouter;

use crate::pages::{example, pages, short};

/// Set by `cargo xtask docs`: write the pages instead of comparing them.
const WRITE: &str = "OPENROUTER_DOCS_WRITE";

/// Folders in docs/ and examples/ in which everything belongs to something that the provider has.
const FOLDERS: [&str; 4] = ["resources", "data-sources", "list-resources", "functions"];

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

/// `tfplugindocs validate` demands it of the pages; of the examples nobody does.
#[test]
fn every_page_and_example_belongs_to_what_the_provider_has() {
    let provider = OpenRouter::new(BTreeMap::new());
    let resources = provider.resources().iter().map(|(name, _)| *name).collect();
    let data_sources = provider.data_sources().iter().map(|(name, _)| *name).collect();
    let list_resources = provider.list_resources().iter().map(|(name, _)| *name).collect();
    let functions = provider.functions().iter().map(|(name, _)| *name).collect();
    let kinds: [Vec<&str>; 4] = [resources, data_sources, list_resources, functions];
    for (folder, names) in FOLDERS.iter().zip(kinds) {
        let pages = names.iter().map(|name| format!("{}.md", short(name))).collect();
        assert_eq!(entries(&format!("docs/{folder}")), pages);
        let examples = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(entries(&format!("examples/{folder}")), examples);
    }
}

#[test]
fn registries_take_the_pages() {
    assert_eq!(registry::problems(&root()), Vec::<String>::new());
}

#[test]
fn links_lead_somewhere() {
    assert_eq!(links::broken(&root()), Vec::<String>::new());
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

/// The names of what is in a folder.
fn entries(folder: &str) -> BTreeSet<String> {
    let listed = fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder} is needed: {error}"));
    listed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
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
