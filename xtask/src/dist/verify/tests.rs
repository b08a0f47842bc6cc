//! A directory that registries take, and all the ways to spoil it.

use std::fs;

use tempfile::TempDir;

use super::super::assemble;
use super::super::executable::tests::program;
use super::*;

const RELEASE: Release = Release { version: "1.2.3" };
const EXPECTED: Expected = Expected { release: RELEASE, licence: b"free" };
const LINUX: Platform = Platform { os: "linux", architecture: "amd64" };
const WINDOWS: Platform = Platform { os: "windows", architecture: "arm64" };

fn entry(name: &str, mode: u32, content: &[u8]) -> Entry {
    Entry { name: name.to_owned(), mode, content: content.to_vec() }
}

/// What a package should hold.
fn entries(platform: Platform) -> [Entry; 2] {
    [entry(LICENCE, 0o644, b"free"), entry(&RELEASE.binary(platform), 0o755, &program(platform))]
}

/// A directory with two packages, assembled.
fn published() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for platform in [LINUX, WINDOWS] {
        let path = directory.path().join(RELEASE.package(platform));
        archive::write(&path, &entries(platform)).unwrap();
    }
    assemble(directory.path(), RELEASE).unwrap();
    directory
}

/// Everything that is wrong, in one text.
fn found(directory: &TempDir) -> String {
    problems(directory.path(), EXPECTED).unwrap().join("\n")
}

/// What is wrong with a directory whose Linux package holds these entries, and which is otherwise right.
fn found_with(entries: &[Entry]) -> String {
    let directory = published();
    archive::write(&directory.path().join(RELEASE.package(LINUX)), entries).unwrap();
    assemble(directory.path(), RELEASE).unwrap();
    found(&directory)
}

#[test]
fn what_was_assembled_is_taken_with_and_without_what_may_lie_beside() {
    let directory = published();
    assert_eq!(found(&directory), "");
    let sums = fs::read_to_string(directory.path().join(RELEASE.sums())).unwrap();
    let names: Vec<&str> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|it| it.1).collect();
    assert_eq!(
        names,
        [
            "terraform-provider-openrouter_1.2.3_linux_amd64.zip",
            "terraform-provider-openrouter_1.2.3_manifest.json",
            "terraform-provider-openrouter_1.2.3_windows_arm64.zip",
        ]
    );
    for end in ["_SHA256SUMS.sig", "_sbom.cdx.json", ".intoto.jsonl"] {
        let name = format!("terraform-provider-openrouter_1.2.3{end}");
        fs::write(directory.path().join(name), [0x89, 1, 2]).unwrap();
    }
    assert_eq!(found(&directory), "");
}

#[test]
fn one_byte_that_was_changed_is_found_wherever_it_is() {
    for name in [RELEASE.package(LINUX), RELEASE.manifest(), RELEASE.sums()] {
        let length = fs::read(published().path().join(&name)).unwrap().len();
        for at in [0, length / 2, length - 1] {
            let directory = published();
            let path = directory.path().join(&name);
            let mut content = fs::read(&path).unwrap();
            content[at] ^= 1;
            fs::write(&path, content).unwrap();
            assert_ne!(found(&directory), "", "{name}, byte {at}");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in [RELEASE.package(WINDOWS), RELEASE.manifest(), RELEASE.sums()] {
        let directory = published();
        fs::remove_file(directory.path().join(&name)).unwrap();
        let found = found(&directory);
        assert!(found.contains(&name) && found.contains("missing"), "{found}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(found(&empty).contains("there is no package of version 1.2.3"));
}

#[test]
fn checksums_list_packages_and_manifest_and_nothing_else() {
    let directory = published();
    let path = directory.path().join(RELEASE.sums());
    let text = fs::read_to_string(&path).unwrap();

    fs::write(&path, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert!(found(&directory).contains("SHA256SUMS does not list"), "{}", found(&directory));

    let beside = "terraform-provider-openrouter_1.2.3_sbom.cdx.json";
    fs::write(directory.path().join(beside), "{}").unwrap();
    let mut sums = sums::parse(&text).unwrap();
    sums.insert(beside.to_owned(), sums::of(b"{}"));
    fs::write(&path, sums::text(&sums)).unwrap();
    assert!(found(&directory).contains("registries refuse more"), "{}", found(&directory));
}

#[test]
fn names_of_another_version_or_of_nothing_are_refused() {
    for name in [
        "terraform-provider-openrouter_1.2.4_linux_amd64.zip",
        "terraform-provider-openrouter_1.2.3_linux_x86_64.zip",
        "README.md",
    ] {
        let directory = published();
        let package = directory.path().join(RELEASE.package(LINUX));
        fs::rename(&package, directory.path().join(name)).unwrap();
        assemble(directory.path(), RELEASE).unwrap();
        let expected = format!("{name} is no file of version 1.2.3");
        assert!(found(&directory).contains(&expected), "{}", found(&directory));
    }
    let directory = published();
    fs::create_dir(directory.path().join("more")).unwrap();
    assert!(found(&directory).contains("more is no file"), "{}", found(&directory));
}

#[test]
fn a_manifest_of_another_protocol_is_refused_though_its_checksum_is_right() {
    let directory = published();
    fs::write(directory.path().join(RELEASE.manifest()), MANIFEST.replace("5.0", "6.0")).unwrap();
    let mut sums =
        sums::parse(&fs::read_to_string(directory.path().join(RELEASE.sums())).unwrap()).unwrap();
    sums.insert(RELEASE.manifest(), sums::of(MANIFEST.replace("5.0", "6.0").as_bytes()));
    fs::write(directory.path().join(RELEASE.sums()), sums::text(&sums)).unwrap();
    assert!(found(&directory).ends_with("is not the manifest of a provider of protocol 5"));
}

#[test]
fn a_package_holds_the_binary_of_its_version_and_the_licence() {
    let [licence, binary] = entries(LINUX);
    let other = entry("terraform-provider-openrouter_v1.2.4", 0o755, &binary.content);
    let plain = entry(&binary.name, 0o644, &binary.content);
    let swapped = entry(&binary.name, 0o755, &program(WINDOWS));
    let foreign = entry(LICENCE, 0o644, b"costs money");
    let more = entry("README.md", 0o644, b"");
    let again = |it: &Entry| entry(&it.name, it.mode, &it.content);
    for (held, expected) in [
        (vec![again(&licence)], "holds [\"LICENSE\"]"),
        (vec![again(&binary)], "where it should hold"),
        (vec![again(&licence), other], "_v1.2.4"),
        (vec![again(&licence), again(&binary), more], "README.md"),
        (vec![again(&licence), plain], "not executable: mode 644"),
        (vec![again(&licence), swapped], "no program for linux on amd64"),
        (vec![foreign, again(&binary)], "another licence"),
    ] {
        let found = found_with(&held);
        assert!(found.contains(expected), "{expected}: {found}");
    }
    assert_eq!(found_with(&[licence, binary]), "");
}

#[test]
fn a_signature_that_is_a_text_is_refused_and_one_of_other_checksums_is_deleted() {
    let directory = published();
    let signature = directory.path().join(RELEASE.signature());
    fs::write(&signature, "-----BEGIN PGP SIGNATURE-----\n").unwrap();
    assert!(found(&directory).contains("in binary form"));
    assemble(directory.path(), RELEASE).unwrap();
    assert!(signature.exists(), "nothing has changed");
    fs::remove_file(directory.path().join(RELEASE.package(WINDOWS))).unwrap();
    assemble(directory.path(), RELEASE).unwrap();
    assert!(!signature.exists());
}
