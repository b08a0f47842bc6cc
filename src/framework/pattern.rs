//! Whether a text is a regular expression that an ECMAScript service takes without backtracking danger.
//!
//! Owns the reading of a pattern, as far as validation needs it: it must parse as JavaScript does, in any of its three
//! modes, and have no lookaround and no backreference. Whether the service finds it too slow is for the service to say.

use regress::{Flags, Regex};

/// More alternatives and named groups than this are not parsed: our parser goes a level deeper with each alternative, and
/// compares each name with all others.
const MAX_PARSED: usize = 1_000;

/// Checks a pattern.
///
/// # Errors
/// The reason, as the end of a sentence, when the service cannot take it.
pub fn check(pattern: &str) -> Result<(), String> {
    let found = scan(pattern);
    if let Some(group) = found.lookaround {
        return Err(format!("it has lookaround, `{group}…)`, which is not allowed"));
    }
    if let Some(reference) = found.backreference() {
        return Err(format!("it has a backreference, `{reference}`, which is not allowed"));
    }
    parse(pattern)
}

/// Whether JavaScript's parser takes it: without a flag, or with `u` or `v`, since it is not known which of them the
/// service sets. Limits of our own parser are not the service's.
fn parse(pattern: &str) -> Result<(), String> {
    if pattern.matches('|').count() + pattern.matches("(?<").count() > MAX_PARSED {
        return Ok(());
    }
    let plain = Flags { no_opt: true, ..Flags::default() };
    let modes = [plain, Flags { unicode: true, ..plain }, Flags { unicode_sets: true, ..plain }];
    let mut first_error = None;
    for flags in modes {
        match Regex::with_flags(pattern, flags) {
            Ok(_) => return Ok(()),
            Err(error) => first_error = first_error.or(Some(error.text)),
        }
    }
    match first_error {
        Some(error) if !is_own_limit(&error) => Err(format!("it is not valid in JavaScript ({error})")),
        _ => Ok(()),
    }
}

fn is_own_limit(error: &str) -> bool {
    error.contains("limit exceeded") || error.contains("too deeply nested")
}

/// What a pattern has in it, outside character classes.
#[derive(Default)]
struct Found {
    lookaround: Option<String>,
    /// `\1` and the like, which refer to a group only where there are as many groups.
    numbered: Option<u32>,
    /// `\k<name>`, which refers to a group only where there are named ones.
    named: bool,
    groups: u32,
    named_groups: bool,
}

impl Found {
    fn backreference(&self) -> Option<String> {
        match self.numbered {
            Some(number) if number <= self.groups => Some(format!("\\{number}")),
            _ => (self.named && self.named_groups).then(|| "\\k<…>".to_owned()),
        }
    }
}

fn scan(pattern: &str) -> Found {
    let mut found = Found::default();
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let tail = &rest[first.len_utf8()..];
        rest = match first {
            '\\' => scan_escape(tail, in_class, &mut found),
            '[' => {
                in_class = true;
                tail
            }
            ']' => {
                in_class = false;
                tail
            }
            '(' if !in_class => {
                scan_group(tail, &mut found);
                tail
            }
            _ => tail,
        };
    }
    found
}

/// Reads what follows a backslash, and gives what follows that.
fn scan_escape<'a>(tail: &'a str, in_class: bool, found: &mut Found) -> &'a str {
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    if !in_class && digits > 0 && !tail.starts_with('0') {
        let number = tail[..digits].parse().unwrap_or(u32::MAX);
        found.numbered = Some(found.numbered.map_or(number, |least| least.min(number)));
        return &tail[digits..];
    }
    found.named |= !in_class && tail.starts_with("k<");
    tail.chars().next().map_or(tail, |escaped| &tail[escaped.len_utf8()..])
}

fn scan_group(tail: &str, found: &mut Found) {
    let lookaround = ["?=", "?!", "?<=", "?<!"].into_iter().find(|prefix| tail.starts_with(prefix));
    if let Some(prefix) = lookaround {
        found.lookaround.get_or_insert_with(|| format!("({prefix}"));
    } else if tail.starts_with("?<") {
        found.groups += 1;
        found.named_groups = true;
    } else if !tail.starts_with('?') {
        found.groups += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::check;

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
                "left to the service: more than our parser reads"
            );
        }
        assert!(check(&"(?<n>".repeat(500)).is_err() && check(&format!("{}(", "a|".repeat(900))).is_err());
    }
}
