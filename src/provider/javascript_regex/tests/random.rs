//! Random small patterns, against the backtracking matcher of `regress`. Its work is bounded by the size
//! of pattern and text.

use proptest::prelude::*;

use super::{CompiledPattern, Steps, replaced};

/// Patterns over two letters, with every way to make one of others.
fn pattern() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => prop_oneof![Just("a"), Just("b")],
        1 => prop_oneof![Just("."), Just("[ab]"), Just("[^a]"), Just("\\w"), Just("\\s")],
        1 => prop_oneof![Just("^"), Just("$"), Just("\\b"), Just("\\B"), Just("")],
    ];
    atom.prop_map(str::to_owned).prop_recursive(4, 12, 3, |inner| {
        let quantifier = prop_oneof![
            Just("*"),
            Just("+"),
            Just("?"),
            Just("*?"),
            Just("+?"),
            Just("??"),
            Just("{2}"),
            Just("{0,2}"),
            Just("{1,2}?"),
            Just("{2,}"),
        ];
        prop_oneof![
            (inner.clone(), quantifier)
                .prop_map(|(one, quantifier)| format!("(?:{one}){quantifier}")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner, 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
        ]
    })
}

fn expected(pattern: &str, text: &str) -> String {
    let regex = regress::Regex::new(pattern).expect("it is valid");
    let (mut replaced, mut copied) = (String::new(), 0);
    for found in regex.find_iter(text) {
        replaced += &text[copied..found.start()];
        replaced += "<>";
        copied = found.end();
    }
    replaced + &text[copied..]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_matchers_agree(pattern in pattern(), text in "[ab \n]{0,7}") {
        prop_assert_eq!(replaced(&pattern, &text), expected(&pattern, &text), "{}", pattern);
    }

    /// Whatever it is, it is compiled or refused, and what is compiled gives one answer.
    #[test]
    fn any_pattern_has_an_outcome(
        pattern in r"[ab(){}\[\]*+?|^$\\.,0-9:<>=!&pkucxnwLq_é🦀-]{0,24}",
        text in "[abé🦀\n]{0,8}",
    ) {
        if let Ok(compiled) = CompiledPattern::new(&pattern) {
            let replaced = compiled.replace_all(&text, "<>", &mut Steps::new(1_000_000));
            let matches = compiled.is_match(&text, &mut Steps::new(1_000_000));
            if let (Ok(replaced), Ok(is_match)) = (replaced, matches) {
                prop_assert_eq!(replaced.is_some(), is_match);
            }
        }
    }
}
