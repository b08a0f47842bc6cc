//! What a person sees who runs the program.

#[cfg(unix)]
use terraform_provider_openrouter::pb::tfplugin5::get_provider_schema;

#[cfg(unix)]
use crate::handshake_line::HandshakeLine;
#[cfg(unix)]
use crate::harness::Provider;
use crate::harness::{COOKIE, Start};

/// SIGINT, as Ctrl-C sends it.
#[cfg(unix)]
const INTERRUPT: i32 = 2;

#[tokio::test]
async fn without_the_cookie_it_says_what_it_is() {
    for start in [Start::new().without(COOKIE.0), Start::new().variable(COOKIE.0, "wrong")] {
        let mut process = start.process();
        assert_eq!(process.rest_of_stdout().await, "");
        let (status, stderr) = process.end().await;
        assert_eq!(status.code(), Some(1));
        for part in ["OpenRouter provider", "required_providers", "terraform init", "--debug"] {
            assert!(stderr.contains(part), "{part} is missing in {stderr}");
        }
    }
}

#[tokio::test]
async fn help_and_version_are_printed_on_standard_output() {
    let version = concat!("terraform-provider-openrouter ", env!("CARGO_PKG_VERSION"), "\n");
    for (argument, expected) in [("--version", version), ("--help", "required_providers")] {
        let mut process = Start::new().without(COOKIE.0).argument(argument).process();
        let stdout = process.rest_of_stdout().await;
        assert!(stdout.contains(expected), "{stdout}");
        let (status, stderr) = process.end().await;
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn an_unknown_argument_is_refused() {
    let mut process = Start::new().argument("--frobnicate").process();
    assert_eq!(process.rest_of_stdout().await, "");
    let (status, stderr) = process.end().await;
    assert_eq!(status.code(), Some(2));
    assert!(stderr.contains("--frobnicate") && stderr.contains("--help"), "{stderr}");
}

/// A host that attaches has neither cookie nor certificate. The variable is read as Terraform reads
/// it.
#[cfg(unix)]
#[tokio::test]
async fn debug_serves_every_host_that_attaches_until_ctrl_c() {
    let start = Start::new().without(COOKIE.0).variable("SHELL", "/bin/sh");
    let mut process = start.argument("--debug").process();
    let assignment = loop {
        let line = process.line().await;
        assert_ne!(line, "", "there is a line to paste");
        if let Some(assignment) = line.strip_prefix("export TF_REATTACH_PROVIDERS='") {
            break assignment.strip_suffix("'\n").expect("the line can be pasted").to_owned();
        }
    };
    let parsed: serde_json::Value = serde_json::from_str(&assignment).unwrap();
    let entry = &parsed[env!("SOURCE_ADDRESS")];
    assert_eq!(entry["Protocol"], "grpc");
    assert_eq!(entry["ProtocolVersion"], 5);
    assert_eq!(entry["Test"], true);
    assert_eq!(entry["Pid"], process.child.id().unwrap());

    let text = |name: &str| entry["Addr"][name].as_str().unwrap().to_owned();
    let handshake =
        HandshakeLine::parse(&format!("1|5|{}|{}|grpc|\n", text("Network"), text("String")));
    let mut provider = Provider { process, handshake };
    let mut client = provider.client().await;
    // Any response will do: the provider is reached.
    let response = client.get_schema(get_provider_schema::Request {}).await;
    assert_ne!(response.err().map(|status| status.code()), Some(tonic::Code::Unavailable));

    provider.process.signal(INTERRUPT);
    let (status, _) = provider.process.end().await;
    assert_eq!(status.code(), Some(0));
    assert!(provider.process.temporary_files().is_empty());
}
