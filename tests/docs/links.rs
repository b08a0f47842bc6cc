//! The links of all Markdown files: each leads to a file and a heading that exist, and a page that registries show leads to
//! other such pages only, since nothing else of the repository is there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::registry;

/// Where Markdown is, beside the root itself.
const FOLDERS: [&str; 3] = ["docs", "examples", "mock-openrouter"];

/// Every link that leads nowhere, as the file that has it and its target.
pub(crate) fn broken(root: &Path) -> Vec<String> {
    let mut broken = Vec::new();
    for page in pages(root) {
        let text = fs::read_to_string(root.join(&page)).unwrap();
        for target in targets(&text) {
            if let Some(problem) = problem(root, &page, &target) {
                broken.push(format!("{}: {target}: {problem}", page.display()));
            }
        }
    }
    broken
}

/// The Markdown files, as paths below the root.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders: Vec<_> = FOLDERS.iter().map(PathBuf::from).collect();
    folders.push(PathBuf::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).into_iter().flatten() {
            let path = folder.join(entry.unwrap().file_name());
            if root.join(&path).is_dir() && !folder.as_os_str().is_empty() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The targets of a page's links, which are not in its code.
fn targets(page: &str) -> Vec<String> {
    let prose = without_code(page);
    let links = prose.split("](").skip(1);
    links.filter_map(|link| Some(link.split_once(')')?.0.to_owned())).collect()
}

/// A page without blocks of code and without code in its lines.
fn without_code(page: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            let outside: Vec<_> = line.split('`').step_by(2).collect();
            prose += &outside.join("`");
            prose.push('\n');
        }
    }
    prose
}

/// Why a link of the page leads nowhere.
fn problem(root: &Path, page: &Path, target: &str) -> Option<&'static str> {
    if target.starts_with("https://") {
        return None;
    }
    if target.contains("://") {
        return Some("not https");
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let linked = if file.is_empty() { page.to_owned() } else { resolved(page, file) };
    if is_shown(page) && !is_shown(&linked) {
        return Some("no registry shows it");
    }
    if anchor.is_empty() {
        return (!root.join(&linked).exists()).then_some("no such file");
    }
    match fs::read_to_string(root.join(&linked)) {
        Err(_) => Some("no such file"),
        Ok(text) if has_anchor(&text, anchor) => None,
        Ok(_) => Some("no such heading"),
    }
}

/// A path that is relative to the page, as one below the root.
fn resolved(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

/// Whether registries show the page.
fn is_shown(page: &Path) -> bool {
    let is_in = |name: &str| page.parent() == Some(&Path::new("docs").join(name));
    page == Path::new("docs/index.md") || registry::DIRECTORIES.iter().any(|name| is_in(name))
}

/// Whether a page has a heading of that anchor, or an anchor of its own.
fn has_anchor(page: &str, anchor: &str) -> bool {
    let anchor_of = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || ['-', ' ', '_'].contains(c);
        heading.chars().filter(kept).collect::<String>().to_lowercase().replace(' ', "-")
    };
    let mut headings = page.lines().filter(|line| line.starts_with('#'));
    page.contains(&format!("id=\"{anchor}\""))
        || headings.any(|line| anchor_of(line.trim_start_matches('#').trim()) == anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                "README.md",
                "[index](docs/index.md#the-start) [no](docs/no.md) [old](http://a.example)",
            ),
            (
                "docs/index.md",
                "# The start\n\n[self](#the-start) [source](../README.md) [b](guides/b.md#none)",
            ),
            (
                "docs/guides/b.md",
                "[index](../index.md) [site](https://a.example)\n`a[0](x)`\n```text\n[no](no.md)\n```\n",
            ),
            ("docs/plan.md", "[readme](../README.md)"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(
            broken(root.path()),
            [
                "README.md: docs/no.md: no such file",
                "README.md: http://a.example: not https",
                "docs/index.md: ../README.md: no registry shows it",
                "docs/index.md: guides/b.md#none: no such heading",
            ]
        );
    }
}
