//! Numbers: what an expression gives is planned and applied digit for digit, reaches the API as the double that it means, and
//! is no difference afterwards.

use std::collections::BTreeMap;

use serde_json::json;

use crate::guardrails::{address, held, named, patch};
use crate::harness::{Workspace, changes};

/// Expressions, and the double that the API then holds where Rust computes the same: plain decimals, results of division,
/// powers and logarithms, and what is at the edges of a double or beyond.
const NUMBERS: [(&str, Option<f64>); 30] = [
    ("0.1", Some(0.1)),
    ("0.5", Some(0.5)),
    ("12.25", Some(12.25)),
    ("12.345", Some(12.345)),
    ("99.99", Some(99.99)),
    ("100", Some(100.0)),
    ("1e-7", Some(1e-7)),
    ("1e21", Some(1e21)),
    ("1e308", Some(1e308)),
    ("1.7976931348623157e308", Some(f64::MAX)),
    ("5e-324", Some(5e-324)),
    ("0.30000000000000004", Some(0.300_000_000_000_000_04)),
    ("0.1000000000000000055511151231257827", Some(0.1)),
    ("0.123456789012345678901234567890", Some(0.123_456_789_012_345_68)),
    ("123456789012345678901234567890", Some(123_456_789_012_345_678_901_234_567_890.0)),
    ("9007199254740993", Some(9_007_199_254_740_992.0)),
    ("1 / 3", Some(1.0 / 3.0)),
    ("10 / 4", Some(2.5)),
    ("2 / 7 * 100", None),
    ("pow(2, -30)", None),
    ("pow(2, 0.5)", None),
    ("pow(10, -7)", None),
    ("pow(2, -1022)", None),
    ("pow(2, -1074)", None),
    ("log(10, 3)", None),
    ("log(2, 10)", None),
    ("tonumber(\"0.30000000000000004\")", Some(0.300_000_000_000_000_04)),
    ("jsondecode(\"[0.1, 2.675]\")[1]", Some(2.675)),
    ("parseint(\"ff\", 16) / 7", Some(255.0 / 7.0)),
    ("tonumber(format(\"%.15f\", 1 / 1073741824))", None),
];

fn limited(label: &str, expression: &str) -> String {
    named(label, &format!("limit_usd = {expression}\nreset_interval = \"daily\""))
}

fn label(index: usize) -> String {
    format!("n{index}")
}

/// The label of the guardrail that has this number in the end.
fn label_of(expression: &str) -> String {
    label(NUMBERS.iter().position(|(known, _)| *known == expression).expect("it is in the table"))
}

/// Gives each guardrail the number that `choose` gives for its index.
fn configure<'a>(workspace: &Workspace, choose: impl Fn(usize) -> &'a str) {
    let blocks = (0..NUMBERS.len()).map(|index| limited(&label(index), choose(index)));
    workspace.config(&blocks.collect::<String>());
}

#[test]
fn a_number_is_applied_as_it_was_computed() {
    let workspace = Workspace::new();
    // Each number is applied twice: by a create, and by an update of another number.
    for shift in [1, 0] {
        let number = |index: usize| NUMBERS[(index + shift) % NUMBERS.len()];
        configure(&workspace, |index| number(index).0);
        workspace.apply();
        workspace.run(&["plan", "-refresh-only", "-detailed-exitcode"]).exits_with(0);
        for index in 0..NUMBERS.len() {
            let held = held(&workspace, &label(index))["limit_usd"].as_f64().map(f64::to_bits);
            let (written, double) = number(index);
            assert!(double.is_none() || held == double.map(f64::to_bits), "{written}: {held:?}");
        }
    }

    // Another way to write the same double is no change; the next double is one.
    configure(&workspace, |index| match NUMBERS[index].0 {
        "0.1" => "1e-1",
        "9007199254740993" => "9007199254740992",
        "0.1000000000000000055511151231257827" => "0.1",
        "100" => "1e2",
        written => written,
    });
    workspace.plans_nothing();
    configure(&workspace, |index| match NUMBERS[index].0 {
        "0.30000000000000004" => "0.3",
        written => written,
    });
    let (next, drifted) = (label_of("0.30000000000000004"), label_of("100"));
    patch(&workspace, &drifted, json!({ "limit_usd": 0.7, "reset_interval": "daily" }));
    let plan = workspace.plan_json();
    let changed: BTreeMap<_, _> = changes(&plan).into_iter().collect();
    let number = |label: &str, side: &str| changed[&*address(label)][side]["limit_usd"].as_f64();
    assert_eq!(changed.len(), 2, "{changed:#?}");
    assert_eq!(number(&next, "after"), Some(0.3));
    assert_eq!([number(&drifted, "before"), number(&drifted, "after")], [Some(0.7), Some(100.0)]);
    workspace.apply();
    assert_eq!(held(&workspace, &next)["limit_usd"].as_f64(), Some(0.3));
}

/// Terraform itself makes these impossible. It sends them to the provider as doubles and compares them with all of their
/// digits when it plans, but keeps its plan as doubles with the fewest digits that tell them apart. A planned value with the
/// fewest digits does not fit the configuration, which is the error here. One with all digits would fit the configuration
/// and not the kept plan: "Provider produced inconsistent final plan". So it is better that nothing gets as far as the apply.
#[test]
fn a_double_with_more_digits_than_it_needs_is_refused_by_core_before_anything_is_made() {
    let workspace = Workspace::new();
    let numbers = [
        "1 / 1073741824",
        "0.1000000000000000055511151231257827021181583404541015625",
        "725531.26806640625",
    ];
    let blocks = numbers.iter().enumerate().map(|(index, number)| limited(&label(index), number));
    let run = workspace.config(&blocks.collect::<String>()).try_apply().fails();
    let refusals = run.words().matches("Error: Provider produced invalid plan").count();
    assert_eq!(refusals, numbers.len(), "{run}");
    assert!(workspace.mock().guardrails().is_empty());
}

/// Before 1.8 core compares the double that a function gives with the integer that it has itself sent for it, by digits of which
/// the double has fewer: no answer of a provider is right.
#[test]
fn a_large_integer_that_a_function_computes_is_applied() {
    let workspace = Workspace::new();
    workspace.config(&limited("n", "pow(2, 62)"));
    workspace.apply();
    let limit = held(&workspace, "n")["limit_usd"].as_f64().map(f64::to_bits);
    assert_eq!(limit, Some(2_f64.powi(62).to_bits()));
}
