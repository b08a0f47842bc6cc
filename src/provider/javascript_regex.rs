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
/// The complaint, continuing the attribute's name, when the API would refuse it.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    find_problem(pattern)
        .map_err(|reason| format!("is not a regular expression the service accepts: {reason}."))
}

/// # Errors
/// The reason, as the end of a sentence, when the API would refuse it.
fn find_problem(pattern: &str) -> Result<(), String> {
    let found = scan(pattern);
    if let Some(group) = found.lookaround {
        return Err(format!("it has lookaround, `{group}…)`, which is not allowed"));
    }
    if let Some(reference) = found.backreference() {
        return Err(format!("it has a backreference, `{reference}`, which is not allowed"));
    }
    if let Some(assertion) = found.repeated {
        return Err(format!(
            "it is not valid in JavaScript (`{assertion}` matches no text that could be repeated)"
        ));
    }
    if let Some(flags) = inline_flags(pattern) {
        return Err(format!(
            "it is not valid in JavaScript, which has no inline flags such as `(?{flags})`; write both cases instead, as in \
             `[Aa]`"
        ));
    }
    parse(pattern, &found)
}

/// The pattern with a letter for each class, classes within classes included. Outside of classes the mode `v` is the mode `u`,
/// where our parser is as strict as JavaScript.
fn without_classes(pattern: &str) -> String {
    let (mut rest, mut depth) = (String::with_capacity(pattern.len()), 0_usize);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let is_outside = depth == 0;
        match character {
            '[' => depth += 1,
            ']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    rest.push('x');
                }
            }
            '\\' => {
                let escaped = [Some(character), characters.next()];
                rest.extend(escaped.into_iter().flatten().filter(|_| is_outside));
            }
            _ if is_outside => rest.push(character),
            _ => {}
        }
    }
    rest
}

/// The letters of an inline flag of other dialects, such as `(?i)`, at the beginning of a pattern, where they are mostly used.
fn inline_flags(pattern: &str) -> Option<&str> {
    let (flags, _) = pattern.strip_prefix("(?")?.split_once(')')?;
    let are_flags =
        !flags.is_empty() && flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    are_flags.then_some(flags)
}

/// Whether JavaScript's parser takes it: without a flag, or with `u` or `v`, since it is not known which of them the
/// service sets. Limits of our own parser are not the service's.
fn parse(pattern: &str, found: &Found) -> Result<(), String> {
    if pattern.matches('|').count() + pattern.matches("(?<").count() > MAX_PARSED {
        return Ok(());
    }
    let plain = Flags { no_opt: true, ..Flags::default() };
    let unicode = Flags { unicode: true, ..plain };
    let sets = Flags { unicode_sets: true, ..plain };
    // What our parser takes in a mode, and JavaScript does not.
    let is_set_pattern = || Regex::with_flags(&without_classes(pattern), unicode).is_ok();
    let modes = [(plain, !found.repeated_code_point), (unicode, true), (sets, is_set_pattern())];
    let mut first_error = None;
    for (flags, _) in modes.into_iter().filter(|(_, is_possible)| *is_possible) {
        match Regex::with_flags(pattern, flags) {
            Ok(_) => return Ok(()),
            Err(error) => first_error = first_error.or(Some(error.text)),
        }
    }
    match first_error {
        Some(error) if !is_own_limit(&error) => {
            Err(format!("it is not valid in JavaScript ({error})"))
        }
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
    /// `\\b` or `\\B` with a quantifier, which our parser takes.
    repeated: Option<&'static str>,
    /// `\1` and the like, which refer to a group only where there are as many groups.
    numbered: Option<u32>,
    /// `\u{61}` with a quantifier, which has a quantifier already where it is no code point.
    repeated_code_point: bool,
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
    let after_code_point = tail.strip_prefix("u{").and_then(|rest| rest.split_once('}'));
    found.repeated_code_point |= !in_class
        && after_code_point
            .is_some_and(|(_, rest)| !rest.starts_with('?') && begins_with_quantifier(rest));
    for (letter, assertion) in [('b', "\\b"), ('B', "\\B")] {
        if !in_class && tail.strip_prefix(letter).is_some_and(begins_with_quantifier) {
            found.repeated.get_or_insert(assertion);
        }
    }
    tail.chars().next().map_or(tail, |escaped| &tail[escaped.len_utf8()..])
}

fn begins_with_quantifier(text: &str) -> bool {
    if text.starts_with(['*', '+', '?']) {
        return true;
    }
    let Some((bounds, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
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
    use super::find_problem as check;

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
        assert!(check("(?i)x").unwrap_err().contains("no inline flags such as `(?i)`"));
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
        assert!(
            check(&"(?<n>".repeat(500)).is_err()
                && check(&format!("{}(", "a|".repeat(900))).is_err()
        );
    }
}
