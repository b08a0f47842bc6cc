//! Calls that fail: one error each that says what was attempted, what came back and what to do next; and a state that is as it
//! was before.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use mock_openrouter::{Action, Fault, Mock, Options, When};
use serde_json::{Value, json};

use crate::harness::{Run, Workspace, changes};
use crate::story::{
    ONCE, Problem, THIS, errors, guardrail, id_of, names, only_error, only_guardrail,
};

const BEFORE: &str = "name = \"kept\"\ndescription = \"before\"\nlimit_usd = 0.1\nreset_interval = \"daily\"\n\
                      allowed_models = [\"openai/gpt-5\"]";
const AFTER: &str =
    "name = \"kept\"\ndescription = \"after\"\nlimit_usd = 5\nreset_interval = \"weekly\"";

/// The calls that fail, and how messages name what was attempted. The update, the create and the delete are of different
/// guardrails, so that one apply attempts all three.
const READ: (&str, &str, &str) = ("GET", "/guardrails/{id}", "Could not read guardrail \"kept\"");
const WRITES: [(&str, &str, &str); 3] = [
    ("POST", "/guardrails", "Could not create guardrail \"new\""),
    ("PATCH", "/guardrails/{id}", "Could not update guardrail \"kept\""),
    ("DELETE", "/guardrails/{id}", "Could not delete guardrail \"old\""),
];

/// A workspace with one applied guardrail, as `BEFORE` says.
fn applied() -> Workspace {
    let workspace = Workspace::new();
    workspace.config(&guardrail("this", BEFORE)).try_apply().succeeds();
    workspace
}

/// What each of `WRITES` is needed for: one guardrail more, one changed, one less.
fn changed() -> String {
    guardrail("this", AFTER) + &guardrail("new", "name = \"new\"")
}

/// Applies the guardrails that `changed` changes.
fn applied_for_writes(workspace: Workspace) -> Workspace {
    workspace.config(&(guardrail("this", BEFORE) + &guardrail("old", "name = \"old\"")));
    workspace.try_apply().succeeds();
    workspace
}

fn apply_json(workspace: &Workspace) -> Run {
    workspace.run(&["apply", "-auto-approve", "-json"])
}

/// Lets the read and then all three writes meet the fault. Expects for each an error that names what was attempted and the
/// call and has these texts, and an unchanged state.
#[track_caller]
fn each_operation_fails(workspace: &Workspace, provider: &str, action: &Action, texts: &[&str]) {
    let mock = workspace.mock();
    let before = workspace.instances();
    let fail = |calls: &[(&str, &str, &str)]| {
        mock.clear_faults();
        for (method, template, _) in calls {
            mock.add_fault(Fault::on(method, template, action.clone()).forever()).unwrap();
        }
    };
    workspace.config(&format!("{provider}{}", changed()));

    fail(&[READ]);
    let reads = errors(&workspace.run(&["plan", "-json"]).fails());
    assert_eq!(reads.len(), 2, "both guardrails are read: {reads:#?}");
    fail(&WRITES);
    let writes = errors(&apply_json(workspace).fails());
    assert_eq!(writes.len(), WRITES.len(), "{writes:#?}");

    let problems: Vec<_> =
        [reads, writes].concat().into_iter().map(|diagnostic| Problem { diagnostic }).collect();
    for (method, template, attempt) in [&[READ][..], &WRITES].concat() {
        let Some(problem) = problems.iter().find(|problem| problem.text().starts_with(attempt))
        else {
            panic!("no error says {attempt:?}")
        };
        let call = format!("{method} {}", template.split('{').next().unwrap());
        problem.says(&[&call]).says(texts);
    }
    assert_eq!(workspace.instances(), before, "{action:?}");
    mock.clear_faults();
}

#[test]
fn each_operation_explains_each_failure_and_can_be_repeated() {
    let page = "<html><head><title>Bad gateway</title></head><body>cloudy</body></html>";
    let not_found = "<html><head><title>404 Not Found</title></head></html>";
    let body = json!({ "error": { "code": 400, "message": "Guardrails are closed on Sundays", "metadata": { "day": "Sunday" } }, "user_id": "u" });
    let headers = BTreeMap::from([("X-Request-Id".to_owned(), "req-17".to_owned())]);
    let refusal = Action::Status { status: 400, headers, body: Some(body), after_work: false };
    let elsewhere = Mock::start(Options::default()).unwrap();
    let target = format!("{}/guardrails", elsewhere.base_url());
    let headers = BTreeMap::from([("Location".to_owned(), target.clone())]);
    let redirect = Action::Status { status: 307, headers, body: None, after_work: false };

    let workspace = applied_for_writes(Workspace::new());
    for (action, texts) in [
        // The API's own message is shown.
        (
            refusal,
            &[
                "returned 400: Guardrails are closed on Sundays",
                "day: Sunday",
                "req-17",
                "Correct the configuration",
            ][..],
        ),
        // A page of a proxy is told from the API.
        (
            Action::html(502, page, false),
            &["returned 502: an HTML page: Bad gateway", "un Terraform again"],
        ),
        (
            Action::html(200, page, false),
            &["returned 200", "an HTML page: Bad gateway, not JSON", "check `server_url`"],
        ),
        // Only the API itself can say that something is gone.
        (
            Action::html(404, not_found, false),
            &["returned 404", "may not be a response of the OpenRouter API"],
        ),
        (
            redirect,
            &["returned 307", &target, "Redirects are not followed", "Correct `server_url`"],
        ),
        (Action::dropped(When::Before), &["connection was lost", "un Terraform again"]),
        (Action::status(500), &["returned 500"]),
    ] {
        each_operation_fails(&workspace, ONCE, &action, texts);
    }
    assert_eq!(elsewhere.log().total, 0, "the key stays with the host it is for");

    // Nothing is done yet, and the same configuration can simply be applied again.
    let plan = workspace.plan_json();
    let pending: BTreeMap<_, _> = changes(&plan)
        .into_iter()
        .map(|(address, change)| (address, &change["actions"][0]))
        .collect();
    let [new, old] = ["new", "old"].map(|label| format!("openrouter_guardrail.{label}"));
    let expected = [(&*new, json!("create")), (&*old, json!("delete")), (THIS, json!("update"))];
    assert!(pending.into_iter().eq(expected.iter().map(|(address, action)| (*address, action))));
    workspace.apply();
    assert_eq!(names(workspace.mock()), ["kept", "new"]);
}

#[test]
fn an_attempt_has_only_so_much_time() {
    let settings = "provider \"openrouter\" {\n  timeout_ms = 1500\n  retry = { max_elapsed_time_ms = 0 }\n}\n";
    let slow = Action::slow(Duration::from_secs(30), When::After);
    let texts = ["no complete response within 1.5 s", "`timeout_ms`"];
    each_operation_fails(&applied_for_writes(Workspace::new()), settings, &slow, &texts);
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let workspace = applied();
    let before = workspace.attributes(THIS);
    let fault = Fault::on("GET", "/guardrails/{id}", Action::truncated()).forever();
    workspace.mock().add_fault(fault).unwrap();
    workspace.config(&format!("{ONCE}{}", guardrail("this", BEFORE)));
    only_error(apply_json(&workspace)).says(&["the connection was lost", "it ended after"]);
    assert_eq!(workspace.attributes(THIS), before);
}

/// The error after the last retry says how often and how long was tried, what came last, and what to do.
#[test]
fn the_end_of_retries_is_explained() {
    let provider = "provider \"openrouter\" {\n  retry = {\n    initial_interval_ms = 20\n    \
                    max_elapsed_time_ms = 900\n  }\n}\n";
    let workspace = applied();
    let mock = workspace.mock();
    let update =
        |action| mock.add_fault(Fault::on("PATCH", "/guardrails/{id}", action).forever()).unwrap();
    workspace.config(&format!("{provider}{}", guardrail("this", AFTER)));

    update(Action::status(503));
    only_error(apply_json(&workspace))
        .says(&[
            "Could not update guardrail \"kept\"",
            "returned 503",
            "; gave up after",
            "attempts in",
        ])
        .says(&["`retry` in the provider block sets how long requests are retried."]);

    mock.clear_faults();
    update(Action::retry_after(77));
    only_error(apply_json(&workspace)).says(&[
        "returned 429",
        "The API asks to wait 77 s, which is longer than `retry` in the provider block allows.",
    ]);

    mock.clear_faults();
    mock.add_fault(Fault::on("PATCH", "/guardrails/{id}", Action::status_after_work(503))).unwrap();
    update(Action::status(400));
    mock.add_fault(Fault::on("GET", "/guardrails/{id}", Action::status(403)).skip(1).forever())
        .unwrap();
    only_error(apply_json(&workspace)).says(&[
        "returned 400",
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
        "Whether the guardrail was created could not be determined: GET /guardrails returned 403",
        "If it does, import it",
    ]);
}

#[test]
fn a_wrong_key_and_one_without_rights_have_different_errors() {
    let mut workspace = applied();
    let before = workspace.attributes(THIS);
    let inference = workspace.mock().inference_key().to_owned();
    for (key, texts) in [
        (
            "sk-or-mgmt-wrong",
            [
                "returned 401",
                "OPENROUTER_MANAGEMENT_KEY",
                "management key that has not been revoked",
            ],
        ),
        (
            &inference,
            [
                "returned 403",
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

/// A block whose call is refused, and the beginning of the line that the error points at: the attribute that names a
/// workspace or a guardrail.
type Named = (String, &'static str);

fn block(kind: &str, name: &str, label: &str, lines: &str) -> String {
    format!("{kind} \"openrouter_{name}\" \"{label}\" {{\n{lines}\n}}\n")
}

fn named_by_data_sources() -> [Named; 4] {
    let data = |name: &str, label: &str, lines: &str| block("data", name, label, lines);
    [
        (data("guardrails", "a", &format!("workspace_id = \"{PLACE}\"")), "workspace_id ="),
        (
            data("guardrail", "b", &format!("name = \"n\"\nworkspace_id = \"{PLACE}\"")),
            "workspace_id =",
        ),
        (data("guardrail", "c", &format!("id = \"{PLACE}\"")), "id ="),
        (
            data("guardrail_key_assignments", "d", &format!("guardrail_id = \"{PLACE}\"")),
            "guardrail_id =",
        ),
    ]
}

fn named_by_resources() -> [Named; 4] {
    let resource = |name: &str, label: &str, lines: &str| block("resource", name, label, lines);
    let assignment = |subject: &str| format!("guardrail_id = \"{PLACE}\"\n{subject}");
    let key = format!("key_hash = \"{}\"", "a".repeat(64));
    [
        (
            resource("guardrail", "e", &format!("name = \"n\"\nworkspace_id = \"{PLACE}\"")),
            "workspace_id =",
        ),
        (resource("guardrail_key_assignment", "f", &assignment(&key)), "guardrail_id ="),
        (
            resource("guardrail_member_assignment", "g", &assignment("user_id = \"user_1\"")),
            "guardrail_id =",
        ),
        // Nothing is named, so the block is all there is to point at.
        (resource("guardrail", "h", "name = \"n\""), "resource \"openrouter_guardrail\""),
    ]
}

#[test]
fn a_workspace_or_guardrail_that_the_key_may_not_use_is_pointed_at() {
    let workspace = Workspace::new();
    let rows = "/guardrails/{id}/assignments/keys";
    let calls = [
        ("POST", "/guardrails"),
        ("GET", "/guardrails"),
        ("GET", "/guardrails/{id}"),
        ("GET", rows),
        ("POST", rows),
    ];
    for (status, text) in
        [(403, "it is restricted to one workspace"), (404, "the API key cannot access it")]
    {
        workspace.mock().clear_faults();
        for (method, template) in calls {
            let fault = Fault::on(method, template, Action::status(status)).forever();
            workspace.mock().add_fault(fault).unwrap();
        }
        // Terraform does not go on to the resources while a data source cannot be read.
        for blocks in [named_by_data_sources(), named_by_resources()] {
            workspace.config(&blocks.iter().map(|(block, _)| block.as_str()).collect::<String>());
            let found = errors(&apply_json(&workspace).fails());
            assert_eq!(found.len(), blocks.len(), "{found:#?}");
            for (block, line) in blocks {
                let opening = block.split(" {").next();
                let about = |error: &&Value| {
                    error["snippet"]["context"].as_str() == opening
                        || error["snippet"]["code"]
                            .as_str()
                            .is_some_and(|code| Some(code.trim_end_matches(" {")) == opening)
                };
                let diagnostic = found.iter().find(about).cloned();
                let problem = Problem { diagnostic: diagnostic.expect("each block has its error") };
                problem.says(&[text]).points_at(line);
            }
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
fn an_api_that_was_never_reached_is_reported_as_such() {
    let mut workspace = Workspace::new();
    workspace.env("OPENROUTER_BASE_URL", "http://127.0.0.1:1/api/v1");
    let settings = "provider \"openrouter\" {\n  retry = { initial_interval_ms = 50, max_elapsed_time_ms = 500 }\n}\n";
    workspace.config(
        &(settings.to_owned() + &guardrail("a", "name = \"a\"") + &guardrail("b", "name = \"b\"")),
    );
    let run = apply_json(&workspace).fails();
    for error in errors(&run) {
        assert!(error.to_string().contains("the API was never reached in this run"), "{error:#}");
    }
    let log = std::fs::read_to_string(workspace.log_file()).unwrap();
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    let (warnings, attempts) = (count("the API has not been reached yet"), count("request failed"));
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
            "POST /guardrails returned 400",
            "nobody/nothing",
        ])
        .points_at("allowed_models = ");
    assert_eq!(workspace.addresses(), [""; 0]);
    assert!(workspace.mock().guardrails().is_empty());
}

#[test]
fn a_name_that_is_taken_is_explained() {
    let workspace = applied();
    workspace.mock().create_guardrail(json!({ "name": "taken" })).unwrap();
    workspace.config(&guardrail("this", "name = \"taken\""));
    only_error(apply_json(&workspace)).says(&[
        "Could not update guardrail \"kept\"",
        "PATCH /guardrails/",
        "returned 409",
        "A guardrail named \"taken\" already exists in this workspace",
        "Rename one of the two",
    ]);
    assert_eq!(workspace.attributes(THIS)["name"], "kept");
    assert_eq!(names(workspace.mock()), ["kept", "taken"]);
}

/// The API repeats the key in bodies and headers, and everything is logged, by Terraform too.
#[test]
fn the_key_is_nowhere_to_be_seen() {
    /// What would be left of a key of which only the usual characters are masked.
    const TAIL: &str = "Key+0123456789abcdef";
    let key = format!("sk-or-mgmt-Top5ecret/{TAIL}");
    let options = Options { management_key: key.clone(), ..Options::default() };
    let mut workspace = applied_for_writes(Workspace::with_mock(options));
    workspace.env("TF_LOG", "TRACE");
    workspace.env("OPENROUTER_MANAGEMENT_KEY", "").env("TF_VAR_key", &key);
    let provider = "variable \"key\" {\n  sensitive = true\n}\nprovider \"openrouter\" {\n  api_key = var.key\n\
         retry = { max_elapsed_time_ms = 0 }\n}\n";
    workspace.config(&format!("{provider}{}", changed()));
    for status in [401, 500] {
        for calls in [&[READ][..], &WRITES] {
            workspace.mock().clear_faults();
            for (method, template, _) in calls {
                let fault = Fault::on(method, template, Action::echo_key(status)).forever();
                workspace.mock().add_fault(fault).unwrap();
            }
            let mut run = workspace.run(&["apply", "-auto-approve", "-no-color"]).fails();
            for (_, _, attempt) in calls {
                run = run.says(attempt);
            }
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
