//! Which regular expressions the API takes for content filters: JavaScript's syntax without lookaround,
//! backreferences and nested quantifiers.
//!
//! The real check is not public. This one refuses every quantifier inside a quantified group, and alternatives of a
//! quantified group of which one begins with another: stricter than the API may be.

/// Says why the API would refuse `pattern`.
pub(super) fn check(pattern: &str) -> Result<(), &'static str> {
    if regress::Regex::new(pattern).is_err() {
        return Err("not a valid JavaScript regular expression");
    }
    Scanner::default().run(pattern)
}

/// What is open between a `(` and its `)`, or the whole pattern.
#[derive(Default)]
struct Group {
    has_quantifier: bool,
    /// The text of each alternative, for groups only.
    alternatives: Vec<String>,
}

impl Group {
    fn is_risky_when_repeated(&self) -> bool {
        let overlap = |(index, first): (usize, &String)| {
            let others = self.alternatives.iter().enumerate().filter(|(other, _)| *other != index);
            others.into_iter().any(|(_, second)| second.starts_with(first.as_str()))
        };
        self.has_quantifier
            || (self.alternatives.len() > 1 && self.alternatives.iter().enumerate().any(overlap))
    }
}

#[derive(Default)]
struct Scanner {
    open: Vec<Group>,
    /// The group that was closed just before the current position.
    closed: Option<Group>,
}

impl Scanner {
    fn run(mut self, pattern: &str) -> Result<(), &'static str> {
        self.open.push(Group::default());
        let mut rest = pattern;
        while let Some(token) = next_token(rest) {
            self.take(token, rest)?;
            rest = &rest[token.len()..];
        }
        Ok(())
    }

    fn take(&mut self, token: &str, rest: &str) -> Result<(), &'static str> {
        let closed = self.closed.take();
        match token {
            "(?=" | "(?!" => Err("lookahead is not supported"),
            "(?<=" | "(?<!" => Err("lookbehind is not supported"),
            token if token.starts_with('(') => {
                self.append(token);
                self.open.push(Group { alternatives: vec![String::new()], ..Group::default() });
                Ok(())
            }
            ")" => self.close(),
            "|" => {
                if let Some(group) = self.open.last_mut() {
                    group.alternatives.push(String::new());
                }
                Ok(())
            }
            token if is_quantifier(token) => self.quantify(token, closed.as_ref()),
            token if is_backreference(token, rest) => Err("backreferences are not supported"),
            token => {
                self.append(token);
                Ok(())
            }
        }
    }

    fn append(&mut self, token: &str) {
        if let Some(text) = self.open.last_mut().and_then(|group| group.alternatives.last_mut()) {
            text.push_str(token);
        }
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let group = self.open.pop().ok_or("unmatched parenthesis")?;
        let outer = self.open.last_mut().ok_or("unmatched parenthesis")?;
        outer.has_quantifier |= group.has_quantifier;
        self.append(&format!("{})", group.alternatives.join("|")));
        self.closed = Some(group);
        Ok(())
    }

    fn quantify(&mut self, token: &str, quantified: Option<&Group>) -> Result<(), &'static str> {
        if quantified.is_some_and(Group::is_risky_when_repeated) {
            return Err("nested quantifiers are not supported");
        }
        if let Some(group) = self.open.last_mut() {
            group.has_quantifier = true;
        }
        self.append(token);
        Ok(())
    }
}

/// The next unit of syntax: an escape, a whole class, the opening of a group with its mark, a quantifier with its
/// laziness mark, or one character.
fn next_token(rest: &str) -> Option<&str> {
    let first = rest.chars().next()?;
    let length = match first {
        '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        '[' => class_length(rest),
        '(' => opening_length(rest),
        '*' | '+' | '?' => 1 + usize::from(rest[1..].starts_with('?')),
        '{' => counted_length(rest).unwrap_or(1),
        other => other.len_utf8(),
    };
    Some(&rest[..length])
}

/// The length of `(`, `(?:`, `(?<name>`, `(?i:` or a lookaround's opening. The caller passes valid patterns only.
fn opening_length(rest: &str) -> usize {
    let Some(mark) = rest.strip_prefix("(?") else { return 1 };
    let ends_at = |end: char| mark.find(end).map_or(rest.len(), |index| 2 + index + 1);
    match mark.as_bytes() {
        [b'=' | b'!', ..] => 3,
        [b'<', b'=' | b'!', ..] => 4,
        [b'<', ..] => ends_at('>'),
        _ => ends_at(':'),
    }
}

fn class_length(rest: &str) -> usize {
    let mut escaped = false;
    for (index, character) in rest.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `{n}`, `{n,}` or `{n,m}` at the start of `rest`; another brace stands for itself.
fn counted_length(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let inner = &rest[1..end];
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let counted = !low.is_empty() && digits(low) && digits(high);
    counted.then(|| end + 1 + usize::from(rest[end + 1..].starts_with('?')))
}

fn is_quantifier(token: &str) -> bool {
    let counted = token.len() > 1 && token.starts_with('{');
    counted || matches!(token, "*" | "+" | "?" | "*?" | "+?" | "??")
}

fn is_backreference(token: &str, rest: &str) -> bool {
    let mut characters = token.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), Some('1'..='9')) => true,
        (Some('\\'), Some('k')) => rest[token.len()..].starts_with('<'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_patterns_pass() {
        let long = "a".repeat(100_000);
        let patterns = [
            "x",
            r"\bsk-[a-z0-9]{20,}\b",
            r"(?:foo|bar)+",
            r"(?<year>\d{4})-(\d\d)",
            r"[(?=)]\(\?=",
            r"[*+]{2}",
            r"a{,3}{",
            r"(ab)*c+?",
            r"\\1",
            "zażółć 🙂",
            &long,
        ];
        for pattern in patterns {
            assert_eq!(check(pattern), Ok(()), "{pattern:.40}");
        }
    }

    #[test]
    fn what_the_service_refuses_is_refused() {
        let cases = [
            ("(", "not a valid"),
            ("[a", "not a valid"),
            ("(?=a)b", "lookahead"),
            ("(?!a)b", "lookahead"),
            ("(?<=a)b", "lookbehind"),
            ("(?<!a)b", "lookbehind"),
            (r"(a)\1", "backreferences"),
            (r"(?<x>a)\k<x>", "backreferences"),
            ("(a+)+", "nested"),
            ("(a*)*", "nested"),
            ("((?:a{2,})b)+", "nested"),
            ("(a|a)*", "nested"),
            ("(a|ab)*", "nested"),
            ("((a|b)|(a|b))*", "nested"),
        ];
        for (pattern, reason) in cases {
            let error = check(pattern).unwrap_err();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
