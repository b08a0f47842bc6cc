//! How much work hostile patterns are. Steps are counted, not seconds.

use super::{CompiledPattern, Steps};
use crate::provider::javascript_regex::{Exhausted, check};

const MANY: u64 = 1_000_000_000;

/// Patterns that take a backtracking matcher exponential time, or of a high power of the length.
const HOSTILE: &[&str] = &[
    "(a+)+b",
    "(a|a)*b",
    "(.*)*x",
    "(a*)*b",
    "((((a*)*)*)*)*b",
    "(?:(?:|a)(?:|b))*c",
    "(a|b|ab)*c",
    "a*a*a*a*a*b",
    "(?:a?){30}a{30}b",
    "(.*?,){11}P",
];

fn steps_taken(pattern: &str, text: &str) -> u64 {
    let compiled = CompiledPattern::new(pattern).expect("it is supported");
    let mut steps = Steps::new(MANY);
    assert_eq!(compiled.is_match(text, &mut steps), Ok(false), "{pattern}");
    MANY - steps.left()
}

#[test]
fn work_grows_with_the_text_and_no_faster() {
    for pattern in HOSTILE {
        let [one, two] = [2_000, 4_000].map(|length| steps_taken(pattern, &"a".repeat(length)));
        assert!(two <= 2 * one + 1_000 && one <= 2_000 * 400, "{pattern}: {one}, {two}");
    }
}

#[test]
fn a_long_text_is_answered() {
    let text = "a".repeat(100_000);
    for pattern in ["(a+)+b", "(a|a)*b", "(.*)*x"] {
        assert!(steps_taken(pattern, &text) < 100_000 * 40, "{pattern}");
    }
}

#[test]
fn a_pattern_that_is_too_large_is_refused() {
    for pattern in [
        "(a{1,1000}){1,1000}",
        "((a{99}){99}){99}",
        "(?:a{9999}|b){9999}",
        "a{2147483647}",
        "a{1,99999999}",
    ] {
        let refused = CompiledPattern::new(pattern).expect_err(pattern);
        assert!(refused.reason().contains("too large"), "{pattern}: {}", refused.reason());
    }
    for pattern in
        ["(?:){2147483647}", "(?:(?:){99999}){99999}", "a{0,99999}", "(?:a{0}){99999999}"]
    {
        assert!(CompiledPattern::new(pattern).is_ok(), "{pattern}");
    }
    let idle = format!("(?:{}a){{0,99999}}", "()(?:){9}b{0}".repeat(5_000));
    assert!(CompiledPattern::new(&idle).is_ok());
    let deep = format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000));
    assert!(CompiledPattern::new(&deep).unwrap_err().reason().contains("nested too deeply"));
    let folded: Vec<_> = (0..200).map(|code| format!("[\\W\\u{code:04x}]")).collect();
    let folded = folded.concat();
    let refused = CompiledPattern::new(&format!("(?i:{folded})")).unwrap_err();
    assert!(refused.reason().contains("too many places"), "{}", refused.reason());
}

#[test]
fn what_is_not_supported_is_refused_rather_than_wrong() {
    for (pattern, reason) in [
        ("[🦀-🦂]|[\\q{ab|c}]", "several characters"),
        ("[🦀-🦂]|\\p{RGI_Emoji}", "several characters"),
        ("[🦀-🦂]|[[a]--[\\b]]", "`\\b`"),
        ("[🦀-🦂]|(?i:a)", "ignores case"),
    ] {
        assert_eq!(check(pattern), Ok(()), "{pattern}");
        let refused = CompiledPattern::new(pattern).expect_err(pattern);
        assert!(refused.reason().contains(reason), "{pattern}: {}", refused.reason());
    }
}

#[test]
fn steps_run_out_rather_than_time() {
    let compiled = CompiledPattern::new("a.*b|a").expect("it is supported");
    let text = "a".repeat(10_000);
    assert_eq!(compiled.replace_all(&text, "x", &mut Steps::new(1_000_000)), Err(Exhausted));
    let grown = CompiledPattern::new("").expect("it is supported");
    let label = "x".repeat(2_000);
    assert_eq!(grown.replace_all(&text, &label, &mut Steps::new(MANY)), Err(Exhausted));
}
