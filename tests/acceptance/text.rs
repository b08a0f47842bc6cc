//! Text survives as written: at the API, in the state, and in the next plan, which is empty.

use serde_json::json;

use crate::guardrails::{edit, guardrail, held, state};
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

    // The API may keep another form of the same text.
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
