//! Calls that fail: one error each that tells what was asked of the service, what came back and what to do next; and a
//! state that is as it was before.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Options, When};
use serde_json::{Value, json};

use crate::harness::{Run, Workspace, changes};
use crate::story::{ONCE, THIS, errors, guardrail, id_of, names, only_error, only_guardrail};

const BEFORE: &str = "name = \"kept\"\ndescription = \"before\"\nlimit_usd = 0.1\nreset_interval = \"daily\"\n\
                      allowed_models = [\"openai/gpt-5\"]";
const AFTER: &str =
    "name = \"kept\"\ndescription = \"after\"\nlimit_usd = 5\nreset_interval = \"weekly\"";

/// What there is to ask of the service: method, path as logged, the configuration that asks for it, how messages name it.
fn operations() -> [(&'static str, &'static str, String, &'static str); 4] {
    let before = guardrail("this", BEFORE);
    [
        ("GET", "/guardrails/{id}", before.clone(), "Could not read guardrail \"kept\""),
        (
            "POST",
            "/guardrails",
            before + &guardrail("new", "name = \"new\""),
            "Could not create guardrail \"new\"",
        ),
        (
            "PATCH",
            "/guardrails/{id}",
            guardrail("this", AFTER),
            "Could not update guardrail \"kept\"",
        ),
        ("DELETE", "/guardrails/{id}", String::new(), "Could not delete guardrail \"kept\""),
    ]
}

/// A workspace with one applied guardrail, as `BEFORE` says.
fn applied() -> Workspace {
    applied_with(Workspace::new())
}

fn applied_with(workspace: Workspace) -> Workspace {
    workspace.config(&guardrail("this", BEFORE)).try_apply().succeeds();
    workspace
}

fn apply_json(workspace: &Workspace) -> Run {
    workspace.run(&["apply", "-auto-approve", "-json"])
}

/// Lets each operation meet the fault, and expects of each one error that names the act and the call and has these
/// texts, and an untouched state.
#[track_caller]
fn each_operation_fails(action: &Action, texts: &[&str]) {
    for (method, template, config, act) in operations() {
        let workspace = applied();
        let before = workspace.attributes(THIS);
        workspace.mock().add_fault(Fault::on(method, template, action.clone()).forever()).unwrap();
        workspace.config(&format!("{ONCE}{config}"));
        let call = format!("{method} {}", template.replace("{id}", before["id"].as_str().unwrap()));
        only_error(apply_json(&workspace)).says(&[act, &call]).says(texts);
        assert_eq!(
            (workspace.addresses(), workspace.attributes(THIS)),
            (vec![THIS.to_owned()], before),
            "{call}"
        );
    }
}

#[test]
fn the_services_own_message_is_shown() {
    let body = json!({ "error": { "code": 400, "message": "Guardrails are closed on Sundays", "metadata": { "day": "Sunday" } }, "user_id": "u" });
    let headers = BTreeMap::from([("X-Request-Id".to_owned(), "req-17".to_owned())]);
    let refusal = Action::Status { status: 400, headers, body: Some(body), after_work: false };
    let said = [
        "answered 400: Guardrails are closed on Sundays",
        "day: Sunday",
        "req-17",
        "Correct the configuration",
    ];
    each_operation_fails(&refusal, &said);
}

#[test]
fn a_page_of_a_proxy_is_told_from_the_api() {
    let page = "<html><head><title>Bad gateway</title></head><body>cloudy</body></html>";
    each_operation_fails(
        &Action::html(502, page, false),
        &["answered 502: an HTML page: Bad gateway", "un Terraform again"],
    );
    each_operation_fails(
        &Action::html(200, page, false),
        &["answered 200", "an HTML page: Bad gateway, not JSON", "check `server_url`"],
    );
}

/// Only the service itself can say that something is gone.
#[test]
fn a_404_of_a_proxy_takes_nothing_out_of_the_state() {
    let page = "<html><head><title>404 Not Found</title></head></html>";
    each_operation_fails(
        &Action::html(404, page, false),
        &["answered 404", "may not be a response of the OpenRouter API"],
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Workspace::new();
    let target = format!("{}/guardrails", elsewhere.mock().base_url());
    let headers = BTreeMap::from([("Location".to_owned(), target.clone())]);
    let redirect = Action::Status { status: 307, headers, body: None, after_work: false };
    each_operation_fails(
        &redirect,
        &["answered 307", &target, "Redirects are not followed", "Correct `server_url`"],
    );
    assert_eq!(elsewhere.mock().log().total, 0, "the key stays with the host it is for");
}

#[test]
fn a_lost_connection_leaves_the_outcome_open() {
    each_operation_fails(
        &Action::dropped(When::Before),
        &["connection was lost", "un Terraform again"],
    );
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let workspace = applied();
    let before = workspace.attributes(THIS);
    let fault = Fault::on("GET", "/guardrails/{id}", Action::truncated()).forever();
    workspace.mock().add_fault(fault).unwrap();
    workspace.config(&format!("{ONCE}{}", guardrail("this", BEFORE)));
    only_error(apply_json(&workspace)).says(&["the connection was lost", "it broke off after"]);
    assert_eq!(workspace.attributes(THIS), before);
}

#[test]
fn an_attempt_has_only_so_much_time() {
    let slow = Action::slow(Duration::from_secs(30), When::After);
    for (method, template, config, act) in operations() {
        let workspace = applied();
        let before = workspace.attributes(THIS);
        workspace.mock().add_fault(Fault::on(method, template, slow.clone()).forever()).unwrap();
        workspace.config(&format!("provider \"openrouter\" {{\n  timeout_ms = 1500\n  retry = {{ max_elapsed_time_ms = 0 }}\n}}\n{config}"));
        only_error(apply_json(&workspace)).says(&[
            act,
            method,
            "no complete answer within 1.5 s",
            "`timeout_ms`",
        ]);
        assert_eq!(workspace.attributes(THIS), before);
    }
}

/// What the user is told when trying again has come to nothing: how often, how long, what came last, and what to do.
#[test]
fn the_end_of_trying_is_told() {
    let provider = "provider \"openrouter\" {\n  retry = {\n    initial_interval_ms = 20\n    \
                    max_elapsed_time_ms = 900\n  }\n}\n";
    let workspace = applied();
    let mock = workspace.mock();
    let update =
        |action| mock.add_fault(Fault::on("PATCH", "/guardrails/{id}", action).forever()).unwrap();
    workspace.config(&format!("{provider}{}", guardrail("this", AFTER)));

    update(Action::status(503));
    let told = only_error(apply_json(&workspace));
    told.says(&[
        "Could not update guardrail \"kept\"",
        "answered 503",
        "; gave up after",
        "attempts in",
    ])
    .says(&["How long to try is set by `retry` in the provider block."]);

    mock.clear_faults();
    update(Action::retry_after(77));
    only_error(apply_json(&workspace)).says(&[
        "answered 429",
        "The service asks to wait 77 s, for which `retry` in the provider block has no time left.",
    ]);

    mock.clear_faults();
    mock.add_fault(Fault::on("PATCH", "/guardrails/{id}", Action::status_after_work(503))).unwrap();
    update(Action::status(400));
    mock.add_fault(Fault::on("GET", "/guardrails/{id}", Action::status(403)).skip(1).forever())
        .unwrap();
    only_error(apply_json(&workspace)).says(&[
        "answered 400",
        "; 2 attempts in",
        "may or may not have",
    ]);

    mock.clear_faults();
    mock.add_fault(Fault::on("POST", "/guardrails", Action::dropped(When::After))).unwrap();
    mock.add_fault(Fault::on("GET", "/guardrails", Action::status(403)).forever()).unwrap();
    let two = guardrail("this", AFTER) + &guardrail("new", "name = \"new\"");
    workspace.config(&format!("{provider}{two}"));
    only_error(apply_json(&workspace)).says(&[
        "Could not create guardrail \"new\"",
        "Whether the guardrail was made could not be found out: GET /guardrails answered 403",
        "what is there already can be imported",
    ]);
}

#[test]
fn a_wrong_key_and_one_without_rights_are_told_apart() {
    let mut workspace = applied();
    let before = workspace.attributes(THIS);
    let inference = workspace.mock().inference_key().to_owned();
    for (key, texts) in [
        (
            "sk-or-mgmt-wrong",
            [
                "answered 401",
                "OPENROUTER_MANAGEMENT_KEY",
                "management key that has not been revoked",
            ],
        ),
        (
            &inference,
            [
                "answered 403",
                "Only management keys can perform this operation",
                "must be a management key",
            ],
        ),
    ] {
        workspace.env("OPENROUTER_MANAGEMENT_KEY", key).config(&guardrail("this", AFTER));
        for args in [&["plan", "-json"][..], &["apply", "-auto-approve", "-refresh=false", "-json"]]
        {
            let run = workspace.run(args).never_says(key);
            only_error(run).says(&["guardrail \"kept\"", &id_of(&workspace, THIS)]).says(&texts);
            assert_eq!(workspace.attributes(THIS), before);
        }
    }
    assert_eq!(only_guardrail(workspace.mock())["description"], "before");
}

const PLACE: &str = "00000000-0000-4000-8000-00000000000a";

/// The configurations that name a workspace or a guardrail, the call that is refused for it, and the attribute.
fn named() -> [(&'static str, &'static str, String, &'static str); 8] {
    let workspace = format!("workspace_id = \"{PLACE}\"");
    let guardrail_id = format!("guardrail_id = \"{PLACE}\"");
    let (list, rows) = ("/guardrails", "/guardrails/{id}/assignments/keys");
    let block = |kind: &str, name: &str, lines: &str| {
        format!("{kind} \"openrouter_{name}\" \"x\" {{\n{lines}\n}}\n")
    };
    let key = format!("{guardrail_id}\nkey_hash = \"{}\"", "a".repeat(64));
    let member = format!("{guardrail_id}\nuser_id = \"user_1\"");
    [
        (
            "POST",
            list,
            block("resource", "guardrail", &format!("name = \"n\"\n{workspace}")),
            "workspace_id =",
        ),
        ("GET", list, block("data", "guardrails", &workspace), "workspace_id ="),
        (
            "GET",
            list,
            block("data", "guardrail", &format!("name = \"n\"\n{workspace}")),
            "workspace_id =",
        ),
        (
            "GET",
            "/guardrails/{id}",
            block("data", "guardrail", &format!("id = \"{PLACE}\"")),
            "id =",
        ),
        ("GET", rows, block("data", "guardrail_key_assignments", &guardrail_id), "guardrail_id ="),
        ("POST", rows, block("resource", "guardrail_key_assignment", &key), "guardrail_id ="),
        (
            "GET",
            "/guardrails/{id}",
            block("resource", "guardrail_member_assignment", &member),
            "guardrail_id =",
        ),
        // Nothing is named, so the block is all there is to point at.
        (
            "POST",
            list,
            block("resource", "guardrail", "name = \"n\""),
            "resource \"openrouter_guardrail\"",
        ),
    ]
}

#[test]
fn a_workspace_or_guardrail_that_the_key_may_not_use_is_pointed_at() {
    let workspace = Workspace::new();
    for (method, template, config, place) in named() {
        for (status, text) in
            [(403, "may be bound to one workspace"), (404, "the key cannot see it")]
        {
            workspace.mock().clear_faults();
            workspace
                .mock()
                .add_fault(Fault::on(method, template, Action::status(status)).forever())
                .unwrap();
            workspace.config(&config);
            only_error(apply_json(&workspace)).says(&[text]).points_at(place);
        }
    }
}

#[test]
fn an_unreachable_host_is_named() {
    let mut workspace = applied();
    let before = workspace.attributes(THIS);
    workspace.env("OPENROUTER_BASE_URL", "http://127.0.0.1:1/api/v1");
    workspace.config(&format!("{ONCE}{}", guardrail("this", BEFORE)));
    only_error(apply_json(&workspace)).says(&[
        "Could not read guardrail \"kept\"",
        "GET /guardrails/",
        "cannot connect to 127.0.0.1:1",
        "Nothing was sent",
        "`server_url`",
    ]);
    assert_eq!(workspace.attributes(THIS), before);
}

#[test]
fn a_service_that_was_never_reached_is_said_to_be_so() {
    let mut workspace = Workspace::new();
    workspace.env("OPENROUTER_BASE_URL", "http://127.0.0.1:1/api/v1");
    let settings = "provider \"openrouter\" {\n  retry = { initial_interval_ms = 50, max_elapsed_time_ms = 500 }\n}\n";
    workspace.config(
        &(settings.to_owned() + &guardrail("a", "name = \"a\"") + &guardrail("b", "name = \"b\"")),
    );
    let run = apply_json(&workspace).fails();
    for error in errors(&run) {
        assert!(
            error.to_string().contains("the service was never reached in this run"),
            "{error:#}"
        );
    }
    let log = std::fs::read_to_string(workspace.log_file()).unwrap();
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let (warnings, attempts) =
        (count("the service has not been reached yet"), count("request failed"));
    assert!(warnings >= 1 && warnings < attempts / 2, "{warnings} warnings of {attempts} attempts");
}

#[test]
fn a_refused_model_is_shown_at_its_attribute() {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", "name = \"ci\"\nallowed_models = [\"nobody/nothing\"]"));
    let run = apply_json(&workspace);
    only_error(run)
        .says(&[
            "Could not create guardrail \"ci\"",
            "POST /guardrails answered 400",
            "nobody/nothing",
        ])
        .points_at("allowed_models = ");
    assert_eq!(workspace.addresses(), [""; 0]);
    assert!(workspace.mock().guardrails().is_empty());
}

#[test]
fn a_name_that_is_taken_is_told() {
    let workspace = applied();
    workspace.mock().create_guardrail(json!({ "name": "taken" })).unwrap();
    workspace.config(&guardrail("this", "name = \"taken\""));
    only_error(apply_json(&workspace)).says(&[
        "Could not update guardrail \"kept\"",
        "PATCH /guardrails/",
        "answered 409",
        "A guardrail named \"taken\" exists already",
        "Rename one of the two",
    ]);
    assert_eq!(workspace.attributes(THIS)["name"], "kept");
    assert_eq!(names(workspace.mock()), ["kept", "taken"]);
}

/// After each failure the same configuration can simply be applied again.
#[test]
fn what_failed_is_still_pending() {
    for (method, template, config, _) in &operations()[1..] {
        let workspace = applied();
        let before = workspace.instance(THIS);
        workspace
            .mock()
            .add_fault(Fault::on(method, template, Action::status(500)).forever())
            .unwrap();
        workspace.config(&format!("{ONCE}{config}"));
        only_error(apply_json(&workspace)).says(&["answered 500"]);
        let after = workspace.instance(THIS);
        assert_eq!(after, before, "{method}: neither tainted nor changed");
        workspace.mock().clear_faults();
        let (plan, action) = (workspace.plan_json(), action_of(method));
        let pending: Vec<&Value> =
            changes(&plan).into_iter().map(|(_, change)| &change["actions"]).collect();
        assert_eq!(pending, [&json!([action])]);
        workspace.apply();
        let expected: &[&str] = if *method == "DELETE" { &[] } else { &["kept", "new"] };
        assert!(names(workspace.mock()).iter().all(|name| expected.contains(&name.as_str())));
    }
}

fn action_of(method: &str) -> &'static str {
    match method {
        "POST" => "create",
        "PATCH" => "update",
        _ => "delete",
    }
}

/// The service repeats the key in body and headers, and everything is logged.
#[test]
fn the_key_is_nowhere_to_be_seen() {
    /// What would be left of a key of which only the usual characters are masked.
    const TAIL: &str = "Key+0123456789abcdef";
    let key = format!("sk-or-mgmt-Top5ecret/{TAIL}");
    let options = Options { management_key: key.clone(), ..Options::default() };
    let mut workspace = Workspace::with_mock(options);
    workspace.env("TF_LOG", "TRACE");
    let mut workspace = applied_with(workspace);
    workspace.env("OPENROUTER_MANAGEMENT_KEY", "").env("TF_VAR_key", &key);
    let provider = "variable \"key\" {\n  sensitive = true\n}\nprovider \"openrouter\" {\n  api_key = var.key\n\
         retry = { max_elapsed_time_ms = 0 }\n}\n";
    for (method, template, config, act) in operations() {
        for status in [401, 500] {
            workspace
                .mock()
                .add_fault(Fault::on(method, template, Action::echo_key(status)))
                .unwrap();
            workspace.config(&format!("{provider}{config}"));
            let run = workspace.run(&["apply", "-auto-approve", "-no-color"]).fails().says(act);
            let run = run.never_says("Top5ecret").never_says(TAIL);
            assert!(
                run.stderr.contains("openrouter.client") && run.stderr.contains("***"),
                "the calls are logged\n{run}"
            );
        }
    }
    for entry in std::fs::read_dir(workspace.directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains("Top5ecret") && !text.contains(TAIL), "{}", path.display());
        }
    }
}
