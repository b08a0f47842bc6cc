//! The provider block: its attributes, the environment variables behind them, what they do to requests, and what
//! becomes of values that are not known yet.

use std::collections::BTreeSet;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::json;

use crate::harness::{Terraform, Workspace};
use crate::story::{THIS, guardrail, only_error, only_guardrail};

const KEY: &str = "OPENROUTER_MANAGEMENT_KEY";
const OTHER_KEY: &str = "OPENROUTER_API_KEY";
const URL: &str = "OPENROUTER_BASE_URL";

/// A provider block and one guardrail.
fn with_provider(settings: &str) -> String {
    format!("provider \"openrouter\" {{\n{settings}\n}}\n{}", guardrail("this", "name = \"ci\""))
}

/// A workspace with one applied guardrail, and the key that its mock takes.
fn applied() -> (Workspace, String) {
    let workspace = Workspace::new();
    workspace.config(&with_provider("")).try_apply().succeeds();
    let key = workspace.mock().management_key().to_owned();
    (workspace, key)
}

#[test]
fn the_key_is_found_where_the_documentation_says() {
    let (mut workspace, key) = applied();
    let argument = format!("api_key = {key:?}");
    let padded = format!(" {key}\r\n");
    let padded_argument = format!("api_key = {:?}", format!("\t{key}\n"));
    // The argument, the first variable, the second; and whether the key that wins is the right one.
    for (settings, first, second, works) in [
        ("", key.as_str(), "wrong-key", true),
        ("", "wrong-key", key.as_str(), false),
        ("", "", key.as_str(), true),
        ("", " \n", key.as_str(), true),
        (&argument, "wrong-key", "wrong-key", true),
        ("api_key = \"wrong-key\"", key.as_str(), key.as_str(), false),
        ("", &padded, "", true),
        (&padded_argument, "", "", true),
    ] {
        workspace.env(KEY, first).env(OTHER_KEY, second).config(&with_provider(settings));
        let run = workspace.try_plan();
        if works {
            run.exits_with(0)
        } else {
            run.fails().says("returned 401").never_says(&key)
        };
    }
}

#[test]
fn the_server_is_found_where_the_documentation_says() {
    let (mut workspace, _) = applied();
    let url = workspace.mock().base_url().to_owned();
    let nowhere = "http://127.0.0.1:1/api/v1";
    for (settings, variable, works) in [
        (format!("server_url = \"{url}/\""), nowhere, true),
        (format!("server_url = \"{nowhere}\""), url.as_str(), false),
        (String::new(), nowhere, false),
        (String::new(), url.as_str(), true),
    ] {
        let settings = format!("{settings}\nretry = {{ max_elapsed_time_ms = 0 }}");
        workspace.env(URL, variable).config(&with_provider(&settings));
        let run = workspace.try_plan();
        if works {
            run.exits_with(0)
        } else {
            run.fails().says("cannot connect to 127.0.0.1:1").says("(or OPENROUTER_BASE_URL)")
        };
    }
}

#[test]
fn a_missing_key_is_one_error_that_says_what_to_set() {
    let mut workspace = Workspace::new();
    workspace.env(KEY, "").config(&with_provider(""));
    only_error(workspace.run(&["plan", "-json"]))
        .says(&["Missing API key", "`api_key`", KEY, OTHER_KEY, "management key"])
        .points_at("provider \"openrouter\"");
    // Nothing is missing before a call is made.
    assert_eq!(workspace.validate_json()["valid"], json!(true));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn bad_settings_are_refused_at_their_attribute_and_not_repeated() {
    let workspace = Workspace::new();
    for (settings, attribute, text) in [
        ("server_url = \"http://example.com/api/v1\"", "server_url", "must use https"),
        (
            "server_url = \"https://hunter2@openrouter.ai\"",
            "provider \"openrouter\"",
            "user name or password",
        ),
        ("server_url = \"example\"", "server_url", "is not a URL"),
        ("api_key = \"Bearer hunter2\"", "provider \"openrouter\"", "must be the key alone"),
        (
            "api_key = \" \"",
            "provider \"openrouter\"",
            "is empty. Check where the value of `api_key` comes from",
        ),
        ("api_key = \"\"", "provider \"openrouter\"", "leave `api_key` out or set it to null"),
        ("api_key = \"hunter2\"", "provider \"openrouter\"", "is too short"),
        (
            "server_url = \"SK-or-v1-hunter2\"",
            "provider \"openrouter\"",
            "`server_url` contains an API key",
        ),
        (
            "server_url = \"https://openrouter.ai/?key=sk-or-v1-hunter2\"",
            "provider \"openrouter\"",
            "`server_url` contains an API key",
        ),
        (
            "server_url = \"https://openrouter.ai/%73k%2Dor-v1-hunter2\"",
            "provider \"openrouter\"",
            "`server_url` contains an API key",
        ),
        (
            "server_url = \"another-services-key-hunter2\"",
            "provider \"openrouter\"",
            "is not a URL",
        ),
        (
            "server_url = \"https://openrouter.ai/?token=hunter2\"",
            "provider \"openrouter\"",
            "a query or fragment",
        ),
        (
            "http_referer = \"sk-or-v1-hunter2\"",
            "provider \"openrouter\"",
            "`http_referer` contains an API key",
        ),
        (
            "x_open_router_title = \"key sk-or-v1-hunter2\"",
            "provider \"openrouter\"",
            "`x_open_router_title` contains an API key",
        ),
        (
            "x_open_router_categories = \"a,sk-or-v1-hunter2\"",
            "provider \"openrouter\"",
            "`x_open_router_categories` contains an API key",
        ),
        ("timeout_ms = 0", "timeout_ms", "must be greater than 0"),
        ("max_concurrent_requests = 0", "max_concurrent_requests", "must be at least 1"),
        ("retry = { exponent = 0.5 }", "retry", "`retry.exponent` must be at least 1; it is 0.5"),
        (
            "retry = { max_interval_ms = 100 }",
            "retry",
            "`retry.initial_interval_ms` is 500 by default",
        ),
        ("retry = { exponent = \"slow\" }", "retry", "a number is required"),
    ] {
        workspace.config(&with_provider(settings));
        let problem = only_error(workspace.run(&["plan", "-json"]));
        problem.says(&[text]).points_at(attribute);
        assert!(!problem.text().contains("hunter2"), "{}", problem.text());
        let validated = workspace.validate_json();
        assert_eq!(validated["error_count"], json!(1), "{validated:#}");
    }
    assert_eq!(workspace.mock().log().total, 0);
}

#[test]
fn a_bad_base_url_from_the_environment_is_named_by_its_variable() {
    let mut workspace = Workspace::new();
    for (value, texts, is_shown) in [
        ("http://openrouter.ai/api/v1", ["must use https", "127.0.0.0/8"], true),
        ("openrouter.ai/api/v1", ["is not a URL", URL], true),
        ("https://user:hunter2@openrouter.ai", ["user name or password", "not shown"], false),
        (
            "https://openrouter.ai/sk-or-v1-hunter2",
            ["The environment variable", "contains an API key"],
            false,
        ),
    ] {
        workspace.env(URL, value).config(&with_provider("server_url = null"));
        let problem = only_error(workspace.run(&["plan", "-json"]));
        problem.says(&[URL]).says(&texts).points_at("provider \"openrouter\"");
        assert_eq!(problem.text().contains(value), is_shown, "{}", problem.text());
        assert!(!problem.text().contains("hunter2"), "{}", problem.text());
    }
}

/// A call without an id in its route can also mean that the base URL is wrong.
#[test]
fn an_unknown_route_is_no_wrong_id() {
    let workspace = Workspace::new();
    let mock = workspace.mock();
    for method in ["POST", "GET"] {
        mock.add_fault(Fault::on(method, "/guardrails", Action::status(404)).forever()).unwrap();
    }
    let source = "data \"openrouter_guardrails\" \"all\" {}\n";
    for config in [with_provider(""), source.to_owned()] {
        let problem =
            only_error(workspace.config(&config).run(&["apply", "-auto-approve", "-json"]));
        problem.says(&["returned 404", "check `server_url` (or OPENROUTER_BASE_URL)"]);
        assert!(!problem.text().contains("Check the id"), "{}", problem.text());
    }
}

/// What is known only in the apply is not validated before.
#[test]
fn a_key_in_the_wrong_place_is_refused_also_where_it_is_known_late() {
    let workspace = Workspace::new();
    let source = "variable \"late\" {\n  default = \"sk-or-v1-hunter2\"\n}\n";
    for attribute in ["server_url", "http_referer"] {
        workspace.config(&(source.to_owned() + &with_provider(&format!("{attribute} = var.late"))));
        let problem = only_error(workspace.run(&["plan", "-json"]));
        problem
            .says(&[&format!("`{attribute}` contains an API key")])
            .points_at("provider \"openrouter\"");
        assert!(!problem.text().contains("hunter2"), "{}", problem.text());
    }
    assert_eq!(workspace.mock().log().total, 0);
}

#[test]
fn every_request_says_who_is_asking() {
    let mut workspace = Workspace::new();
    workspace.env("TF_APPEND_USER_AGENT", "ci/7 (nightly)");
    let settings = "http_referer = \"https://example.com/infra\"\nx_open_router_title = \"Infrastructure\"\n\
                    x_open_router_categories = \"devops,ci\"";
    workspace.config(&with_provider(settings)).apply();
    workspace.destroy();
    let log = workspace.mock().log();
    let methods: BTreeSet<&str> =
        log.requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, BTreeSet::from(["DELETE", "GET", "POST"]));
    let (major, minor) = Terraform::get().version;
    let agent = (
        format!("Terraform/{major}.{minor}."),
        format!(
            " (+https://www.terraform.io) terraform-provider-openrouter/{} ci/7 (nightly)",
            env!("CARGO_PKG_VERSION")
        ),
    );
    for request in &log.requests {
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let sent = header("user-agent").unwrap_or_default();
        assert!(sent.starts_with(&agent.0) && sent.ends_with(&agent.1), "{sent}");
        assert_eq!(sent.len() - agent.0.len() - agent.1.len(), "4".len(), "{sent}: nothing else");
        assert_eq!(header("http-referer"), Some("https://example.com/infra"));
        assert_eq!(header("x-openrouter-title"), Some("Infrastructure"));
        assert_eq!(header("x-openrouter-categories"), Some("devops,ci"));
    }
}

#[test]
fn application_headers_are_not_made_up() {
    let (workspace, _) = applied();
    let log = workspace.mock().log();
    let headers = &log.requests[0].headers;
    let product = format!("terraform-provider-openrouter/{}", env!("CARGO_PKG_VERSION"));
    assert!(headers["user-agent"].ends_with(&product), "{headers:?}");
    for name in
        ["http-referer", "referer", "x-openrouter-title", "x-title", "x-openrouter-categories"]
    {
        assert!(!headers.contains_key(name), "{name}");
    }
}

/// Several calls that together take longer than one may.
#[test]
fn the_timeout_is_for_each_attempt() {
    let workspace = Workspace::new();
    let body = "name = \"slow\"\nallowed_models = [\"openai/gpt-5\"]";
    workspace.config(&format!(
        "provider \"openrouter\" {{\n  timeout_ms = 3000\n}}\n{}",
        guardrail("this", body)
    ));
    workspace.mock().set_latency(Duration::from_millis(1600));
    workspace.try_apply().succeeds();
    assert!(workspace.mock().log().total > 1, "{:?}", workspace.mock().log().counts);
    let slow = Action::slow(Duration::from_secs(30), When::After);
    workspace.mock().add_fault(Fault::on("GET", "/guardrails/{id}", slow).forever()).unwrap();
    let settings = "  timeout_ms = 3000\n  retry = { max_elapsed_time_ms = 0 }";
    workspace.config(&format!(
        "provider \"openrouter\" {{\n{settings}\n}}\n{}",
        guardrail("this", body)
    ));
    only_error(workspace.run(&["plan", "-json"]))
        .says(&["no complete response within 3 s", "`timeout_ms`"]);
}

/// The key and the server come from something that the same apply makes.
#[test]
fn values_that_are_not_known_yet_wait_for_the_apply() {
    let mut workspace = Workspace::new();
    let (url, key) =
        (workspace.mock().base_url().to_owned(), workspace.mock().management_key().to_owned());
    workspace.env(KEY, "").env(URL, "");
    let config = |salt: &str| {
        let source = |name: &str, value: &str| {
            format!(
                "resource \"terraform_data\" \"{name}\" {{\n  input = {value:?}\n  triggers_replace = \"{salt}\"\n}}\n"
            )
        };
        let settings =
            "api_key = terraform_data.key.output\nserver_url = terraform_data.url.output";
        source("key", &key) + &source("url", &url) + &with_provider(settings)
    };
    workspace.config(&config("a")).plans_something();
    assert_eq!(workspace.mock().log().total, 0);
    workspace.apply();
    assert_eq!(only_guardrail(workspace.mock())["name"], "ci");

    // Now there is something to read, and the key is unknown again.
    let before = workspace.attributes(THIS);
    workspace.config(&config("b"));
    only_error(workspace.run(&["apply", "-auto-approve", "-json"])).says(&[
        "Provider configuration is not known yet",
        "`api_key`",
        "-target",
    ]);
    assert_eq!(workspace.attributes(THIS), before);
    let targets =
        ["apply", "-auto-approve", "-target=terraform_data.key", "-target=terraform_data.url"];
    workspace.run(&targets).succeeds();
    workspace.apply();
}

#[test]
fn another_servers_key_is_no_use() {
    let other = Mock::start(Options {
        management_key: "sk-or-mgmt-other".to_owned(),
        ..Options::default()
    })
    .unwrap();
    let mut workspace = Workspace::new();
    workspace.env(URL, other.base_url()).config(&with_provider(""));
    workspace.try_apply().fails().says("POST /guardrails returned 401");
    assert!(other.guardrails().is_empty() && workspace.mock().log().total == 0);
}

/// Otherwise requests would go out without the proxy, in silence.
#[test]
fn a_proxy_variable_that_cannot_be_parsed_is_an_error_that_names_it() {
    let mut workspace = Workspace::new();
    let settings =
        "server_url = \"https://service.invalid/api/v1\"\nretry = { max_elapsed_time_ms = 0 }";
    workspace.config(&with_provider(settings));
    workspace.env("HTTPS_PROXY", "http://user:hun/ter2@proxy.invalid:3128");
    let problem = only_error(workspace.run(&["apply", "-auto-approve", "-json"]));
    problem.says(&["Invalid provider configuration", "HTTPS_PROXY", "percent-encode"]);
    assert!(
        !problem.text().contains("ter2") && !problem.text().contains("proxy.invalid"),
        "{}",
        problem.text()
    );
}

#[test]
fn entries_of_no_proxy_that_match_nothing_are_logged() {
    let mut workspace = Workspace::new();
    let settings = "server_url = \"https://service.invalid/api/v1\"";
    workspace.config(&with_provider(settings));
    workspace.env("HTTPS_PROXY", "http://127.0.0.1:1");
    workspace.env("NO_PROXY", "https://user:hunter2@a.example,https://b.example");
    workspace.try_plan().exits_with(2);
    let log = std::fs::read_to_string(workspace.log_file()).unwrap();
    let warnings: Vec<_> =
        log.lines().filter(|line| line.contains("an entry matches no host")).collect();
    assert!(
        warnings.iter().any(|line| line.contains("[WARN]") && line.contains("https://b.example")),
        "{warnings:?}"
    );
    assert!(warnings.iter().any(|line| line.contains("(not shown)")), "{warnings:?}");
    assert!(!log.contains("hunter2"));
}

#[test]
fn a_line_break_for_the_user_agent_is_told_with_the_name_of_its_variable() {
    let mut workspace = Workspace::new();
    workspace
        .config(&("provider \"openrouter\" {}\n".to_owned() + &crate::guardrails::named("a", "")));
    workspace.env("TF_APPEND_USER_AGENT", "first\nsecond");
    crate::story::only_error(workspace.run(&["plan", "-json"]))
        .says(&["TF_APPEND_USER_AGENT", "line break"]);
    workspace.env("TF_APPEND_USER_AGENT", "first\n").apply();
}
