//! Terraform in the empty root as well: nothing there but the provider's package, Terraform, and what configures both. It needs
//! a Terraform that is one static program, as the released ones are.

use std::fs;

use mock_openrouter::{Mock, Options};

use crate::empty_root::EmptyRoot;
use crate::harness::{Run, Terraform, host};
use crate::{GUARDRAIL, SOURCE, source};
use crate::{mirror, packages};

#[test]
fn runs_the_provider_in_an_empty_root() {
    let mock = Mock::start(Options::default()).expect("the mock starts");
    let directory = tempfile::tempdir().expect("there is a directory for temporary files");
    let path = directory.path().join("empty");
    let root = EmptyRoot::new(path.clone());
    fs::copy(&Terraform::get().path, path.join("terraform")).expect("the root is writable");
    for folder in host::mirrored(&path.join("mirror"), &source(), packages::VERSION) {
        packages::unpack_into(folder.parent().expect("the binary is in a directory"));
    }
    mirror::cli_config(&path, "/mirror".as_ref());
    let provider = format!("openrouter = {{ source = {SOURCE:?} }}");
    let settings = format!("terraform {{\n  required_providers {{ {provider} }}\n}}\n");
    root.write("work/main.tf", &format!("{settings}{GUARDRAIL}"));
    root.write("tmp/.keep", "");
    // Go opens it for a child process without input. An empty file has as little to read.
    root.write("dev/null", "");

    let url = format!("http://localhost:{}/api/v1", mock.address().port());
    let run = |words: &[&str]| {
        let entrance = root.entrance();
        let mut command = host::hermetic(entrance[0].as_ref());
        command.args(&entrance[1..]).args(["/terraform", "-chdir=/work"]).args(words);
        command.envs([("HOME", "/"), ("TMPDIR", "/tmp"), ("TF_CLI_CONFIG_FILE", "/cli.tfrc")]);
        command.envs([("OPENROUTER_BASE_URL", url.as_str())]);
        command.env("OPENROUTER_MANAGEMENT_KEY", mock.management_key());
        let output = command.output().expect("the root can be entered");
        Run::new(format!("terraform {}", words.join(" ")), output).succeeds()
    };
    run(&["init"]);
    run(&["apply", "-auto-approve"]).says("1 added, 0 changed, 0 destroyed");
    assert_eq!(mock.guardrails()[0]["name"], "released");
    run(&["destroy", "-auto-approve"]).says("1 destroyed");
    assert!(mock.guardrails().is_empty());
}
