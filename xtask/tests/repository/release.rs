//! `.ci/release`, in a small checkout made for it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A checkout that can be released as 1.2.3.
fn checkout() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let package = "[package]\nname = \"terraform-provider-openrouter\"\nversion = \"1.2.3\"\n";
    write("Cargo.toml", package);
    let locked = "version = 4\n\n[[package]]\nname = \"terraform-provider-openrouter\"\nversion = \"1.2.3\"\n";
    write("Cargo.lock", locked);
    write("src/lib.rs", "");
    write("CHANGELOG.md", CHANGELOG);
    write("source-address.txt", "somebody/openrouter\n");
    write("release-key.asc", "a key\n");
    fs::create_dir(directory.path().join(".ci")).unwrap();
    fs::copy(crate::root().join(".ci/release"), directory.path().join(".ci/release")).unwrap();
    directory
}

const CHANGELOG: &str = "# Changelog\n\nAbout it.\n\n## Unreleased\n\n- Later.\n\n\
                         ## 1.2.3 (2030-01-02)\n\n### Added\n- Now.\n\n## 1.2.30\n\n- Never.\n";

fn release(checkout: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(checkout.join(".ci/release"));
    command.args(words).env("CARGO_TERM_COLOR", "never").output().unwrap()
}

#[test]
fn a_checkout_is_released_only_under_its_own_version_and_complete() {
    let fine = checkout();
    let output = release(fine.path(), &["check", "v1.2.3"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "version 1.2.3 of somebody/openrouter\n");

    for (tag, file, text, expected) in [
        ("v1.2.4", "", "", "the tag is v1.2.4, but Cargo.toml says 1.2.3"),
        ("1.2.3", "", "", "the tag is 1.2.3, but Cargo.toml says 1.2.3"),
        ("v1.2.3", "CHANGELOG.md", "## Unreleased\n\n- It.\n", "no section \"## 1.2.3\""),
        (
            "v1.2.3",
            "source-address.txt",
            "local.invalid/a/openrouter\n",
            "still says local.invalid",
        ),
    ] {
        let checkout = checkout();
        if !file.is_empty() {
            fs::write(checkout.path().join(file), text).unwrap();
        }
        assert_refused(&release(checkout.path(), &["check", tag]), expected);
    }
    let keyless = checkout();
    fs::remove_file(keyless.path().join("release-key.asc")).unwrap();
    assert_refused(&release(keyless.path(), &["check", "v1.2.3"]), "release-key.asc is missing");
}

#[track_caller]
fn assert_refused(output: &Output, expected: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains(expected), "{expected}: {stderr}");
}

#[test]
fn notes_are_the_section_of_that_version_alone() {
    let output = release(checkout().path(), &["notes", "1.2.3"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "### Added\n- Now.");
}

/// With a key that is made here, as a maintainer makes one. The signature is what registries read: of the file, and binary.
#[test]
fn a_signature_is_that_of_the_key_and_no_key_stays_behind() {
    let checkout = checkout();
    let home = tempfile::tempdir().unwrap();
    let gpg = |words: &[&str]| {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--quiet"]).args(words).env("GNUPGHOME", home.path());
        let output = command.output().expect("there is gpg");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let loopback = ["--pinentry-mode", "loopback", "--passphrase", "open sesame"];
    gpg(&[&loopback[..], &["--quick-generate-key", "release", "rsa3072", "sign"]].concat());
    let key = gpg(&[&loopback[..], &["--armor", "--export-secret-keys"]].concat());
    let sums = checkout.path().join("SHA256SUMS");
    fs::write(&sums, "0123  file.zip\n").unwrap();

    let sign = |passphrase: &str| {
        let mut command = Command::new(checkout.path().join(".ci/release"));
        command.args(["sign", "SHA256SUMS"]).env("GPG_PRIVATE_KEY", &key);
        command.env("GPG_PASSPHRASE", passphrase).env("TMPDIR", home.path()).output().unwrap()
    };
    assert!(!sign("wrong").status.success());
    let output = sign("open sesame");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let signature = checkout.path().join("SHA256SUMS.sig");
    gpg(&["--verify", signature.to_str().unwrap(), sums.to_str().unwrap()]);
    assert!(!fs::read(&signature).unwrap().starts_with(b"-----BEGIN"));
    let left = fs::read_dir(home.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with("tmp.")), "{left:?}");
    // Its agent would outlive the directory.
    let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", home.path()).status();
}

#[test]
fn nothing_is_signed_without_a_key() {
    let checkout = checkout();
    fs::write(checkout.path().join("SHA256SUMS"), "").unwrap();
    let mut command = Command::new(checkout.path().join(".ci/release"));
    command.args(["sign", "SHA256SUMS"]).env_remove("GPG_PRIVATE_KEY");
    assert_refused(&command.output().unwrap(), "GPG_PRIVATE_KEY is not set");
}
