//! A signed release: checked before it is published, installed from a registry, and mirrored from there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::harness::{Workspace, host};
use crate::mirror;
use crate::packages::{self, VERSION, said, xtask_dist};
use crate::registry::Registry;
use crate::signer::Signer;
use crate::{SOURCE, create_and_destroy, source};

/// The files of the release, and a signature.
struct Signed {
    directory: TempDir,
    signer: Signer,
}

impl Signed {
    fn new() -> Self {
        Self::by(Signer::new())
    }

    fn by(signer: Signer) -> Self {
        let directory = tempfile::tempdir().expect("there is a directory for temporary files");
        for file in fs::read_dir(packages::directory()).expect("the packages are there") {
            let file = file.expect("the packages are readable");
            let copy = directory.path().join(file.file_name());
            fs::copy(file.path(), copy).expect("the directory is writable");
        }
        let sums = format!("{}_{VERSION}_SHA256SUMS", host::PROVIDER);
        let signature = directory.path().join(format!("{sums}.sig"));
        let sums = directory.path().join(sums);
        fs::write(signature, signer.sign(&sums)).expect("it is writable");
        Self { directory, signer }
    }

    /// `cargo xtask dist --verify`, with a key that the signature must be of.
    fn verify(&self, key: &Path) -> Output {
        let words: [&OsStr; 4] = [
            "--verify".as_ref(),
            self.directory.path().as_os_str(),
            "--public-key".as_ref(),
            key.as_os_str(),
        ];
        xtask_dist(&words)
    }
}

/// Writes a CLI configuration in which the registries of the source address are at this URL.
fn cli_config(root: &Path, registry: &str) -> PathBuf {
    let path = root.join("cli.tfrc");
    let services = format!("{{ \"providers.v1\" = \"{registry}/v1/providers/\" }}");
    let mut blocks = vec![host::cli_config("direct {}")];
    for address in source().with_hosts() {
        let (host, _) = address.split_once('/').expect("an address has a host");
        blocks.push(format!("\nhost {host:?} {{\n  services = {services}\n}}\n"));
    }
    let text = blocks.concat();
    fs::write(&path, text).expect("the workspace is writable");
    path
}

#[test]
fn a_release_is_checked_with_the_key_that_it_is_signed_by() {
    let signed = Signed::new();
    let checked = signed.verify(&signed.signer.public_key_file());
    assert!(checked.status.success(), "{}", said(&checked));

    let checked = signed.verify(&Signer::new().public_key_file());
    assert!(!checked.status.success(), "{}", said(&checked));
    assert!(said(&checked).contains("not signed by that key"), "{}", said(&checked));

    let signed = Signed::by(Signer::of_kind("ed25519"));
    let checked = signed.verify(&signed.signer.public_key_file());
    assert!(!checked.status.success(), "{}", said(&checked));
    assert!(said(&checked).contains("neither RSA nor DSA"), "{}", said(&checked));
}

#[test]
fn a_registry_serves_the_release_and_terraform_mirrors_it_from_there() {
    let signed = Signed::new();
    let registry = Registry {
        directory: signed.directory.path().to_owned(),
        public_key: signed.signer.public_key(),
    };
    let registry = registry.serve();
    let workspace = Workspace::offered(|root| cli_config(root, &registry));
    workspace.config("");
    workspace.init().says(&format!("Installed {SOURCE} v{VERSION} (self-signed"));
    create_and_destroy(&workspace);

    let mirror = workspace.directory().join("mirror");
    workspace.run(&["providers", "mirror", &mirror.to_string_lossy()]).succeeds();
    let other = Workspace::offered(|root| mirror::cli_config(root, &mirror));
    other.config("");
    other.init().says(&format!("Installed {SOURCE} v{VERSION}"));
    create_and_destroy(&other);
}
