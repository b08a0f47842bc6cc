//! Where the provider listens, in environments where other providers do not start.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::harness::{Provider, Start};

/// Whether the provider responds to its host, and ends in order.
async fn works(provider: &mut Provider) -> bool {
    drop(provider.channel().await);
    provider.shutdown().await.0.success()
}

fn is_in(provider: &Provider, directory: &Path) -> bool {
    Path::new(&provider.handshake.address).parent() == Some(directory)
}

#[tokio::test]
async fn the_socket_lies_in_the_temporary_directory() {
    let mut provider = Provider::start().await;
    assert_eq!(provider.handshake.network, "unix");
    assert_eq!(provider.process.temporary_files(), [Path::new(&provider.handshake.address)]);
    assert_eq!(provider.handshake.fields.len(), 6);
    assert!(!provider.handshake.fields[5].ends_with('='), "base64 without padding");
    let mode = std::fs::metadata(&provider.handshake.address).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may connect");
    assert!(works(&mut provider).await);
    assert!(provider.process.temporary_files().is_empty());
}

#[tokio::test]
async fn without_tls_there_is_no_certificate() {
    let mut provider = Start::new().without_tls().connectable().await;
    assert_eq!(provider.handshake.fields[5], "");
    assert!(works(&mut provider).await);
}

#[tokio::test]
async fn the_hosts_own_directory_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let start = Start::new().variable("PLUGIN_UNIX_SOCKET_DIR", directory.path());
    let mut provider = start.connectable().await;
    assert!(is_in(&provider, directory.path()), "{:?}", provider.handshake);
    assert!(works(&mut provider).await);
}

#[tokio::test]
async fn a_directory_that_can_hold_no_socket_is_left_for_another() {
    let long = tempfile::tempdir().unwrap();
    let deep = long.path().join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    let missing = long.path().join("missing");
    let odd = long.path().join("a|b");
    std::fs::create_dir(&odd).unwrap();
    for directory in [deep, missing, odd, "/proc".into()] {
        let mut provider = Start::new().variable("TMPDIR", &directory).connectable().await;
        assert!(is_in(&provider, Path::new("/tmp")), "{:?}", provider.handshake);
        assert!(works(&mut provider).await);
    }
}

#[tokio::test]
async fn a_relative_directory_is_announced_as_an_absolute_one() {
    let directory = tempfile::tempdir().unwrap();
    let start = Start::new().variable("PLACE", directory.path());
    let mut provider =
        start.through_shell(r#"cd "$PLACE" && TMPDIR=. exec "$0" "$@""#).connectable().await;
    assert!(is_in(&provider, directory.path()), "{:?}", provider.handshake);
    assert!(works(&mut provider).await);
}

#[tokio::test]
async fn hardly_any_environment_is_needed() {
    let start = Start::new()
        .without("TMPDIR")
        .without("PLUGIN_MIN_PORT")
        .without("PLUGIN_MAX_PORT")
        .without("PLUGIN_PROTOCOL_VERSIONS");
    let mut provider = start.connectable().await;
    assert!(works(&mut provider).await);
}

/// The host reports the mismatch better than a provider could.
#[tokio::test]
async fn protocol_5_is_announced_to_a_host_that_does_not_know_it() {
    let provider = Start::new().variable("PLUGIN_PROTOCOL_VERSIONS", "6").connectable().await;
    assert_eq!(provider.handshake.fields[1], "5");
}
