//! Text and numbers survive as written: at the service, in the state, and in the next plan, which is empty.

use serde_json::{Value, json};

use crate::guardrails::{assert_plans_update, edit, guardrail, held, named, patch, state};
use crate::harness::Workspace;

/// A label, a text as the configuration writes it, and the text that it means.
const TEXTS: [(&str, &str, &str); 11] = [
    ("unicode", r#""Zażółć gęślą jaźń 漢字 עברית""#, "Zażółć gęślą jaźń 漢字 עברית"),
    ("emoji", r#""👩‍👩‍👧 🦀""#, "👩‍👩‍👧 🦀"),
    // Terraform brings all text to NFC.
    ("decomposed", "\"cafe\u{301}\"", "caf\u{e9}"),
    ("quotes", r#""say \"hi\" 'there' `now`""#, r#"say "hi" 'there' `now`"#),
    ("newlines", r#""a\nb\r\nc""#, "a\nb\r\nc"),
    ("tabs", r#""\ta\t""#, "\ta\t"),
    ("backslashes", r#""C:\\d\\n""#, r"C:\d\n"),
    ("interpolation", r#""$${name} %%{if x} $ % {}""#, "${name} %{if x} $ % {}"),
    ("control", r#""\u0000\u0001\u007f""#, "\0\u{1}\u{7f}"),
    ("spaces", r#""  a  ""#, "  a  "),
    (
        "heredoc",
        "<<-EOT\n    one \"two\"\n      $${three} \\n\n    EOT",
        "one \"two\"\n  ${three} \\n\n",
    ),
];

#[test]
fn text_survives_as_written() {
    let workspace = Workspace::new();
    let block = |(label, written, _): &(&str, &str, &str)| {
        let lines =
            format!("name = {written}\ndescription = {written}\nallowed_providers = [{written}\n]");
        guardrail(label, &lines)
    };
    workspace.config(&TEXTS.iter().map(block).collect::<String>());
    workspace.apply();
    for (label, _, meant) in TEXTS {
        for found in [held(&workspace, label), state(&workspace, label)] {
            assert_eq!(found["name"], json!(meant), "{label}");
            assert_eq!(found["description"], json!(meant), "{label}");
            assert_eq!(found["allowed_providers"], json!([meant]), "{label}");
        }
    }

    // The service may keep another form of the same text.
    edit(
        &workspace,
        "decomposed",
        json!({ "name": "cafe\u{301}", "allowed_providers": ["cafe\u{301}"] }),
    );
    workspace.plans_nothing();
}

#[test]
fn patterns_survive_as_written() {
    let longest = "ab€".repeat(33_333) + "c";
    assert_eq!(longest.chars().count(), 100_000);
    let patterns = [
        (r#""\\b\\d{3}-\\d{2}\\b""#.to_owned(), r"\b\d{3}-\d{2}\b"),
        (r#""[\"'`]+\\\\""#.to_owned(), r#"["'`]+\\"#),
        (r#""\\$\\{x\\}|$${y}""#.to_owned(), r"\$\{x\}|${y}"),
        (format!("{longest:?}"), &longest),
        ("<<EOT\n^a\\\\b\n$\nEOT".to_owned(), "^a\\\\b\n$\n"),
    ];
    let filters: Vec<_> = patterns
        .iter()
        .map(|(written, _)| {
            format!("{{\naction = \"block\"\npattern = {written}\nlabel = \"[\\\"é\\\"]\"\n}}")
        })
        .collect();
    let lines =
        format!("name = {:?}\ncontent_filters = [\n{}]", "ß".repeat(200), filters.join(",\n"));
    let workspace = Workspace::new();
    workspace.config(&guardrail("filters", &lines));
    workspace.apply();
    let expected: Vec<_> = patterns
        .iter()
        .map(|(_, meant)| json!({ "action": "block", "pattern": meant, "label": "[\"é\"]" }))
        .collect();
    for found in [held(&workspace, "filters"), state(&workspace, "filters")] {
        assert!(found["content_filters"] == json!(expected), "the patterns differ");
        assert_eq!(found["name"], json!("ß".repeat(200)));
    }
}

/// A label, a number as the configuration writes it, and the double that the service holds.
const NUMBERS: [(&str, &str, f64); 12] = [
    ("tenth", "0.1", 0.1),
    ("decimal", "12.345", 12.345),
    ("small", "1e-7", 1e-7),
    ("beyond_integers", "9007199254740993", 9_007_199_254_740_992.0),
    ("hundred", "100", 100.0),
    ("seventeen_digits", "0.30000000000000004", 0.300_000_000_000_000_04),
    ("large", "1e21", 1e21),
    ("largest", "1.7976931348623157e308", f64::MAX),
    ("smallest", "5e-324", 5e-324),
    ("cents", "99.99", 99.99),
    ("long", "0.1000000000000000055511151231257827", 0.1),
    ("computed", "1 / 3", 1.0 / 3.0),
];

#[test]
fn numbers_survive_as_doubles() {
    let workspace = Workspace::new();
    let configure = |written: &dyn Fn(usize) -> &'static str| {
        let budget = |(index, (label, ..)): (usize, &(&str, &str, f64))| {
            named(label, &format!("limit_usd = {}\nreset_interval = \"daily\"", written(index)))
        };
        workspace.config(&NUMBERS.iter().enumerate().map(budget).collect::<String>());
    };
    configure(&|index| NUMBERS[index].1);
    workspace.apply();
    for (label, _, double) in NUMBERS {
        let held = held(&workspace, label)["limit_usd"].clone();
        assert_eq!(held.as_f64().map(f64::to_bits), Some(double.to_bits()), "{label}: {held}");
    }

    // Another way to write the same double is no change; the next double is one.
    configure(&|index| match NUMBERS[index] {
        ("tenth", ..) => "1e-1",
        ("beyond_integers", ..) => "9007199254740992",
        ("long", ..) => "0.1",
        ("hundred", ..) => "1e2",
        (_, written, _) => written,
    });
    workspace.plans_nothing();
    configure(&|index| match NUMBERS[index] {
        ("seventeen_digits", ..) => "0.3",
        (_, written, _) => written,
    });
    assert_plans_update(&workspace, "seventeen_digits", &["limit_usd"]);
    workspace.apply();
    assert_eq!(held(&workspace, "seventeen_digits")["limit_usd"].as_f64(), Some(0.3));

    // A number that someone else changed is shown as the service has it.
    patch(&workspace, "hundred", json!({ "limit_usd": 0.7, "reset_interval": "daily" }));
    let plan = workspace.plan_json();
    let changes = crate::harness::changes(&plan);
    let [(_, change)] = changes[..] else { panic!("one change, not {changes:#?}") };
    let numbers = |side: &str| change[side]["limit_usd"].as_f64();
    assert_eq!([numbers("before"), numbers("after")], [Some(0.7), Some(100.0)]);
    workspace.apply();
    assert_ne!(state(&workspace, "hundred")["updated_at"], Value::Null);
}
