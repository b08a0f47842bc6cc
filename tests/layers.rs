//! Keeps the arrows between the layers: which of them may name which. See docs/architecture.md.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each layer with the parts of the crate that it may name besides itself.
const ARROWS: [(&str, &[&str]); 6] = [
    ("transport", &["pb"]),
    ("cty", &[]),
    ("client", &[]),
    ("protocol", &["cty", "pb"]),
    ("table", &["protocol", "cty"]),
    ("provider", &["table", "protocol", "client", "cty"]),
];

#[test]
fn layers_name_only_what_is_below_them() {
    for (layer, allowed) in ARROWS {
        for file in sources(layer) {
            for named in named_layers(&fs::read_to_string(&file).unwrap()) {
                let fine = named == layer || allowed.contains(&named.as_str());
                assert!(fine, "{} names `{named}`, which is above or beside it", file.display());
            }
        }
    }
}

#[test]
fn layers_below_the_provider_do_not_speak_of_its_service() {
    for layer in ["transport", "cty", "protocol", "table"] {
        for file in sources(layer) {
            let text = fs::read_to_string(&file).unwrap().replace("nothing of OpenRouter", "");
            let found = text.to_lowercase().contains("openrouter");
            assert!(!found, "{} speaks of OpenRouter", file.display());
        }
    }
}

#[test]
fn sending_requests_knows_no_operation() {
    for file in sources("client/http") {
        let text = fs::read_to_string(&file).unwrap();
        let names_api = names_after(&text, "super::").contains(&"api".to_owned());
        assert!(!names_api && !text.contains("::api::"), "{} names an operation", file.display());
    }
}

/// Two files of a directory that need each other are one file, or lack a third.
#[test]
fn no_two_files_import_each_other() {
    let mut imports = BTreeSet::new();
    for layer in ARROWS.map(|(layer, _)| layer) {
        for file in sources(layer) {
            let text = fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for name in names_after(text, "use super::") {
                let sibling = file.with_file_name(format!("{name}.rs"));
                if sibling.exists() && sibling != file {
                    imports.insert((file.clone(), sibling));
                }
            }
        }
    }
    let is_mutual =
        |(file, sibling): &&(PathBuf, PathBuf)| imports.contains(&(sibling.clone(), file.clone()));
    let mutual: Vec<_> = imports.iter().filter(is_mutual).collect();
    assert!(mutual.is_empty(), "these import each other: {mutual:#?}");
}

/// The names that follow `crate::` where they are layers of the crate.
fn named_layers(text: &str) -> Vec<String> {
    let mut named = names_after(text, "crate::");
    named.retain(|name| name == "pb" || ARROWS.iter().any(|(layer, _)| layer == name));
    named
}

/// The names that follow a prefix of paths, alone or in braces.
fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let mut named = Vec::new();
    for rest in text.split(prefix).skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => named.extend(top_level_names(group)),
            None => named.extend(first_name(rest)),
        }
    }
    named
}

fn top_level_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut item = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(first_name(&std::mem::take(&mut item))),
            c if depth == 0 => item.push(c),
            _ => {}
        }
    }
    names.extend(first_name(&item));
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String =
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn sources(layer: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&directory(layer), &mut files);
    assert!(!files.is_empty(), "the layer {layer} has no sources");
    files
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn directory(layer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer)
}
