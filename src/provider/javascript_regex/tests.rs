mod checks;
mod matches;
mod nested;
mod random;
mod work;

use super::{CompiledPattern, Steps};

/// The text with `<>` in place of each match.
#[track_caller]
fn replaced(pattern: &str, text: &str) -> String {
    let compiled = CompiledPattern::new(pattern).expect("it is supported");
    let mut steps = Steps::new(10_000_000);
    let replaced = compiled.replace_all(text, "<>", &mut steps).expect("there are enough steps");
    assert_eq!(compiled.is_match(text, &mut steps), Ok(replaced.is_some()), "{pattern:?}");
    replaced.unwrap_or_else(|| text.to_owned())
}
