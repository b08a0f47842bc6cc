//! The signature of the checksums, checked by `gpg` in a keyring that holds one key and is thrown away, by what registries
//! demand of it: a key of RSA or DSA that has neither expired nor been revoked.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The numbers of RSA and DSA among the public-key algorithms of `OpenPGP` (RFC 4880, section 9.1).
const ALGORITHMS: [&str; 2] = ["1", "17"];

/// Fails unless the file is signed by the key.
pub(super) fn check(public_key: &Path, signature: &Path, file: &Path) -> Result<()> {
    let keyring = tempfile::tempdir()?;
    gpg(keyring.path(), &["--import".as_ref(), public_key])?;
    let status = gpg(keyring.path(), &["--verify".as_ref(), signature, file])
        .with_context(|| format!("{} is not signed by that key", file.display()))?;
    match fault(&status) {
        Some(fault) => bail!("the signature of {} {fault}", file.display()),
        None => Ok(()),
    }
}

/// What registries refuse in a signature that gpg has verified, by the lines that gpg writes for programs.
fn fault(status: &str) -> Option<&'static str> {
    let words = status.lines().filter_map(|line| line.strip_prefix("[GNUPG:] "));
    let words: Vec<Vec<&str>> = words.map(|line| line.split(' ').collect()).collect();
    if !words.iter().any(|words| words[0] == "GOODSIG") {
        return Some("is by a key that has expired or is revoked, or has itself expired");
    }
    // VALIDSIG, then fingerprint, date, two times, version, a reserved field, and the algorithm of the key.
    let valid = words.iter().find(|words| words[0] == "VALIDSIG");
    let algorithm = valid.and_then(|words| words.get(7));
    let is_taken = algorithm.is_some_and(|algorithm| ALGORITHMS.contains(algorithm));
    (!is_taken).then_some("is by a key that is neither RSA nor DSA, which registries refuse")
}

/// Runs gpg, and returns what it writes for programs.
fn gpg(keyring: &Path, words: &[&Path]) -> Result<String> {
    let output = Command::new("gpg")
        .args(["--batch", "--no-tty", "--quiet", "--no-autostart", "--status-fd", "1", "--homedir"])
        .arg(keyring)
        .args(words)
        .output()
        .context("cannot run gpg, which checks signatures")?;
    if !output.status.success() {
        bail!("gpg: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gpg_lets_pass_and_registries_do_not_is_refused() {
        let status = |good: &str, algorithm: &str| {
            format!(
                "[GNUPG:] NEWSIG\n[GNUPG:] {good} ID Name\n[GNUPG:] VALIDSIG F D 1 0 4 0 {algorithm} 8 00 F\n"
            )
        };
        assert_eq!(fault(&status("GOODSIG", "1")), None);
        assert_eq!(fault(&status("GOODSIG", "17")), None);
        for good in ["EXPKEYSIG", "REVKEYSIG", "EXPSIG"] {
            assert!(fault(&status(good, "1")).is_some_and(|fault| fault.contains("expired")));
        }
        assert!(fault(&status("GOODSIG", "22")).is_some_and(|fault| fault.contains("neither RSA")));
        assert!(fault("").is_some());
    }
}
