//! What registries and `tfplugindocs validate` demand of the pages under docs/, as rules of our own: so they
//! are checked on machines without Go too. It is stricter where the validator lets something pass that no registry shows.
//!
//! That there is a page for each type of the schema, and no other, is checked by `main.rs`, which knows the schema. Where Go
//! is on the machine, tests/acceptance runs the validator itself.

use std::fs;
use std::path::{Path, PathBuf};

use crate::front_matter;

/// The directories whose pages registries show, beside `index.md`.
pub(crate) const DIRECTORIES: [&str; 5] =
    ["data-sources", "functions", "guides", "list-resources", "resources"];

/// Directories that registries know, and that this provider has nothing for.
const UNUSED: [&str; 4] = ["actions", "cdktf", "ephemeral-resources", "state-stores"];

/// The directories of the layout that came before; the two must not be mixed.
const LEGACY: [&str; 2] = ["website", "docs/r"];

const MOST_PAGES: usize = 2000;
const LARGEST_PAGE: u64 = 499_999;

/// What kind of page it is, which decides what its front matter has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Index,
    Guide,
    Reference,
}

/// Everything that is wrong with the pages of the repository at this root.
pub(crate) fn problems(root: &Path) -> Vec<String> {
    let docs = root.join("docs");
    let unused = UNUSED.iter().map(|name| format!("docs/{name}"));
    let mut problems: Vec<_> = unused
        .chain(LEGACY.map(str::to_owned))
        .filter(|name| root.join(name).exists())
        .map(|name| format!("{name}: no place for pages"))
        .collect();
    let mut pages: Vec<PathBuf> = listed(&docs);
    pages.retain(|path| stem(path) == "index");
    if pages.is_empty() {
        problems.push("docs/index.md: missing".to_owned());
    }
    for directory in DIRECTORIES {
        pages.extend(listed(&docs.join(directory)));
    }
    if pages.len() > MOST_PAGES {
        problems.push(format!("docs: {} pages, more than {MOST_PAGES}", pages.len()));
    }
    for page in pages {
        let shown = page.strip_prefix(root).unwrap_or(&page).display().to_string();
        if let Err(problem) = check(&page, kind(&page)) {
            problems.push(format!("{shown}: {problem}"));
        }
    }
    problems.sort();
    problems
}

fn kind(page: &Path) -> Kind {
    if stem(page) == "index" {
        Kind::Index
    } else if page.parent().is_some_and(|folder| folder.ends_with("guides")) {
        Kind::Guide
    } else {
        Kind::Reference
    }
}

fn check(page: &Path, kind: Kind) -> Result<(), String> {
    if page.is_dir() {
        return Err("a directory, which no registry shows".to_owned());
    }
    if page.extension().is_none_or(|extension| extension != "md")
        || name(page).matches('.').count() > 1
    {
        return Err("the name does not end with .md alone".to_owned());
    }
    let size = fs::metadata(page).map_err(|error| error.to_string())?.len();
    if size > LARGEST_PAGE {
        return Err(format!("{size} bytes, more than {LARGEST_PAGE}"));
    }
    let text = fs::read_to_string(page).map_err(|error| error.to_string())?;
    let entries =
        front_matter::read(&text).map_err(|problem| format!("front matter: {problem}"))?;
    check_entries(&entries.keys().map(String::as_str).collect::<Vec<_>>(), kind)
}

/// A registry takes title and summary of a page from its front matter. It shows the index apart from all groups.
fn check_entries(found: &[&str], kind: Kind) -> Result<(), String> {
    let allowed: &[&str] = match kind {
        Kind::Index => &["description", "page_title"],
        Kind::Guide | Kind::Reference => &["description", "page_title", "subcategory"],
    };
    if let Some(name) = found.iter().find(|name| !allowed.contains(name)) {
        return Err(format!("front matter: `{name}` is not allowed here"));
    }
    match allowed.iter().find(|name| !found.contains(name)) {
        Some(name) => Err(format!("front matter: `{name}` is missing")),
        None => Ok(()),
    }
}

/// The part of the name before the first dot, as the validator has it.
fn stem(path: &Path) -> String {
    name(path).split('.').next().unwrap_or_default().to_owned()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What is in a directory; nothing where there is none.
fn listed(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "---\npage_title: \"A\"\ndescription: \"A.\"\n---\n";
    const PAGE: &str = "---\npage_title: \"A\"\nsubcategory: \"\"\ndescription: \"A.\"\n---\n";

    /// What is said of a repository with a valid index, a valid guide, and this file or directory.
    fn said_of(path: &str, text: Option<&str>) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in
            [("docs/index.md", Some(INDEX)), ("docs/guides/a.md", Some(PAGE)), (path, text)]
        {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text {
                Some(text) => fs::write(path, text).unwrap(),
                None => fs::create_dir(path).unwrap(),
            }
        }
        problems(root.path())
    }

    #[test]
    fn valid_pages_and_other_files_are_let_pass() {
        for path in ["docs/resources/a.md", "docs/list-resources/a.md", "docs/functions/a.md"] {
            assert_eq!(said_of(path, Some(PAGE)), Vec::<String>::new());
        }
        assert_eq!(said_of("docs/architecture.md", Some("# No page\n")), Vec::<String>::new());
        assert_eq!(said_of("docs/pictures/a.svg", Some("<svg/>")), Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        let large = format!("{PAGE}{}", "x".repeat(500_000));
        let layout = PAGE.replace("subcategory", "layout");
        let untitled = PAGE.replace("page_title: \"A\"\n", "");
        for (path, text, problem) in [
            ("docs/index.md", Some(PAGE), "`subcategory` is not allowed"),
            ("docs/resources/index.md", Some(PAGE), "`subcategory` is not allowed"),
            ("docs/index.html.md", Some(INDEX), ".md alone"),
            ("docs/guides/b.markdown", Some(PAGE), ".md alone"),
            ("docs/guides/b.html.md", Some(PAGE), ".md alone"),
            ("docs/guides/b.md", Some(&*untitled), "`page_title` is missing"),
            ("docs/resources/b.md", Some(INDEX), "`subcategory` is missing"),
            ("docs/resources/b.md", Some(&*layout), "`layout` is not allowed"),
            ("docs/resources/b.md", Some("# B\n"), "front matter: the first line"),
            ("docs/resources/b.md", Some(&*large), "bytes, more than"),
            ("docs/resources/b", None, "a directory"),
            ("docs/actions", None, "no place for pages"),
            ("website/docs/r/b.md", Some(PAGE), "no place for pages"),
        ] {
            let problems = said_of(path, text);
            assert_eq!(problems.len(), 1, "{path}: {problems:?}");
            assert!(problems[0].contains(problem), "{path}: {problems:?}");
        }
    }

    #[test]
    fn an_index_is_needed_and_the_number_of_pages_is_bounded() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(problems(root.path()), ["docs/index.md: missing"]);
        let guides = root.path().join("docs/guides");
        fs::create_dir_all(&guides).unwrap();
        fs::write(root.path().join("docs/index.md"), INDEX).unwrap();
        for number in 0..MOST_PAGES {
            fs::write(guides.join(format!("{number}.md")), PAGE).unwrap();
        }
        assert_eq!(problems(root.path()), ["docs: 2001 pages, more than 2000"]);
    }
}
