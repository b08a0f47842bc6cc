//! What the check accepts and refuses.

use super::super::find_problem as check;

#[test]
fn takes_what_javascript_takes() {
    let patterns = [
        r"\b(sk-[a-zA-Z0-9]{48})\b",
        r"[(?=x)]",
        r"\(?=",
        r"a{,3}",
        r"\d{3}-\d{2}",
        r"(?<year>\d{4})",
        r"(?:x|y)+?",
        r"\p{L}+",
        r"[\p{L}--[a-z]]",
        r"\_\-\@",
        r"\1",
        r"[\1]",
        "naïve 🦀 [🦀-🦂]",
        "]",
        "{",
        "a\nb",
        r"\k<x>",
        r"[^]",
        r"(?i:x)",
        r"\u{1F980}",
        r"\cA\x41\u0041",
    ];
    for pattern in patterns {
        assert_eq!(check(pattern), Ok(()), "{pattern}");
    }
}

#[test]
fn refuses_what_our_parser_takes_and_javascript_does_not() {
    for pattern in [
        r"\b+",
        r"\b*x",
        r"a\B{2}",
        r"\B{1,}",
        r"\b?",
        r"[a--b]]",
        r"[a--b]\k",
        r"[a--b]}",
        r"]\u{61}+",
        "(?i)x",
        "(?im-s)x",
    ] {
        assert!(check(pattern).unwrap_err().contains("not valid in JavaScript"), "{pattern}");
    }
    for pattern in [
        r"[\b+]",
        r"\b{a",
        r"\\b+",
        r"[a--b]",
        r"[[a-c]--b]+",
        r"]\u{61}?",
        r"\u{61}+",
        "(?:i)",
        "a(?:)*",
    ] {
        assert_eq!(check(pattern), Ok(()), "{pattern}");
    }
}

#[test]
fn says_how_javascript_writes_what_other_dialects_have() {
    for (pattern, advice) in [
        ("(?P<n>x)", "written `(?<n>…)`"),
        ("a(?i)x", "no inline flags such as `(?i)`; write both cases"),
    ] {
        let refused = check(pattern).unwrap_err();
        assert!(refused.contains(advice), "{pattern}: {refused}");
    }
    for pattern in ["(?x)a", "(?s).", "(?m)^a", "(?-i)a"] {
        let refused = check(pattern).unwrap_err();
        assert!(
            refused.contains("no inline flags") && !refused.contains("both cases"),
            "{refused}"
        );
    }
}

#[test]
fn refuses_lookaround_backreferences_and_nonsense() {
    let cases = [
        ("(?=x)", "lookaround"),
        ("(?!x)", "lookaround"),
        ("(?<=x)y", "lookaround"),
        ("(?<!x)y", "lookaround"),
        (r"(a)\1", "backreference"),
        (r"\1(a)", "backreference"),
        (r"(?<n>a)\k<n>", "backreference"),
        ("(", "not valid"),
        ("[a", "not valid"),
        ("*a", "not valid"),
        (")", "not valid"),
        ("a{2,1}", "not valid"),
    ];
    for (pattern, reason) in cases {
        let refused = check(pattern).expect_err(pattern);
        assert!(refused.contains(reason), "{pattern}: {refused}");
    }
}

#[test]
fn is_not_stopped_by_size_or_nesting() {
    assert_eq!(check(&"a".repeat(100_000)), Ok(()));
    assert_eq!(check(&format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000))), Ok(()));
    for pattern in ["(", "|", "word|", "(?<n>", "(?<n>x)|"] {
        assert!(
            check(&pattern.repeat(100_000)).is_ok(),
            "left to the API: more than our parser reads"
        );
    }
    assert!(
        check(&"(?<n>".repeat(500)).is_err() && check(&format!("{}(", "a|".repeat(900))).is_err()
    );
}
