//! A key to sign releases with, made for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A new key in a keyring of its own.
pub(crate) struct Signer(TempDir);

impl Signer {
    /// A key of the kind that both registries take: RSA.
    pub(crate) fn new() -> Self {
        Self::of_kind("rsa3072")
    }

    /// A key of a kind that gpg knows by this name.
    pub(crate) fn of_kind(kind: &str) -> Self {
        let signer = Self(tempfile::tempdir().expect("there is a directory for temporary files"));
        let words = ["--passphrase", "", "--quick-generate-key", "Release <release@example.com>"];
        signer.gpg(&[&words[..], &[kind, "sign", "never"]].concat());
        signer
    }

    /// Signs a file, and gives the signature in binary form.
    pub(crate) fn sign(&self, file: &Path) -> Vec<u8> {
        self.gpg(&["--detach-sign", "--output", "-", &file.to_string_lossy()])
    }

    /// The public key as text.
    pub(crate) fn public_key(&self) -> String {
        let text = self.gpg(&["--armor", "--export"]);
        String::from_utf8(text).expect("the key is exported as text")
    }

    /// The public key as a file.
    pub(crate) fn public_key_file(&self) -> PathBuf {
        let path = self.0.path().join("public.asc");
        fs::write(&path, self.public_key()).expect("the keyring is writable");
        path
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("--homedir").arg(self.0.path());
        command
    }

    fn gpg(&self, words: &[&str]) -> Vec<u8> {
        let mut command = self.command("gpg");
        command.args(["--batch", "--quiet", "--pinentry-mode", "loopback"]).args(words);
        let output = command.output().expect("this test needs gpg");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {words:?}: {said}");
        output.stdout
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // The agent that gpg has started would end by itself, but later.
        let _ = self.command("gpgconf").args(["--kill", "gpg-agent"]).output();
    }
}
