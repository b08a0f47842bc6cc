//! What the provider's page has beside its schema: how to authenticate, which versions are supported, and every guide there
//! is.

use std::fs;
use std::path::Path;

use crate::front_matter;

const AUTHENTICATION: &str = include_str!("index/authentication.md");
const VERSIONS: &str = include_str!("index/versions.md");

/// The guide that a reader begins with; the others follow by title.
const FIRST: &str = "getting-started.md";

/// The sections between the example and the schema. `docs` has the guides, in `guides`.
pub(crate) fn sections(docs: &Path) -> Vec<String> {
    let guides = format!("## Guides\n\n{}", guides(&docs.join("guides")));
    vec![AUTHENTICATION.trim().to_owned(), VERSIONS.trim().to_owned(), guides]
}

fn guides(folder: &Path) -> String {
    let mut guides = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let entries = front_matter::read(&fs::read_to_string(&path).unwrap());
        let entries = entries.unwrap_or_else(|problem| panic!("{file}: front matter: {problem}"));
        let entry = |name: &str| {
            let found = entries.get(name).unwrap_or_else(|| panic!("{file}: no `{name}`"));
            found.replace('\n', " ")
        };
        let line = format!("- [{}](guides/{file}): {}", entry("page_title"), entry("description"));
        guides.push((file != FIRST, line));
    }
    guides.sort();
    guides.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_guides_are_named_the_first_one_first() {
        let folder = tempfile::tempdir().unwrap();
        for (name, title) in [("b.md", "Bees"), ("c.md", "Ants"), (FIRST, "Start")] {
            let page = front_matter::write(title, Some(""), "What\nit says.");
            fs::write(folder.path().join(name), page).unwrap();
        }
        assert_eq!(
            guides(folder.path()),
            "- [Start](guides/getting-started.md): What it says.\n- [Ants](guides/c.md): What it says.\n\
             - [Bees](guides/b.md): What it says."
        );
    }
}
