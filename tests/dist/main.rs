//! What is released: the files that `cargo xtask dist` makes, here of the development build, as Terraform gets them from a
//! mirror and from a registry, and the binary in them on a machine that has nothing else.

#[cfg(target_os = "linux")]
mod empty_root;
#[cfg(target_os = "linux")]
mod gateway;
#[allow(
    dead_code,
    unused_imports,
    reason = "tests/acceptance uses the same harness, and other parts of it"
)]
#[path = "../acceptance/harness/mod.rs"]
mod harness;
mod mirror;
mod packages;
#[cfg(unix)]
mod published;
#[cfg(unix)]
mod registry;
#[cfg(unix)]
mod signer;
#[cfg(target_os = "linux")]
mod terraform_itself;

use harness::Workspace;
use harness::host::SourceAddress;

/// What configurations name as the provider's source.
const SOURCE: &str = env!("SOURCE_ADDRESS");

/// The same in parts.
fn source() -> SourceAddress {
    SOURCE.parse().expect("build.rs has read it")
}

/// A guardrail that nothing has to be known for.
const GUARDRAIL: &str = r#"
resource "openrouter_guardrail" "this" {
  name = "released"
}
"#;

/// Creates the guardrail and deletes it again.
#[track_caller]
fn create_and_destroy(workspace: &Workspace) {
    workspace.config(GUARDRAIL);
    workspace.apply().says("1 added, 0 changed, 0 destroyed");
    assert_eq!(workspace.mock().guardrails()[0]["name"], "released");
    workspace.destroy().says("1 destroyed");
    assert!(workspace.mock().guardrails().is_empty());
}
