//! The provider's source address in documentation and examples: where it stands, and how it follows the setting. Knows
//! texts and files, and nothing of what else is in them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Where it may stand: files, and folders with everything below them. The changelog tells what was.
const PLACES: [&str; 4] = ["CONTRIBUTING.md", "README.md", "docs", "examples"];
const EXTENSIONS: [&str; 5] = ["hcl", "md", "sh", "svg", "tf"];

/// Tells which address was written last.
const WRITTEN: &str = "examples/provider/provider.tf";

/// The last part of every address that could be ours.
const TYPE: &str = "/openrouter";

/// Namespaces of other providers, in lower case: OpenRouter's own, those that the guide on migration compares, and the one that
/// stands for any other.
const OTHERS: [&str; 4] = ["openrouterteam", "cloudopsworks", "onenoted", "elsewhere"];

/// Writes the address into every file that has another in its place, and returns the paths of those.
pub(super) fn update(root: &Path, address: &str) -> Result<Vec<String>> {
    let written = read(root, WRITTEN)?;
    let former = sources(&written).next().context(format!("{WRITTEN} names no source"))?.to_owned();
    let mut changed = Vec::new();
    for path in files(root)? {
        let text = read(root, &path)?;
        let updated = updated(&text, &former, address);
        if updated != text {
            fs::write(root.join(&path), updated).with_context(|| format!("cannot write {path}"))?;
            changed.push(path);
        }
    }
    Ok(changed)
}

/// Each file and address that is neither this one nor known as another provider's.
pub(super) fn unknown(root: &Path, address: &str) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    for path in files(root)? {
        let text = read(root, &path)?;
        let others = addresses(&text).filter(|found| *found != address);
        unknown.extend(others.map(|found| format!("{path}: {found}")));
    }
    Ok(unknown)
}

/// The text with the address in place of the former one, wherever it stands, and of any other that a `source` of this
/// provider names.
fn updated(text: &str, former: &str, address: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let source = source(line).filter(|source| !is_of_another(source));
        let line = source.map_or_else(|| line.to_owned(), |source| line.replace(source, address));
        replaced(&line, former, address)
    });
    lines.collect()
}

/// Replaces an address where it stands for itself, and is no part of a longer one.
fn replaced(text: &str, former: &str, address: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        let end = word.trim_end_matches('.').len();
        result.push_str(before);
        result.push_str(if word[..end] == *former { address } else { &word[..end] });
        result.push_str(&word[end..]);
        rest = after;
    }
    result + rest
}

/// What looks like an address of this provider: `NAMESPACE/openrouter`, with or without a host.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c| !is_part(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| is_address(word) && !is_of_another(word))
}

fn is_address(word: &str) -> bool {
    let Some(before) = word.strip_suffix(TYPE) else {
        return false;
    };
    match before.split_once('/') {
        None => !before.is_empty() && !before.contains('.'),
        Some((host, namespace)) => {
            host.contains('.') && !host.starts_with('.') && !namespace.contains('/')
        }
    }
}

/// What the `source` of each provider of that type is, in order.
fn sources(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(source)
}

/// The provider's address, if the line is a `source` of that type.
fn source(line: &str) -> Option<&str> {
    let (_, value) = line.split_once("source")?;
    let (quoted, _) =
        value.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?.split_once('"')?;
    is_address(quoted).then_some(quoted)
}

fn is_of_another(address: &str) -> bool {
    let namespace = address.rsplit('/').nth(1).unwrap_or_default().to_ascii_lowercase();
    OTHERS.contains(&namespace.as_str())
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['-', '.', '/', '_'].contains(&c)
}

/// The paths of all files below the places, from the root, in order.
fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for place in PLACES {
        add_files(root, Path::new(place), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn add_files(root: &Path, path: &Path, found: &mut Vec<String>) -> Result<()> {
    let full = root.join(path);
    if full.is_dir() {
        for entry in
            fs::read_dir(&full).with_context(|| format!("cannot read {}", full.display()))?
        {
            add_files(root, &path.join(entry?.file_name()), found)?;
        }
    } else if path.extension().and_then(OsStr::to_str).is_some_and(|it| EXTENSIONS.contains(&it)) {
        found.push(path.to_string_lossy().into_owned());
    }
    Ok(())
}

fn read(root: &Path, path: &str) -> Result<String> {
    let path: PathBuf = root.join(path);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    #[test]
    fn every_file_names_the_address_that_is_set() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let set = project::read_source_address(&root).unwrap().to_string();
        let wrong = unknown(&root, &set).unwrap();
        assert!(
            wrong.is_empty(),
            "not {set}, which is set: {wrong:#?}\n`cargo xtask docs` writes the address anew. If one of another \
             provider is meant, add its namespace to `OTHERS`."
        );
    }

    const TEXT: &str = r#"
        openrouter = {
          source  = "old.example/acme/openrouter"
        }
        official = { source = "OpenRouterTeam/openrouter" }
        forgotten = { source = "acme/openrouter", version = "0.1.0" }
    Run `terraform state replace-provider registry.terraform.io/elsewhere/openrouter old.example/acme/openrouter`.
    It is old.example/acme/openrouter. Not sold.example/acme/openrouter/, openrouter/auto or ./mock/openrouter.
"#;

    const UPDATED: &str = r#"
        openrouter = {
          source  = "new/openrouter"
        }
        official = { source = "OpenRouterTeam/openrouter" }
        forgotten = { source = "new/openrouter", version = "0.1.0" }
    Run `terraform state replace-provider registry.terraform.io/elsewhere/openrouter new/openrouter`.
    It is new/openrouter. Not sold.example/acme/openrouter/, openrouter/auto or ./mock/openrouter.
"#;

    #[test]
    fn only_this_providers_address_is_replaced() {
        let once = updated(TEXT, "old.example/acme/openrouter", "new/openrouter");
        assert_eq!(once, UPDATED);
        assert_eq!(updated(&once, "new/openrouter", "new/openrouter"), UPDATED);
    }

    #[test]
    fn an_address_in_prose_that_nobody_knows_is_found() {
        let found: Vec<_> =
            addresses("From `some.one/else/openrouter`, or openrouter/openrouter.").collect();
        assert_eq!(found, ["some.one/else/openrouter", "openrouter/openrouter"]);
        let ours: Vec<_> = addresses(UPDATED).collect();
        assert_eq!(ours, ["new/openrouter"; 4]);
    }

    #[test]
    fn files_follow_the_setting() {
        let root = tempfile::tempdir().unwrap();
        for place in ["docs/guides", "examples/provider"] {
            fs::create_dir_all(root.path().join(place)).unwrap();
        }
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        write(WRITTEN, "source = \"a/openrouter\"\n");
        write("docs/guides/one.md", "It is `a/openrouter`.\n");
        write("docs/guides/two.md", "It is `OpenRouterTeam/openrouter`.\n");
        write("README.md", "");
        write("CONTRIBUTING.md", "");
        let changed = update(root.path(), "b.example/c/openrouter").unwrap();
        assert_eq!(changed, ["docs/guides/one.md", WRITTEN]);
        assert_eq!(
            read(root.path(), "docs/guides/one.md").unwrap(),
            "It is `b.example/c/openrouter`.\n"
        );
        assert_eq!(update(root.path(), "b.example/c/openrouter").unwrap(), Vec::<String>::new());
    }
}
