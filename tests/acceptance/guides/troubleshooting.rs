//! Every text that the guide quotes is printed when its cause is there.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mock_openrouter::{Action, Fault, PolicyType, When};
use serde_json::json;

use super::{Guide, run};
use crate::harness::{Run, Workspace};
use crate::story::{ONCE, guardrail, id_of};

/// What each block of the guide is found by, in the order of the page. A message that is worded
/// anew changes here and there.
mod quoted {
    pub(super) const NOT_FOUND: [&str; 2] =
        ["Failed to query available provider packages", "in any of the search locations"];
    pub(super) const NO_SUCH_HOST: &str = "could not connect to local.invalid";
    pub(super) const CHECKSUM: [&str; 2] =
        ["Failed to install provider", "match any of the checksums"];
    pub(super) const MISSING_KEY: &str = "Missing API key";
    pub(super) const REVOKED: &str = "has not been revoked";
    pub(super) const NO_MANAGEMENT_KEY: &str = "Only management keys";
    pub(super) const BOUND: &str = "it is restricted to one workspace";
    pub(super) const KEY_FOR_HASH: &str = "instead of its hash or an id";
    pub(super) const UNREACHED: [&str; 2] = ["cannot connect to", "never reached in this run"];
    pub(super) const CERTIFICATE: &str = "peer certificate";
    pub(super) const PROXY: [&str; 2] =
        ["Invalid provider configuration", "HTTPS_PROXY, which sets the proxy"];
    pub(super) const TIMEOUT: &str = "increase `timeout_ms`";
    pub(super) const RETRIES: &str = "gave up after";
    pub(super) const RATE_LIMIT: &str = "asks to wait";
    pub(super) const NOT_THE_API: &str = "any proxy in between";
    pub(super) const UNCONFIRMED: &str = "could not be determined";
    pub(super) const AMBIGUOUS: &str = "Any of these could be the guardrail";
    pub(super) const DUPLICATE: &str = "may exist twice";
    pub(super) const TAKEN: &str = "A guardrail named";
    pub(super) const MODEL: &str = "Invalid allowed_models: ";
    pub(super) const PROVIDER: &str = "Unknown provider";
    pub(super) const PATTERN: &str = "content_filters[0].pattern";
    pub(super) const IN_USE: &str = "is still in use";
    pub(super) const POLICY: &str = "A policy has replaced";
    pub(super) const STAYS: &str = "stays in force";
    pub(super) const NO_SUCH_KEY: &str = "the API does not know this key";
    pub(super) const TWO_GUARDRAILS: &str = "Two resources assign different guardrails to one key";
    pub(super) const MOVED: &str = "has moved to another guardrail";
    pub(super) const CRASHED: &str = "Provider crashed";
}

/// More time than the busiest machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn every_quoted_text_is_printed() {
    let guide = Guide::read("troubleshooting.md");
    installation(&guide);
    keys(&guide);
    network(&guide);
    slow_and_failing_apis(&guide);
    creates(&guide);
    refused_guardrails(&guide);
    warnings_of_guardrails(&guide);
    assignments(&guide);
    crashes(&guide);
    logs(&guide);
}

#[track_caller]
fn shows(guide: &Guide, run: Run, texts: &[&str]) {
    texts.iter().fold(run, |run, text| guide.shown_by(run, text));
}

fn installation(guide: &Guide) {
    // Terraform's own settings, without a mirror.
    let mut elsewhere = Workspace::installed();
    let source = "terraform {\n  required_providers {\n    openrouter = { source = \"local.invalid/a/b\" }\n  }\n}\n";
    elsewhere.write("main.tf", source);
    elsewhere.write("cli.tfrc", "disable_checkpoint = true\n");
    let settings = elsewhere.directory().join("cli.tfrc").display().to_string();
    elsewhere.env("TF_CLI_CONFIG_FILE", &settings);
    let missing = elsewhere.run(&["init"]).fails().says(quoted::NOT_FOUND[0]);
    shows(guide, missing, &[quoted::NO_SUCH_HOST]);

    let workspace = Workspace::installed();
    let mirror = workspace.directory().parent().unwrap().join("mirror");
    workspace.config(&guardrail("this", "name = \"ci\""));
    fs::rename(&mirror, mirror.with_extension("away")).unwrap();
    fs::create_dir(&mirror).unwrap();
    shows(guide, workspace.run(&["init"]).fails(), &quoted::NOT_FOUND);
    fs::remove_dir(&mirror).unwrap();
    fs::rename(mirror.with_extension("away"), &mirror).unwrap();
    workspace.init();

    build_again(&mirror);
    fs::remove_dir_all(workspace.directory().join(".terraform")).unwrap();
    shows(guide, workspace.run(&["init"]).fails(), &quoted::CHECKSUM);
    let lock = fs::read_to_string(workspace.directory().join(".terraform.lock.hcl")).unwrap();
    let (before, block) = lock.split_once("provider \"").unwrap();
    let (_, after) = block.split_once("\n}\n").unwrap();
    workspace.write(".terraform.lock.hcl", &format!("{before}{after}"));
    workspace.init();
}

/// Puts another file in the place of each provider below a folder.
fn build_again(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            build_again(&path);
            continue;
        }
        let bytes = [fs::read(&path).unwrap(), b"another build".to_vec()].concat();
        let permissions = fs::metadata(&path).unwrap().permissions();
        // It may be a link to the file that other tests use.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, permissions).unwrap();
    }
}

fn keys(guide: &Guide) {
    const KEY: &str = "OPENROUTER_MANAGEMENT_KEY";
    let mut workspace = Workspace::new();
    let (right, inference) = {
        let mock = workspace.mock();
        (mock.management_key().to_owned(), mock.inference_key().to_owned())
    };
    workspace.config(&guardrail("this", "name = \"ci\""));
    for (key, text) in [
        ("", quoted::MISSING_KEY),
        ("sk-or-mgmt-another", quoted::REVOKED),
        (&inference, quoted::NO_MANAGEMENT_KEY),
    ] {
        workspace.env(KEY, key);
        shows(guide, workspace.try_apply().fails(), &[text]);
    }
    workspace.env(KEY, &right);
    workspace.mock().restrict_key(Some("production")).unwrap();
    let refused = workspace.try_apply().fails();
    shows(
        guide,
        refused.says("This call was for the account's default workspace"),
        &[quoted::BOUND],
    );
    workspace.config(&assignment("this", "00000000-0000-4000-8000-000000000000", "sk-or-v1-0123"));
    shows(guide, workspace.run(&["plan"]).fails(), &[quoted::KEY_FOR_HASH]);
}

fn assignment(label: &str, guardrail_id: &str, hash: &str) -> String {
    format!(
        "resource \"openrouter_guardrail_key_assignment\" \"{label}\" {{\n  guardrail_id = {guardrail_id:?}\n  \
         key_hash = {hash:?}\n}}\n"
    )
}

fn network(guide: &Guide) {
    let mut workspace = Workspace::new();
    let quick = "provider \"openrouter\" {\n  retry = { max_elapsed_time_ms = 500 }\n}\n";
    workspace.config(&(quick.to_owned() + &guardrail("this", "name = \"ci\"")));
    workspace.env("OPENROUTER_BASE_URL", "http://127.0.0.1:1/api/v1");
    shows(guide, workspace.try_apply().fails(), &quoted::UNREACHED);

    workspace.env("OPENROUTER_BASE_URL", &untrusted_server());
    shows(guide, workspace.try_apply().fails(), &[quoted::CERTIFICATE]);
    workspace.env("OPENROUTER_BASE_URL", "https://service.invalid/api/v1");
    workspace.env("HTTPS_PROXY", "http://user:a/b@proxy.invalid:3128");
    shows(guide, workspace.try_apply().fails(), &quoted::PROXY);
}

/// A server whose certificate nobody has signed, until the end of the tests.
fn untrusted_server() -> String {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client ends the handshake, which is an error here.
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        }
    });
    format!("https://localhost:{port}/api/v1")
}

fn slow_and_failing_apis(guide: &Guide) {
    let page = "<title>Sign in</title>";
    let settings = |retry: &str| {
        format!("provider \"openrouter\" {{\n  timeout_ms = 1500\n  retry = {{ {retry} }}\n}}\n")
    };
    let (once, briefly) = ("max_elapsed_time_ms = 0", "max_elapsed_time_ms = 900");
    for (retry, action, text) in [
        (once, Action::slow(Duration::from_secs(30), When::After), quoted::TIMEOUT),
        (briefly, Action::status(503), quoted::RETRIES),
        (briefly, Action::retry_after(77), quoted::RATE_LIMIT),
        (once, Action::html(200, page, false), quoted::NOT_THE_API),
    ] {
        let workspace = Workspace::new();
        workspace.mock().add_fault(Fault::any(action).forever()).unwrap();
        workspace.config(&(settings(retry) + "data \"openrouter_guardrails\" \"all\" {}\n"));
        shows(guide, workspace.run(&["plan"]).fails(), &[text]);
    }
}

fn creates(guide: &Guide) {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let create = |action| mock.add_fault(Fault::on("POST", "/guardrails", action)).unwrap();
    workspace.config(&guardrail("this", "name = \"lost\""));
    create(Action::dropped(When::After));
    mock.add_fault(Fault::on("GET", "/guardrails", Action::status(403)).forever()).unwrap();
    shows(guide, workspace.try_apply().fails(), &[quoted::UNCONFIRMED]);
    mock.clear_faults();
    mock.reset_state().unwrap();

    // Somebody makes one of the same name before it is looked for.
    let apply = ["apply", "-auto-approve"];
    create(Action::status_after_work(503));
    mock.set_latency(Duration::from_millis(300));
    let running = workspace.start(&apply);
    assert!(mock.wait_until(PATIENCE, |mock| mock.count("POST", "/guardrails") == 1));
    mock.create_guardrail(json!({ "name": "lost" })).unwrap();
    shows(guide, running.ends_within(PATIENCE).fails(), &[quoted::AMBIGUOUS]);
    mock.set_latency(Duration::ZERO);
    mock.reset_state().unwrap();

    // And after it was looked for.
    create(Action::dropped(When::Before));
    let running = workspace.start(&apply);
    assert!(mock.wait_until(PATIENCE, |mock| mock.guardrails().len() == 1));
    mock.create_guardrail(json!({ "name": "lost" })).unwrap();
    shows(guide, running.ends_within(PATIENCE).succeeds(), &[quoted::DUPLICATE]);
}

fn refused_guardrails(guide: &Guide) {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", "name = \"ci\"")).try_apply().succeeds();
    workspace.mock().create_guardrail(json!({ "name": "taken" })).unwrap();
    workspace.config(&guardrail("this", "name = \"taken\""));
    shows(guide, workspace.try_apply().fails(), &[quoted::TAKEN]);
    for (line, text) in [
        ("allowed_models = [\"nobody/nothing\"]", quoted::MODEL),
        ("allowed_providers = [\"opnai\"]", quoted::PROVIDER),
        ("content_filters = [{ action = \"block\", pattern = \"(?=key)\" }]", quoted::PATTERN),
    ] {
        workspace
            .config(&format!("{ONCE}{}", guardrail("new", &format!("name = \"new\"\n{line}"))));
        // The mock takes any provider.
        let applied = workspace.try_apply();
        let applied = if text == quoted::PROVIDER { applied.succeeds() } else { applied.fails() };
        shows(guide, applied, &[text]);
    }
}

fn warnings_of_guardrails(guide: &Guide) {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let default = mock.default_workspace_id();
    let rules = "name = \"ci\"\nlimit_usd = 5\nreset_interval = \"daily\"";
    let of_workspace = format!(
        "resource \"openrouter_workspace_default_guardrail\" \"this\" {{\n  workspace_id = {default:?}\n}}\n"
    );
    workspace.config(&(guardrail("this", rules) + &of_workspace)).try_apply().succeeds();
    let id = id_of(&workspace, "openrouter_guardrail.this");
    mock.replace_with_policy(&id, PolicyType::Budget, "Team rules").unwrap();
    shows(guide, workspace.plans_nothing(), &[quoted::POLICY]);
    let hash = mock.key_hashes(&default).remove(0);
    mock.assign_keys(&id, &[hash]).unwrap();
    let destroyed = workspace.run(&["plan", "-destroy"]).succeeds();
    shows(guide, destroyed, &[quoted::IN_USE, quoted::STAYS]);
}

fn assignments(guide: &Guide) {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    let made = |name: &str| mock.create_guardrail(json!({ "name": name })).unwrap();
    let (one, two) = (made("one"), made("two"));
    let (one, two) = (one["id"].as_str().unwrap(), two["id"].as_str().unwrap());
    let hash = mock.key_hashes(&mock.default_workspace_id()).remove(0);
    workspace.config(&assignment("this", one, &"0".repeat(64)));
    shows(guide, workspace.try_apply().fails(), &[quoted::NO_SUCH_KEY]);
    let both = assignment("one", one, &hash) + &assignment("two", two, &hash);
    shows(guide, workspace.config(&both).try_apply().fails(), &[quoted::TWO_GUARDRAILS]);
    workspace.config(&assignment("this", one, &hash)).try_apply().succeeds();
    mock.assign_keys(two, &[hash]).unwrap();
    shows(guide, workspace.plans_something(), &[quoted::MOVED]);
}

/// No request makes the provider crash, as far as is known, so its source has to do.
fn crashes(guide: &Guide) {
    let text = guide.next("text", quoted::CRASHED);
    let summary = text.trim().strip_prefix("Error: ").unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocol/rpc.rs");
    let source = fs::read_to_string(source).unwrap();
    assert!(source.contains(&format!("Diagnostic::error({summary:?}")));
}

fn logs(guide: &Guide) {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", "name = \"ci\"")).try_apply().succeeds();
    run(&workspace, guide.shell("TF_LOG_PROVIDER=debug")).succeeds();
    let log = fs::read_to_string(workspace.directory().join("openrouter.log")).unwrap();
    assert!(log.contains("/guardrails/{id}") || log.contains("/guardrails/"), "{log}");
}
