//! The signature of the checksums, checked by `gpg` in a keyring that holds one key and is thrown away.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Fails unless the file is signed by the key.
pub(super) fn check(public_key: &Path, signature: &Path, file: &Path) -> Result<()> {
    let keyring = tempfile::tempdir()?;
    gpg(keyring.path(), &["--import".as_ref(), public_key])?;
    gpg(keyring.path(), &["--verify".as_ref(), signature, file])
        .with_context(|| format!("{} is not signed by that key", file.display()))
}

fn gpg(keyring: &Path, words: &[&Path]) -> Result<()> {
    let output = Command::new("gpg")
        .args(["--batch", "--no-tty", "--quiet", "--no-autostart", "--homedir"])
        .arg(keyring)
        .args(words)
        .output()
        .context("cannot run gpg, which checks signatures")?;
    if !output.status.success() {
        bail!("gpg: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
