//! What `terraform validate` refuses, accepts and leaves for later: each rule at its attribute, saying what is allowed.

use serde_json::{Value, json};

use crate::guardrails::{guardrail, named};
use crate::harness::Workspace;

/// A wrong configuration: its lines, the attribute or part of it that is wrong, and what the message says of it.
struct Wrong {
    lines: String,
    place: &'static str,
    says: &'static [&'static str],
}

fn wrong(lines: impl Into<String>, place: &'static str, says: &'static [&'static str]) -> Wrong {
    Wrong { lines: lines.into(), place, says }
}

fn wrong_scalars() -> Vec<Wrong> {
    let text = |length| "ż".repeat(length);
    vec![
        wrong(r#"name = """#, "name", &["1 to 200 characters", "it has 0"]),
        wrong(format!("name = {:?}", text(201)), "name", &["1 to 200 characters", "it has 201"]),
        wrong("name = null", "name", &["is required", "null"]),
        wrong(
            format!("name = \"n\"\ndescription = {:?}", text(1001)),
            "description",
            &["0 to 1000 characters", "it has 1001"],
        ),
        wrong("name = \"n\"\nid = \"mine\"", "id", &["assigned by the API", "Remove it"]),
        wrong(
            "name = \"n\"\ncreated_at = \"now\"",
            "created_at",
            &["assigned by the API", "Remove it"],
        ),
        wrong(
            "name = \"n\"\nupdated_at = \"now\"",
            "updated_at",
            &["assigned by the API", "Remove it"],
        ),
        wrong("name = \"n\"\nworkspace_id = \"the production\"", "workspace_id", &["white space"]),
        wrong(
            "name = \"n\"\nworkspace_id = \"0DF9E665-D932-5740-B2C7-B52AF166BC11\"",
            "workspace_id",
            &["must be lowercase"],
        ),
        wrong(
            "name = \"n\"\nlimit_usd = 0\nreset_interval = \"daily\"",
            "limit_usd",
            &["greater than 0"],
        ),
        wrong(
            "name = \"n\"\nlimit_usd = -0.5\nreset_interval = \"daily\"",
            "limit_usd",
            &["greater than 0", "-0.5"],
        ),
        wrong("name = \"n\"\nlimit_usd = 5", "limit_usd", &["`reset_interval` too", "neither"]),
        wrong(
            "name = \"n\"\nreset_interval = \"daily\"",
            "reset_interval",
            &["`limit_usd` too", "neither"],
        ),
        wrong(
            "name = \"n\"\nlimit_usd = null\nreset_interval = \"daily\"",
            "reset_interval",
            &["`limit_usd` too"],
        ),
        wrong(
            "name = \"n\"\nlimit_usd = 5\nreset_interval = \"Daily\"",
            "reset_interval",
            &["\"Daily\"", "\"daily\", \"weekly\" or \"monthly\""],
        ),
    ]
}

fn wrong_sets() -> Vec<Wrong> {
    let empty = [
        "allowed_models",
        "ignored_models",
        "allowed_providers",
        "ignored_providers",
        "allowed_data_regions",
    ];
    let mut cases: Vec<_> = empty
        .iter()
        .map(|attribute| {
            let lines = format!("name = \"n\"\n{attribute} = []");
            wrong(lines, attribute, &["must not be empty", "omit it or set it to null"])
        })
        .collect();
    cases.push(wrong(
        "name = \"n\"\nallowed_data_regions = [\"us\", \"mars\"]",
        "allowed_data_regions",
        &["\"mars\"", "\"global\", \"europe\" or \"us\""],
    ));
    cases.push(wrong(
        "name = \"n\"\nallowed_models = [\"openai/gpt-5\", null]",
        "allowed_models",
        &["is null"],
    ));
    cases
}

fn wrong_filters() -> Vec<Wrong> {
    let filter = |members: &str| format!("name = \"n\"\ncontent_filters = [{{ {members} }}]");
    let pattern = |text: &str| filter(&format!("action = \"block\", pattern = {text:?}"));
    let builtins = |objects: &str| format!("name = \"n\"\ncontent_filter_builtins = [{objects}]");
    let (at_pattern, slug) = ("content_filters[0].pattern", "content_filter_builtins[0].slug");
    let (label, scope) = ("content_filters[0].label", "content_filter_builtins[0].scan_scope");
    let actions = &["\"redact\", \"block\" or \"flag\""];
    vec![
        wrong(filter(r#"action = "warn", pattern = "x""#), "content_filters[0].action", actions),
        wrong(
            filter(r#"action = null, pattern = "x""#),
            "content_filters[0].action",
            &["is required"],
        ),
        wrong(pattern(""), at_pattern, &["1 to 100000 characters"]),
        wrong(pattern(&"a".repeat(100_001)), at_pattern, &["1 to 100000 characters", "100001"]),
        wrong(pattern("("), at_pattern, &["not valid in JavaScript"]),
        wrong(pattern("x(?=y)"), at_pattern, &["lookaround", "(?=", "not allowed"]),
        wrong(pattern("(?!y)x"), at_pattern, &["lookaround", "(?!", "not allowed"]),
        wrong(pattern("(?<=y)x"), at_pattern, &["lookaround", "(?<=", "not allowed"]),
        wrong(pattern("(?<!y)x"), at_pattern, &["lookaround", "(?<!", "not allowed"]),
        wrong(pattern(r"(a)\1"), at_pattern, &["backreference", "not allowed"]),
        wrong(pattern(r"(?<n>a)\k<n>"), at_pattern, &["backreference", "not allowed"]),
        wrong(
            filter(&format!("action = \"block\", pattern = \"x\", label = {:?}", "l".repeat(101))),
            label,
            &["0 to 100 characters", "101"],
        ),
        wrong(
            builtins(r#"{ slug = "zip", action = "block" }"#),
            slug,
            &["\"zip\"", "\"email\"", "\"regex-prompt-injection\""],
        ),
        wrong(
            builtins(r#"{ slug = "ssn", action = "drop" }"#),
            "content_filter_builtins[0].action",
            actions,
        ),
        wrong(
            builtins(r#"{ slug = "ssn", action = "block" }, { slug = "ssn", action = "flag" }"#),
            "content_filter_builtins[1].slug",
            &["repeats \"ssn\"", "only once"],
        ),
        wrong(
            builtins(r#"{ slug = "ssn", action = "block", scan_scope = "user_only" }"#),
            scope,
            &["only be set if `slug` is \"regex-prompt-injection\""],
        ),
        wrong(
            builtins(
                r#"{ slug = "regex-prompt-injection", action = "block", scan_scope = "all" }"#,
            ),
            scope,
            &["\"all\"", "\"user_only\" or \"all_messages\""],
        ),
    ]
}

#[test]
fn each_rule_is_told_at_its_attribute_with_what_is_allowed() {
    let cases: Vec<_> =
        wrong_scalars().into_iter().chain(wrong_sets()).chain(wrong_filters()).collect();
    let workspace = Workspace::new();
    let label = |index: usize| format!("case_{index}");
    let blocks =
        cases.iter().enumerate().map(|(index, case)| guardrail(&label(index), &case.lines));
    workspace.config(&blocks.collect::<String>());

    let answer = workspace.run(&["validate", "-json"]).fails().json();
    let source = std::fs::read_to_string(workspace.directory().join("main.tf")).unwrap();
    let source: Vec<_> = source.lines().collect();
    let errors: Vec<_> = diagnostics(&answer, "error");
    for (index, case) in cases.iter().enumerate() {
        let address = format!("openrouter_guardrail.{}", label(index));
        let told: Vec<_> = errors.iter().filter(|error| error["address"] == address).collect();
        let lines: String = case.lines.chars().take(200).collect();
        let [error] = told[..] else { panic!("one error for `{lines}`, not {told:#?}") };
        let (summary, detail) =
            (error["summary"].as_str().unwrap(), error["detail"].as_str().unwrap());
        assert!(detail.contains(&format!("`{}`", case.place)), "{lines}: {error:#}");
        for text in case.says {
            assert!(detail.contains(text), "{lines} should say {text:?}: {detail}");
        }
        assert!(!summary.ends_with('.') && summary.len() < 80, "a title: {summary}");
        let line = usize::try_from(error["range"]["start"]["line"].as_u64().unwrap()).unwrap();
        let attribute = case.place.split('[').next().unwrap();
        assert!(
            source[line - 1].starts_with(&format!("{attribute} = ")),
            "{lines}: points at {}",
            source[line - 1]
        );
    }
    assert_eq!(errors.len(), cases.len());
}

#[test]
fn what_terraform_itself_checks_is_declared() {
    let workspace = Workspace::new();
    for (lines, says) in [
        ("", "The argument \"name\" is required"),
        ("name = \"n\"\nmodels = []", "An argument named \"models\" is not expected here"),
        ("name = \"n\"\nenforce_zdr_xai = \"maybe\"", "a bool is required"),
        (
            "name = \"n\"\ncontent_filters = [{ pattern = \"x\" }]",
            "attribute \"action\" is required",
        ),
    ] {
        workspace.config(&guardrail("wrong", lines));
        let answer = workspace.run(&["validate", "-json"]).fails().json();
        let errors = diagnostics(&answer, "error");
        let [error] = errors[..] else { panic!("one error for `{lines}`, not {answer:#}") };
        assert!(error["detail"].as_str().unwrap().contains(says), "{lines}: {error:#}");
    }
}

#[test]
fn the_edges_of_what_is_allowed_pass_without_a_word() {
    let longest = format!("name = {:?}\ndescription = {:?}", "ż".repeat(200), "ż".repeat(1000));
    let filters = format!(
        "content_filters = [{{ action = \"redact\", pattern = {:?}, label = {:?} }}, {{ action = \"flag\", pattern = \"[(?=)]\\\\(?=\" }}]",
        "a".repeat(100_000),
        "l".repeat(100)
    );
    let slugs =
        ["email", "phone", "ssn", "credit-card", "ip-address", "secrets", "person-name", "address"];
    let mut builtins =
        slugs.map(|slug| format!("{{ slug = {slug:?}, action = \"redact\" }}")).to_vec();
    builtins.push(
        r#"{ slug = "regex-prompt-injection", action = "flag", scan_scope = "all_messages" }"#
            .to_owned(),
    );
    let workspace = Workspace::new();
    let blocks = [
        guardrail("longest", &longest),
        named("shortest", "description = \"\"\nlimit_usd = 1e-300\nreset_interval = \"monthly\""),
        named("filters", &filters),
        named("builtins", &format!("content_filter_builtins = [{}]", builtins.join(", "))),
        named("none", "content_filters = []\ncontent_filter_builtins = []\nallowed_models = null"),
        named("regions", "allowed_data_regions = [\"global\", \"europe\", \"us\"]"),
    ];
    workspace.config(&blocks.concat());
    assert_silent(&workspace);
}

/// Values that only an apply, or whoever sets the variables, will tell are checked then.
const UNKNOWN: &str = r#"
variable "any" {}
resource "terraform_data" "later" { input = "x" }
locals { later = terraform_data.later.output }

resource "openrouter_guardrail" "variables" {
  name                    = var.any
  description             = var.any
  workspace_id            = var.any
  limit_usd               = var.any
  reset_interval          = "daily"
  allowed_models          = var.any
  allowed_data_regions    = [var.any]
  content_filters         = var.any
  content_filter_builtins = [
    { slug = var.any, action = var.any, scan_scope = var.any },
    { slug = "ssn", action = "block" },
    { slug = var.any, action = var.any, scan_scope = "user_only" },
  ]
  enforce_zdr_xai         = var.any
}

resource "openrouter_guardrail" "outputs" {
  name              = local.later
  limit_usd         = 5
  reset_interval    = local.later
  allowed_providers = [local.later]
  content_filters   = [{ action = local.later, pattern = local.later, label = local.later }]
}
"#;

#[test]
fn unknown_values_are_not_judged_before_they_are_known() {
    let workspace = Workspace::new();
    workspace.config(UNKNOWN);
    assert_silent(&workspace);

    // At apply time the same rules hold, before anything is sent.
    workspace.config(
        "resource \"terraform_data\" \"later\" { input = \"hourly\" }\n\
         resource \"openrouter_guardrail\" \"late\" {\nname = \"late\"\nlimit_usd = 5\n\
         reset_interval = terraform_data.later.output\n}",
    );
    workspace.try_apply().fails().says("`reset_interval` cannot be \"hourly\"");
    assert_eq!(workspace.mock().log().total, 0);
}

/// Expects a valid configuration and no diagnostic but Terraform's own about the way the provider is installed.
#[track_caller]
fn assert_silent(workspace: &Workspace) {
    let answer = workspace.run(&["validate", "-json"]).succeeds().json();
    assert_eq!(answer["valid"], json!(true));
    let about_guardrails = answer["diagnostics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one.get("address").is_some());
    assert_eq!(about_guardrails.collect::<Vec<_>>(), Vec::<&Value>::new());
}

fn diagnostics<'a>(answer: &'a Value, severity: &str) -> Vec<&'a Value> {
    let all = answer["diagnostics"].as_array().expect("the answer has diagnostics");
    all.iter().filter(|one| one["severity"] == severity).collect()
}
