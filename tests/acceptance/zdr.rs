//! Zero data retention: five flags, the deprecated abbreviation for all of them, and the warnings about deprecated
//! attributes.

use serde_json::{Value, json};

use crate::guardrails::{
    assert_holds, assert_plans_update, edit, guardrail, held, named, patch, state,
};
use crate::harness::Workspace;

const FLAGS: [&str; 5] = [
    "enforce_zdr_anthropic",
    "enforce_zdr_google",
    "enforce_zdr_openai",
    "enforce_zdr_other",
    "enforce_zdr_xai",
];

fn all(value: &Value) -> Value {
    FLAGS
        .into_iter()
        .map(|flag| (flag.to_owned(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn all_but(value: &Value, flag: &str, other: &Value) -> Value {
    let mut flags = all(value);
    flags[flag] = other.clone();
    flags
}

/// The flags in the order anthropic, google, openai, other, xai, wherever they are held.
#[track_caller]
fn assert_flags(workspace: &Workspace, label: &str, flags: &Value) {
    assert_holds(&held(workspace, label), flags);
    assert_holds(&state(workspace, label), flags);
}

#[test]
fn the_abbreviation_sets_what_is_not_said_itself() {
    let (yes, no, none) = (json!(true), json!(false), Value::Null);
    let config = |lines: &str| named("a", lines);
    let workspace = Workspace::new();
    workspace.config(&config("enforce_zdr = true"));
    workspace.apply();
    assert_flags(&workspace, "a", &all(&yes));

    // One flag differs, then it is unsaid again.
    workspace.config(&config("enforce_zdr = true\nenforce_zdr_google = false"));
    assert_plans_update(&workspace, "a", &["enforce_zdr_google"]);
    workspace.apply();
    assert_flags(&workspace, "a", &all_but(&yes, "enforce_zdr_google", &no));
    workspace.config(&config("enforce_zdr = false\nenforce_zdr_google = true"));
    workspace.apply();
    assert_flags(&workspace, "a", &all_but(&no, "enforce_zdr_google", &yes));

    // Saying the same without it is a change of nothing but itself.
    workspace.config(&config("enforce_zdr_google = true"));
    workspace.apply();
    assert_flags(&workspace, "a", &all_but(&none, "enforce_zdr_google", &yes));
    assert_eq!(state(&workspace, "a")["enforce_zdr"], Value::Null);

    workspace.config(&config("enforce_zdr = true"));
    workspace.apply();
    workspace.config(&config(""));
    workspace.apply();
    assert_flags(&workspace, "a", &all(&none));
    assert_eq!(state(&workspace, "a")["enforce_zdr"], Value::Null);
}

#[test]
fn the_five_flags_tell_what_changed_behind_it() {
    let workspace = Workspace::new();
    workspace.config(
        &(named("a", "enforce_zdr = true")
            + &named("b", "enforce_zdr = true\nenforce_zdr_xai = false")),
    );
    workspace.apply();

    // What the API answers for the abbreviation itself says nothing.
    for answer in [json!(false), json!(true), Value::Null] {
        edit(&workspace, "a", json!({ "enforce_zdr": answer }));
        workspace.plans_nothing();
    }
    patch(&workspace, "a", json!({ "enforce_zdr_openai": false }));
    assert_plans_update(&workspace, "a", &["enforce_zdr_openai"]);
    workspace.apply();
    patch(&workspace, "a", all(&json!(false)));
    assert_plans_update(&workspace, "a", &FLAGS);
    workspace.apply();
    patch(&workspace, "a", all(&Value::Null));
    patch(&workspace, "b", Value::Object(serde_json::Map::new()));
    assert_plans_update(&workspace, "a", &FLAGS);
    workspace.apply();
    assert_flags(&workspace, "a", &all(&json!(true)));
    assert_flags(&workspace, "b", &all_but(&json!(true), "enforce_zdr_xai", &json!(false)));
}

#[test]
fn flags_and_abbreviation_can_be_known_late() {
    let workspace = Workspace::new();
    let later = "resource \"terraform_data\" \"later\" {\ninput = true\n}\n";
    let a = named("a", "enforce_zdr = terraform_data.later.output");
    let b = named("b", "enforce_zdr = true\nenforce_zdr_xai = !terraform_data.later.output");
    workspace.config(&(later.to_owned() + &a + &b));
    workspace.apply();
    assert_flags(&workspace, "a", &all(&json!(true)));
    assert_flags(&workspace, "b", &all_but(&json!(true), "enforce_zdr_xai", &json!(false)));
}

#[test]
fn deprecated_attributes_warn_once_and_only_where_they_are_used() {
    let builtin = |members: &str| {
        format!("content_filter_builtins = [{{ slug = \"email\", action = \"block\"{members} }}]")
    };
    let workspace = Workspace::new();
    let blocks = [
        named("silent", &format!("{}\nenforce_zdr_xai = true", builtin(""))),
        named("nulls", &format!("{}\nenforce_zdr = null", builtin(", label = null"))),
        guardrail("abbreviated", "name = \"abbreviated\"\nenforce_zdr = false"),
        named("labelled", &builtin(", label = \"[MINE]\"")),
    ];
    workspace.config(&blocks.concat());
    let answer = workspace.validate_json();
    assert_eq!(answer["valid"], json!(true));
    let warnings = answer["diagnostics"].as_array().unwrap();
    let about = |label: &str| -> Vec<_> {
        let address = format!("openrouter_guardrail.{label}");
        let found = warnings.iter().filter(|one| one["address"] == address);
        found.map(|one| (&one["severity"], one["detail"].as_str().unwrap())).collect()
    };
    assert_eq!(about("silent"), []);
    assert_eq!(about("nulls"), []);
    for (label, says) in [
        ("abbreviated", "`enforce_zdr`: Use `enforce_zdr_anthropic`,"),
        ("labelled", "`content_filter_builtins[0].label`: The API assigns"),
    ] {
        let told = about(label);
        let [(severity, detail)] = told[..] else {
            panic!("one warning about {label}, not {told:#?}")
        };
        assert_eq!(severity, "warning");
        assert!(detail.starts_with(says), "{detail}");
    }

    // Terraform hides all but one of the warnings that share a title, but not one of these behind the other.
    let validated = workspace.run(&["validate"]).succeeds();
    validated.says("Deprecated attribute `enforce_zdr`").says("Deprecated attribute `label`");

    // They work all the same, and the plan is no place to warn about a state that holds them.
    workspace.apply();
    assert_flags(&workspace, "abbreviated", &all(&json!(false)));
    let labels = |value: Value| value["content_filter_builtins"][0]["label"].clone();
    assert_eq!(labels(state(&workspace, "labelled")), "[MINE]");
    assert_eq!(labels(held(&workspace, "labelled")), "[EMAIL]");
    workspace.config(
        &(named("silent", &builtin(""))
            + &named("nulls", "")
            + &named("abbreviated", "")
            + &named("labelled", "")),
    );
    workspace.try_apply().succeeds().never_says("Deprecated attribute");
    workspace.plans_nothing();
}
