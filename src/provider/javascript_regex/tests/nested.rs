//! Which patterns count as those with nested quantifiers.

use crate::provider::javascript_regex::{check, check_quantifiers};

#[test]
fn what_repeats_without_limit_holds_nothing_that_does() {
    for pattern in [
        "(a+)+",
        "(?:a*)*",
        "(?<name>a{2,}){3,}",
        "x(?:b(a+?)?c)*?y",
        "((a+){1,3})+",
        "(?:a|b+)*",
        "[🦀-🦂]|(a+)+",
        "(a+){2,}{",
    ] {
        let problem = check_quantifiers(pattern).expect_err(pattern);
        assert!(problem.contains("nested quantifiers") && problem.contains("`(a+)+`"), "{problem}");
        assert_eq!(check(pattern), Ok(()), "{pattern}: a plan leaves it to the API");
    }
}

#[test]
fn no_repeated_alternative_begins_with_another() {
    for pattern in
        ["(a|a)*", "(?:a|ab)+", "(ab|c|a){2,}", "((?:a|(b))|(?:bc)d)*", "(\\d|\\dx)*", "(|a)*"]
    {
        let problem = check_quantifiers(pattern).expect_err(pattern);
        assert!(problem.contains("`(a|ab)*`"), "{problem}");
        assert_eq!(check(pattern), Ok(()), "{pattern}: a plan leaves it to the API");
    }
}

#[test]
fn other_quantifiers_are_left_to_the_api() {
    for pattern in [
        "a+b*c{2,}",
        "(a+)?",
        "(a+){1,9}",
        "(a{1,9})+",
        "(a|b)*",
        "(ab|ac|b)+",
        "(a|ab)?(a|ab){2}",
        "(a+){0}",
        "\\(a+\\)+",
        "[(a+)]+",
    ] {
        assert_eq!(check_quantifiers(pattern), Ok(()), "{pattern}");
    }
}

#[test]
fn many_alternatives_are_compared_in_no_time() {
    let alternatives: Vec<_> = (10_000..26_000).map(|number| number.to_string()).collect();
    assert_eq!(check_quantifiers(&format!("({})*", alternatives.join("|"))), Ok(()));
}
