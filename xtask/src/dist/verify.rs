//! Checks a directory as a registry does before it takes a release, and somewhat more strictly. It changes nothing, and finds
//! everything that is wrong at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::archive::{self, Entry};
use super::executable;
use super::release::{Kind, MANIFEST, Platform, Release};
use super::sums;

/// The first bytes of a signature as text. Registries want it in binary form.
const ARMOUR: &[u8] = b"-----BEGIN";

/// What a release should hold.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) release: Release<'a>,
    /// The text of the licence.
    pub(super) licence: &'a [u8],
}

/// Everything that is wrong with the directory, one line each.
pub(super) fn problems(directory: &Path, expected: Expected) -> Result<Vec<String>> {
    let files = read(directory)?;
    let mut problems = Vec::new();
    let mut summed = Vec::new();
    for (name, content) in &files {
        let kind = expected.release.kind(name);
        if matches!(kind, Some(Kind::Package(_) | Kind::Manifest)) {
            summed.push(name.as_str());
        }
        let problem = match kind {
            Some(Kind::Package(platform)) => package_problem(content, platform, expected),
            Some(Kind::Manifest) if content != MANIFEST.as_bytes() => {
                Some("is not the manifest of a provider of protocol 5".to_owned())
            }
            Some(Kind::Signature) if content.starts_with(ARMOUR) => {
                Some("is a text, and registries want the signature in binary form".to_owned())
            }
            Some(_) => None,
            None => Some(format!("is no file of version {}", expected.release.version)),
        };
        problems.extend(problem.map(|problem| format!("{name} {problem}")));
    }
    let is_package = |name: &&str| matches!(expected.release.kind(name), Some(Kind::Package(_)));
    if !summed.iter().any(is_package) {
        problems.push(format!("there is no package of version {}", expected.release.version));
    }
    for name in [expected.release.manifest(), expected.release.sums()] {
        if !files.contains_key(&name) {
            problems.push(format!("{name} is missing"));
        }
    }
    if let Some(text) = files.get(&expected.release.sums()) {
        let found = sum_problems(text, &summed, &files);
        problems
            .extend(found.iter().map(|problem| format!("{} {problem}", expected.release.sums())));
    }
    Ok(problems)
}

/// The contents of all files by name. A directory counts as an empty file: no release has one.
fn read(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let entries = fs::read_dir(directory)
        .with_context(|| format!("cannot read the directory {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let content = if path.is_dir() { Ok(Vec::new()) } else { fs::read(&path) };
        files.insert(name, content.with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(files)
}

/// What is wrong with a package, if anything is.
fn package_problem(content: &[u8], platform: Platform, expected: Expected) -> Option<String> {
    let entries = match archive::read(content) {
        Ok(entries) => entries,
        Err(error) => return Some(format!("cannot be read: {error:#}")),
    };
    let binary = expected.release.binary(platform);
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    let mut wanted = [binary.as_str(), LICENCE];
    wanted.sort_unstable();
    if names != wanted {
        return Some(format!("holds {names:?} where it should hold {wanted:?}"));
    }
    entries.iter().find_map(|entry| entry_problem(entry, platform, expected))
}

/// The file with the licence in a package.
pub(super) const LICENCE: &str = "LICENSE";

fn entry_problem(entry: &Entry, platform: Platform, expected: Expected) -> Option<String> {
    if entry.name == LICENCE {
        let is_ours = entry.content == expected.licence;
        return (!is_ours).then(|| "holds another licence".to_owned());
    }
    if entry.mode & 0o111 != 0o111 {
        return Some(format!("holds a binary that is not executable: mode {:o}", entry.mode));
    }
    let problem = executable::problem(&entry.content, platform)?;
    Some(format!("holds a binary that {problem}"))
}

/// What is wrong with the checksums, where these files should be listed and nothing else.
fn sum_problems(text: &[u8], summed: &[&str], files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let listed = match sums::parse(&String::from_utf8_lossy(text)) {
        Ok(listed) => listed,
        Err(error) => return vec![format!("cannot be used: {error:#}")],
    };
    let mut problems = Vec::new();
    for name in summed.iter().filter(|name| !listed.contains_key(**name)) {
        problems.push(format!("does not list {name}"));
    }
    for (name, sum) in &listed {
        match files.get(name) {
            None => problems.push(format!("lists {name}, which is missing")),
            Some(_) if !summed.contains(&name.as_str()) => {
                problems.push(format!(
                    "lists {name}, and registries refuse more than packages and manifest"
                ));
            }
            Some(content) if sums::of(content) != *sum => {
                problems.push(format!("has another checksum for {name}"));
            }
            Some(_) => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests;
