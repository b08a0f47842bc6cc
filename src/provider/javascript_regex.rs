//! The regular expressions of content filters: whether OpenRouter accepts one, and what it matches.
//!
//! It must parse as JavaScript does in any of its three modes, and have no lookaround and no
//! backreference. Whether the API finds it too slow is for the API to say.

mod char_set;
mod compiled;
mod escapes;
mod limits;
mod matcher;
mod nested;
mod parser;
mod program;
mod syntax;
#[cfg(test)]
mod tests;

use regress::{Flags, Regex};

use self::compiled::read;

pub(super) use self::{
    compiled::CompiledPattern,
    limits::{Exhausted, Steps, Unsupported},
};

/// More alternatives and named groups than this are not parsed: the parser goes a level deeper with
/// each alternative, and compares each name with all others.
const MAX_PARSED: usize = 1_000;

/// Checks a pattern.
///
/// # Errors
/// The problem, continuing the attribute's name, when the API would refuse it.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    find_problem(pattern)
        .map_err(|reason| format!("is not a regular expression the API accepts: {reason}."))
}

/// Checks a pattern for nested quantifiers. No part of [`check`], since the API's exact rule is not
/// public. A pattern that cannot be read here has none.
///
/// # Errors
/// The problem, continuing the attribute's name.
pub(super) fn check_quantifiers(pattern: &str) -> Result<(), String> {
    let Some(reason) = read(pattern).ok().as_ref().and_then(nested::find) else { return Ok(()) };
    Err(format!(
        "is not a regular expression the API accepts: it has nested quantifiers ({reason})."
    ))
}

/// What stands outside of character classes, as far as it can be a problem.
enum Token<'a> {
    /// A backslash, with the text after it.
    Escape(&'a str),
    /// An opening parenthesis, with the text after it.
    Group(&'a str),
}

fn find_problem(pattern: &str) -> Result<(), String> {
    let tokens = tokens(pattern);
    let (mut groups, mut has_named_groups) = (0_u32, false);
    for token in &tokens {
        let Token::Group(rest) = token else { continue };
        for lookaround in ["?=", "?!", "?<=", "?<!"] {
            if rest.starts_with(lookaround) {
                return Err(format!("it has lookaround, `({lookaround}…)`, which is not allowed"));
            }
        }
        has_named_groups |= rest.starts_with("?<");
        groups += u32::from(rest.starts_with("?<") || !rest.starts_with('?'));
    }
    let mut has_repeated_code_point = false;
    for token in &tokens {
        match *token {
            Token::Group(rest) => check_dialect(rest)?,
            Token::Escape(rest) => {
                check_backreference(rest, groups, has_named_groups)?;
                check_assertion(rest)?;
                has_repeated_code_point |= is_repeated_code_point(rest);
            }
        }
    }
    parse(pattern, has_repeated_code_point)
}

/// Whether a group of the pattern has a name.
fn has_named_groups(pattern: &str) -> bool {
    let is_named =
        |token: &Token<'_>| matches!(token, Token::Group(rest) if rest.starts_with("?<"));
    tokens(pattern).iter().any(is_named)
}

fn tokens(pattern: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut in_class = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let rest = characters.as_str();
        match character {
            '\\' => {
                if !in_class {
                    tokens.push(Token::Escape(rest));
                }
                characters.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => tokens.push(Token::Group(rest)),
            _ => {}
        }
    }
    tokens
}

/// Groups of other dialects: `(?P<name>…)`, and flags such as `(?i)`.
fn check_dialect(group: &str) -> Result<(), String> {
    if let Some((name, _)) = group.strip_prefix("?P<").and_then(|rest| rest.split_once('>')) {
        return Err(format!(
            "it is not valid in JavaScript, where a named group is written `(?<{name}>…)`"
        ));
    }
    let Some((flags, _)) = group.strip_prefix('?').and_then(|rest| rest.split_once(')')) else {
        return Ok(());
    };
    if flags.is_empty() || !flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') {
        return Ok(());
    }
    let advice = if flags == "i" { "; write both cases instead, as in `[Aa]`" } else { "" };
    Err(format!(
        "it is not valid in JavaScript, which has no inline flags such as `(?{flags})`{advice}"
    ))
}

/// `\1` refers to a group only where there are as many groups, `\k<name>` only where there are
/// named ones.
fn check_backreference(escape: &str, groups: u32, has_named_groups: bool) -> Result<(), String> {
    let digits = escape.bytes().take_while(u8::is_ascii_digit).count();
    let number = escape[..digits].parse().unwrap_or(u32::MAX);
    let reference = if digits > 0 && !escape.starts_with('0') && number <= groups {
        format!("\\{number}")
    } else if has_named_groups && escape.starts_with("k<") {
        "\\k<…>".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("it has a backreference, `{reference}`, which is not allowed"))
}

/// `\b` or `\B` with a quantifier, which our parser accepts and JavaScript does not.
fn check_assertion(escape: &str) -> Result<(), String> {
    match escape.strip_prefix(['b', 'B']) {
        Some(rest) if begins_with_quantifier(rest) => Err(format!(
            "it is not valid in JavaScript (`\\{}` matches no text that could be repeated)",
            &escape[..1]
        )),
        _ => Ok(()),
    }
}

/// `\u{61}` with a quantifier. Without a flag it is the letter `u` with two quantifiers, which our
/// parser accepts and JavaScript does not.
fn is_repeated_code_point(escape: &str) -> bool {
    match escape.strip_prefix("u{").and_then(|rest| rest.split_once('}')) {
        Some((_, rest)) => !rest.starts_with('?') && begins_with_quantifier(rest),
        None => false,
    }
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

/// Whether JavaScript parses it: without a flag, or with `u` or `v`, since it is not known which of
/// them the API sets. Limits of our own parser are not the API's.
fn parse(pattern: &str, has_repeated_code_point: bool) -> Result<(), String> {
    if pattern.matches('|').count() + pattern.matches("(?<").count() > MAX_PARSED {
        return Ok(());
    }
    let plain = Flags { no_opt: true, ..Flags::default() };
    let unicode = Flags { unicode: true, ..plain };
    let unicode_sets = Flags { unicode_sets: true, ..plain };
    // What our parser accepts in a mode, and JavaScript does not. Outside of classes the mode `v` is
    // the mode `u`, where our parser is as strict as JavaScript.
    let is_set_pattern = || Regex::with_flags(&without_classes(pattern), unicode).is_ok();
    let mut first_error = None;
    for flags in [plain, unicode, unicode_sets] {
        if has_repeated_code_point && !flags.unicode && !flags.unicode_sets {
            continue;
        }
        match Regex::with_flags(pattern, flags) {
            Ok(_) if !flags.unicode_sets || is_set_pattern() => return Ok(()),
            Ok(_) => {}
            Err(error) => first_error = first_error.or(Some(error.text)),
        }
    }
    match first_error {
        Some(error)
            if !error.contains("limit exceeded") && !error.contains("too deeply nested") =>
        {
            Err(format!("it is not valid in JavaScript ({error})"))
        }
        _ => Ok(()),
    }
}

/// The pattern with a letter for each class, classes within classes included.
fn without_classes(pattern: &str) -> String {
    let (mut outside, mut depth) = (String::with_capacity(pattern.len()), 0_usize);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '[' => depth += 1,
            ']' if depth == 1 => {
                depth = 0;
                outside.push('x');
            }
            ']' if depth > 1 => depth -= 1,
            '\\' => {
                let escaped = characters.next();
                if depth == 0 {
                    outside.push('\\');
                    outside.extend(escaped);
                }
            }
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    outside
}
